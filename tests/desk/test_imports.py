"""The pages of imports: a file goes in, is understood, tried, brought in and taken back; programs do the same."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from contacts.catalogue import install_catalogue
from contacts.importing import undoing
from contacts.importing.working import work_off_imports
from contacts.models import Contact, Import, ImportState
from funnel.services import install_path
from staff.models import Role
from tests.callers import make_caller
from tests.contacts.samples import HUBSPOT
from tests.desk.scenes import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    install_catalogue()
    install_path()
    settings.IMPORTS_ROOT = tmp_path / "imports"


@pytest.fixture
def desk() -> Any:
    return at_desk(Role.MARKETER)[0]


def uploaded(desk: Any, text: str) -> Import:
    answer = desk.post(reverse("desk:import-list"), {"file": SimpleUploadedFile("people.csv", text.encode())})
    run = Import.objects.latest("pk")
    assert (answer.status_code, answer["Location"]) == (302, f"/imports/{run.pk}")
    return run


def test_a_file_goes_all_the_way_over_the_pages(desk, django_assert_max_num_queries):
    run = uploaded(desk, HUBSPOT)
    with django_assert_max_num_queries(25):
        page = desk.get(f"/imports/{run.pk}").content.decode()
    assert "This is an export of HubSpot." in page
    choices = reverse("desk:import-choices", args=[run.pk])
    desk.post(choices, {"deed": "check"})
    work_off_imports()
    page = desk.get(f"/imports/{run.pk}").content.decode()
    assert "Tried with 4 rows" in page
    assert "not an address" in page
    assert Contact.objects.count() == 0

    desk.post(choices, {"deed": "start"})
    work_off_imports()
    page = desk.get(f"/imports/{run.pk}").content.decode()
    assert "3 of 4 rows are in." in page
    rejects = b"".join(desk.get(f"/imports/{run.pk}/rejects.csv").streaming_content).decode()
    assert rejects.splitlines()[1].startswith("5,Email,bad-email,")
    assert "Nobody has changed any of these people since." in desk.get(f"/imports/{run.pk}/undo").content.decode()
    desk.post(f"/imports/{run.pk}/undo")
    work_off_imports()
    assert "Taken back from 3 people." in desk.get(f"/imports/{run.pk}").content.decode()
    assert Contact.objects.listed().count() == 0
    assert "people.csv" in desk.get("/imports").content.decode()


def test_what_is_wrong_stands_at_its_column_and_what_was_chosen_is_kept(desk):
    run = uploaded(desk, "name,mail\nAnna,a@x.fi\n")
    choices = reverse("desk:import-choices", args=[run.pk])

    answer = desk.post(choices, {"column": ["name", "name"], "tag": "fair", "deed": "start"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="e-2">Two columns can&#x27;t both be this: “name” is it already.' in page
    run.refresh_from_db()
    assert (run.state, run.choices["columns"], run.choices["tag"]) == ("draft", ["name", "name"], "fair")


def test_no_file_a_book_of_nothing_and_too_much_are_refused_with_a_sentence(desk, settings):
    settings.IMPORT_LARGEST = 100
    for said, words in (
        ({}, "Choose a file first."),
        ({"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")}, "This is not a text file (PDF)"),
        ({"file": SimpleUploadedFile("a.csv", b"x,y\n" * 100)}, "The file is larger than 0 MB."),
    ):
        answer = desk.post("/imports", said)
        assert (answer.status_code, words in answer.content.decode()) == (422, True), words
    assert Import.objects.count() == 0


def test_a_page_says_how_far_it_is_how_long_it_takes_and_for_what_it_waits(desk):
    first, second = (uploaded(desk, f"name,mail\nAnna,a{number}@x.fi\n") for number in range(2))
    for run in (first, second):
        desk.post(reverse("desk:import-choices", args=[run.pk]), {"deed": "start"})
    now = timezone.now()
    at_work = {"taken_until": now + timedelta(seconds=30), "resumed_at": now - timedelta(seconds=10)}
    Import.objects.filter(pk=first.pk).update(
        **at_work, rows_read=60_000, created=60_000, resumed_rows=40_000, permille=250
    )
    shown = desk.get(f"/imports/{first.pk}").content.decode()
    assert '<li aria-current="step">Import</li>' in shown
    assert re.search(r"25 % · 60,000 rows · (?:2,000|1,[89]\d\d) a second · 2 minutes left", shown)
    assert "running · 25 %" in desk.get("/imports").content.decode()

    assert "Another import is under way." in desk.get(f"/imports/{second.pk}").content.decode()


def test_refused_rows_are_counted_by_column(desk):
    run = uploaded(desk, "name,mail,phone\nAnna,no,\nBo,b@x.fi,no\nCia,neither,\nToo few,\n")
    choices = reverse("desk:import-choices", args=[run.pk])
    by_column = [("mail", 2), ("the row itself", 1), ("phone", 1)]
    drawn = "".join(f'<span>{name} <b class="num">{rows}</b></span>' for name, rows in by_column)

    for deed in ("check", "start"):
        desk.post(choices, {"deed": deed})
        work_off_imports()
        assert drawn in desk.get(f"/imports/{run.pk}").content.decode(), deed


def test_a_file_in_which_nobody_stands_says_so_and_cannot_begin(desk):
    words = "There is nothing below the names of the columns: nobody stands in this file."
    only_heads, unreadable = uploaded(desk, "name,mail\n"), uploaded(desk, "name,mail\nAnna\n")

    assert words in (page := desk.get(f"/imports/{only_heads.pk}").content.decode())
    assert page.count(" disabled>") == 2
    assert words not in desk.get(f"/imports/{unreadable.pk}").content.decode()


def test_where_too_much_came_in_since_undoing_says_that_it_leaves_alone_whom_somebody_changed(desk, monkeypatch):
    run = uploaded(desk, "mail\n" + "".join(f"a{number}@x.fi\n" for number in range(500)))
    desk.post(reverse("desk:import-choices", args=[run.pk]), {"deed": "start"})
    work_off_imports()
    monkeypatch.setattr(undoing, "LOOKED_WITHIN_MS", 50)
    monkeypatch.setattr(undoing, "_CHANGED", undoing._CHANGED.rstrip() + " + length(pg_sleep(60)::text)")

    page = desk.get(f"/imports/{run.pk}/undo").content.decode()
    assert "So much came in since" in page
    assert 'name="also_changed"' in page
    assert "Nobody has changed any of these people since." not in page


def test_programs_upload_choose_try_start_and_undo():
    program = make_caller()
    made = program.post("/api/v1/imports?name=p.csv", b"id,n\n1,Anna\n2,Bo\n", content_type="text/csv")
    here = made["Location"]
    assert (made.status_code, made.json()["choices"]["columns"]) == (201, ["external_id", ""])

    program.patch(here, {"columns": ["external_id", "name"], "source": "shop"})
    program.post(f"{here}/check")
    work_off_imports()
    foreseen = program.get(here).json()["foreseen"]
    assert [foreseen[name] for name in ("rows", "created", "rejected")] == [2, 2, 0]
    program.post(f"{here}/start")
    work_off_imports()
    assert program.get(here).json()["created"] == 2
    assert program.post(f"{here}/start").status_code == 422
    assert program.get(f"{here}/changed").json() == {"contacts": [], "has_more": False}
    program.post(f"{here}/undo", {})
    work_off_imports()
    assert (Import.objects.get().state, Contact.objects.listed().count()) == (ImportState.UNDONE, 0)


def test_of_a_wide_file_the_columns_that_are_left_out_are_folded_and_can_be_chosen(desk):
    heads = ["Record ID", "Create Date", "Colour", *(f"Property {number}" for number in range(20)), "Email"]
    run = uploaded(desk, f"{','.join(heads)}\n1,2026-01-02,red{',' * 21}a@x.fi\n")
    shown = desk.get(f"/imports/{run.pk}").content.decode()
    order = [">Email<", "21 columns are left out", ">Colour<", ">Property 0<"]
    assert sorted(order, key=shown.index) == order

    numbers = ",".join(map(str, [1, 2, 24, *range(3, 24)]))
    assert f'name="column.order" value="{numbers}"' in shown
    chosen = ["external_id", "created", "email", "tags", *("" for _number in range(20))]
    desk.post(f"/imports/{run.pk}/choices", {"column.order": numbers, "column": chosen, "skip": "0"})
    run.refresh_from_db()
    assert {name: field for name, field in zip(run.columns, run.choices["columns"], strict=True) if field} == {
        "Record ID": "external_id",
        "Create Date": "created",
        "Colour": "tags",
        "Email": "email",
    }
