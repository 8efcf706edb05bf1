"""Importing goes on where it was stopped, beside others that do the same, and after a rehearsal."""

from collections.abc import Callable
from threading import Event as Signal
from threading import Thread
from time import sleep

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from contacts.importing import cancel_import, read_mapping, run_import, start_import
from contacts.importing.reporting import rehearsal
from contacts.messages import ContactRef
from contacts.models import (
    Contact,
    CustomField,
    Event,
    FieldKind,
    Import,
    ImportState,
)
from tests.contacts.bringing import ANNA, PEOPLE, VILLE, counts, everything
from tests.factories import make_message, make_source, make_user, record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]


class Killed(BaseException):
    pass


def killed_after(chunks: int) -> Callable[[Import, float], None]:
    done = []

    def progress(run: Import, share: float) -> None:
        done.append(run)
        if len(done) == chunks:
            raise Killed

    return progress


@pytest.mark.usefixtures("small_chunks")
def test_a_killed_import_goes_on_where_it_was(people):
    lines = [f"c{n % 5},,Name {n},+35840123456{n % 7}" for n in range(11)]
    with pytest.raises(Killed):
        people(*lines, progress=killed_after(2))
    with pytest.raises(Killed):
        people(*lines, progress=killed_after(1))
    halfway = Import.objects.get()
    assert (halfway.state, halfway.rows_read) == (ImportState.RUNNING, 6)

    run = people(*lines)

    assert (run.pk, run.state, run.rows_read, counts(run)) == (halfway.pk, ImportState.DONE, 11, (5, 6, 0, 0))
    assert Event.objects.count() == 5 + 6


@pytest.mark.usefixtures("small_chunks")
def test_a_cancelled_import_stops_and_can_go_on(people):
    lines = [f"c{n},,Name," for n in range(9)]

    run = people(*lines, progress=lambda run, share: cancel_import(run=run))
    assert (run.state, run.rows_read) == (ImportState.CANCELLED, 2)

    again = people(*lines)
    assert (again.pk, again.state, counts(again)) == (run.pk, ImportState.DONE, (9, 0, 0, 0))


@pytest.mark.usefixtures("small_chunks")
def test_two_processes_do_not_bring_the_same_rows_in(people):
    lines = [f"c{n},,Name," for n in range(9)]

    def another_took_a_chunk(run: Import, share: float) -> None:
        Import.objects.filter(pk=run.pk).update(rows_read=run.rows_read + 2, created=run.created + 2)

    with pytest.raises(ValidationError, match="Another process is running this import"):
        people(*lines, progress=another_took_a_chunk)
    assert Contact.objects.count() == 2


def test_another_mapping_or_another_file_is_another_import(people, orders):
    runs = {people(ANNA).pk, people(ANNA, VILLE).pk, people(ANNA).pk}

    assert len(runs) == 3


def test_the_service_of_the_browser_starts_and_runs_apart(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(f"id,email,name,phone\n{ANNA}\n")
    user = make_user()
    run = start_import(path=path, mapping=read_mapping(PEOPLE), by=user)
    seen: list[tuple[int, float]] = []

    run_import(run=run, path=path, progress=lambda run, share: seen.append((run.rows_read, share)))

    run.refresh_from_db()
    assert (run.state, run.file_name, run.started_by, run.columns) == (
        ImportState.DONE,
        "people.csv",
        user,
        ["id", "email", "name", "phone"],
    )
    assert run.finished_at is not None
    assert seen == [(1, 1.0)]
    assert Event.objects.get().by == user
    path.write_text("id,email,name,phone\n")
    with pytest.raises(ValidationError, match="not the file that the import began with"):
        run_import(run=run, path=path)


def test_a_rehearsal_counts_exactly_and_leaves_nothing(people, small_chunks):
    people(ANNA)
    before = everything()

    with rehearsal():
        run = people(ANNA, VILLE, "c2,,Ville Laine,", "c3,bad,Third,")

    assert counts(run) == (1, 1, 1, 1)
    assert everything() == before
    assert Import.objects.count() == 1


def test_a_row_refused_before_is_looked_at_afresh(bring):
    mapping = '[source]\nkey = "s"\n[contact]\nexternal_id = "id"\n[contact.attributes]\ntier = "tier"\nname = "name"'
    field = CustomField.objects.create(of="contact", key="tier", label="Tier", kind=FieldKind.CHOICE, choices=["gold"])
    lines = ["c1,gold,Anna", "c2,silver,Ville"]
    assert counts(bring(mapping, "id,tier,name", *lines)) == (1, 0, 0, 1)
    field.choices = ["gold", "silver"]
    field.save()

    assert counts(bring(mapping, "id,tier,name", *lines)) == (1, 0, 1, 0)
    assert counts(bring(mapping, "id,tier,name", *lines)) == (0, 0, 2, 0)


@pytest.mark.django_db(transaction=True)
def test_who_is_recorded_by_somebody_else_at_the_same_moment_is_recognised(orders):
    source = make_source("shop")
    is_recorded, is_waited_for = Signal(), Signal()

    def intake() -> None:
        with transaction.atomic():
            record(source, make_message("page_viewed", ContactRef(external_id="c1")))
            is_recorded.set()
            is_waited_for.wait(10)
        connection.close()

    other = Thread(target=intake)
    other.start()
    is_recorded.wait(10)
    watcher = Thread(target=tell_when_somebody_waits, args=[is_waited_for])
    watcher.start()
    run = orders("c1,1,2026-01-01,1,", "c2,2,2026-01-01,1,")
    other.join()
    watcher.join()

    assert counts(run) == (1, 1, 0, 0)
    kinds = Event.objects.filter(contact__identities__value="c1").values_list("type__key", flat=True)
    assert set(kinds) == {"page_viewed", "order_completed"}


def tell_when_somebody_waits(told: Signal) -> None:
    """Set `told` once some session waits for the lock of another one."""
    with connection.cursor() as cursor:
        for _look in range(200):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                break
            sleep(0.02)
    connection.close()
    told.set()
