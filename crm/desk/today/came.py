"""What came in since somebody last looked, and what is about to: short lists, each line with its why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from contacts.models import Contact, EventType
from contacts.prepared import Prepared
from crm.models import Look
from funnel.models import Dimension, Health, Stage, Standing
from staff.models import User
from staff.policy import Principal, sees_every_row

AT_MOST: Final = 6
FURTHEST: Final = timedelta(days=7)  # back
COOLS_WITHIN: Final = timedelta(days=14)
ONE_LOOK: Final = timedelta(minutes=30)  # who comes back so soon still has the same look
LEAD: Final = "lead"


class Cause(NamedTuple):
    """The event that somebody moved by."""

    type: EventType
    value_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody, what is to be known of them, and since (or until) when."""

    contact: int
    name: str
    at: datetime
    place: int
    stage: Stage | None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Came:
    since: datetime
    leads: Sequence[Line]
    moves: Sequence[Line]
    cooling: Sequence[Line]
    recalls: Sequence[Line]

    @property
    def is_empty(self) -> bool:
        return not (self.leads or self.moves or self.cooling or self.recalls)


_LOOK: Final = Prepared("look", "SELECT at, before FROM crm_look WHERE user_id = %(user)s", user="bigint")


def new_since(user: User) -> datetime:
    """Since when everything is new to somebody who looks now."""
    now, looks = timezone.now(), _LOOK.rows(user=user.pk)
    at: datetime
    before: datetime
    at, before = looks[0] if looks else (now - timedelta(days=1), now)
    return max(at if now - at > ONE_LOOK else before, now - FURTHEST)


def look(user: User) -> None:
    """Note that they look now."""
    now = timezone.now()
    with transaction.atomic():
        seen, made = Look.objects.select_for_update().get_or_create(
            user=user, defaults={"at": now, "before": now - timedelta(days=1)}
        )
        if not made and now - seen.at > ONE_LOOK:
            seen.before, seen.at = seen.at, now
            seen.save(update_fields=["before", "at"])


_CAME: Final = f"""
WITH stop AS (
    SELECT id, key, label_en, label_fi, row_number() OVER (ORDER BY "order") AS place
      FROM funnel_stage WHERE archived_at IS NULL),
walking AS (
    SELECT one.contact_id, one.stage_id, one.entered_at AS at, stop.key = '{LEAD}' AS is_lead
      FROM stop CROSS JOIN LATERAL (
           SELECT p.contact_id, p.stage_id, p.entered_at
             FROM funnel_position p JOIN contacts_contact c ON c.id = p.contact_id
            WHERE p.stage_id = stop.id AND NOT p.is_visitor AND p.entered_at >= %(since)s
              AND p.standing <> {Standing.CLOSED.value} {{whom}}
            ORDER BY p.entered_at DESC, p.contact_id DESC LIMIT {AT_MOST}) AS one
     WHERE stop.place > 1 OR stop.key = '{LEAD}'),
came AS (
    (SELECT 'leads' AS part, contact_id, stage_id, at FROM walking WHERE is_lead)
    UNION ALL
    (SELECT 'moves', contact_id, stage_id, at FROM walking WHERE NOT is_lead
      ORDER BY at DESC, contact_id DESC LIMIT {AT_MOST})
    UNION ALL
    (SELECT 'cooling', p.contact_id, p.stage_id, p.wake_at
       FROM funnel_position p JOIN contacts_contact c ON c.id = p.contact_id
      WHERE p.health = {Health.ACTIVE.value} AND p.standing = {Standing.OPEN.value} AND p.wake_at <= %(cools)s
        AND p.stage_id IS NOT NULL AND NOT p.is_visitor {{whom}}
      ORDER BY p.wake_at, p.contact_id LIMIT {AT_MOST})
    UNION ALL
    (SELECT 'recalls', p.contact_id, p.stage_id, p.recall_at
       FROM funnel_position p JOIN contacts_contact c ON c.id = p.contact_id
      WHERE p.standing = {Standing.NOT_NOW.value} AND p.wake_at <= %(tomorrow)s AND p.recall_at <= %(tomorrow)s
        AND p.stage_id IS NOT NULL AND NOT p.is_visitor {{whom}}
      ORDER BY p.wake_at, p.contact_id LIMIT {AT_MOST}))
SELECT CASE WHEN came.part = 'leads' AND before.place > stop.place THEN 'moves' ELSE came.part END,
       came.at, who.id, coalesce(nullif(who.name, ''), who.emails[1], '#' || who.id),
       stop.place, stop.id, stop.key, stop.label_en, stop.label_fi,
       cause.id, cause.value_minor, cause.currency, type.key, type.label_en, type.label_fi
  FROM came JOIN contacts_contact who ON who.id = came.contact_id
  LEFT JOIN stop ON stop.id = came.stage_id
  LEFT JOIN LATERAL (
       SELECT cause_id, from_value FROM funnel_transition
        WHERE contact_id = came.contact_id AND dimension = {Dimension.STAGE.value} AND to_value = came.stage_id
          AND occurred_at = came.at AND superseded_at IS NULL AND cause_id IS NOT NULL LIMIT 1) AS move ON TRUE
  LEFT JOIN stop AS before ON before.id = move.from_value
  LEFT JOIN contacts_event cause ON cause.id = move.cause_id
  LEFT JOIN contacts_eventtype type ON type.id = cause.type_id
 ORDER BY CASE WHEN came.part IN ('leads', 'moves') THEN came.at END DESC, came.at, who.id DESC
"""  # noqa: S608  (words of ours)
_MOMENTS: Final[dict[str, Any]] = {"since": "timestamptz", "cools": "timestamptz", "tomorrow": "timestamptz"}
_OF_ALL: Final = Prepared("came_of_all", _CAME.format(whom="AND c.is_listed"), is_general=True, **_MOMENTS)
_OF_MINE: Final = Prepared(
    "came_of_mine", _CAME.format(whom="AND c.is_listed AND c.owner_id = %(owner)s"), **_MOMENTS, owner="bigint"
)


