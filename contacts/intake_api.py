"""What stands around the log, for programs: sources and types, claims, quarantine, identities and merges."""

from collections.abc import Callable
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.pages import PARAMETERS, page
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters
from rest.telling import told

from .answering import filter_parameters, valid
from .claims import confirm_claim, refuse_claim
from .doors import require_trusted
from .filtering import Field, Filters, Operator, choice, moment, read_whole, row, text, yes_no
from .identities import link, unlink
from .intake_bodies import IdentityBody, MergeBody, ReplayBody
from .intake_shapes import (
    ClaimShape,
    EventTypeShape,
    IdentityShape,
    MergeShape,
    QuarantineShape,
    ReplayShape,
    SourceShape,
)
from .merging import cut_merge, merge_contacts
from .models import Claim, Contact, EventType, Identity, IdentityKind, Merge, Quarantine, Source
from .replaying import replay

INTAKE = _("Intake")
PEOPLE = _("Who is who")
_DECIDED: Final = ("not-found", "forbidden", "invalid-value")

_STATES: Final = {
    "open": Q(confirmed_at=None, refused_at=None),
    "confirmed": Q(confirmed_at__isnull=False),
    "refused": Q(refused_at__isnull=False),
}


def _state(value: Any) -> str:
    if value not in _STATES:
        raise ValueError(value)
    return str(value)


CLAIM_FILTERS: Final = Filters(
    Field("state", _state, lambda operator, value: _STATES[value], (Operator.IS,), _("open, confirmed or refused")),
    row("contact", "contact_id"),
    text("source", "source__key", _("the key of a source")),
    text("type", "type__key", _("the key of an event type")),
    moment("received_at", "received_at"),
)
QUARANTINE_FILTERS: Final = Filters(
    yes_no("waiting", "replayed_at__isnull"),
    yes_no("malformed", "event__isnull"),
    text("source", "source__key", _("the key of a source")),
    text("reason", "reason", _("a reason such as missing-identity")),
    text("message_id", "message_id", _("the id of a message")),
    moment("received_at", "received_at"),
)
IDENTITY_FILTERS: Final = Filters(
    row("contact", "contact_id"),
    choice("kind", "kind", IdentityKind.values),
    text("source", "namespace", _("the key of a source")),
    text("value", "value", _("the address or id itself")),
    yes_no("live", "unlinked_at__isnull"),
)


def _of_either(operator: Operator, value: Any) -> Q:
    values = value if operator == Operator.IN else [value]
    return Q(older_id__in=values) | Q(newer_id__in=values)


MERGE_FILTERS: Final = Filters(
    Field("contact", read_whole, _of_either, (Operator.IS, Operator.IN), _("the id of a contact")),
    yes_no("live", "cut_at__isnull"),
)
TYPE_FILTERS: Final = Filters(
    yes_no("is_named", "is_named"),
    text("key", "key", _("the key of a type")),
)


def _listed(request: Request, rows: QuerySet[Any], filters: Filters, show: Callable[[Any], Any]) -> HttpResponse:
    asked = request._request
    refuse_unknown_parameters(asked, (*PARAMETERS, *filters.parameters()))
    found = page(
        asked, rows.filter(filters.from_parameters(asked.GET.dict()).q()), orderings={"id": ("id",)}, default="-id"
    )
    return answer(found.showing([show(one) for one in found.rows]))


# --- Sources and types ------------------------------------------------------------------------------------------------


