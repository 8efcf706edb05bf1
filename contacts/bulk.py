"""What is done to many people: tagging, untagging, renaming a tag, assigning. Each is a deed of `contacts.jobs`."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff.models import Team, User
from staff.policy import Principal

from .attributes import normal_tag
from .ingest import record_events
from .jobs import KINDS, Kind, Outcome
from .messages import ContactRef, Message
from .models import Contact, Job
from .results import Result, Status
from .settling import UNKNOWN_CONTACT
from .sources import source_of
from .tagging import forget_unused_tag
from .telling import why
from .viewing import views_follow_tag


def _record(job: Job, by: Principal, said: Mapping[int, dict[str, Any]], type_: str) -> Outcome:
    """An event of each of these people; the same job says the same thing of somebody once, for ever.

    Of whom it cannot be said (somebody may have been erased meanwhile) is left alone.
    """
    messages = [
        Message(
            message_id=f"job:{job.pk}:{contact_id}",
            type=type_,
            contact=ContactRef(id=contact_id),
            properties=properties,
            by_id=by.user.pk if by.user else None,
        )
        for contact_id, properties in said.items()
    ]
    results = record_events(source=source_of(by), messages=messages) if messages else []
    outcome = Outcome()
    for contact_id, result in zip(said, results, strict=True):
        if result.status == Status.ACCEPTED and result.event_id is not None:
            outcome.events.append(result.event_id)
        else:
            outcome.left.append((contact_id, result.reason or result.status, _why(result)))
    return outcome


def _why(result: Result) -> str:
    if result.reason == UNKNOWN_CONTACT.reason:
        return _("They were erased meanwhile.")
    return why(result)


def _tag(params: Mapping[str, Any], name: str = "tag") -> str:
    try:
        return normal_tag(params.get(name))
    except ValueError:
        words = _("A tag has 1 to 40 characters and no comma.")
        raise ValidationError({name: ValidationError(words, code="bad_tag")}) from None


def _one_tag(params: Mapping[str, Any], _by: Principal) -> dict[str, Any]:
    return {"tag": _tag(params)}


def _two_tags(params: Mapping[str, Any], _by: Principal) -> dict[str, Any]:
    """A tag, and what it is to be called; where others have that already, the two become one."""
    new, old = _tag(params, "to"), _tag(params)
    if new == old:
        raise ValidationError({"to": ValidationError(_("It is called so already."), code="same_tag")})
    return {"tag": old, "to": new}


def _with_tag(ids: Sequence[int], tag: str) -> set[int]:
    return set(Contact.objects.filter(pk__in=ids, tags__contains=[tag]).values_list("pk", flat=True))


def _do_tag(job: Job, by: Principal, ids: Sequence[int]) -> Outcome:
    tag, adds = job.params["tag"], job.kind == "tag"
    have = _with_tag(ids, tag)
    code, words = ("tagged", _("They have this tag already.")) if adds else ("untagged", _("They have no such tag."))
    name = "add_tags" if adds else "remove_tags"
    said = {one: {name: [tag]} for one in ids if (one in have) != adds}
    outcome = _record(job, by, said, "attributes_changed")
    outcome.left += [(one, code, words) for one in ids if one not in said]
    return outcome


def _do_retag(job: Job, by: Principal, ids: Sequence[int]) -> Outcome:
    old, new = job.params["tag"], job.params["to"]
    have = _with_tag(ids, old)
    said = {one: {"remove_tags": [old], "add_tags": [new]} for one in ids if one in have}
    outcome = _record(job, by, said, "attributes_changed")
    outcome.left += [(one, "untagged", _("They have no such tag.")) for one in ids if one not in have]
    return outcome


def _owners(params: Mapping[str, Any], _by: Principal) -> dict[str, Any]:
    """An owner, a team, or both; none of them is nobody."""
    found: dict[str, Any] = {}
    for name, rows in (("owner", User.objects.filter(is_active=True)), ("team", Team.objects.all())):
        if name not in params:
            continue
        value = params[name]
        if value is not None and (
            not isinstance(value, int) or isinstance(value, bool) or not rows.filter(pk=value).exists()
        ):
            raise ValidationError({name: ValidationError(_("There is no such row."), code="does_not_exist")})
        found[name] = value
    if not found:
        raise ValidationError({"owner": ValidationError(_("Say whose they are to be."), code="required")})
    return found


def _is_theirs(params: Mapping[str, Any]) -> Q:
    return Q(**{f"{name}_id" if value else f"{name}__isnull": value or True for name, value in params.items()})


def _do_assign(job: Job, by: Principal, ids: Sequence[int]) -> Outcome:
    theirs = set(Contact.objects.filter(_is_theirs(job.params), pk__in=ids).values_list("pk", flat=True))
    said = {one: dict(job.params) for one in ids if one not in theirs}
    outcome = _record(job, by, said, "owner_changed")
    outcome.left += [(one, "already_theirs", _("They belong there already.")) for one in ids if one in theirs]
    return outcome


def _spares_tagged(params: Mapping[str, Any]) -> list[tuple[Q, str]]:
    return [(Q(tags__contains=[params["tag"]]), _("They have this tag already."))]


def _spares_untagged(params: Mapping[str, Any]) -> list[tuple[Q, str]]:
    return [(~Q(tags__contains=[params["tag"]]), _("They have no such tag."))]


def _spares_theirs(params: Mapping[str, Any]) -> list[tuple[Q, str]]:
    return [(_is_theirs(params), _("They belong there already."))]


def _after_untag(job: Job, _by: Principal) -> dict[str, Any]:
    forget_unused_tag(job.params["tag"])
    return {}


def _after_retag(job: Job, by: Principal) -> dict[str, Any]:
    forget_unused_tag(job.params["tag"])
    return {"views": views_follow_tag(by=by, old=job.params["tag"], new=job.params["to"])}


def register() -> None:
    for kind in (
        Kind("tag", gettext_lazy("Tag"), _one_tag, _do_tag, _spares_tagged),
        Kind("untag", gettext_lazy("Untag"), _one_tag, _do_tag, _spares_untagged, after=_after_untag),
        Kind("retag", gettext_lazy("Rename a tag"), _two_tags, _do_retag, _spares_untagged, after=_after_retag),
        Kind("assign", gettext_lazy("Assign"), _owners, _do_assign, _spares_theirs),
    ):
        KINDS[kind.name] = kind
