"""An import on the desk and in the API: a file comes, and what its columns mean is proposed and chosen."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from babel.core import get_global
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from staff import audit
from staff.models import User
from staff.policy import Principal

from ..declaring import declare_field
from ..models import CustomField, FieldKind, Import, ImportState, Source, SourceKind, Trust
from . import keeping
from .drafting import Draft
from .fields import looks_like_header, rows_above
from .guessing import CONSENT, Choices, guess, preset_named
from .mapping import FileSection
from .presets import preset_of, stage_for
from .reading import BadRow, Cells, Survey, Table, open_table, survey
from .reporting import REPORT_COLUMNS
from .sheets import into_csv, is_spreadsheet

SAMPLE: Final = 500
MOST_TEXTS: Final = 100  # that a column of stages or of owners may hold
LOOKED_THROUGH: Final = 200_000  # rows, for these texts
OF_FILES: Final = ("encoding", "delimiter", "header", "skip")  # choices that say how a file is written
OF_BOOKS: Final = ("sheet", "sheets")  # choices that only a workbook has: the sheet that was read, and all there are

EDITABLE: Final = (ImportState.DRAFT, ImportState.CHECKING)

# The stages there are, by key; the package that keeps them tells us.
STAGES: Final[list[Callable[[], list[str]]]] = []


def bring_file(*, by: Principal, name: str, pieces: Iterable[bytes], sheet: str = "") -> Import:
    """Keep an upload as the draft of an import, with what its columns seem to mean; refused with a sentence."""
    path = keeping.keep(pieces)
    try:
        return _draft(by, name, path, sheet)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _draft(by: Principal, name: str, path: Path, sheet: str) -> Import:
    about = {"source": _source("import"), "file_name": " ".join(name.split())[-255:] or "file", "mapping": {}}
    if is_spreadsheet(path):
        read = _sheet_of(by, path, sheet)
        keeps = len(read["choices"]["sheets"]) > 1
        about |= read | {"book": path.name if keeps else ""}
        if not keeps:
            path.unlink()
    else:
        about |= _understood(by, path, {})
    with transaction.atomic():
        run = Import.objects.create(
            **about,
            state=ImportState.DRAFT,
            started_by=by.user,
            by_key=by.key,
            language=get_language() or "",
        )
        audit.record(by=by, action="import_uploaded", kind="import", row=run.pk)
    run.refresh_from_db()
    _know_texts(by, run)
    return run


def _sheet_of(by: Principal, book: Path, sheet: str) -> dict[str, Any]:
    """A sheet of a workbook as a file of its own, and what its columns seem to mean."""
    out = keeping.new_path()
    try:
        read = into_csv(book, out, sheet=sheet)
        return _understood(by, out, {"sheet": read.read, "sheets": read.names})
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _understood(by: Principal, path: Path, file: dict[str, Any]) -> dict[str, Any]:
    """What there is to say of a file as the row of an import."""
    found = survey(path)
    file |= _form_of(path, found)
    names, rows = _first_rows(path, _section(file), found)
    choices = _proposed(by, names, rows) | file
    return {
        "stored": path.name,
        "file_digest": found.digest,
        "size": found.size,
        "columns": names,
        "choices": choices,
    }


def _form_of(path: Path, found: Survey) -> dict[str, Any]:
    """Its encoding, its delimiter, whether a row names the columns, and how many stand above that one."""
    with open_table(path, FileSection(header=False), found) as table:
        rows = [cells for _line, cells in islice(table.records(), SAMPLE) if not isinstance(cells, BadRow)]
        skip = rows_above(rows)
        header = len(rows) <= skip or is_header(rows[skip], rows[skip + 1 :])
        return {"encoding": found.encoding, "delimiter": table.delimiter, "header": header, "skip": skip}


def is_header(first: Cells, rows: Sequence[Cells]) -> bool:
    return preset_of(first) is not None or looks_like_header(first, rows)


def _section(choices: Mapping[str, Any]) -> FileSection:
    return FileSection(
        encoding=choices.get("encoding", ""),
        delimiter=choices.get("delimiter", ""),
        header=choices.get("header", True),
        skip=choices.get("skip", 0),
    )


def _first_rows(path: Path, section: FileSection, found: Survey, count: int = SAMPLE) -> tuple[list[str], list[Cells]]:
    with open_table(path, section, found) as table:
        return list(table.columns), _sound(table, count)


def _sound(table: Table, count: int) -> list[Cells]:
    return [cells for _line, cells in islice(table.rows(), count) if not isinstance(cells, BadRow)]


def _proposed(by: Principal, names: list[str], rows: list[Cells]) -> Choices:
    """What the columns seem to mean; those of a list of refused rows mean what they meant in its import."""
    zone = settings.TIME_ZONE
    country = str(get_global("zone_territories").get(zone, ""))
    front = len(REPORT_COLUMNS)
    if tuple(names[:front]) != REPORT_COLUMNS:
        return guess(names, rows, zone=zone, country=country)
    own, blank = names[front:], [""] * front
    earlier = Import.objects.visible_to(by).filter(columns=own).exclude(choices={}).order_by("-pk")
    if before := earlier.first():
        known = {name: value for name, value in before.choices.items() if name not in OF_BOOKS}
        kept: Choices = known | {"columns": blank + before.choices["columns"]}
        return kept | {"lenient": [False] * front + list(before.choices.get("lenient", []))}
    found = guess(own, [row[front:] for row in rows], zone=zone, country=country)
    return found | {"columns": blank + found["columns"], "lenient": [False] * len(names)}


def _source(key: str) -> Source:
    made = {"name": key.capitalize()[:80], "kind": SourceKind.IMPORT, "trust": Trust.TRUSTED}
    return Source.objects.get_or_create(key=key, defaults=made)[0]


# --- Choosing ---------------------------------------------------------------------------------------------------------


def preview(run: Import, count: int = 5) -> list[Cells]:
    """The first rows of the file."""
    path = keeping.path_of(run)
    section = _section(run.choices)
    return _first_rows(path, section, survey_again(run), count)[1]


def has_rows(run: Import) -> bool:
    """Whether anything stands below the names of the columns, readable or not."""
    with open_table(keeping.path_of(run), _section(run.choices), survey_again(run)) as table:
        return next(table.rows(), None) is not None


def survey_again(run: Import) -> Survey:
    """What we know of the file, without reading it once more; a closer look at each line is always right."""
    return Survey(run.file_digest, run.size, run.choices.get("encoding") or "utf-8", is_clean=False)


def choose(*, by: Principal, run: Import, said: Mapping[str, Any]) -> None:
    """Change what is chosen; fields that are to be made are made. What was tried before counts no more.

    Another sheet of a workbook is another file: what its columns mean is proposed anew.
    """
    refuse_begun(run)
    if said.get("sheet", "") not in ("", run.choices.get("sheet", "")):
        _turn_to(str(said["sheet"]), by=by, run=run)
        return
    choices = {"owners": {}} | run.choices | {name: value for name, value in said.items() if name in CHANGEABLE}
    _check_shape(choices)
    names = list(run.columns)
    if set(OF_FILES) & said.keys():
        names = _first_rows(keeping.path_of(run), _section(choices), _survey_as(run, choices), 0)[0]
    if len(choices["columns"]) != len(names):
        choices = _proposed(by, names, preview_as(run, choices)) | {
            name: choices[name] for name in (*OF_FILES, *OF_BOOKS) if name in choices
        }
    choices["columns"] = [_field(chosen, name, by) for chosen, name in zip(choices["columns"], names, strict=True)]
    texts = _texts(run, choices, [one for one in ("stage", "owner") if one in choices["columns"]])
    if "stage" in texts:
        choices["stages"] = _staged(choices, texts["stage"])
    if "owner" in texts:
        choices["owners"] = _owned(choices, texts["owner"])
    Import.objects.filter(pk=run.pk).update(
        choices=choices, columns=names, state=ImportState.DRAFT, foreseen=None, taken_until=None
    )
    run.refresh_from_db()


def _turn_to(sheet: str, *, by: Principal, run: Import) -> None:
    book = keeping.book_of(run)
    if book is None:
        words = _("The workbook is not kept any more. Upload it again to choose another sheet.")
        raise ValidationError({"sheet": ValidationError(words, code="file_gone")})
    before, values = settings.IMPORTS_ROOT / run.stored, _sheet_of(by, book, sheet)
    Import.objects.filter(pk=run.pk).update(**values, state=ImportState.DRAFT, foreseen=None, taken_until=None)
    before.unlink(missing_ok=True)
    run.refresh_from_db()
    _know_texts(by, run)


def _know_texts(by: Principal, run: Import) -> None:
    """The texts of a column of stages or of owners, with what they are known to mean."""
    if {"stage", "owner"} & set(run.choices["columns"]):
        choose(by=by, run=run, said={})


_TEXTS: Final = ("encoding", "delimiter", "decimal", "dates", "zone", "phone_country", "duplicates", "source", "tag")
_TABLES: Final = ("stages", "owners", "consent", "event")
CHANGEABLE: Final = frozenset(["columns", "lenient", "header", "skip", *_TEXTS, *_TABLES])


def _check_shape(choices: Choices) -> None:
    """Programs may send anything: what cannot even be read is refused by its name."""
    wrong = [name for name in _TEXTS if not isinstance(choices.get(name), str)]
    wrong += [name for name in ("columns", "lenient") if not isinstance(choices.get(name), list)]
    wrong += [name for name in _TABLES if not isinstance(choices.get(name), dict)]
    said = [choices["columns"], choices["stages"].values(), choices["owners"].values()] if not wrong else []
    if not all(isinstance(one, str) for one in chain(*said)):
        wrong = ["columns"]
    if type(choices.get("skip", 0)) is not int:
        wrong = ["skip"]
    if wrong:
        raise ValidationError({wrong[0]: ValidationError(_("This can't be read."), code="invalid")})
    if choices["duplicates"] not in ("overwrite", "fill", "skip"):
        raise ValidationError({"duplicates": ValidationError(_("Say overwrite, fill or skip."), code="invalid")})
    agreed = {name: value for name, value in choices["consent"].items() if name in CONSENT}
    choices["consent"] = CONSENT | {
        name: value if name == "everybody" else str(value) for name, value in agreed.items()
    }
    try:
        _section(choices)
    except ValueError as error:
        raise ValidationError({"delimiter": ValidationError(str(error), code="invalid")}) from None
    choices["event"] = {name: str(choices["event"].get(name, "")) for name in ("type", "currency")}


def _survey_as(run: Import, choices: Choices) -> Survey:
    return survey(keeping.path_of(run), choices.get("encoding", ""))


def preview_as(run: Import, choices: Choices) -> list[Cells]:
    return _first_rows(keeping.path_of(run), _section(choices), _survey_as(run, choices))[1]


def _field(chosen: str, head: str, by: Principal) -> str:
    """A field that is to be made is made, once; others are as they are."""
    if not chosen.startswith("new:"):
        return chosen
    kind = chosen.removeprefix("new:")
    if kind not in FieldKind.values or kind == FieldKind.CHOICE or not by.may("fields:manage"):
        return ""
    key = key_of(head)
    if not CustomField.objects.filter(of="contact", key=key).exists():
        declare_field(by=by, of="contact", key=key, label=head[:80] or key, kind=FieldKind(kind))
    return f"custom:{key}"


def key_of(head: str) -> str:
    plain = unicodedata.normalize("NFKD", head.lower()).encode("ascii", "ignore").decode()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40]
    return key if key[:1].isalpha() else f"field_{key}"[:40].rstrip("_")


def _texts(run: Import, choices: Choices, meanings: Sequence[str]) -> dict[str, list[str]]:
    """The different texts of the columns that mean this, the most frequent of the file's beginning first."""
    if not meanings:
        return {}
    counts: dict[str, dict[str, int]] = {one: {} for one in meanings}
    places = [(choices["columns"].index(one), counts[one]) for one in meanings]
    with open_table(keeping.path_of(run), _section(choices), survey_again(run)) as table:
        for _line, cells in islice(table.rows(), LOOKED_THROUGH):
            for at, known in places:
                text = "" if isinstance(cells, BadRow) else cells[at].strip()
                if text and (text in known or len(known) < MOST_TEXTS):
                    known[text] = known.get(text, 0) + 1
    return {one: sorted(known, key=lambda text: (-known[text], text)) for one, known in counts.items()}


