"""What forms did by day: shown, sent, left out, confirmed; one of them also over a period, beside the one before."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from django.utils import timezone
from django.utils.safestring import SafeString

from contacts.prepared import Prepared

DAYS: Final = 30


@dataclass
class Lately:
    """The last `DAYS` days of a form, oldest first."""

    days: list[date]
    shown: list[int]
    sent: list[int]
    last_sent: date | None = None
    bars: SafeString = SafeString()  # noqa: RUF009  (drawn: thirty of each form are too many for a template)

    @property
    def all_shown(self) -> int:
        return sum(self.shown)

    @property
    def all_sent(self) -> int:
        return sum(self.sent)

    @property
    def rate(self) -> float | None:
        """Of those who saw it, how many in a hundred sent it."""
        return rate_of(self.all_sent, self.all_shown)


def rate_of(sent: int, shown: int) -> float | None:
    """Per cent; nothing where nobody sent it, or more did than are known to have seen it."""
    return 100 * sent / shown if shown >= sent > 0 else None


_DAYS: Final = Prepared(
    "days_of_forms",
    """
    SELECT form_id, day, shown, sent, left_out, confirmed FROM campaigns_formday
     WHERE form_id = ANY(%(forms)s::bigint[]) AND day BETWEEN %(first)s AND %(last)s ORDER BY day
    """,
    forms="bigint[]",
    first="date",
    last="date",
)


def lately(form_ids: Collection[int]) -> dict[int, Lately]:
    """One statement for all of them."""
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    found = {form_id: Lately(days, [0] * DAYS, [0] * DAYS) for form_id in form_ids}
    rows = _DAYS.rows(forms=list(form_ids), first=days[0], last=today)
    for form_id, day, shown, sent, _left_out, _confirmed in rows:
        one, place = found[form_id], (day - days[0]).days
        one.shown[place], one.sent[place] = shown, sent
        one.last_sent = day if sent else one.last_sent
    for one in found.values():
        one.bars = SafeString("".join(_bars(one.sent)))
    return found


PERIODS: Final = (30, 90, 365)
WEEKLY_FROM: Final = 90
_RATE_OVER: Final = 7  # days: the rate of a single day says little


class Count(NamedTuple):
    """Of a day, or the days from it on."""

    day: date
    shown: int = 0
    sent: int = 0
    left_out: int = 0
    confirmed: int = 0
    rate: float | None = None

    @property
    def is_empty(self) -> bool:
        return not any((self.shown, self.sent, self.left_out, self.confirmed))


class Period(NamedTuple):
    """The sums of the period and of the one before it, and its days, or weeks from `WEEKLY_FROM` days on."""

    days: int
    now: Count
    before: Count
    points: Sequence[Count]

    @property
    def weekly(self) -> bool:
        return self.days >= WEEKLY_FROM


def over(form_id: int, days: int) -> Period:
    """How one form did in the last so many days."""
    today = timezone.localdate()
    first = today - timedelta(days=2 * days - 1)
    every = [Count(first + timedelta(days=place)) for place in range(2 * days)]
    for _form, day, shown, sent, left_out, confirmed in _DAYS.rows(forms=[form_id], first=first, last=today):
        every[(day - first).days] = Count(day, shown, sent, left_out, confirmed)
    step = 7 if days >= WEEKLY_FROM else 1
    points = [_joined(every[at : at + step], every, at + step) for at in range(days, 2 * days, step)]
    return Period(days, _joined(every[days:]), _joined(every[:days]), points)


def _joined(some: Sequence[Count], every: Sequence[Count] = (), end: int = 0) -> Count:
    """Their sum; the rate is of these days, or of the week of `every` that ends with them where that is longer."""
    shown, sent, left_out, confirmed = (sum(column) for column in zip(*(one[1:5] for one in some), strict=True))
    lately = every[max(end - _RATE_OVER, 0) : end] if len(some) < _RATE_OVER and every else some
    rate = rate_of(sum(one.sent for one in lately), sum(one.shown for one in lately))
    return Count(some[0].day, shown, sent, left_out, confirmed, rate)


_WIDTH, _HEIGHT = 8, 28  # of a day, in the units of the drawing


def _bars(sent: Iterable[int]) -> Iterator[str]:
    numbers = list(sent)
    most = max([*numbers, 1])
    for place, number in enumerate(numbers):
        if number:
            height = max(1.0, _HEIGHT * number / most)
            yield f'<rect x="{place * _WIDTH}" y="{_HEIGHT - height:.2f}" width="6" height="{height:.2f}" rx="1"/>'
