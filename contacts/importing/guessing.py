"""What a file seems to say, from its first rows: everything here is only a proposal. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from .dates import is_date, order_of
from .fields import SINGLE, decimal_of, meaning_of_cells, meaning_of_head
from .presets import PRESETS, Preset, field_in, preset_of

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
        "source": source or (preset.key if preset else "import"),
        "tag": "",
        "stages": {},
        "owners": {},
        "consent": dict(CONSENT),
        "event": {"type": "order_completed" if "event_moment" in fields else "", "currency": "EUR"},
    }


def guess_fields(names: Sequence[str], rows: Sequence[Sequence[str]], preset: Preset | None) -> list[str]:
    """The meaning of each column: by the preset, by its head, by what is in it; each single meaning once."""
    found = [_meaning(name, [row[at] for row in rows if at < len(row)], preset) for at, name in enumerate(names)]
    if "first_name" in found and "last_name" in found:
        found = ["" if field == "name" else field for field in found]
    seen: set[str] = set()
    fields = []
    for field in found:
        fields.append("" if field in SINGLE and field in seen else field)
        seen.add(field)
    is_of_events = "event_moment" in seen and seen & {"event_value", "event_id"}
    return [field if is_of_events or not field.startswith("event_") else "" for field in fields]


def _meaning(name: str, cells: Sequence[str], preset: Preset | None) -> str:
    if preset is not None:
        known = field_in(preset, name)
        return known if known else ""
    return meaning_of_head(name) or meaning_of_cells(cells)


def preset_named(key: str) -> Preset | None:
    return PRESETS.get(key)