def came(principal: Principal, since: datetime, *, mine: bool) -> Came:
    """All of it in one statement. A recall is a timer, and wakes no later than itself.

    Who fell back to lead is no new lead, but a move.
    """
    asked = {"since": since, "cools": timezone.now() + COOLS_WITHIN, "tomorrow": _end_of_tomorrow()}
    parts: dict[str, list[Line]] = {"leads": [], "moves": [], "cooling": [], "recalls": []}
    for part, *said in _asked(principal, asked, mine=mine):
        parts[part].append(_line(said))
    return Came(since, **{part: lines[:AT_MOST] for part, lines in parts.items()})


def _asked(principal: Principal, asked: dict[str, Any], *, mine: bool) -> Sequence[tuple[Any, ...]]:
    if mine and principal.user:
        return _OF_MINE.rows(**asked, owner=principal.user.pk)
    if sees_every_row(principal):
        return _OF_ALL.rows(**asked)
    sql, values = Contact.objects.visible_to(principal).listed().values("pk").query.sql_with_params()
    names = {f"scope_{place}": value for place, value in enumerate(values)}
    whom = f"AND c.id IN ({sql % tuple(f'%({name})s' for name in names)})"
    with connection.cursor() as cursor:
        cursor.execute(_CAME.format(whom=whom), asked | names)
        return list(cursor.fetchall())


def _line(said: Sequence[Any]) -> Line:
    at, who, name, place, stage, key, label_en, label_fi, cause, value, currency, *type_ = said
    stop = _stop(stage, key, label_en, label_fi) if stage else None
    return Line(who, name, at, place or 0, stop, Cause(_type(*type_), value, currency) if cause else None)


@lru_cache(maxsize=100)
def _stop(stage: int, key: str, label_en: str, label_fi: str) -> Stage:
    return Stage(id=stage, key=key, label_en=label_en, label_fi=label_fi)


@lru_cache(maxsize=500)
def _type(key: str, label_en: str, label_fi: str) -> EventType:
    return EventType(key=key, label_en=label_en, label_fi=label_fi)


def _end_of_tomorrow() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
