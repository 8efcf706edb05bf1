"""To which campaign something is credited, said over plain rows; `crediting` asks the database the same in whole sets.

A touch is a standing event that carries a campaign's key. What happens to a person is credited to the first and to the
last of the touches of that person at or before its moment and no longer ago than the window. Money given back is
credited as the person's newest order before it was; without a value of its own it takes the whole of that order away.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

WINDOW: Final = timedelta(days=90)
TOUCHED, MOVED, ORDERED, REFUNDED = range(4)
Place = tuple[datetime, int, str]  # in the order of events: moment, rank of the type, key of the event


class Touch(NamedTuple):
    place: Place
    campaign: str


class Order(NamedTuple):
    """Money that came in, or was given back."""

    place: Place
    is_refund: bool
    value: int | None
    currency: str


class Move(NamedTuple):
    at: datetime
    from_stage: int
    to_stage: int


class Credited(NamedTuple):
    kind: int
    at: datetime
    first: Touch
    last: Touch
    from_stage: int = 0
    to_stage: int = 0
    value: int = 0
    currency: str = ""


def credits_of(touches: Iterable[Touch], moves: Iterable[Move], orders: Iterable[Order]) -> list[Credited]:
    """All that one person's touches brought about."""
    touches, orders = sorted(touches), sorted(orders)
    found = [Credited(TOUCHED, touch.place[0], touch, touch) for touch in _first_of_each(touches)]
    for move in moves:
        if pair := first_and_last(touches, move.at):
            found.append(Credited(MOVED, move.at, *pair, move.from_stage, move.to_stage))
    for order in orders:
        if not order.is_refund and (pair := first_and_last(touches, order.place[0])):
            found.append(Credited(ORDERED, order.place[0], *pair, 0, 0, order.value or 0, order.currency))
    return found + _refunds(touches, orders)


def first_and_last(touches: Sequence[Touch], at: datetime) -> tuple[Touch, Touch] | None:
    """Of `touches` in order, those that something of this moment is credited to."""
    within = [touch for touch in touches if at - WINDOW < touch.place[0] <= at]
    return (within[0], within[-1]) if within else None


def _first_of_each(touches: Iterable[Touch]) -> list[Touch]:
    first: dict[str, Touch] = {}
    for touch in touches:
        first.setdefault(touch.campaign, touch)
    return list(first.values())


def _refunds(touches: Sequence[Touch], orders: Iterable[Order]) -> list[Credited]:
    found: list[Credited] = []
    newest: Order | None = None
    for order in orders:
        if not order.is_refund:
            newest = order
        elif newest and (pair := first_and_last(touches, newest.place[0])):
            given_back = newest.value if order.value is None else order.value
            currency = newest.currency if order.value is None else order.currency
            found.append(Credited(REFUNDED, order.place[0], *pair, 0, 0, -(given_back or 0), currency))
    return found
