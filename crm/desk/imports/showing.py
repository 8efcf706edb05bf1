"""What the page of an import shows: its columns and what they may mean, how far it is, what came of it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from contacts.importing.drafting import Draft, mapping_from
from contacts.importing.guessing import preset_named
from contacts.importing.keeping import book_of
from contacts.importing.preparing import draft_of, has_rows, preview
from contacts.importing.presets import OTHERS
from contacts.importing.reading import Cells
from contacts.importing.rehearsing import COUNTS
from contacts.importing.reporting import cell_of, foreseen_told
from contacts.models import CustomField, EventType, Import, ImportState
from crm.desk.imports.cells import errors_drawn, options_drawn, with_chosen
from funnel.models import Stage
from rest.telling import told
from staff.models import User

Option = tuple[str, Any]
SAMPLES: Final = 3
LOOKED_AT: Final = 200  # rows, for these
FOLDED_FROM: Final = 13  # columns: with fewer, those that are left out stand among the others
SHOWN_ERRORS: Final = 20
SHOWN_COLUMNS: Final = 6  # of those that rows were refused for
COUNTED_REJECTS: Final = 20_000  # with more of them nobody waits for a count by column
FIELDS: Final[Sequence[tuple[Any, Sequence[Option]]]] = (
    (
        gettext_lazy("Who they are"),
        (
            ("email", gettext_lazy("E-mail address")),
            ("name", gettext_lazy("Name")),
            ("first_name", gettext_lazy("First name")),
            ("last_name", gettext_lazy("Last name")),
            ("phone", gettext_lazy("Phone")),
            ("company", gettext_lazy("Company")),
            ("title", gettext_lazy("Title")),
            ("country", gettext_lazy("Country")),
            ("language", gettext_lazy("Language")),
            ("tags", gettext_lazy("Tags")),
            ("note", gettext_lazy("Note")),
        ),
    ),
    (
        gettext_lazy("Known by"),
        (("external_id", gettext_lazy("Id in that system")), ("user_id", gettext_lazy("Id in your service"))),
    ),
    (
        gettext_lazy("With us"),
        (
            ("owner", gettext_lazy("Owner")),
            ("team", gettext_lazy("Team")),
            ("fit", gettext_lazy("Fit")),
            ("stage", gettext_lazy("Stage")),
            ("created", gettext_lazy("Known since")),
            ("consent", gettext_lazy("Agreed to letters")),
            ("refusal", gettext_lazy("Wants no letters")),
        ),
    ),
    (
        gettext_lazy("What happened"),
        (
            ("event_moment", gettext_lazy("When it happened")),
            ("event_id", gettext_lazy("Its number")),
            ("event_value", gettext_lazy("Its value")),
            ("event_currency", gettext_lazy("Its currency")),
            ("event_type", gettext_lazy("What it was")),
            ("event_campaign", gettext_lazy("Its campaign")),
        ),
    ),
)
NEW_FIELDS: Final[Sequence[Option]] = (
    ("new:text", gettext_lazy("a new field: text")),
    ("new:number", gettext_lazy("a new field: number")),
    ("new:date", gettext_lazy("a new field: date")),
    ("new:yes_no", gettext_lazy("a new field: yes or no")),
)
DUPLICATES: Final[Sequence[tuple[str, Any, Any]]] = (
    ("fill", gettext_lazy("Fill blanks"), gettext_lazy("Only what is not known yet is taken.")),
    (
        "overwrite",
        gettext_lazy("Overwrite"),
        gettext_lazy("What the file says counts; a blank cell takes nothing away."),
    ),
    ("skip", gettext_lazy("Skip"), gettext_lazy("Nothing of such a row is taken, what happened neither.")),
)
ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "iso8859-15", "iso8859-4", "cp1251", "mac-roman")
DELIMITERS: Final[Sequence[Option]] = (
    (",", gettext_lazy("comma")),
    (";", gettext_lazy("semicolon")),
    ("\t", gettext_lazy("tab")),
    ("|", "|"),
)
DATES: Final[Sequence[Option]] = (
    ("dmy", gettext_lazy("day first: 31.12.2026")),
    ("mdy", gettext_lazy("month first: 12/31/2026")),
    ("ymd", gettext_lazy("year first: 2026-12-31")),
)
STEPS: Final[Sequence[Option]] = (
    ("file", gettext_lazy("File")),
    ("columns", gettext_lazy("Columns")),
    ("trial", gettext_lazy("Trial")),
    ("in", pgettext_lazy("step", "Import")),
)
BASES: Final[Sequence[Option]] = (
    ("consent", gettext_lazy("consent")),
    ("soft_opt_in", gettext_lazy("an earlier purchase")),
    ("legitimate_interest", gettext_lazy("legitimate interest")),
)


@dataclass(frozen=True, slots=True)
class Column:
    number: int
    name: str
    samples: list[str]
    chosen: str
    is_lenient: bool
    error: str
    refused: int  # rows the dry run refused for it
    options: SafeString

    @property
    def is_out(self) -> bool:
        return not self.chosen and not self.error


@dataclass
class Choosing:
    """The form in which the columns of a file get their meaning."""

    columns: list[Column]
    error: str  # what is wrong with all of them
    by_phone: bool  # whoever has no address is known by name and number
    stages: list[tuple[str, str]]  # of each text of the column of stages the chosen one
    stage_options: list[Option]
    owners: list[tuple[str, str]]  # of each text of the column of owners the address of a colleague
    owner_options: list[Option]
    types: list[Option]
    preset: Any
    choices: dict[str, Any]
    needs: set[str] = field(default_factory=set)

    @property
    def is_ready(self) -> bool:
        is_chosen = any(column.chosen for column in self.columns)
        return is_chosen and not self.error and not any(column.error for column in self.columns)

    @property
    def is_of_people(self) -> bool:
        return self.preset not in OTHERS

    @property
    def shown(self) -> list[Column]:
        return [column for column in self.columns if not (column.is_out and self.folds)]

    @property
    def folded(self) -> list[Column]:
        """Those that are left out of a wide file; what says something first."""
        left_out = [column for column in self.columns if column.is_out and self.folds]
        return sorted(left_out, key=lambda column: not column.samples)

    @property
    def understood(self) -> int:
        return sum(bool(column.chosen) for column in self.columns)

    @property
    def order(self) -> str:
        return ",".join(str(column.number) for column in [*self.shown, *self.folded])

    @property
    def folds(self) -> bool:
        return len(self.columns) >= FOLDED_FROM and not all(column.is_out for column in self.columns)


def choosing(run: Import) -> Choosing:
    draft = draft_of(run)
    if any(run.choices["columns"]):
        with suppress(ValidationError):  # what is wrong is shown where it is wrong
            mapping_from(draft)
    choices = run.choices
    columns = _columns(run, draft)
    if not any(column.samples for column in columns) and not has_rows(run):
        draft.errors.setdefault(0, _("There is nothing below the names of the columns: nobody stands in this file."))
    stages = [(one.key, str(one)) for one in Stage.objects.in_use()]
    return Choosing(
        columns=columns,
        error=draft.errors.get(0, ""),
        by_phone=bool(draft.by_phone),
        stages=list(choices["stages"].items()) if "stage" in choices["columns"] else [],
        stage_options=[("", _("decides nothing")), *stages],
        owners=list(choices.get("owners", {}).items()) if "owner" in choices["columns"] else [],
        owner_options=[("", _("nobody")), *((one.email, str(one)) for one in _colleagues())],
        types=[(one.key, str(one)) for one in EventType.objects.filter(is_named=True, rank__gte=1).order_by("key")],
        preset=preset_named(choices["preset"]),
        choices=choices,
        needs={one.partition("_")[0] for one in choices["columns"] if one},
    )


def _colleagues() -> QuerySet[User]:
    return User.objects.filter(is_active=True).order_by("name", "email")


def _columns(run: Import, draft: Draft) -> list[Column]:
    rows = preview(run, LOOKED_AT)
    refused = (run.foreseen or {}).get("columns", {})
    lenient = run.choices.get("lenient", [])
    options = options_drawn(_groups())
    return [
        Column(
            number=number,
            name=name,
            samples=_samples(rows, number - 1),
            chosen=(chosen := run.choices["columns"][number - 1]),
            is_lenient=number <= len(lenient) and bool(lenient[number - 1]),
            error=draft.errors.get(number, ""),
            refused=refused.get(name, 0),
            options=with_chosen(options, chosen),
        )
        for number, name in enumerate(run.columns, 1)
    ]


def _groups() -> list[tuple[Any, Sequence[Option]]]:
    own = [(f"custom:{one.key}", one.label) for one in CustomField.objects.filter(of="contact").order_by("label")]
    return [*FIELDS, *([(_("Your own fields"), own)] if own else []), (_("Something new"), NEW_FIELDS)]


def _samples(rows: Sequence[Cells], at: int) -> list[str]:
    """The first texts that stand in a column, each once."""
    said = dict.fromkeys(text for row in rows if at < len(row) and (text := row[at].strip()))
    return list(islice(said, SAMPLES))


@dataclass(frozen=True, slots=True)
class Count:
    name: str
    label: Any
    said: Any
    rows: int


_LABELS: Final = {
    "created": (pgettext_lazy("rows", "new"), gettext_lazy("people nobody knew")),
    "updated": (gettext_lazy("updated"), gettext_lazy("the row told something new")),
    "unchanged": (gettext_lazy("unchanged"), gettext_lazy("all it says was known")),
    "skipped": (gettext_lazy("skipped"), gettext_lazy("somebody known, as you chose")),
    "rejected": (gettext_lazy("refused"), gettext_lazy("the row can't be used")),
}


def counts(said: Any) -> list[Count]:
    """The five counts of a run or of a dry run, which add up to its rows."""
    return [
        Count(name, *_LABELS[name], said.get(name, 0) if isinstance(said, dict) else getattr(said, name))
        for name in COUNTS
    ]


def errors_of(run: Import) -> list[dict[str, Any]]:
    """The first rows that were refused, as the dry run tells them."""
    return [
        {"line": one.line, "column": one.column, "value": cell_of(run, one), "detail": told(one.detail, one.values)}
        for one in run.rejects.order_by("line")[:SHOWN_ERRORS]
    ]


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a worker is, how fast, and how long it will take."""

    permille: int
    rows: int
    per_second: int
    left: str
    waits: bool  # for another import: workers do one after another

    @property
    def percent(self) -> int:
        return self.permille // 10


