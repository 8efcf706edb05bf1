"""The work of a process on whom a fold can be fatal. Whoever forks it has what it changes to itself.

An order of value 666 ends the process at once (`kill`) or never comes to an end (`hang`) in the middle of its fold, or
it ends the process when what came of the fold is written (`kill in writing`).
"""

import os
import time
from collections.abc import Sequence

from django.conf import settings

from contacts.models import Pending
from funnel import writing
from funnel.advancing import advance_everything
from funnel.folding import Folded
from funnel.orders import Order, Orders
from funnel.worker import Sweeper

DEADLY = 666
DIED = 9


def work(how: str, patience_s: float) -> None:
    if how == "kill in writing":
        deadly_to_write()
    else:
        deadly_to_fold(how)
    if how == "hang":
        settings.STUCK_S, settings.SWEEP_S = patience_s, 1
        Sweeper("test").start()
    advance_everything()
    while Pending.objects.exists():  # the sweep has them in hand
        time.sleep(0.1)
        advance_everything()


def deadly_to_fold(how: str) -> None:
    keep = Orders.keep

    def keep_or_die(self: Orders, order: Order) -> None:
        if order.value == DEADLY:
            os._exit(DIED) if how == "kill" else time.sleep(3600)
        keep(self, order)

    Orders.keep = keep_or_die  # type: ignore[method-assign]


def deadly_to_write() -> None:
    write_moves = writing.write_moves

    def write_or_die(folded: Sequence[Folded]) -> None:
        if any(order.value == DEADLY for one in folded for order in one.state.orders):
            os._exit(DIED)
        write_moves(folded)

    writing.write_moves = write_or_die
