"""Campaigns compared: a column for each measure, and in it a bar as long as its share of the largest."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from campaigns.comparing import Compared, compare
from campaigns.exporting import export_campaigns
from campaigns.models import Channel
from crm.desk.campaigns.words import CHANNEL_ICONS, CHANNELS, money
from crm.desk.doors import for_staff
from crm.desk.drawing import grey, joined, row_address, small_icon
from crm.desk.places import page
from crm.desk.strategy.views import Wish
from crm.templatetags.polku import figure
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Measure:
    """Of `sum` two currencies have no common scale. `is_dear`: the less, the better."""

    key: str
    label: Any
    of: Callable[[Compared], float | None]
    is_sum: bool = False
    is_dear: bool = False
    is_of_everybody: bool = False

    def said(self, value: float | None, currency: str) -> str:
        if value is None:
            return grey("–")
        if self.key == "return":
            return f"{value * 100:+.0f} %".replace("-", "−")
        return escape(money(int(value), currency)) if self.is_sum else figure(int(value))


_DEAR: Final = {"is_sum": True, "is_dear": True, "is_of_everybody": True}
MEASURES: Final = (
    Measure("touched", gettext_lazy("Touched"), lambda one: one.outcome.touched.all),
    Measure("leads", gettext_lazy("Leads"), lambda one: one.outcome.leads),
    Measure("lead-cost", gettext_lazy("Cost per lead"), lambda one: one.shared(one.outcome.leads), **_DEAR),
    Measure("customers", gettext_lazy("New customers"), lambda one: one.outcome.customers),
    Measure("customer-cost", gettext_lazy("Per new customer"), lambda one: one.shared(one.outcome.customers), **_DEAR),
    Measure("cost", gettext_lazy("Cost"), lambda one: one.outcome.spent, is_sum=True),
    Measure("revenue", gettext_lazy("Revenue"), lambda one: one.outcome.income, is_sum=True),
    Measure("return", gettext_lazy("Return"), lambda one: one.roi, is_of_everybody=True),
)


class Comparison:
    """Sorted by one measure, the best first; who has nothing of it stands last."""

    def __init__(self, rows: Sequence[Compared], by: str, *, everybody: bool) -> None:
        self.measures = [one for one in MEASURES if everybody or not one.is_of_everybody]
        self.by = next((one for one in self.measures if one.key == by), self._usual())
        self.rows = sorted(rows, key=self._place)
        self.code = Counter(row.campaign.currency for row in rows).most_common(1)[0][0] if rows else ""
        self.most = {one.key: max((abs(self._drawn(one, row)) for row in rows), default=0) for one in self.measures}

    def _usual(self) -> Measure:
        return next(one for one in self.measures if one.key == "revenue")

    def _place(self, row: Compared) -> tuple[bool, float, str]:
        value = self.by.of(row)
        sign = 1 if self.by.is_dear else -1
        return value is None, sign * (value or 0), row.campaign.name.casefold()

    def _drawn(self, measure: Measure, row: Compared) -> float:
        """What its bar shows: nothing for a sum in other money than most have."""
        value = measure.of(row)
        return 0 if value is None or (measure.is_sum and row.campaign.currency != self.code) else value

    def heads(self, wish: Wish) -> Iterator[dict[str, Any]]:
        query = wish.query(view="")
        for one in self.measures:
            asked = "&".join(filter(None, (query, f"by={one.key}")))
            yield {"label": one.label, "address": f"?{asked}", "is_on": one is self.by, "is_dear": one.is_dear}

    def lines(self, query: str) -> SafeString:
        address = row_address("desk:campaign")
        return joined(self._line(row, f"{address(row.campaign.pk)}?{escape(query)}") for row in self.rows)

    def _line(self, row: Compared, address: str) -> str:
        one = row.campaign
        channel = Channel(one.channel)
        cells = "".join(self._cell(measure, row) for measure in self.measures)
        return (
            f'<tr><td class="camp-name"><a href="{address}"><b class="clip">{escape(one.name)}</b>'
            f'<span class="t-meta">{small_icon(CHANNEL_ICONS[channel])} {escape(str(CHANNELS[channel]))}</span></a>'
            f"</td>{cells}</tr>"
        )

    def _cell(self, measure: Measure, row: Compared) -> str:
        value, drawn = self._drawn(measure, row), self.most[measure.key]
        width = 100 * abs(value) / drawn if drawn else 0
        colour = "is-more" if value < 0 else "f-1" if measure.is_dear or measure.key == "cost" else "f-4"
        said = measure.said(measure.of(row), row.campaign.currency)
        return (
            f'<td class="cmp" data-label="{escape(str(measure.label))}"><span class="num">{said}</span>'
            '<svg class="meterbar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect class="bg" width="100" height="4"/><rect class="{colour}" width="{width:.1f}" height="4"/></svg>'
            "</td>"
        )

    @property
    def headline(self) -> str:
        """Who leads by the measure chosen, where anybody does."""
        best = self.rows[0] if self.rows else None
        value = self.by.of(best) if best else None
        if best is None or not value:
            return _("Campaigns compared")
        said = {"measure": self.by.label, "name": best.campaign.name, "value": _plain(self.by, value, best)}
        return _("%(measure)s: %(name)s leads with %(value)s.") % said


def _plain(measure: Measure, value: float, row: Compared) -> str:
    if measure.key == "return":
        return f"{value * 100:+.0f} %".replace("-", "−")
    return money(int(value), row.campaign.currency) if measure.is_sum else str(int(value))


@require_GET
@for_staff("campaigns:read")
def campaign_compared(request: HttpRequest, principal: Principal) -> HttpResponse:
    wish = Wish.of(request)
    rows = compare(principal, days=wish.days, way=wish.way)
    told = _telling(rows)
    shown = Comparison(told, request.GET.get("by", ""), everybody=all(row.of_everybody for row in rows))
    context = {
        "wish": wish,
        "shown": shown,
        "heads": list(shown.heads(wish)),
        "rows": shown.lines(wish.query(view="")),
        "silent": [row.campaign for row in rows if row not in told],
    }
    return render(request, "desk/campaigns/compared.html", page(request) | context | _tools(wish, shown))


def _telling(rows: Iterable[Compared]) -> list[Compared]:
    """Those of which anything is to be told in the period."""
    return [row for row in rows if any(one.of(row) for one in MEASURES)]


def _tools(wish: Wish, shown: Comparison) -> dict[str, Any]:
    """The choices of the head keep the measure that the rows are sorted by."""
    by = f"&by={shown.by.key}"
    tools = wish.tools()
    for name in ("periods", "ways"):
        tools[name] = [(label, f"{address}{by}", is_on) for label, address, is_on in tools[name]]
    return tools


@require_GET
@for_staff("campaigns:read")
def campaign_file(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The list as a file, with the whole plan of each campaign."""
    wish, put_away = Wish.of(request), request.GET.get("archived") == "1"
    text = export_campaigns(by=principal, days=wish.days, way=wish.way, put_away=put_away)
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="polku-campaigns.csv"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
