"""What a file seems to say, from its first rows: everything here is only a proposal. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from .dates import is_date, order_of
from .fields import SINGLE, decimal_of, is_believed, meaning_of_cells, meaning_of_head
from .presets import PEOPLE, PRESETS, Preset, field_in, preset_of, rank_in

Choices = dict[str, Any]
CONSENT: Final = {
    "everybody": False,
    "channel": "email",
    "purpose": "marketing",
    "basis": "consent",
    "wording": "",
    "evidence": "",
}


def guess(names: Sequence[str], rows: Sequence[Sequence[str]], *, zone: str, country: str, source: str = "") -> Choices:
    """Choices for a file with these columns and first rows."""
    preset = preset_of(names)
    fields = guess_fields(names, rows, preset)
    dates = [cell for row in rows for cell in row if is_date(cell)]
    return {
        "preset": preset.key if preset else "",
        "columns": fields,
        "lenient": [False] * len(names),
        "decimal": decimal_of([cell for row in rows for cell in row]),
        "dates": order_of(dates),
        "zone": zone,
        "phone_country": country,
        "duplicates": "fill",
        "source": source or (preset.key if preset in PEOPLE else "import"),
        "tag": "",
        "stages": {},
        "owners": {},
        "consent": dict(CONSENT),
        "event": {"type": "order_completed" if "event_moment" in fields else "", "currency": "EUR"},
    }


def guess_fields(names: Sequence[str], rows: Sequence[Sequence[str]], preset: Preset | None) -> list[str]:
    """The meaning of each column: by the preset, by its head, by what is in it; each single meaning once."""
    columns = [[row[at] for row in rows if at < len(row)] for at in range(len(names))]
    found = [
        _meaning(name, cells, preset) if not preset or name not in names[:at] else ""  # of their companies or deals
        for at, (name, cells) in enumerate(zip(names, columns, strict=True))
    ]
    if "first_name" in found and "last_name" in found:
        found = ["" if field == "name" else field for field in found]
    best = _best(names, columns, found, preset)
    fields = [field if field not in SINGLE or best[field] == at else "" for at, field in enumerate(found)]
    is_of_events = "event_moment" in fields and {"event_value", "event_id"} & set(fields)
    return [field if is_of_events or not field.startswith("event_") else "" for field in fields]


def _best(
    names: Sequence[str], columns: Sequence[Sequence[str]], found: Sequence[str], preset: Preset | None
) -> dict[str, int]:
    """Of the columns that mean one thing the first that says something, in the order of the preset."""

    def order(at: int) -> tuple[bool, int, int]:
        is_blank = not any(cell.strip() for cell in columns[at])
        return is_blank, rank_in(preset, names[at]) if preset else 0, at

    return {field: at for at in sorted(range(len(names)), key=order, reverse=True) if (field := found[at])}


def _meaning(name: str, cells: Sequence[str], preset: Preset | None) -> str:
    if preset is not None:
        return field_in(preset, name)
    by_head = meaning_of_head(name)
    if by_head and is_believed(by_head, cells):
        return by_head
    return "name" if by_head == "external_id" else meaning_of_cells(cells)


def preset_named(key: str) -> Preset | None:
    return PRESETS.get(key)
