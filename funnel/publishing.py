"""Playbooks on their way into force: drafts, what is wrong with them, and their publication."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from contacts.messages import EARLIEST
from contacts.models import EventType, PendingReason
from contacts.nudge import nudge_on_commit
from funnel.arranging import path_document
from funnel.examples import Verdict, try_examples
from funnel.models import Playbook, PlaybookDraft, Stage
from funnel.rules import Finding, check
from staff import audit
from staff.policy import Principal

PARTS: Final = ("stages", "half_life_days", "points", "rules", "examples")


class StaleDraftError(Exception):
    """Somebody saved the draft since it was read."""

    def __init__(self, draft: PlaybookDraft) -> None:
        super().__init__(draft.version)
        self.draft = draft


class FaultyPlaybookError(Exception):
    """The check found faults: a playbook like this must not be folded with."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(findings)
        self.findings = findings


class OvertakenError(Exception):
    """Another version was published since whoever publishes looked: theirs would take back what it changed."""

    def __init__(self, newest: Playbook) -> None:
        super().__init__(newest.number)
        self.newest = newest


class PartedExamplesError(Exception):
    """Examples kept with the draft come out otherwise than they say, and nobody said that this is meant."""

    def __init__(self, examples: list[Verdict]) -> None:
        super().__init__(examples)
        self.examples = examples


def start_draft(
    *, name: str, document: Mapping[str, Any] | None = None, based_on: Playbook | None = None, by: Principal
) -> PlaybookDraft:
    """A draft of `document`, or of the version it is based on (the newest, when nothing is said)."""
    based_on = based_on or Playbook.objects.latest("number")
    draft = PlaybookDraft(name=name, document=_kept(document or based_on.document), based_on=based_on, author=by.user)
    draft.clean_fields(exclude=["author", "based_on"])  # neither has to be there
    draft.save()
    draft.refresh_from_db()
    return draft


def save_draft(
    *,
    draft: PlaybookDraft,
    seen: Collection[int] | None,
    name: str | None = None,
    document: Mapping[str, Any] | None = None,
) -> PlaybookDraft:
    """Replace the name or the document, unless it is in another version than those `seen` (nothing: whatever it is)."""
    with transaction.atomic():
        draft = _locked(draft, seen)
        draft.name = draft.name if name is None else name
        draft.document = draft.document if document is None else _kept(document)
        draft.clean_fields(exclude=["author", "based_on"])
        draft.version = F("version") + 1
        draft.updated_at = Now()
        draft.save(update_fields=["name", "document", "version", "updated_at"])
    draft.refresh_from_db()
    return draft


def discard_draft(*, draft: PlaybookDraft, seen: Collection[int] | None) -> None:
    with transaction.atomic():
        _locked(draft, seen).delete()


def document_of(draft: PlaybookDraft) -> dict[str, Any]:
    """What would be published now: the draft's rules on the path as it is arranged today."""
    document: dict[str, Any] = {"stages": path_document(), **draft.document}
    return document


def check_draft(draft: PlaybookDraft) -> list[Finding]:
    """What keeps the draft from being published. That nothing leads to an archived stage is as it should be."""
    document = document_of(draft)
    archived = set(Stage.objects.exclude(archived_at=None).values_list("key", flat=True))
    findings = check(document, types=set(EventType.objects.values_list("key", flat=True)))
    return [
        finding
        for finding in findings
        if finding.code != "unreachable_stage" or finding.parameters["stage"] not in archived
    ] or [
        Finding("archived_stage", f"/rules/{place}/to", str(_ARCHIVED) % {"stage": rule["to"]}, {"stage": rule["to"]})
        for place, rule in enumerate(document["rules"])
        if isinstance(rule["to"], str) and rule["to"] in archived
    ]


def try_draft(draft: PlaybookDraft) -> list[Verdict] | None:
    """What came of the examples kept with the draft. Nothing where it has faults: it can't be folded with."""
    return None if check_draft(draft) else try_examples(document_of(draft))


_ARCHIVED: Final = _("The stage “%(stage)s” is archived: nobody is moved there any more.")


