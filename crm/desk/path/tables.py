"""Every chart of the path as a table: on the page, and as CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.spreadsheet import MARK, csv_line
from crm.desk.path.plan import Plan
from funnel.walks import Walk

TABLES = {
    "stages": gettext_lazy("Stages"),
    "flows": gettext_lazy("Moves between stages"),
    "trend": gettext_lazy("Who came in"),
    "health": gettext_lazy("Health of customers"),
    "plan": gettext_lazy("Plan"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are text, numbers or nothing; the first column names the row."""

    name: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def csv(self) -> str:
        """UTF-8 with a mark for spreadsheets; no text in it is a formula."""
        return MARK + "".join(csv_line(row) for row in (self.head, *self.rows))


def tables(walk: Walk, plan: Plan) -> Iterator[Table]:
    yield _stages(walk)
    yield _flows(walk)
    yield _trend(walk)
    yield Table("health", str(TABLES["health"]), (_("Health"), _("People")), _health(walk))
    if plan.lines:
        lines = [(str(line.stage), line.came, line.target, round(line.share, 1)) for line in plan.lines]
        yield Table("plan", plan.title, (_("Stage"), _("Came in"), _("Target"), _("Of target, per cent")), lines)


def _stages(walk: Walk) -> Table:
    head = (
        _("Stage"), _("Stand there"), _("Came in"), _("Came in before"), _("Of so many"), _("Moved on"),
        _("Moved on, per cent"), _("Of so many before"), _("Moved on before"), _("Moved on before, per cent"),
        _("Median days"),
    )  # fmt: skip
    rows = [
        (
            str(step.stage), step.count, step.came, step.came_before, step.onward.entered, step.onward.converted,
            _rounded(step.rate), step.onward_before.entered, step.onward_before.converted,
            _rounded(step.rate_before), step.median_days,
        )
        for step in walk.steps
    ]  # fmt: skip
    return Table("stages", str(TABLES["stages"]), head, rows)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _flows(walk: Walk) -> Table:
    rows = [
        (str(flow.from_stage or _("new on the path")), str(flow.to_stage), flow.now, flow.before) for flow in walk.flows
    ]
    return Table("flows", str(TABLES["flows"]), (_("From stage"), _("To stage"), _("People"), _("People before")), rows)


def _trend(walk: Walk) -> Table:
    stages = [step.stage for step in walk.steps]
    nobody = [0] * len(walk.trend.days)
    columns = [walk.trend.now.get(stage.pk, nobody) for stage in stages]
    rows = [(day.isoformat(), *numbers) for day, *numbers in zip(walk.trend.days, *columns, strict=True)]
    first = _("Week from") if walk.trend.weekly else _("Day")
    return Table("trend", str(TABLES["trend"]), (first, *map(str, stages)), rows)


def _health(walk: Walk) -> list[tuple[str, int]]:
    names = {"active": _("Active"), "cooling": _("Cooling"), "lapsed": _("Lapsed")}
    return [(names[name], n) for name, n in walk.health.items()]
