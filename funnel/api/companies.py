"""/api/v1/companies/{id}/breadth and timeline: how far the people of a company are, and what happened to them."""

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from contacts.answering import SINCE, TREE, WORDS, filter_parameters
from contacts.company_api import COMPANIES, COMPANY_FILTERS, companies_asked, visible_company
from contacts.event_api import EventShape, show_events
from contacts.models import Contact, Event
from funnel.breadth import bought_by, breadth_counted, people_at
from funnel.company_exporting import CONTENT_TYPE, FILE_NAME, export_companies
from funnel.models import Stage
from funnel.names import HEALTH_NAMES
from rest.answers import answer
from rest.endpoints import caller, operation
from rest.pages import PARAMETERS, page
from rest.queries import refuse_unknown_parameters
from rest.schema import LIST_PROBLEMS, page_shape, paging_parameters


class HeldShape(msgspec.Struct):
    """So many people of one role at one stage (null: not on the path yet)."""

    role: str
    stage: str | None
    people: int


class ValueShape(msgspec.Struct):
    """An amount in minor units of its currency."""

    value_minor: int
    currency: str


class BreadthShape(msgspec.Struct):
    """The people with a place in a company now. `closed` are counted apart; `health` is that of its customers."""

    people: int
    closed: int
    roles: list[HeldShape]
    health: dict[str, int]
    orders: int
    value: list[ValueShape]
    last_event_at: datetime | None


@operation(
    "contacts:export",
    summary=_("Export companies"),
    tag=COMPANIES,
    answers={200: str},
    parameters=[WORDS, SINCE, *filter_parameters(COMPANY_FILTERS), TREE],
    problems=("invalid-query",),
)
def company_export(request: Request) -> Any:
    """Those that the address asks for, as in their list, as CSV (UTF-8, no cell is a formula): with each how many of
    its people stand at each stage and in each health. Who took them is noted."""
    companies = companies_asked(request)
    pieces = export_companies(by=caller(request), companies=companies, asked=request._request.GET.dict())
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
    return StreamingHttpResponse(pieces, content_type=CONTENT_TYPE, headers=headers)


@operation(
    "contacts:read",
    summary=_("The breadth of commitment of a company"),
    tag=COMPANIES,
    answers={200: BreadthShape},
    problems=("not-found",),
)
def company_breadth(request: Request, company_id: int) -> HttpResponse:
    """How many of its people, in which role, stand at which stage; of those one may see, each person once. Orders are
    those kept by its newest 2,000 customers."""
    company, by, today = visible_company(request, company_id), caller(request), timezone.localdate()
    breadth = breadth_counted(by, [company.pk], today=today)[company.pk]
    bought = bought_by(people_at(by, company, today=today))
    keys: dict[int | None, str | None] = {None: None, **dict(Stage.objects.values_list("pk", "key"))}
    held: dict[tuple[str, str | None], int] = {}
    for group in breadth.living:
        at = (group.role, keys.get(group.stage))
        held[at] = held.get(at, 0) + group.people
    return answer(
        BreadthShape(
            people=breadth.people,
            closed=breadth.closed,
            roles=[HeldShape(role, stage, people) for (role, stage), people in sorted(held.items(), key=str)],
            health={str(HEALTH_NAMES[one]): people for one, people in breadth.by_health().items()},
            orders=bought.orders,
            value=[ValueShape(value, currency) for currency, value in bought.sums.items()],
            last_event_at=breadth.touched_at,
        )
    )


@operation(
    "events:read",
    summary=_("The timeline of a company"),
    tag=COMPANIES,
    answers={200: page_shape("CompanyTimelinePage", EventShape)},
    parameters=paging_parameters("occurred_at"),
    problems=(*LIST_PROBLEMS, "not-found"),
)
def company_timeline(request: Request, company_id: int) -> HttpResponse:
    """The events of all people with a place in the company now whom one may see, the latest first."""
    refuse_unknown_parameters(request._request, PARAMETERS)
    company = visible_company(request, company_id)
    people = people_at(caller(request), company, today=timezone.localdate())
    members = list(Contact.objects.led_by(people).values_list("pk", flat=True))
    orderings = {"occurred_at": ("occurred_at", "rank", "id")}
    events = Event.objects.filter(contact_id__in=members)
    found = page(request._request, events, orderings=orderings, default="-occurred_at")
    return answer(found.showing(show_events(found.rows)))
