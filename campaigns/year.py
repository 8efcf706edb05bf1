"""The campaigns by their dates, and what was planned and spent on each question month by month."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import F

from campaigns.models import Campaign, Question
from campaigns.results import spent
from campaigns.strategy import main_currency, planned
from funnel.pictures import Picture
from funnel.spans import Days, number_of

MONTHS: Final = 12
BEFORE: Final = 5  # of them lie before this month, unless another beginning is asked for
_YEARS: Final = range(1901, 2999)  # of which there are plans


@dataclass(frozen=True, slots=True)
class Month:
    """Sums in minor units by question, in the currency of most campaigns."""

    first: date
    last: date
    planned: Mapping[str, int]
    spent: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Year:
    """`campaigns` run on some day of it; what was spent in other currencies stands in `others`."""

    months: Sequence[Month]
    campaigns: Sequence[Campaign]
    currency: str
    others: Mapping[str, int]

    def of(self, question: str) -> list[Campaign]:
        return [one for one in self.campaigns if one.question == question]

    def works_on(self, question: str, month: Month) -> bool:
        return any(_touches(one, month.first, month.last) for one in self.of(question))


def month_named(text: str) -> date | None:
    """The first day of a month said as `2026-06`; none where there is no such month, or none that is planned."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return first if first.year in _YEARS else None


def month_of(day: date, *, later: int = 0) -> date:
    """The first of its month, or of the one so many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + later, 12)
    return date(year, month + 1, 1)


def year_from(first: date, picture: Picture) -> Year:
    """Twelve months from this one on, in two statements."""
    days = [_whole(month_of(first, later=later)) for later in range(MONTHS)]
    spans = [Days(number_of(since), number_of(until)) for since, until in days]
    campaigns = list(Campaign.objects.order_by(F("starts_on").asc(nulls_first=True), "name"))
    costs, currency = spent(picture, spans), main_currency(campaigns)
    mine = [one for one in campaigns if one.currency == currency]
    months = [
        Month(since, until, _planned(mine, span), _spent(mine, costs, place))
        for place, ((since, until), span) in enumerate(zip(days, spans, strict=True))
    ]
    shown = [one for one in campaigns if one.archived_at is None and _touches(one, days[0][0], days[-1][1])]
    others = Counter[str]()
    for one in campaigns:
        if one.currency != currency:
            others[one.currency] += sum(costs.get((place, one.pk), 0) for place in range(MONTHS))
    return Year(months, shown, currency, +others)


def _whole(first: date) -> tuple[date, date]:
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def _touches(campaign: Campaign, first: date, last: date) -> bool:
    begun = campaign.starts_on is None or campaign.starts_on <= last
    return begun and (campaign.ends_on is None or campaign.ends_on >= first)


def _planned(campaigns: Iterable[Campaign], span: Days) -> Mapping[str, int]:
    sums = dict.fromkeys(Question.values, 0)
    for one in campaigns:
        sums[one.question] += planned(one, span)
    return sums


def _spent(campaigns: Iterable[Campaign], costs: Mapping[tuple[int, int], int], place: int) -> Mapping[str, int]:
    sums = dict.fromkeys(Question.values, 0)
    for one in campaigns:
        sums[one.question] += costs.get((place, one.pk), 0)
    return sums
