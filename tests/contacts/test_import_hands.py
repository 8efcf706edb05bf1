"""Two hands bring a long file in: what comes of it is what one hand would have done."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection, transaction

from contacts.importing import cancel_import, chunking, import_file, read_mapping
from contacts.messages import ContactRef
from contacts.models import Company, Contact, Event, Identity, Import, ImportState, Joining, Pending
from tests.contacts.bringing import counts
from tests.contacts.test_import_stopping import tell_when_somebody_waits
from tests.factories import make_message, make_source, record
from tests.killing import KILLED, ended, forked

MAPPING = """
duplicates = "fill"

[source]
key = "shop"

[contact]
external_id = "id"
email = "email"
tags = ["tags"]

[contact.attributes]
name = "name"

[[events]]
message_id = "order-{order}"
type = "order_completed"
moment = {column = "at"}
optional = true
"""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("path")]


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Import]:
    """A file of 60 rows in chunks of four: some tell of somebody, or an order, of the chunk before or long ago."""
    monkeypatch.setattr(chunking, "CHUNK", 4)
    path = tmp_path / "people.csv"
    lines = ["id,email,name,tags,order,at", *[line(n) for n in range(60)]]
    path.write_text("\n".join([*lines, ""]))
    return lambda **more: import_file(path=path, mapping=read_mapping(MAPPING), **more)


def line(n: int) -> str:
    person = {13: 12, 17: 14, 22: 14, 41: 3}.get(n, n)
    order = {30: 28, 51: 2}.get(n, n)
    at = "soon" if n == 33 else "2026-01-01"
    return f"c{person},p{n}@acme.example,Name {person},all;{n // 6},{order},{at}"


def outcome(run: Import) -> list[Any]:
    """All that came of it, but for ids and moments."""
    contacts = Contact.objects.order_by("sort_key")
    told = Event.objects.values_list("message_id", "type__key", "contact__name")
    return [
        counts(run),
        list(run.rejects.order_by("line").values_list("line", "reason")),
        list(contacts.values_list("name", "emails", "tags", "is_known", "search")),
        list(Identity.objects.order_by("kind", "value").values_list("kind", "value", "contact__name")),
        sorted((str(name).rpartition(":")[2], *more) for name, *more in told),
        list(contacts.filter(memberships__company__name="Acme").values_list("name", flat=True)),
        Pending.objects.count(),
    ]


def test_two_hands_do_what_one_does(brought: Callable[..., Import]) -> None:
    Company.objects.create(name="Acme", domains=["acme.example"], joining=Joining.JOIN)
    with transaction.atomic():  # where there is but one connection
        by_one = outcome(brought())
        transaction.set_rollback(True)

    by_two = outcome(brought())

    assert by_two == by_one
    assert by_two[0] == (53, 4, 2, 1)


def test_what_stands_in_the_way_of_one_hand_turns_both_back(brought: Callable[..., Import]) -> None:
    """Somebody records a person of the third chunk, and is not done when it is written."""
    is_recorded, is_waited_for = Signal(), Signal()

    def intake() -> None:
        with transaction.atomic():
            record(source, make_message("page_viewed", ContactRef(external_id="c9")))
            is_recorded.set()
            is_waited_for.wait(10)
        connection.close()

    source = make_source("shop")
    others = [Thread(target=intake), Thread(target=tell_when_somebody_waits, args=[is_waited_for])]
    others[0].start()
    is_recorded.wait(10)
    others[1].start()
    run = brought()
    for other in others:
        other.join()

    assert (run.state, counts(run)) == (ImportState.DONE, (52, 5, 2, 1))
    assert Identity.objects.filter(value="c9").count() == 1
    assert Contact.objects.count() == 53


def test_a_stopped_import_keeps_whole_chunks_and_can_go_on(brought: Callable[..., Import]) -> None:
    run = brought(progress=lambda run, share: cancel_import(run=run))
    assert (run.state, run.rows_read % 4, run.rows_read < 60) == (ImportState.CANCELLED, 0, True)
    assert Contact.objects.count() == run.created

    again = brought()
    assert (again.pk, again.state, counts(again)) == (run.pk, ImportState.DONE, (53, 4, 2, 1))


def test_where_each_second_hand_is_killed_the_first_does_the_work(
    brought: Callable[..., Import], monkeypatch: pytest.MonkeyPatch
) -> None:
    hands, fork = [], os.fork

    def fork_and_tell() -> int:
        hands.append(fork())
        return hands[-1]

    def kill_it(run: Import, share: float) -> None:
        for hand in hands:
            with suppress(ProcessLookupError):
                os.kill(hand, signal.SIGKILL)

    monkeypatch.setattr(os, "fork", fork_and_tell)
    run = brought(progress=kill_it)

    assert (run.state, counts(run), len(hands) > 0) == (ImportState.DONE, (53, 4, 2, 1), True)
    assert Contact.objects.count() == 53


def test_the_second_hand_ends_with_the_first(brought: Callable[..., Import]) -> None:
    def stand_still(run: Import, share: float) -> None:
        if run.rows_read > 4:
            sleep(60)

    with forked(lambda: brought(progress=stand_still)) as first:
        pass
    second = until(lambda: Path(f"/proc/{first}/task/{first}/children").read_text().split())[0]
    until(lambda: Import.objects.filter(rows_read__gt=4).exists())

    os.kill(first, signal.SIGKILL)
    assert ended(first) == KILLED
    assert until(lambda: not is_alive(second))

    run = brought()
    assert (run.state, counts(run)) == (ImportState.DONE, (53, 4, 2, 1))


def is_alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def until(tell: Callable[[], Any]) -> Any:
    end = monotonic() + 30
    while not (found := tell()):
        assert monotonic() < end
        sleep(0.01)
    return found


def test_hands_that_are_in_each_others_way_again_and_again_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody stands in two chunks that follow each other, in another order."""
    monkeypatch.setattr(chunking, "CHUNK", 8)
    path = tmp_path / "people.csv"
    people = [n for start in range(0, 64, 8) for n in (*range(start, start + 8), *range(start + 7, start - 1, -1))]
    path.write_text("\n".join(["id,email,name,tags,order,at", *[f"c{n},,Name {n},all,," for n in people], ""]))

    run = import_file(path=path, mapping=read_mapping(MAPPING))

    assert (run.state, counts(run)) == (ImportState.DONE, (64, 0, 64, 0))
    assert Contact.objects.count() == 64