def publish_playbook(
    *,
    draft: PlaybookDraft,
    since: datetime | None = None,
    by: Principal,
    seen: Collection[int] | None = None,
    after: int | None = None,
    despite_examples: bool = False,
) -> Playbook:
    """Put the draft into force from `since` on (nothing: now; also an earlier or a later moment) as the next version.

    The draft is gone then. Everybody is marked to be folded again only once the version can be seen by all workers:
    whoever is folded without it meanwhile gets a mark too. Examples that come out otherwise stop it, unless it is
    published despite them; so does a newer version than `after`, the newest that whoever publishes knows.
    """
    if since and since < EARLIEST:
        raise ValidationError({"since": ValidationError(_("It must not be before the year 1900."), code="too_early")})
    with transaction.atomic():
        Playbook.objects.select_for_update().get(number=1)  # one publication at a time
        draft = _locked(draft, seen)
        newest = Playbook.objects.select_related("published_by").latest("number")
        if after is not None and newest.number != after:
            raise OvertakenError(newest)
        parted = _parted(draft, despite_examples=despite_examples)
        playbook = Playbook.objects.create(
            number=newest.number + 1,
            name=draft.name,
            document=document_of(draft),
            since=since or Now(),
            published_by=by.user,
        )
        draft.delete()
        despite = {"despite": parted} if parted else {}
        audit.record(by=by, action="playbook_published", kind="playbook", row=playbook.number, **despite)
        transaction.on_commit(mark_publications, robust=True)
    playbook.refresh_from_db()
    return playbook


def _parted(draft: PlaybookDraft, *, despite_examples: bool) -> list[str]:
    """The names of the examples that come out otherwise; what stops a publication is raised."""
    if findings := check_draft(draft):
        raise FaultyPlaybookError(findings)
    parted = [one for one in try_examples(document_of(draft)) if not one.holds]
    if parted and not despite_examples:
        raise PartedExamplesError(parted)
    return [one.name for one in parted]


def mark_publications() -> int:
    """Mark everybody for the versions that nobody was marked for yet; return how many versions these were.

    Called after the commit of a publication, and by the workers, should it have died there.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        unmarked = Playbook.objects.select_for_update(skip_locked=True).filter(marked_at=None)
        numbers = [playbook.number for playbook in unmarked]
        if numbers:
            cursor.execute("SET LOCAL statement_timeout = 0")  # a million contacts take seconds
            cursor.execute(_MARK_EVERYBODY, [PendingReason.PUBLICATION])
            Playbook.objects.filter(number__in=numbers).update(marked_at=Now())
            nudge_on_commit()
    return len(numbers)


_MARK_EVERYBODY: Final = """
    INSERT INTO contacts_pending (contact_id, reason)
    SELECT id, %s FROM contacts_contact WHERE leader_id = id AND erased_at IS NULL ORDER BY id
"""


def _locked(draft: PlaybookDraft, seen: Collection[int] | None) -> PlaybookDraft:
    locked = get_object_or_404(PlaybookDraft.objects.select_for_update(), pk=draft.pk)
    if seen is not None and locked.version not in seen:
        raise StaleDraftError(locked)
    return locked


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document without its stages: these are arranged elsewhere, so what it says of them must be true."""
    for name in document:
        if name not in PARTS:
            raise _refusal(name, "unknown_part", _("A playbook has only %(parts)s."), parts=", ".join(PARTS))
    phases = dict(Stage.objects.values_list("key", "phase"))
    stages = document.get("stages", [])
    if not isinstance(stages, list) or not all(isinstance(stage, Mapping) for stage in stages):
        raise _refusal("stages", "invalid", _("Stages are a list of objects with a key and a phase."))
    for stage in stages:
        if stage.get("phase") is None or phases.get(stage.get("key")) != stage["phase"]:
            raise _refusal(
                "stages",
                "unknown_stage",
                _("There is no stage %(key)s of phase %(phase)s on the path; add it there first."),
                key=stage.get("key"),
                phase=stage.get("phase"),
            )
    return {name: document[name] for name in PARTS if name in document and name != "stages"}


def _refusal(part: str, code: str, words: Any, **parameters: Any) -> ValidationError:
    return ValidationError({f"document.{part}": ValidationError(words, code, parameters)})
