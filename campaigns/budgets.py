"""How a budget stands: what of it is spent, beside what of its days is over. Pure."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Budget:
    """Sums in minor units; `days` and `gone` are of a plan with both dates, else nothing."""

    planned: int
    spent: int
    days: int = 0
    gone: int = 0

    @property
    def share(self) -> float:
        """Of the budget, per cent; beyond a hundred where more was spent than planned."""
        return 100 * self.spent / self.planned if self.planned else (100.0 if self.spent else 0.0)

    @property
    def time(self) -> float | None:
        """Of its days, per cent."""
        return 100 * self.gone / self.days if self.days else None

    @property
    def left(self) -> int:
        return self.planned - self.spent

    @property
    def is_over(self) -> bool:
        return self.spent > self.planned


def budget_of(planned: int | None, spent: int, first: date | None, last: date | None, today: date) -> Budget | None:
    """Nothing where no budget was set."""
    if planned is None:
        return None
    if first is None or last is None:
        return Budget(planned, spent)
    days = (last - first).days + 1
    return Budget(planned, spent, days, min(max((today - first).days + 1, 0), days))