@operation(
    "events:read",
    summary=_("List sources"),
    tag=INTAKE,
    answers={200: page_shape("SourcePage", SourceShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def source_list(request: Request) -> HttpResponse:
    """Where facts come from. Events are deduplicated within a source; keys belong to one and come and go without it."""
    return _listed(request, Source.objects.all(), Filters(), SourceShape.of)


@operation(
    "events:read",
    summary=_("List event types"),
    tag=INTAKE,
    answers={200: page_shape("EventTypePage", EventTypeShape)},
    parameters=[*filter_parameters(TYPE_FILTERS), *paging_parameters("id")],
    problems=LIST_PROBLEMS,
)
def event_type_list(request: Request) -> HttpResponse:
    """Kinds of events; with `is_named=false` those that sources brought and nobody named yet."""
    kinds = EventType.objects.select_related("first_source", "alias_of")
    return _listed(request, kinds, TYPE_FILTERS, EventTypeShape.of)


# --- Claims -----------------------------------------------------------------------------------------------------------


def _claims(request: Request) -> QuerySet[Claim]:
    people = Contact.objects.visible_to(caller(request))
    return Claim.objects.filter(contact__leader__in=people).select_related("source", "type")


@operation(
    "contacts:read",
    summary=_("List claims"),
    tag=INTAKE,
    answers={200: page_shape("ClaimPage", ClaimShape)},
    parameters=[*filter_parameters(CLAIM_FILTERS), *paging_parameters("id")],
    problems=LIST_PROBLEMS,
)
def claim_list(request: Request) -> HttpResponse:
    """What public sources said and may not decide: orders, consents, changes of people we know."""
    return _listed(request, _claims(request), CLAIM_FILTERS, ClaimShape.of)


@operation(
    "contacts:write",
    summary=_("Confirm a claim"),
    tag=INTAKE,
    answers={200: ClaimShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=_DECIDED,
)
def claim_confirm(request: Request, claim_id: int) -> HttpResponse:
    """Let it be true: it is recorded as the event it would have been, of the moment it was received."""
    require_trusted(caller(request))
    claim = get_object_or_404(_claims(request), pk=claim_id)
    confirm_claim(claim, by=caller(request))
    return answer(ClaimShape.of(claim))


@operation(
    "contacts:write",
    summary=_("Refuse a claim"),
    tag=INTAKE,
    answers={200: ClaimShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=_DECIDED,
)
def claim_refuse(request: Request, claim_id: int) -> HttpResponse:
    """Let it do nothing for ever."""
    require_trusted(caller(request))
    claim = get_object_or_404(_claims(request), pk=claim_id)
    refuse_claim(claim, by=caller(request))
    return answer(ClaimShape.of(claim))


# --- Quarantine -------------------------------------------------------------------------------------------------------

_QUARANTINE: Final = Quarantine.objects.select_related("source")


@operation(
    "events:read",
    summary=_("List the quarantine"),
    tag=INTAKE,
    answers={200: page_shape("QuarantinePage", QuarantineShape)},
    parameters=[*filter_parameters(QUARANTINE_FILTERS), *paging_parameters("id")],
    problems=LIST_PROBLEMS,
)
def quarantine_list(request: Request) -> HttpResponse:
    """What came in and could not be used, as it came, with the reason; `malformed=false`: events the fold died on."""
    return _listed(request, _QUARANTINE.all(), QUARANTINE_FILTERS, QuarantineShape.of)


@operation(
    "events:read",
    summary=_("Read what is in quarantine"),
    tag=INTAKE,
    answers={200: QuarantineShape},
    problems=("not-found",),
)
def quarantine_detail(request: Request, quarantine_id: int) -> HttpResponse:
    """One message as it came."""
    return answer(QuarantineShape.of(get_object_or_404(_QUARANTINE.all(), pk=quarantine_id)))


@operation(
    "events:write",
    summary=_("Replay from quarantine"),
    tag=INTAKE,
    takes=ReplayBody,
    answers={200: ReplayShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*_DECIDED, *BODY_PROBLEMS),
)
def quarantine_replay(request: Request, quarantine_id: int) -> HttpResponse:
    """Try it again, as of the moment it came in; with `raw` what is said there in place of what came, which stays as it
    was. What still can't be used stays, with one more attempt."""
    require_trusted(caller(request))
    kept = get_object_or_404(_QUARANTINE.all(), pk=quarantine_id)
    mended = body_as(ReplayBody, request).get("raw") if request.data else None
    result = replay(kept, by=caller(request), mended=None if mended is None else mended.encode())
    if result is None:
        return answer(ReplayShape("released", kept.event_id))
    detail = told(result.detail, result.values) or None
    return answer(ReplayShape(result.status, result.event_id, result.reason, result.pointer, detail))


# --- Who is who -------------------------------------------------------------------------------------------------------


@operation(
    "contacts:read",
    summary=_("List identities"),
    tag=PEOPLE,
    answers={200: page_shape("IdentityPage", IdentityShape)},
    parameters=[*filter_parameters(IDENTITY_FILTERS), *paging_parameters("id")],
    problems=LIST_PROBLEMS,
)
def identity_list(request: Request) -> HttpResponse:
    """By what people are recognised, and were."""
    people = Contact.objects.visible_to(caller(request))
    return _listed(request, Identity.objects.filter(contact__leader__in=people), IDENTITY_FILTERS, IdentityShape.of)


@operation(
    "contacts:write",
    summary=_("Link an identity"),
    tag=PEOPLE,
    takes=IdentityBody,
    answers={201: IdentityShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "forbidden"),
)
def identity_link(request: Request) -> HttpResponse:
    """Let a contact be recognised by this; refused when somebody has it."""
    require_trusted(caller(request))
    body = valid(IdentityBody(data=request.data))
    contact = _visible(request, body.validated_data["contact"])
    identity = link(contact=contact, name=body.name(), by=caller(request))
    return answer(IdentityShape.of(identity), status=201)


@operation(
    "contacts:write",
    summary=_("Unlink an identity"),
    tag=PEOPLE,
    answers={200: IdentityShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=_DECIDED,
)
def identity_unlink(request: Request, identity_id: int) -> HttpResponse:
    """Stop recognising the contact by this. What was recorded for them stays theirs."""
    require_trusted(caller(request))
    identity = get_object_or_404(Identity, pk=identity_id)
    _visible(request, identity.contact_id)
    unlink(identity=identity, by=caller(request))
    return answer(IdentityShape.of(get_object_or_404(Identity, pk=identity_id)))


def _merges(request: Request) -> QuerySet[Merge]:
    people = Contact.objects.visible_to(caller(request))
    return Merge.objects.filter(older__leader__in=people).select_related("older", "source")


@operation(
    "contacts:read",
    summary=_("List merges"),
    tag=PEOPLE,
    answers={200: page_shape("MergePage", MergeShape)},
    parameters=[*filter_parameters(MERGE_FILTERS), *paging_parameters("id")],
    problems=LIST_PROBLEMS,
)
def merge_list(request: Request) -> HttpResponse:
    """Which contacts are or were one person."""
    return _listed(request, _merges(request), MERGE_FILTERS, MergeShape.of)


@operation(
    "contacts:merge",
    summary=_("Merge two contacts"),
    tag=PEOPLE,
    takes=MergeBody,
    answers={201: MergeShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "forbidden"),
)
def merge_create(request: Request) -> HttpResponse:
    """Make two people one, led by the oldest contact of both. Refused (`already_one`) when they are one already."""
    require_trusted(caller(request))
    said = valid(MergeBody(data=request.data)).validated_data
    merge = merge_contacts(
        first=_visible(request, said["first"]),
        second=_visible(request, said["second"]),
        by=caller(request),
        fields=said.get("fields"),
    )
    return answer(MergeShape.of(get_object_or_404(_merges(request), pk=merge.pk)), status=201)


@operation(
    "contacts:merge",
    summary=_("Cut a merge"),
    tag=PEOPLE,
    answers={200: MergeShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=_DECIDED,
)
def merge_cut(request: Request, merge_id: int) -> HttpResponse:
    """Take a merge back: both people are again exactly what they would be without it."""
    require_trusted(caller(request))
    merge = get_object_or_404(_merges(request), pk=merge_id)
    cut_merge(merge=merge, by=caller(request))
    return answer(MergeShape.of(get_object_or_404(_merges(request), pk=merge_id)))


def _visible(request: Request, contact_id: int) -> Contact:
    return get_object_or_404(Contact, pk=contact_id, leader__in=Contact.objects.visible_to(caller(request)))
