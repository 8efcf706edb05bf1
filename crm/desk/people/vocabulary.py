"""The words a list of people speaks in: stages, types of events, colleagues, sources, tags, own fields.

All of it in one statement, remembered for some seconds: a page of the list asks for it a few times a minute.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.db import connection
from django.utils.translation import get_language, gettext

from contacts.models import words_of

SECONDS_REMEMBERED: Final = 5.0


class Stage(msgspec.Struct, frozen=True):
    id: int
    key: str
    phase: str
    place: int
    label_en: str
    label_fi: str

    def __str__(self) -> str:
        return _in_language(self.label_en, self.label_fi) or self.key


class Kind(msgspec.Struct, frozen=True):
    """A type of events."""

    id: int
    key: str
    label_en: str
    label_fi: str

    def __str__(self) -> str:
        return _in_language(self.label_en, self.label_fi) or words_of(self.key)


class Named(msgspec.Struct, frozen=True):
    """A colleague, a team, a source or a campaign: what it is kept as, and its name."""

    id: int
    key: str
    name: str
    is_active: bool = True
    is_ours: bool = False  # a source nobody outside speaks for: its name is told in the reader's language

    def __str__(self) -> str:
        return gettext(self.name) if self.is_ours else self.name


class OwnField(msgspec.Struct, frozen=True):
    key: str
    label: str
    kind: str
    choices: list[str]


class Vocabulary(msgspec.Struct, frozen=True):
    stages: list[Stage]
    kinds: list[Kind]
    users: list[Named]
    teams: list[Named]
    sources: list[Named]
    campaigns: list[Named]
    tags: list[str]
    fields: list[OwnField]


@dataclass(frozen=True, slots=True)
class Words:
    """The vocabulary, and the same by id."""

    all: Vocabulary
    stages: Mapping[int, Stage]
    kinds: Mapping[int, Kind]
    users: Mapping[int, Named]
    teams: Mapping[int, Named]
    sources: Mapping[int, Named]


_remembered: tuple[float, Words] | None = None


def words() -> Words:
    global _remembered
    now = time.monotonic()
    if _remembered is None or now - _remembered[0] > SECONDS_REMEMBERED:
        _remembered = now, _asked()
    return _remembered[1]


def forget() -> None:
    """What was just changed here is to be seen at once."""
    global _remembered
    _remembered = None


def _asked() -> Words:
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION)
        [text] = cursor.fetchone()
    found = msgspec.json.decode(text, type=Vocabulary)
    return Words(
        found,
        stages={one.id: one for one in found.stages},
        kinds={one.id: one for one in found.kinds},
        users={one.id: one for one in found.users},
        teams={one.id: one for one in found.teams},
        sources={one.id: one for one in found.sources},
    )


def _in_language(english: str, finnish: str) -> str:
    return (finnish if (get_language() or "").startswith("fi") else "") or english


def _list(columns: str, rows: str) -> str:
    return f"(SELECT coalesce(json_agg(row_to_json(one)), '[]') FROM (SELECT {columns} FROM {rows}) one)"  # noqa: S608


_PARTS: Final[dict[str, Any]] = {
    "stages": _list(
        'id, key, phase, row_number() OVER (ORDER BY "order") AS place, label_en, label_fi',
        "funnel_stage WHERE archived_at IS NULL ORDER BY place",
    ),
    "kinds": _list("id, key, label_en, label_fi", "contacts_eventtype ORDER BY key"),
    "users": _list(
        "id, email AS key, coalesce(nullif(name, ''), email) AS name, is_active", "staff_user ORDER BY lower(name), id"
    ),
    "teams": _list("id, name AS key, name", "staff_team ORDER BY lower(name)"),
    "sources": _list("id, key, name, kind = 'staff' AS is_ours", "contacts_source ORDER BY lower(name)"),
    "campaigns": _list("id, key, name", "campaigns_campaign ORDER BY lower(name)"),
    "tags": "(SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM contacts_tag)",
    "fields": _list("key, label, kind, choices", "contacts_customfield WHERE \"of\" = 'contact' ORDER BY label"),
}
_PAIRS: Final = [f"'{name}', {part}" for name, part in _PARTS.items()]
_QUESTION: Final = f"SELECT json_build_object({', '.join(_PAIRS)})::text"
