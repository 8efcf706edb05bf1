"""The page of the three questions: parse, ask one service, answer."""

from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from campaigns.models import Way
from campaigns.strategy import PERIODS, strategy
from crm.desk.campaigns.words import WAY_NAMES, WAYS
from crm.desk.doors import for_staff
from crm.desk.finding import as_file, table_named
from crm.desk.places import page
from crm.desk.strategy.cells import columns_drawn
from crm.desk.strategy.showing import Shown
from crm.desk.strategy.year import shown_year
from funnel.pacing import Whose
from funnel.pictures import Picture
from staff.policy import Principal

PERIOD_LABELS: Final = {
    7: gettext_lazy("7 d"),
    30: gettext_lazy("30 d"),
    90: gettext_lazy("90 d"),
    365: gettext_lazy("12 mo"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """The period, and to which touch things are credited; what cannot be read is as if it was not wished for."""

    days: int = 30
    way: Way = Way.LAST
    view: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> "Wish":
        days = request.GET.get("days", "")
        return cls(
            days=int(days) if days in {str(one) for one in PERIODS} else 30,
            way=WAY_NAMES.get(request.GET.get("way", ""), Way.LAST),
            view="table" if request.GET.get("view") == "table" else "",
        )

    def query(self, **changes: Any) -> str:
        asked = replace(self, **changes)
        said: dict[str, int | str] = {"days": asked.days, "way": asked.way.name.lower(), "view": asked.view}
        usual = {"days": 30, "way": "last", "view": ""}
        return urlencode({name: value for name, value in said.items() if value != usual[name]})

    def tools(self) -> dict[str, Any]:
        """The choices of the head, each with its address."""
        return {
            "periods": [
                (label, f"?{self.query(days=days)}", days == self.days) for days, label in PERIOD_LABELS.items()
            ],
            "ways": [(label, f"?{self.query(way=way)}", way == self.way) for way, label in WAYS.items()],
            "table_address": f"?{self.query(view='' if self.view else 'table')}",
            "query": self.query(view=""),
        }


@require_GET
@for_staff("figures:read")
def strategy_page(request: HttpRequest, principal: Principal) -> HttpResponse:
    wish = Wish.of(request)
    shown = _shown(principal, wish)
    may_plan = principal.may("campaigns:write")
    context = {"wish": wish, "shown": shown, "seen": shown.seen, "may_plan": may_plan}
    tables = [shown.questions_table(), shown.table()] if wish.view else []
    if not wish.view:
        context["columns"] = columns_drawn(shown, may_plan=may_plan)
    return render(request, "desk/strategy.html", page(request) | context | wish.tools() | {"tables": tables})


@require_GET
@for_staff("figures:read")
def strategy_table(request: HttpRequest, principal: Principal, name: str) -> HttpResponse:
    """One of the tables as a file."""
    if name in ("calendar", "money"):
        year = shown_year(request)
        table = year.campaign_table() if name == "calendar" else year.money_table()
        return as_file(table, f"strategy-{name}-{year.year.months[0].first:%Y-%m}")
    shown = _shown(principal, Wish.of(request))
    found = table_named(name, (shown.questions_table(), shown.table()))
    return as_file(found, f"strategy-{name}-{shown.seen.until}")


def _shown(principal: Principal, wish: Wish) -> Shown:
    return Shown(strategy(Picture.now(), Whose(principal), days=wish.days, way=wish.way), wish.query(view=""))
