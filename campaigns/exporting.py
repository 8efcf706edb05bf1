"""The list of campaigns as a table for spreadsheets: the plan of each, its budget, and what came of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from campaigns.comparing import Compared, compare
from campaigns.models import Way
from contacts.messages import major_units
from contacts.spreadsheet import MARK, csv_line
from staff import audit
from staff.policy import Principal

_HEAD: Final = (
    *("key", "name", "question", "step", "channel", "audience", "value_proposition", "tactic", "owner"),
    *("starts_on", "ends_on", "running", "currency", "budget", "spent_in_all", "days", "way"),
    *("touched", "brought", "brought_to", "leads", "new_customers", "orders", "refunds", "revenue", "cost"),
    *("cost_of_each_brought", "cost_per_lead", "cost_per_new_customer", "return_on_cost_percent"),
)


def export_campaigns(*, by: Principal, days: int, way: Way, put_away: bool = False) -> str:
    """Those of the list, as `by` sees what came of them; on record before it is handed out."""
    rows = compare(by, days=days, way=way, put_away=put_away)
    said = {"days": days, "way": way.name.lower(), "put_away": put_away, "campaigns": len(rows)}
    audit.record(by=by, action="campaigns_exported", kind="campaign", row=None, **said)
    return MARK + "".join(csv_line(line) for line in (_HEAD, *(_cells(row, days, way) for row in rows)))


def _cells(row: Compared, days: int, way: Way) -> Sequence[Any]:
    one, came = row.campaign, row.outcome

    def money(minor: int | None) -> Decimal | None:
        return None if minor is None else major_units(minor, one.currency)

    quotients = (row.each, row.shared(came.leads), row.shared(came.customers))
    return [
        *_planned(row),
        *("yes" if row.is_running else "no", one.currency, money(one.budget_minor), money(row.written_down)),
        *(days, way.name.lower(), came.touched.all, row.won, row.gate.key, came.leads, came.customers),
        *(came.orders, came.refunds, money(came.income), money(came.spent), *map(money, quotients)),
        None if row.roi is None else round(100 * row.roi, 1),
    ]


def _planned(row: Compared) -> Sequence[Any]:
    one = row.campaign
    texts = (one.audience, one.value_proposition, one.tactic, one.owner.email if one.owner else "")
    step = row.gate.key if one.stage_id else ""
    return (one.key, one.name, one.question, step, one.channel, *texts, one.starts_on, one.ends_on)
