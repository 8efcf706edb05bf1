"""manage.py import_events: what it says, what it leaves behind, how it ends."""

import csv
import os
import random
import signal
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from time import sleep
from typing import Any, NamedTuple

import pytest
from django.core.management import CommandError, call_command

from contacts.catalogue import install_catalogue
from contacts.importing import chunking
from contacts.importing.reporting import reject_lines
from contacts.management.commands.import_events import Bar, bar_line
from contacts.models import Contact, Event, Identity, Import, ImportState, Pending, Source
from tests.killing import KILLED, ended, forked

MAPPING = """
[source]
key = "shop"

[contact]
external_id = "id"

[contact.attributes]
name = "name"

[[events]]
message_id = "order-{id}-{number}"
type = "order_completed"
moment = {column = "at"}
"""
HEADER = "id,name,number,at"


class Outcome(NamedTuple):
    status: int
    said: str
    complained: str


Command = Callable[..., Outcome]


@pytest.fixture
def command(tmp_path: Path, path: None) -> Command:
    """Run the command on some lines; its exit status and words come back."""

    def run(*lines: str, mapping: str = MAPPING, dry_run: bool = False, **options: Any) -> Outcome:
        file, how = tmp_path / "orders.csv", tmp_path / "map.toml"
        file.write_text("\n".join(lines) + "\n")
        how.write_text(mapping)
        return import_events(file, how, *(["--dry-run"] if dry_run else []), **options)

    return run


def import_events(file: Path, mapping: Path, *switches: str, **options: Any) -> Outcome:
    arguments = [str(file), "--mapping", str(mapping), *switches]
    for name, value in options.items():
        arguments += [f"--{name}", str(value)]
    out, err = StringIO(), StringIO()
    try:
        call_command("import_events", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return Outcome(int(end.code or 0), out.getvalue(), err.getvalue())
    except CommandError as error:
        return Outcome(error.returncode, out.getvalue(), str(error))
    return Outcome(0, out.getvalue(), err.getvalue())


@pytest.mark.django_db
def test_a_file_that_is_all_in_ends_with_0_and_one_sentence(command):
    outcome = command(HEADER, "c1,Anna,1,2026-01-01", "c1,Anna,2,2026-01-02")

    assert outcome == Outcome(0, "orders.csv: 2 rows: 1 created, 1 updated, 0 unchanged, 0 rejected.\n", "")


@pytest.mark.django_db
def test_refused_rows_are_said_and_end_with_3(command):
    outcome = command(HEADER, "c1,Anna,1,2026-01-01", "c2,Ville,1,soon", "c3,Liisa,1")

    assert outcome.status == 3
    assert outcome.said.splitlines() == [
        "orders.csv: 3 rows: 1 created, 0 updated, 0 unchanged, 2 rejected.",
        "  line 3: bad-time: at: “soon” is not a moment as the mapping says.",
        "  line 4: ragged-row: The row has 3 cells, the file 4 columns.",
    ]


@pytest.mark.django_db
def test_only_the_first_refused_rows_are_said(command):
    outcome = command(HEADER, *[f"c{n},,1,soon" for n in range(25)])

    assert len(outcome.said.splitlines()) == 22
    assert outcome.said.splitlines()[-1] == "  ... and 5 more."


@pytest.mark.django_db
def test_refused_rows_can_be_mended_and_brought_in(command, tmp_path):
    rejects = tmp_path / "rejects.csv"
    lines = ['c1,"=HYPERLINK(""http://x"")",1,soon', 'c2,"-2, and', 'a line",1,never', "c3,'=kept,1,x", "c4,Ville,1"]
    command(HEADER, *lines, rejects=rejects)

    text = rejects.read_text(encoding="utf-8-sig")
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        cells = [row[4:] for row in csv.reader(file)]
    assert cells[1:] == [
        ["c1", '\'=HYPERLINK("http://x")', "1", "soon"],
        ["c2", "'-2, and\na line", "1", "never"],
        ["c3", "'=kept", "1", "x"],
        ["c4,Ville,1"],
    ]
    mended = text.replace("soon", "2026-01-01").replace("never", "2026-01-01").replace(",x\n", ",2026-01-01\n")
    outcome = command(*mended.replace("\r\n", "\n").splitlines())
    assert outcome.status == 3
    assert set(Contact.objects.values_list("name", flat=True)) == {'=HYPERLINK("http://x")', "-2, and a line", "=kept"}


@pytest.mark.django_db
def test_nothing_in_the_report_of_refused_rows_is_a_formula(command, tmp_path):
    rejects = tmp_path / "rejects.csv"
    starts = ["=1+1", "+1", "-1", "@x", "'=1", "''-1"]
    command("=id,+name,-number,@at", *[f"{start},{start},{start},{start}" for start in starts], rejects=rejects,
            mapping='[source]\nkey = "s"\n[contact]\nemail = "=id"')  # fmt: skip

    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 7
    assert [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}] == []