def pace(run: Import) -> Pace:
    seconds = (timezone.now() - run.resumed_at).total_seconds() if run.resumed_at else 0.0
    rows = run.rows_read - run.resumed_rows if run.state == ImportState.RUNNING else 0
    waits = _waits(run)
    rate = round(rows / seconds) if seconds > 1 and not waits else 0
    return Pace(run.permille, run.rows_read, rate, "" if waits else _left(run, seconds, rate), waits)


def _left(run: Import, seconds: float, rate: int) -> str:
    """How long it takes yet: by the rows since it went on, or else by the share that is done."""
    if run.permille < 10 or seconds <= 1:
        return ""
    if run.state != ImportState.RUNNING:
        return spoken_left(seconds * (1000 - run.permille) / run.permille)
    to_come = run.rows_read * (1000 - run.permille) / run.permille
    return spoken_left(to_come / rate) if rate else ""


def spoken_left(seconds: float) -> str:
    if seconds < 60:
        count = max(1, round(seconds))
        return ngettext("%(count)s second left", "%(count)s seconds left", count) % {"count": count}
    count = round(seconds / 60)
    return ngettext("%(count)s minute left", "%(count)s minutes left", count) % {"count": count}


def _waits(run: Import) -> bool:
    now = timezone.now()
    if run.taken_until and run.taken_until >= now:
        return False
    return Import.objects.waiting().exclude(pk=run.pk).filter(taken_until__gte=now).exists()


