"""A worker process on whom a fold can be fatal: run as `python -m tests.funnel.dying_worker HOW` by the tests.

An order of value 666 ends the process at once (`kill`) or never comes to an end (`hang`) in the middle of its fold, or
it ends the process when what came of the fold is written (`kill in writing`).
"""

import os
import sys
import time
from collections.abc import Sequence

import django

django.setup()

from django.conf import settings  # noqa: E402  (Django stands only now)

from contacts.models import Pending  # noqa: E402
from funnel import writing  # noqa: E402
from funnel.advancing import advance_everything  # noqa: E402
from funnel.folding import Folded  # noqa: E402
from funnel.orders import Order, Orders  # noqa: E402
from funnel.worker import Sweeper  # noqa: E402

DEADLY = 666
DIED = 9


def main(how: str) -> None:
    if how == "kill in writing":
        deadly_to_write()
    else:
        deadly_to_fold(how)
    if how == "hang":
        settings.STUCK_S, settings.SWEEP_S = 3, 1
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


if __name__ == "__main__":
    main(sys.argv[1])