def _staged(choices: Choices, texts: list[str]) -> dict[str, str]:
    """For each text its stage: as chosen, or as it is known to be."""
    known = stage_keys()
    preset = preset_named(choices.get("preset", ""))
    before = choices["stages"]
    return {text: before[text] if text in before else stage_for(preset, text, known) for text in texts}


def _owned(choices: Choices, texts: list[str]) -> dict[str, str]:
    """For each text the address of a colleague: as chosen, or as somebody is called; or nobody."""
    called = {name.casefold(): email for name, email in staff_by_name().items()}
    before = choices["owners"]
    return {text: before[text] if text in before else called.get(text.casefold(), "") for text in texts}


def staff_by_name() -> dict[str, str]:
    """What a file may call each colleague, and their address."""
    found: dict[str, str] = {}
    for email, name in User.objects.filter(is_active=True).values_list("email", "name"):
        found |= {called: email for called in (email, email.lower(), name) if called}
    return found


def stage_keys() -> list[str]:
    return [key for tell in STAGES for key in tell()]


def draft_of(run: Import) -> Draft:
    """What was chosen, ready to be made a mapping."""
    custom = frozenset(CustomField.objects.filter(of="contact").values_list("key", flat=True))
    stages = frozenset(stage_keys())
    return Draft(list(run.columns), run.choices, owners=staff_by_name(), custom=custom, stages=stages)


def refuse_begun(run: Import) -> None:
    if run.state not in EDITABLE:
        raise ValidationError(_("It has begun already. Undo it, and bring the file in again."), code="wrong_state")
