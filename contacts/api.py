"""People for programs. Each function reads, calls one service and answers."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from rest.answers import answer
from rest.edits import seen_versions
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.pages import PARAMETERS, page
from rest.problems import Problem, as_problem
from rest.queries import invalid_query, parameter, refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, IF_MATCH, LIST_PROBLEMS, paging_parameters, query_parameter

from . import erasing, services, shapes
from .answering import (
    SINCE,
    TREE,
    WORDS,
    conditioned,
    filter_parameters,
    filtered,
    one_row,
    orders,
    valid,
    visible_leader,
)
from .declaring import change_field, declare_field, drop_field
from .filtering import CONTACT_FILTERS
from .models import Contact, CustomField
from .ordering import NEWEST_FIRST, in_order
from .serializers import BatchBody, ContactBody, CustomFieldBody, CustomFieldChanges, NewContactBody

CONTACTS = _("Contacts")
_KINDS: Final[dict[str, dict[str, bool]]] = {"true": {"is_listed": True}, "false": {"is_known": False}, "any": {}}
# Visitors may be many times as many as people; they are kept in order by these alone.
_VISITOR_ORDERINGS: Final = {"id": ("id",), "updated_at": ("updated_at", "id")}


@operation(
    "contacts:read",
    summary=_("List and find contacts"),
    tag=CONTACTS,
    answers={200: shapes.contact_page()},
    parameters=[
        WORDS,
        query_parameter("is_known", _("`false`: visitors; `any`: both; without it only people."), enum=list(_KINDS)),
        SINCE,
        *filter_parameters(CONTACT_FILTERS),
        TREE,
        *orders(),
    ],
    problems=LIST_PROBLEMS,
)
def contact_list(request: Request) -> HttpResponse:
    """People, one row each however many contacts were merged into them, newest first. All conditions must hold."""
    asked = request._request
    refuse_unknown_parameters(
        asked, (*PARAMETERS, "q", "filter", "is_known", "updated_since", *CONTACT_FILTERS.parameters())
    )
    kind = parameter(asked, "is_known") or "true"
    if kind not in _KINDS:
        raise invalid_query("is_known", _("It takes true, false or any."))
    people = Contact.objects.visible_to(caller(request)).filter(**_KINDS[kind])
    if kind != "true":
        people = people.leaders().filter(erased_at=None)
    if kind == "true":
        asked_for = conditioned(asked, people, CONTACT_FILTERS, caller(request))
        rows, orderings, quick = in_order(
            asked_for, parameter(asked, "ordering") or NEWEST_FIRST, parameter(asked, "q") or ""
        )
        found = page(asked, rows, orderings=orderings, default=NEWEST_FIRST, quick=quick)
    else:
        rows = filtered(asked, people, CONTACT_FILTERS, caller(request))
        found = page(asked, rows.values("id", "updated_at"), orderings=_VISITOR_ORDERINGS, default="-id")
    return answer(found.showing(shapes.show_contacts([row["id"] for row in found.rows])))


@operation(
    "contacts:write",
    summary=_("Create a contact"),
    tag=CONTACTS,
    takes=NewContactBody,
    example={"name": "Anna Virtanen", "email": "anna@example.com", "phone": "+358401234567", "company": "Acme Oy"},
    answers={201: shapes.contact_shape()},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "conflict"),
)
def contact_create(request: Request) -> HttpResponse:
    """Create a person, recorded as `contact_created`. When somebody has the address or the id, the answer is 409 and
    names them in `existing`."""
    contact = services.create_contact(by=caller(request), new=valid(NewContactBody(data=request.data)).new())
    return _one_contact(request, contact.pk, status=201)


@operation(
    "contacts:read",
    summary=_("Read a contact"),
    tag=CONTACTS,
    answers={200: shapes.contact_shape()},
    problems=("not-found",),
)
def contact_detail(request: Request, contact_id: int) -> HttpResponse:
    """A person. The id of a contact that was merged into another answers with the person both are: `id` is then the
    leader's, and `merged_ids` holds the one asked for."""
    return _one_contact(request, contact_id)