@pytest.mark.django_db
def test_a_dry_run_says_what_would_come_of_it_and_writes_nothing_but_the_report(command, tmp_path):
    rejects = tmp_path / "rejects.csv"
    outcome = command(HEADER, "c1,Anna,1,2026-01-01", "c2,Ville,1,soon", dry_run=True, rejects=rejects)

    assert outcome.status == 3
    assert outcome.said.splitlines() == [
        "orders.csv: 2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected.",
        "  line 3: bad-time: at: “soon” is not a moment as the mapping says.",
        "Nothing was written: this was a dry run.",
    ]
    assert len(rejects.read_text().splitlines()) == 2
    models = (Import, Contact, Event, Identity, Pending)
    assert [model.objects.count() for model in models] == [0, 0, 0, 0, 0]
    assert not Source.objects.filter(key="shop").exists()


@pytest.mark.django_db
def test_another_source_can_be_named(command):
    command(HEADER, "c1,Anna,1,2026-01-01", source="outlet")

    assert set(Event.objects.values_list("source__key", flat=True)) == {"outlet"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lines", "mapping", "words"),
    [
        ([""], MAPPING, "The file is empty."),
        (
            ["id;who;n;at"],
            MAPPING,
            "there is no column “name”; there is no column “number”. Its columns: id, who, n, at.",
        ),
        ([HEADER], "[source", "The mapping is not TOML"),
        ([HEADER], MAPPING.replace("moment", "momnt"), "events[0]: Object contains unknown field `momnt`"),
        ([HEADER], MAPPING.replace("shop", "staff"), "source.trust: the source “staff” is trusted already"),
        ([HEADER], MAPPING.replace("name =", "stage ="), "contacts have no detail “stage”"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(command, lines, mapping, words):
    outcome = command(*lines, mapping=mapping)

    assert outcome.status == 1
    assert words in outcome.complained
    assert Import.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["file", "mapping"])
def test_a_file_that_is_not_there_is_said(tmp_path, missing):
    (tmp_path / "file").write_text(HEADER)
    (tmp_path / "mapping").write_text(MAPPING)
    (tmp_path / missing).unlink()

    outcome = import_events(tmp_path / "file", tmp_path / "mapping")

    assert outcome == Outcome(1, "", f"{tmp_path / missing}: No such file or directory")


def test_the_bar_tells_share_rows_rate_and_time_left():
    assert (
        bar_line(1_200_000, 0.4, 30.0) == "[############..................]  40%  1,200,000 rows  40,000/s  0:45 left"
    )


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_shown_on_terminals_only():
    run = Import(rows_read=10)
    file, terminal = StringIO(), Terminal()
    for out in (file, terminal):
        Bar(out)(run, 1.0)

    assert file.getvalue() == ""
    assert "100%  10 rows" in terminal.getvalue()
    assert terminal.getvalue().endswith("\n")


HOSTILE: dict[str, bytes] = {
    "header only": b"id,name,number,at\n",
    "ragged rows": b"id,name,number,at\nc1\nc1,a,1,2026-01-01,x,y\nc2,Anna,1,2026-01-01\n",
    "unclosed quote": b'id,name,number,at\nc1,"Anna,1,2026-01-01\nc2,Ville,1,2026-01-01\n',
    "stray quote": b'id,name,number,at\nc1,"An"na,1,2026-01-01\nc2,Ville,1,2026-01-01\n',
    "utf-16": "id,name,number,at\nc1,Väinö,1,2026-01-01\n".encode("utf-16"),
    "latin-1": "id,name,number,at\nc1,Väinö,1,2026-01-01\n".encode("latin-1"),
    "nul": b"id,name,number,at\nc1,An\x00na,1,2026-01-01\nc2,Ville,1,2026-01-01\n",
    "doubled header": b"id,name,number,at,x,x\nc1,Anna,1,2026-01-01,,\n",
    "long cell": b"id,name,number,at\nc1," + b"x" * 40_000 + b",1,2026-01-01\nc2,Ville,1,2026-01-01\n",
    "long name": b"id,name,number,at\nc1," + b"x" * 300 + b",1,2026-01-01\n",
    "long id": b"id,name,number,at\n" + b"x" * 300 + b",Anna,1,2026-01-01\n",
    "long message id": b"id,name,number,at\nc1,Anna," + b"9" * 300 + b",2026-01-01\n",
    "far moments": b"id,name,number,at\nc1,,1,0001-01-01\nc2,,1,9999-12-31T23:59:59-14:00\nc3,,1,1899-12-31\n",
    "odd texts": "id,name,number,at\n\\N,\\.,1,2026-01-01\n'{}\",\u2028\u202e,2,2026-01-01\n".encode(),
    "end of copy": b'id,name,number,at\nc1,"x\n\\.\ny",1,soon\nc2,"a\n\\.\nb",1,2026-01-01\n',
    "backslash end": b"id,name,number,at\nc1\\,Anna\\,1\\,2026-01-01\n\\.\n",
    "blank rows": b"id,name,number,at\n\n,,,\nc1,Anna,1,2026-01-01\n\n",
    "no end of line": b"id,name,number,at\nc1,Anna,1,2026-01-01",
    "quote at the end": b'id,name,number,at\nc1,Anna,1,2026-01-01\n"',
    "emoji": "id,name,number,at\n😀,👩‍👩‍👧 Ö,1,2026-01-01\n".encode(),
    "lone surrogate": b"id,name,number,at\nc1,\xed\xa0\x80,1,2026-01-01\nc2,V\xc3\xa4in\xc3\xb6,1,2026-01-01\n",
    "controls": b"id,name,number,at\nc1,\x1b[31mred\x07,1,2026-01-01\n",
}  # fmt: skip
EXPECTED = {  # created, rejected
    "header only": (0, 0), "ragged rows": (1, 2), "unclosed quote": (1, 1), "stray quote": (1, 1), "utf-16": (1, 0),
    "latin-1": (1, 0), "nul": (1, 1), "doubled header": (1, 0), "long cell": (1, 1), "long name": (0, 1),
    "long id": (0, 1), "long message id": (0, 1), "far moments": (0, 3), "odd texts": (2, 0), "end of copy": (1, 1),
    "backslash end": (1, 1),
    "blank rows": (1, 0), "no end of line": (1, 0), "quote at the end": (1, 1), "emoji": (1, 0),
    "lone surrogate": (1, 1), "controls": (0, 1),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_counted_row_by_row(path, tmp_path, kind):
    file, mapping = tmp_path / "hostile.csv", tmp_path / "map.toml"
    file.write_bytes(HOSTILE[kind])
    mapping.write_text(MAPPING)
    outcome = import_events(file, mapping)

    run = Import.objects.get(file_name="hostile.csv")
    assert (run.created, run.rejected, run.rows_read) == (*EXPECTED[kind], sum(EXPECTED[kind]))
    assert (run.state, outcome.status) == (ImportState.DONE, 3 if run.rejected else 0)
    assert len(list(reject_lines(run))) == 1 + run.rejected


@pytest.mark.usefixtures("transactional_db")
def test_an_import_killed_again_and_again_is_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """6,000 rows tell thrice of 2,000 people, of whom every thousandth is refused; four times somebody runs them."""
    install_catalogue()
    monkeypatch.setattr(chunking, "CHUNK", 300)
    rows = [f"c{n % 2_000},Name {n % 2_000},{n},{'soon' if n % 1000 == 0 else '2026-01-01'}" for n in range(6_000)]
    file, mapping = tmp_path / "orders.csv", tmp_path / "map.toml"
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    mapping.write_text(MAPPING)
    chance = random.Random(7)
    for _ in range(3):
        before = rows_read()
        with forked(lambda: import_events(file, mapping)) as child:
            pass
        while rows_read() == before:
            sleep(0.01)
        sleep(chance.random() * 0.1)
        os.kill(child, signal.SIGKILL)
        assert ended(child) == KILLED

    outcome = import_events(file, mapping)

    run = Import.objects.get()
    assert outcome.status == 3
    assert (run.rows_read, run.created, run.updated, run.unchanged, run.rejected) == (6_000, 1_998, 3_996, 0, 6)
    assert Contact.objects.count() == Identity.objects.count() == 1_998
    assert Event.objects.filter(type__key="order_completed").count() == 5_994
    assert Event.objects.filter(type__key="contact_created").count() == 1_998
    assert Pending.objects.count() == Event.objects.count()
    assert run.rejects.count() == 6


def rows_read() -> int:
    return sum(Import.objects.values_list("rows_read", flat=True))
