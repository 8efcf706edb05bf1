"""The newest moves of people between stages, each with its why: all in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from django.conf import settings
from django.utils.translation import get_language

from contacts.models import Contact, Event, EventType
from contacts.prepared import prepared
from funnel.explaining import Why, Words
from funnel.models import Pace, Playbook, Stage, Transition
from funnel.pacing import Whose
from funnel.pictures import scope_of, types_of
from funnel.services import STAGE_LABELS
from funnel.spans import FIRST_MONDAY
from funnel.walks import Walk

NEWEST: Final = 6


@dataclass(frozen=True, slots=True)
class Moved:
    transition: Transition
    contact: Contact
    from_stage: Stage | None
    to_stage: Stage
    place: int
    why: Why


# Where, by the roll-up, the newest moves of these people are: on which days into which stages. All that are as new as
# the oldest that is needed, for which of them came first only the moves can say.
_DAYS: Final = f"""
    SELECT DISTINCT to_stage AS id, (day + block)::timestamp AT TIME ZONE %(zone)s AS since,
           (day + block + 1)::timestamp AT TIME ZONE %(zone)s AS until
      FROM unnest(%(whose)s::int[]) AS one (whose)
     CROSS JOIN (VALUES (date '{FIRST_MONDAY}')) AS first (day)
     CROSS JOIN LATERAL (
           SELECT to_stage, block FROM funnel_pacecount AS pace
            WHERE kind = {Pace.MOVED} AND level = 0 AND pace.whose = one.whose AND from_stage <> 0
              AND to_stage = ANY(%(stages)s::smallint[]) AND NOT is_visitor AND n > 0
            ORDER BY block DESC FETCH FIRST {NEWEST} ROWS WITH TIES) AS its
"""  # noqa: S608  (numbers of ours)
_NEWEST: Final = f"""
    WITH stage (id, since, until) AS MATERIALIZED ({_DAYS})
    SELECT json_build_array(
               row_to_json(move), json_build_object('id', who.id, 'name', who.name, 'emails', who.emails),
               json_build_object('id', cause.id, 'value_minor', cause.value_minor, 'currency', cause.currency),
               json_build_object('key', type.key, 'label_en', type.label_en, 'label_fi', type.label_fi))::text,
           move.version, book.xmin::text || book.ctid::text
      FROM stage
     CROSS JOIN LATERAL (
           SELECT id, contact_id, occurred_at, cause_id, visit, version, rule, dimension, from_value, to_value, evidence
             FROM funnel_transition
            WHERE dimension = 0 AND to_value = stage.id AND superseded_at IS NULL AND NOT is_visitor
              AND from_value IS NOT NULL AND occurred_at >= stage.since AND occurred_at < stage.until
              AND (%(source)s = 0 OR source_id = %(source)s) {{scope}}
            ORDER BY occurred_at DESC LIMIT {NEWEST}) AS move
      JOIN contacts_contact AS who ON who.id = move.contact_id
      JOIN funnel_playbook AS book ON book.number = move.version
      LEFT JOIN contacts_event AS cause ON cause.id = move.cause_id
      LEFT JOIN contacts_eventtype AS type ON type.id = cause.type_id
     ORDER BY move.occurred_at DESC, move.id DESC LIMIT {NEWEST}
"""  # noqa: S608  (a number of ours)


def newest(whose: Whose, walk: Walk) -> list[Moved]:
    """Of the live history, whatever past the rest of the page shows."""
    path = walk.path
    asked = {
        "stages": path.order,
        "source": whose.source or 0,
        "whose": whose.rolled_up,
        "zone": settings.ORGANISATION_TIME_ZONE,
    }
    scope, own = scope_of(whose.principal, whose.among)
    rows = _asked(scope, own, asked)
    names = _Names(path.stages, tuple(walk.stages), tuple(map(str, walk.stages)), get_language() or "en")
    return [_moved(told, version, stamp, names) for told, version, stamp in rows]


def _asked(scope: str, own: Mapping[str, Any], asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    question = prepared("newest_moves", _NEWEST.format(scope=scope), is_general=not scope, **_TYPES, **types_of(own))
    return question.rows(**asked, **own)


_TYPES: Final = {"stages": "smallint[]", "source": "smallint", "whose": "int[]", "zone": "text"}


class _Names(NamedTuple):
    """What the words of a move are made of beside it: the path, and all stages with what they are called."""

    path: tuple[Stage, ...]
    stages: tuple[Stage, ...]
    labels: tuple[str, ...]
    language: str

    def words(self) -> Words:
        renamed = {
            stage.key: label
            for stage, label in zip(self.stages, self.labels, strict=True)
            if STAGE_LABELS.get(stage.key) != (stage.label_en, stage.label_fi)
        }
        return Words(self.language, renamed, {stage.pk: stage.key for stage in self.stages})


@lru_cache(maxsize=500)
def _moved(told: str, version: int, stamp: str, names: _Names) -> Moved:
    """The move that the database tells of; the newest are asked for again and again."""
    move, who, cause, type_ = msgspec.json.decode(told)
    transition = Transition(**move | {"occurred_at": datetime.fromisoformat(move["occurred_at"])})
    event = None if cause["id"] is None else Event(**cause, type=EventType(**type_))
    places = {stage.pk: (place, stage) for place, stage in enumerate(names.path, start=1)}
    place, to_stage = places[move["to_value"]]
    why = names.words().why(transition, _document(version, stamp), event)
    return Moved(transition, Contact(**who), places.get(move["from_value"], (0, None))[1], to_stage, place, why)


@lru_cache(maxsize=20)
def _document(version: int, _stamp: str) -> Any:
    """The rules of a version, as long as its row is the same one."""
    return Playbook.objects.values_list("document", flat=True).get(number=version)
