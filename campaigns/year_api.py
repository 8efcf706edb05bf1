"""/api/v1/strategy/months: which campaigns run when, and what was planned and spent, month by month."""

from datetime import date

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from campaigns.figure_api import TAG
from campaigns.models import Question
from campaigns.serializers import money
from campaigns.year import BEFORE, Year, month_named, month_of, year_from
from contacts.event_api import MoneyShape
from funnel.pictures import Picture
from rest.answers import answer
from rest.endpoints import operation
from rest.queries import invalid_query, parameter, refuse_unknown_parameters
from rest.schema import query_parameter


class SpentShape(msgspec.Struct):
    question: str
    planned: MoneyShape | None
    spent: MoneyShape | None


class MonthShape(msgspec.Struct):
    """`month` is its first day. A budget is spread over the days of its campaign; without both dates it is in none."""

    month: date
    questions: list[SpentShape]


class RunShape(msgspec.Struct):
    """A campaign that runs on some day of these months; null: from the beginning, or without an end."""

    key: str
    name: str
    question: str
    channel: str
    starts_on: date | None
    ends_on: date | None


class YearShape(msgspec.Struct):
    """Sums are in the currency of most campaigns; what was spent in others stands in `others`."""

    months: list[MonthShape]
    campaigns: list[RunShape]
    others: list[MoneyShape]


@operation(
    "figures:read",
    summary=_("The campaigns and their money by months"),
    tag=TAG,
    answers={200: YearShape},
    parameters=[
        query_parameter("from", _("The first of twelve months, such as 2026-06; five before this one unless said."))
    ],
    problems=("invalid-query",),
)
def strategy_months(request: Request) -> HttpResponse:
    """Twelve months of the strategy: which campaigns run when, and what each question was to cost and did cost."""
    asked = request._request
    refuse_unknown_parameters(asked, ("from",))
    return answer(show_year(year_from(_first(parameter(asked, "from")), Picture.now())))


def _first(text: str | None) -> date:
    if not text:
        return month_of(timezone.localdate(), later=-BEFORE)
    first = month_named(text)
    if first is None:
        raise invalid_query("from", _("Write a month such as 2026-06."))
    return first


def show_year(year: Year) -> YearShape:
    code = year.currency
    return YearShape(
        [
            MonthShape(
                one.first,
                [
                    SpentShape(name, money(one.planned[name], code), money(one.spent[name], code))
                    for name in Question.values
                ],
            )
            for one in year.months
        ],
        [RunShape(one.key, one.name, one.question, one.channel, one.starts_on, one.ends_on) for one in year.campaigns],
        [shown for name, value in sorted(year.others.items()) if (shown := money(value, name))],
    )
