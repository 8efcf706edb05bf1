"""/api/v1/playbooks: the versions in force, and the drafts of the next one."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from contacts.models import Contact
from funnel import faults, publishing
from funnel.api.refusing import refusal
from funnel.check_shapes import (
    CheckShape,
    ExampleBody,
    ExampleShape,
    ExampleStepShape,
    FindingShape,
    PublicationBody,
)
from funnel.comparing import Side, replaced_by, side_called
from funnel.differences import Changed, difference
from funnel.examples import Verdict, try_examples
from funnel.explaining import Words
from funnel.keeping import keep_example, steps_of
from funnel.models import Playbook, PlaybookDraft
from funnel.serializers import (
    ChangeShape,
    ComparisonShape,
    DifferenceShape,
    DraftBody,
    DraftChanges,
    DraftList,
    DraftShape,
    NewDraftBody,
    PlaybookList,
    PlaybookShape,
    RuleShape,
    WholeDraftShape,
    WholePlaybookShape,
)
from funnel.texts import as_text, ordered
from rest.answers import answer, versioned
from rest.bodies import body_as
from rest.edits import seen_versions
from rest.endpoints import caller, operation
from rest.problems import FieldError, Problem
from rest.queries import invalid_query, parameter, refuse_unknown_parameters, whole_number
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, IF_MATCH, query_parameter

TAG = "Playbooks"
_READING = ("invalid-query", "not-found")
_WRITING = ("malformed-json", "unknown-field", "invalid-value", "not-found", "stale-edit")


# Versions


@operation("playbooks:read", summary=_("Versions"), tag=TAG, answers={200: PlaybookList}, problems=["invalid-query"])
def playbook_list(request: Request) -> HttpResponse:
    """All published versions, the newest first."""
    refuse_unknown_parameters(request._request, ())
    versions = list(Playbook.objects.defer("document").select_related("published_by").order_by("-number"))
    replaced = replaced_by((version.number, version.since) for version in versions)
    return answer(PlaybookList([PlaybookShape(**_version(version, replaced)) for version in versions]))


@operation("playbooks:read", summary=_("A version"), tag=TAG, answers={200: WholePlaybookShape}, problems=_READING)
def playbook_detail(request: Request, number: int) -> HttpResponse:
    """The version with its document, and its rules as sentences."""
    refuse_unknown_parameters(request._request, ())
    version = get_object_or_404(Playbook.objects.select_related("published_by"), number=number)
    words = Words.read()
    rules = [RuleShape(rule["name"], words.sentence(rule)) for rule in version.document["rules"]]
    return answer(WholePlaybookShape(**_version(version), rules=rules, document=ordered(version.document)))


@operation("playbooks:read", summary=_("A version as text"), tag=TAG, answers={200: dict[str, Any]}, problems=_READING)
def playbook_text(request: Request, number: int) -> HttpResponse:
    """The document alone, laid out to be kept under version control; a draft can be made of it."""
    refuse_unknown_parameters(request._request, ())
    version = get_object_or_404(Playbook, number=number)
    headers = {"Content-Disposition": f'attachment; filename="playbook-{number}.json"'}
    return HttpResponse(as_text(version.document), content_type="application/json", headers=headers)


# Drafts


@operation("playbooks:read", summary=_("Drafts"), tag=TAG, answers={200: DraftList}, problems=["invalid-query"])
def draft_list(request: Request) -> HttpResponse:
    refuse_unknown_parameters(request._request, ())
    drafts = PlaybookDraft.objects.defer("document").select_related("author").order_by("-updated_at", "-pk")
    return answer(DraftList([DraftShape(**_draft(draft)) for draft in drafts]))


@operation(
    "playbooks:write",
    summary=_("Start a draft"),
    tag=TAG,
    takes=NewDraftBody,
    answers={201: WholeDraftShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def draft_start(request: Request) -> HttpResponse:
    """Of a document, or of a version (the newest when neither is given)."""
    body = body_as(NewDraftBody, request)
    number = body.pop("based_on", None)
    based_on = Playbook.objects.filter(number=number).first()
    if number is not None and based_on is None:
        error = FieldError("/based_on", "unknown", gettext("There is no version %s.") % number)
        raise Problem("invalid-value", errors=[error])
    draft = publishing.start_draft(based_on=based_on, by=caller(request), **body)
    return _answer(draft, status=201, location=request.build_absolute_uri(f"{request.path}/{draft.pk}"))


@operation("playbooks:read", summary=_("A draft"), tag=TAG, answers={200: WholeDraftShape}, problems=_READING)
def draft_detail(request: Request, draft_id: int) -> HttpResponse:
    refuse_unknown_parameters(request._request, ())
    return _answer(_found(draft_id))


@operation(
    "playbooks:write",
    summary=_("Replace a draft"),
    tag=TAG,
    takes=DraftBody,
    answers={200: WholeDraftShape},
    parameters=[IF_MATCH],
    problems=_WRITING,
)
def draft_replace(request: Request, draft_id: int) -> HttpResponse:
    return _saved(request, draft_id, DraftBody)


@operation(
    "playbooks:write",
    summary=_("Change a draft"),
    tag=TAG,
    takes=DraftChanges,
    answers={200: WholeDraftShape},
    parameters=[IF_MATCH],
    problems=_WRITING,
)
def draft_change(request: Request, draft_id: int) -> HttpResponse:
    """Its name, its document, or both. A document may have faults as long as it is a draft."""
    return _saved(request, draft_id, DraftChanges)


@operation(
    "playbooks:write",
    summary=_("Discard a draft"),
    tag=TAG,
    answers={204: None},
    parameters=[IF_MATCH],
    problems=["not-found", "stale-edit"],
)
def draft_discard(request: Request, draft_id: int) -> HttpResponse:
    try:
        publishing.discard_draft(draft=_found(draft_id), seen=seen_versions(request._request))
    except publishing.StaleDraftError as error:
        raise _stale(error) from None
    return HttpResponse(status=204)


@operation("playbooks:read", summary=_("A draft as text"), tag=TAG, answers={200: dict[str, Any]}, problems=_READING)
def draft_text(request: Request, draft_id: int) -> HttpResponse:
    """The document alone, laid out to be kept under version control; a draft can be made of it."""
    refuse_unknown_parameters(request._request, ())
    headers = {"Content-Disposition": f'attachment; filename="draft-{draft_id}.json"'}
    text = as_text(publishing.document_of(_found(draft_id)))
    return HttpResponse(text, content_type="application/json", headers=headers)


@operation(
    "playbooks:read",
    summary=_("What the draft changes"),
    tag=TAG,
    answers={200: DifferenceShape},
    parameters=[query_parameter("version", _("The version to compare with; the newest when not given."), int)],
    problems=_READING,
)
def draft_difference(request: Request, draft_id: int) -> HttpResponse:
    """Rules and examples by name, points by event type, and the path."""
    refuse_unknown_parameters(request._request, ("version",))
    draft = _found(draft_id)
    newest = Playbook.objects.order_by("-number").first()
    most = newest.number if newest else 0
    number = whole_number(request._request, "version", default=most, least=1, most=most)
    version = Playbook.objects.filter(number=number).first()
    if version is None:
        raise invalid_query("version", _("There is no such version."))
    return answer(DifferenceShape(compared_with=number, **_compared(version.document, publishing.document_of(draft))))


@operation(
    "playbooks:read",
    summary=_("Compare versions and drafts"),
    tag=TAG,
    answers={200: ComparisonShape},
    parameters=[
        query_parameter("from", _("A version (`3`) or a draft (`draft-12`)."), required=True),
        query_parameter("to", _("The same; the newest version when not given.")),
    ],
    problems=["invalid-query"],
)
def playbook_compare(request: Request) -> HttpResponse:
    """From any version or draft to any other: rules and examples by name, points by event type, and the path."""
    plain = request._request
    refuse_unknown_parameters(plain, ("from", "to"))
    newest = str(Playbook.objects.latest("number").number)
    one, other = (_side(plain, name, parameter(plain, name) or newest) for name in ("from", "to"))
    return answer(ComparisonShape(from_=one.key, to=other.key, **_compared(one.document, other.document)))


def _side(request: HttpRequest, name: str, key: str) -> Side:
    if name == "from" and parameter(request, name) is None:
        raise invalid_query(name, gettext("Say a version, such as 3, or a draft, such as draft-12."))
    found = side_called(key)
    if found is None:
        raise invalid_query(name, gettext("There is no such version or draft."))
    return found


def _compared(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    found = difference(before, after)
    shown: dict[str, Any] = {}
    for part in found.__slots__:
        value = getattr(found, part)
        changed = part.endswith(("_changed", "_moved"))
        shown[part] = list(value) if not changed else _changes(value) if isinstance(value, tuple) else _change(value)
    return shown


@operation(
    "playbooks:read", summary=_("What is wrong with the draft"), tag=TAG, answers={200: CheckShape}, problems=_READING
)
def draft_check(request: Request, draft_id: int) -> HttpResponse:
    """Every fault with a pointer into the document; without one the draft can be published."""
    refuse_unknown_parameters(request._request, ())
    draft, stages = _found(draft_id), faults.named_stages()
    findings = publishing.check_draft(draft)
    shapes = [FindingShape(one.pointer, one.code, faults.sentence(one, stages)) for one in findings]
    document, words = publishing.document_of(draft), Words.read()
    examples = [] if findings else [_example(one, document, words) for one in try_examples(document)]
    return answer(CheckShape(publishable=not findings, findings=shapes, examples=examples))


def _example(verdict: Verdict, document: dict[str, Any], words: Words) -> ExampleShape:
    steps = [
        ExampleStepShape(one.day, one.move.dimension, one.move.to, one.rule, one.sentence)
        for one in steps_of(verdict, document, words)
    ]
    return ExampleShape(verdict.name, verdict.day, verdict.holds, dict(verdict.expected), dict(verdict.came), steps)


@operation(
    "playbooks:write",
    summary=_("Keep somebody as an example"),
    tag=TAG,
    takes=ExampleBody,
    answers={201: WholeDraftShape},
    parameters=[IF_MATCH, IDEMPOTENCY_KEY],
    problems=_WRITING,
)
def draft_example(request: Request, draft_id: int) -> HttpResponse:
    """What somebody did so far becomes a story in the draft, and where the draft puts them what is expected. Of the
    person only kinds of events, days, amounts and what rules ask about are copied, no name and no text."""
    draft, body = _found(draft_id), body_as(ExampleBody, request)
    people = Contact.objects.visible_to(caller(request)).leaders().filter(erased_at=None)
    contact = people.filter(pk=body["contact"]).first()
    if contact is None:
        error = FieldError("/contact", "unknown", gettext("There is nobody with this number."))
        raise Problem("invalid-value", errors=[error])
    try:
        draft = keep_example(
            draft=draft, leader=contact.pk, name=body.get("name", ""), seen=seen_versions(request._request)
        )
    except publishing.StaleDraftError as error:
        raise _stale(error) from None
    except publishing.FaultyPlaybookError as error:
        raise refusal(error) from None
    return _answer(draft, status=201, location=request.build_absolute_uri(f"/api/v1/playbooks/drafts/{draft.pk}"))


@operation(
    "playbooks:write",
    summary=_("Publish a draft"),
    tag=TAG,
    takes=PublicationBody,
    answers={201: PlaybookShape},
    parameters=[IF_MATCH, IDEMPOTENCY_KEY],
    problems=(*_WRITING, "conflict"),
)
def draft_publish(request: Request, draft_id: int) -> HttpResponse:
    """It becomes the next version, in force from `since` (now when not given; also an earlier moment), and everybody is
    folded again with it. Refused with the findings of its check, and where examples of the draft come out otherwise."""
    body = body_as(PublicationBody, request)
    try:
        version = publishing.publish_playbook(
            draft=_found(draft_id),
            since=body.get("since"),
            by=caller(request),
            seen=seen_versions(request._request),
            after=body.get("after"),
            despite_examples=body.get("despite_examples", False),
        )
    except publishing.StaleDraftError as error:
        raise _stale(error) from None
    except publishing.OvertakenError as error:
        words = gettext("Version %(number)s was published meanwhile: look at what the draft would change in it.")
        raise Problem("conflict", words % {"number": error.newest.number}, newest=error.newest.number) from None
    except publishing.FaultyPlaybookError as error:
        raise refusal(error) from None
    except publishing.PartedExamplesError as error:
        words = gettext("Examples kept with the draft come out otherwise. Say despite_examples where this is meant.")
        parted = [gettext("“%(name)s” comes out otherwise.") % {"name": gettext(one.name)} for one in error.examples]
        errors = [FieldError("/despite_examples", "examples_parted", sentence) for sentence in parted]
        raise Problem("invalid-value", words, errors=errors) from None
    location = request.build_absolute_uri(f"/api/v1/playbooks/{version.number}")
    return answer(PlaybookShape(**_version(version)), status=201, headers={"Location": location})


def _found(draft_id: int) -> PlaybookDraft:
    return get_object_or_404(PlaybookDraft.objects.select_related("author"), pk=draft_id)


def _saved(request: Request, draft_id: int, body: type[Serializer[Any]]) -> HttpResponse:
    draft = _found(draft_id)
    try:
        draft = publishing.save_draft(draft=draft, seen=seen_versions(request._request), **body_as(body, request))
    except publishing.StaleDraftError as error:
        raise _stale(error) from None
    return _answer(draft)


def _stale(error: publishing.StaleDraftError) -> Problem:
    version = error.draft.version
    return Problem("stale-edit", headers={"ETag": f'"{version}"'}, version=version)


def _answer(draft: PlaybookDraft, *, status: int = 200, location: str = "") -> HttpResponse:
    shape = WholeDraftShape(**_draft(draft), document=ordered(publishing.document_of(draft)))
    return versioned(shape, draft.version, status=status, location=location)


def _draft(draft: PlaybookDraft) -> dict[str, Any]:
    return {
        "id": draft.pk,
        "name": draft.name,
        "based_on": draft.based_on_id,
        "author": str(draft.author) if draft.author else None,
        "created_at": draft.created_at,
        "updated_at": draft.updated_at,
        "version": draft.version,
    }


def _version(version: Playbook, replaced: Mapping[int, int] | None = None) -> dict[str, Any]:
    if replaced is None:
        replaced = replaced_by(Playbook.objects.values_list("number", "since"))
    return {
        "number": version.number,
        "name": version.name,
        "since": version.since,
        "published_at": version.published_at,
        "published_by": str(version.published_by) if version.published_by else None,
        "applied_at": version.applied_at,
        "status": _status(version, replaced),
        "replaced_by": replaced.get(version.number),
    }


def _status(version: Playbook, replaced: Mapping[int, int]) -> str:
    if version.applied_at is None:
        return "being_applied"
    if version.number in replaced:
        return "replaced"
    return "applied" if version.since is None or version.since <= timezone.now() else "waiting"


def _changes(changes: tuple[Changed, ...]) -> list[ChangeShape]:
    return [ChangeShape(change.name, change.before, change.after) for change in changes]


def _change(change: Changed | None) -> ChangeShape | None:
    return ChangeShape(change.name, change.before, change.after) if change else None
