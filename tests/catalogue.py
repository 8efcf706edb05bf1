"""The Finnish catalogue beside what the code says. `python -m tests.catalogue` brings it up to date and compiles it.

Babel reads Python and, through Django, templates; so nothing here needs the tools of GNU gettext.
"""

import ast
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("campaigns", "contacts", "crm", "funnel", "rest", "staff")
PLAYBOOK: Final = ROOT / "funnel" / "default_playbook.json"  # its rules and examples have names that people read
FINNISH: Final = ROOT / "locale" / "fi" / "LC_MESSAGES" / "django.po"
DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}


def said() -> Catalog:
    """Every text of code and templates that is to be translated."""
    catalogue = _empty()
    for file, texts in (*_of_code(), *_of_templates()):
        for context, text in texts:
            catalogue.add(text, locations=[(str(file.relative_to(ROOT)), 0)], context=context, flags=_flags(text))
    playbook = json.loads(PLAYBOOK.read_text())
    for named in (*playbook["rules"], *playbook["examples"]):
        catalogue.add(named["name"], locations=[(str(PLAYBOOK.relative_to(ROOT)), 0)])
    return catalogue


def finnish() -> Catalog:
    with FINNISH.open("rb") as file:
        return read_po(file, locale="fi")


def compiled(catalogue: Catalog) -> bytes:
    made = BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


# Where those who know no languages say their sentences: the place among what they are called with.
SAYERS: Final = {"Refusal": 2, "RowRefused": 2, "BadRow": 1, "Fault": 2, "MalformedJson": 1}

Text = tuple[str | None, str | tuple[str, ...]]  # its context, and itself; a plural has two forms


def _of_code() -> Iterator[tuple[Path, Iterator[Text]]]:
    """Read as a tree: what stands within an f-string is found as well."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in file.parts:
                calls = (node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Call))
                yield file, (text for call in calls if (text := _text_of(call)))


def _text_of(call: ast.Call) -> Text | None:
    """What a call has translated, if that is what it does and the words stand there."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    words = [one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else "" for one in call.args]
    if name in SAYERS:
        said = words[SAYERS[name]] if len(words) > SAYERS[name] else ""
        return (None, said) if said else None
    if name not in KEYWORDS or not words or not words[0]:
        return None
    if name.startswith("pgettext"):
        return words[0], words[1]
    return None, (words[0], words[1]) if name.startswith("ngettext") else words[0]


def _of_templates() -> Iterator[tuple[Path, Iterator[Text]]]:
    for file in sorted(one for kind in ("*.html", "*.txt") for one in (ROOT / "templates").rglob(kind)):
        source = templatize(file.read_text(), origin=str(file))
        lines = BytesIO("\n".join(line.strip() for line in source.splitlines()).encode())
        found = extract("python", lines, KEYWORDS, options={"encoding": "utf-8"})
        yield file, ((context, text) for _line, text, _notes, context in found)


def _flags(text: str | tuple[str, ...]) -> set[str]:
    """What fills in by name is python-format; babel's own guess also sees it in a plain per cent."""
    return {"python-format"} if "%(" in str(text) else set()


def _empty() -> Catalog:
    """Its head names no day: the same words make the same bytes."""
    return Catalog(
        locale="fi",
        header_comment="# The Finnish words of Polku.",
        project="Polku",
        version="1",
        msgid_bugs_address="polku",
        last_translator="Polku",
        language_team="fi",
        creation_date=DAY,
        revision_date=DAY,
        fuzzy=False,
    )


def bring_up_to_date() -> None:
    """Keep what is translated and still said, add what is new with nothing for it, compile."""
    known = {(one.context, one.id): one.string for one in finnish()} if FINNISH.exists() else {}
    catalogue = said()
    for message in catalogue:
        if message.id:
            message.string = known.get((message.context, message.id), message.string)
    FINNISH.parent.mkdir(parents=True, exist_ok=True)
    written = BytesIO()
    write_po(written, catalogue, width=120, sort_output=True)
    _put(FINNISH, written.getvalue())
    _put(FINNISH.with_suffix(".mo"), compiled(finnish()))


def _put(file: Path, content: bytes) -> None:
    """In one stroke: who reads half a catalogue takes the rest for words that nobody says."""
    with NamedTemporaryFile(dir=file.parent, delete=False) as made:
        made.write(content)
    os.chmod(made.name, 0o644)
    os.replace(made.name, file)


if __name__ == "__main__":
    bring_up_to_date()
