"""What forms did lately: shown, sent, left out, by day."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

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
    left_out: int = 0
    last_sent: date | None = None
    bars: SafeString = SafeString()  # noqa: RUF009  (drawn: thirty of each form are too many for a template)

    @property
    def all_shown(self) -> int:
        return sum(self.shown)

    @property
    def all_sent(self) -> int:
        return sum(self.sent)

    @property
    def most(self) -> int:
        return max(self.sent)

    @property
    def rate(self) -> float | None:
        """Of those who saw it, how many in a hundred sent it."""
        return 100 * self.all_sent / self.all_shown if self.all_shown >= self.all_sent > 0 else None

    @property
    def rows(self) -> list[tuple[date, int, int]]:
        """For the table, the newest first; days without anything left out."""
        rows = zip(self.days, self.shown, self.sent, strict=True)
        return [row for row in reversed(list(rows)) if row[1] or row[2]]


_DAYS: Final = Prepared(
    "days_of_forms",
    """
    SELECT form_id, day, shown, sent, left_out FROM campaigns_formday
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
    for form_id, day, shown, sent, left_out in rows:
        one, place = found[form_id], (day - days[0]).days
        one.shown[place], one.sent[place] = shown, sent
        one.left_out += left_out
        one.last_sent = day if sent else one.last_sent
    for one in found.values():
        one.bars = SafeString("".join(_bars(one.sent)))
    return found


_WIDTH, _HEIGHT = 8, 28  # of a day, in the units of the drawing


def _bars(sent: Iterable[int]) -> Iterator[str]:
    numbers = list(sent)
    most = max([*numbers, 1])
    for place, number in enumerate(numbers):
        if number:
            height = max(1.0, _HEIGHT * number / most)
            yield f'<rect x="{place * _WIDTH}" y="{_HEIGHT - height:.2f}" width="6" height="{height:.2f}" rx="1"/>'