@operation(
    "contacts:write",
    summary=_("Change a contact"),
    tag=CONTACTS,
    takes=ContactBody,
    example={"title": "Head of purchasing", "owner": None},
    answers={200: shapes.contact_shape()},
    parameters=[IF_MATCH, IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found", "conflict", "stale-edit"),
)
def contact_update(request: Request, contact_id: int) -> HttpResponse:
    """Change the fields named in the body; null takes one away. What differs is recorded as `attributes_changed` and
    `owner_changed`."""
    visible_leader(request, contact_id)
    body = valid(ContactBody(data=request.data))
    services.update_contact(
        contact=Contact.objects.get(pk=contact_id),
        by=caller(request),
        attributes=body.attributes(),
        seen=seen_versions(request._request),
    )
    return _one_contact(request, contact_id)


@operation(
    "contacts:erase",
    summary=_("Erase a person for ever"),
    tag=CONTACTS,
    answers={204: None},
    problems=("not-found",),
)
def contact_erase(request: Request, contact_id: int) -> HttpResponse:
    """Erase the person with all contacts merged into them: at once nobody finds them, and within a minute nothing is
    left that tells who they were. Nothing brings them back. What was counted stays counted, and a repetition of an old
    message is still a `duplicate`."""
    erasing.erase_contact(contact=visible_leader(request, contact_id), by=caller(request))
    return HttpResponse(status=204)


@operation(
    "contacts:write",
    summary=_("Create or update up to 1000 contacts"),
    tag=CONTACTS,
    takes=BatchBody,
    example={
        "contacts": [{"email": "anna@example.com", "title": "CEO"}, {"name": "Eva", "external_id": "17"}],
        "on_existing": "update",
    },
    answers={200: shapes.BatchShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def contact_batch(request: Request) -> HttpResponse:
    """Each person is taken by itself; the results stand in the order of the request. Whoever exists is refused, or with
    `"on_existing": "update"` brought up to date."""
    body = valid(BatchBody(data=request.data)).validated_data
    read = [_read_row(request, row) for row in body["contacts"]]
    people = [row for row in read if isinstance(row, services.NewContact)]
    made = iter(services.create_contacts(by=caller(request), people=people, update=body["on_existing"] == "update"))
    return answer(
        {
            "results": [
                _made_row(request, next(made)) if isinstance(row, services.NewContact) else _refused_row(request, row)
                for row in read
            ]
        }
    )


@operation(
    "contacts:read",
    summary=_("List custom fields"),
    tag=CONTACTS,
    answers={200: shapes.CUSTOM_FIELD_PAGE},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def custom_field_list(request: Request) -> HttpResponse:
    """The fields of contacts and companies that this organisation has declared."""
    return listed(request, CustomField.objects.all(), shapes.show_field)


@operation(
    "fields:manage",
    summary=_("Declare a custom field"),
    tag=CONTACTS,
    takes=CustomFieldBody,
    example={"of": "contact", "key": "plan", "label": "Plan", "kind": "choice", "choices": ["small", "big"]},
    answers={201: shapes.CustomFieldShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "conflict"),
)
def custom_field_create(request: Request) -> HttpResponse:
    """Declare a field; its key never changes."""
    body = valid(CustomFieldBody(data=request.data)).validated_data
    return answer(shapes.show_field(declare_field(by=caller(request), **body)), status=201)


@operation(
    "fields:manage",
    summary=_("Change a custom field"),
    tag=CONTACTS,
    takes=CustomFieldChanges,
    example={"label": "Plan of the year", "choices": ["small", "big", "huge"]},
    answers={200: shapes.CustomFieldShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def custom_field_update(request: Request, field_id: int) -> HttpResponse:
    """Change what it is called, or what may be chosen. What was written stays."""
    field = get_object_or_404(CustomField, pk=field_id)
    changes = valid(CustomFieldChanges(data=request.data)).validated_data
    return answer(shapes.show_field(change_field(field=field, by=caller(request), **changes)))


@operation(
    "fields:manage",
    summary=_("Drop a custom field"),
    tag=CONTACTS,
    answers={204: None},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found",),
)
def custom_field_drop(request: Request, field_id: int) -> HttpResponse:
    """Ask for it no more. What was written is there again when its key is declared again."""
    drop_field(field=get_object_or_404(CustomField, pk=field_id), by=caller(request))
    return HttpResponse(status=204)


def _one_contact(request: Request, contact_id: int, status: int = 200) -> HttpResponse:
    people = Contact.objects.visible_to(caller(request)).filter(members=contact_id, erased_at=None)
    ids = list(people.values_list("pk", flat=True))
    return one_row(request, shapes.show_contacts(ids), status)


def _read_row(request: Request, row: Any) -> services.NewContact | Problem:
    try:
        return valid(NewContactBody(data=row)).new()
    except (Problem, APIException) as error:
        return as_problem(error) or Problem("invalid-value")


def _made_row(request: Request, made: services.Made) -> shapes.BatchRowShape:
    if made.error:
        return _refused_row(request, as_problem(made.error) or Problem("invalid-value"))
    return shapes.BatchRowShape(status=made.outcome, id=made.contact_id)


def _refused_row(request: Request, problem: Problem) -> shapes.BatchRowShape:
    return shapes.BatchRowShape(status="refused", problem=problem.document(request._request))