def wrong_columns(rows_of: Mapping[str, int]) -> list[tuple[str, int]]:
    """The columns that rows were refused for, most rows first."""
    found = sorted(rows_of.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(column or _("the row itself"), rows) for column, rows in found[:SHOWN_COLUMNS]]


def _wrong_columns_of(run: Import) -> list[tuple[str, int]]:
    if not 0 < run.rejected <= COUNTED_REJECTS:
        return []
    counted = run.rejects.values_list("column").annotate(rows=models.Count("pk"))
    return wrong_columns(dict(counted))


def context_of(run: Import) -> dict[str, Any]:
    """All that the page needs for the state the import is in."""
    context: dict[str, Any] = {"run": run, "address": reverse("desk:import-page", args=[run.pk]), "steps": STEPS}
    if run.state == ImportState.DRAFT and run.stored:
        foreseen = foreseen_told(run)
        return context | {
            "choosing": choosing(run),
            "foreseen": foreseen,
            "counts": counts(foreseen) if foreseen and "rows" in foreseen else [],
            "errors": errors_drawn((foreseen or {}).get("errors", [])[:SHOWN_ERRORS]),
            "wrong": wrong_columns((foreseen or {}).get("columns", {})),
            "step": "trial" if foreseen else "columns",
            "duplicates": DUPLICATES,
            "encodings": sorted({*ENCODINGS, run.choices["encoding"]}),
            "delimiters": DELIMITERS,
            "dates": DATES,
            "bases": BASES,
            "sheets": run.choices.get("sheets", []) if book_of(run) else [],
        }
    if run.is_working:
        step = {ImportState.CHECKING: "trial", ImportState.RUNNING: "in"}.get(ImportState(run.state), "")
        return context | {"pace": pace(run), "counts": counts(run), "step": step}
    return context | {
        "counts": counts(run),
        "taken": run.rows_read - run.rejected,
        "errors": errors_drawn(errors_of(run)),
        "wrong": _wrong_columns_of(run),
        "days": settings.IMPORT_FILES_DAYS,
    }
