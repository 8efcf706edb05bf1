"""The orders of a person that were not refunded in full, and how often they usually buy."""

from collections.abc import Iterator
from typing import NamedTuple, Optional

from funnel.moments import DAY

SECONDS_A_DAY = 86_400
INTERVAL_OF_ONE = 90 * SECONDS_A_DAY  # days with orders: one alone has none between


class Order(NamedTuple):
    """A kept order; `refunded` is what has come back so far. The first four fields are its event's Trace."""

    at: int
    rank: int
    key: bytes
    id: int
    order_id: str | None
    value: int | None
    currency: str | None
    refunded: int = 0

    def after_refund(self, value: int | None, currency: str | None) -> "Order | None":
        """The order that is left, or None once it is refunded in full."""
        if value is None or self.value is None:
            return None
        refunded = self.refunded + (value if currency == self.currency else 0)
        return None if refunded >= self.value else self._replace(refunded=refunded)


class Namesakes(NamedTuple):
    """The kept orders with one order id, the newest first: refunds take them from there."""

    key: bytes
    older: Optional["Namesakes"]


class Orders:
    """Kept orders in walking order. What is asked often is reckoned when an order comes or goes."""

    __slots__ = ("_by_id", "_kept", "days", "newest", "usual_interval")

    days: dict[int, int]  # day -> kept orders on it, days ascending
    newest: Order | None
    usual_interval: int | None  # mean seconds between those days, rounded up

    def __init__(self) -> None:
        self._kept: dict[bytes, Order] = {}
        self._by_id: dict[str, Namesakes] = {}
        self.days, self.newest, self.usual_interval = {}, None, None

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Order]:
        return iter(self._kept.values())

    def __reversed__(self) -> Iterator[Order]:
        return reversed(self._kept.values())

    def copy(self) -> "Orders":
        twin = Orders()
        if self._kept:
            twin._kept, twin._by_id, twin.days = self._kept.copy(), self._by_id.copy(), self.days.copy()
            twin.newest, twin.usual_interval = self.newest, self.usual_interval
        return twin

    def worth(self) -> dict[str, int] | None:
        """What the kept orders come to in minor units, by currency; nothing where none has a value."""
        sums: dict[str, int] = {}
        for order in self._kept.values():
            if order.value is not None and order.currency is not None:
                sums[order.currency] = sums.get(order.currency, 0) + order.value - order.refunded
        return sums or None

    def keep(self, order: Order) -> None:
        self._kept[order.key] = self.newest = order
        if order.order_id is not None:
            self._by_id[order.order_id] = Namesakes(order.key, self._by_id.get(order.order_id))
        day = order.at // DAY
        self.days[day] = self.days.get(day, 0) + 1
        self._reckon_interval()

    def refund(self, order_id: str | None, value: int | None, currency: str | None) -> None:
        """Refund the newest kept order, of those with that id if there is one."""
        order = self._refundable(order_id)
        if order is None:
            return
        left = order.after_refund(value, currency)
        if left is None:
            self._drop(order)
        else:
            self._kept[order.key] = left
        self.newest = next(reversed(self), None)

    def _refundable(self, order_id: str | None) -> Order | None:
        if order_id is None:
            return self.newest
        namesakes = self._by_id.get(order_id)
        return self._kept[namesakes.key] if namesakes else None

    def _drop(self, order: Order) -> None:
        """Forget an order; whichever way a refund found it, it is the newest with its id."""
        del self._kept[order.key]
        if order.order_id is not None:
            older = self._by_id.pop(order.order_id).older
            if older:
                self._by_id[order.order_id] = older
        day = order.at // DAY
        self.days[day] -= 1
        if not self.days[day]:
            del self.days[day]
        self._reckon_interval()

    def _reckon_interval(self) -> None:
        days = self.days
        if len(days) > 1:
            first, last = next(iter(days)), next(reversed(days))
            self.usual_interval = -((first - last) * SECONDS_A_DAY // (len(days) - 1))
        else:
            self.usual_interval = INTERVAL_OF_ONE if days else None
