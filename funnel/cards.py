"""People as cards of the board: who they are, what brought them there, and what asks for somebody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from contacts.models import Contact, ContactQuerySet
from contacts.prepared import Prepared
from funnel.models import Standing
from funnel.pictures import sees_everyone
from funnel.scores import scores_now
from rest.pages import Cursor
from rest.problems import Problem
from staff.models import User
from staff.policy import Principal

BY: Final = ("stage", "owner", "health")
CARDS: Final = 20
MOST_CARDS: Final = 400  # of a lane at once
MOST_FOUND: Final = 20_000  # of whom a search or an owner leaves, so many at most are laid out


@dataclass(frozen=True, slots=True)
class Wish:
    """Which board: its lanes, whose people, and how many of each. `lane` and `after`: one page of one lane."""

    by: str = "stage"
    owner: str = ""  # mine, team, nobody, or the id of a user; nothing: everybody's
    source: int | None = None
    words: str = ""
    longest_first: bool = False
    limit: int = CARDS
    lane: str = ""
    after: str = ""
    currency: str = ""  # of the values; empty: that of most people

    @property
    def is_whole(self) -> bool:
        """The beginning of every lane of stages, nobody left out."""
        return self.by == "stage" and not (self.owner or self.words or self.after or self.source is not None)

    @property
    def is_narrow(self) -> bool:
        """It leaves so few that they are found first, and then laid out."""
        return bool(self.words) or self.owner not in {"", "nobody"}


class Cause(msgspec.Struct, frozen=True, gc=False):
    """The event that brought somebody to their stage."""

    id: int
    type: str
    label_en: str
    label_fi: str
    said: str  # its reason, title or subject, whichever it has
    value_minor: int | None
    currency: str | None
    campaign: str | None
    by: str | None


class Card(msgspec.Struct, frozen=True, gc=False):
    id: int
    name: str
    company: str | None
    owner_id: int | None
    owner: str | None
    stage_id: int
    entered_at: datetime
    health: int | None
    standing: int
    recall_at: datetime | None
    wake_at: datetime | None
    score: float
    cause: Cause | None
    overdue: str | None  # the title of a task that should have been done by now
    overdue_at: datetime | None
    is_folding: bool


def card_of(principal: Principal, contact_id: int) -> Card | None:
    """One person as a card; nobody where there is none to see."""
    people = Contact.objects.visible_to(principal).listed().filter(pk=contact_id)
    found, values = _named(people.values("id"), "found")
    rows = asked(_SHOWN.format(placed=_ONE.format(found=found, **_PARTS), way="DESC"), values)
    return card(Row(*rows[0]), scores_now()) if rows else None


class Row(NamedTuple):
    """A card as the database tells it: where it lies, then what makes a Card, in its order."""

    lane: int
    of: int  # in all, where those found are laid out
    worth: int | None  # and what they have bought
    sort: datetime
    contact_id: int
    name: str
    company: str | None
    owner_id: int | None
    owner: str | None
    stage_id: int
    entered_at: datetime
    health: int | None
    standing: int
    recall_at: datetime | None
    wake_at: datetime | None
    score: int
    score_day: int
    cause_id: int | None
    type: str
    label_en: str
    label_fi: str
    said: str
    value_minor: int | None
    currency: str | None
    campaign: str | None
    by: str | None
    overdue: str | None
    overdue_at: datetime | None
    is_folding: bool


_NOT_CLOSED: Final = f"AND p.standing <> {Standing.CLOSED.value}"
_COLUMNS: Final = (
    "p.contact_id, p.stage_id, p.entered_at, p.health, p.standing, p.recall_at, p.wake_at, p.score, p.score_day, "
    "p.cause_id"
)
# Each lane is read along an index as far as it is shown; only then its people are looked at. OFFSET 0: marks are looked
# up one by one, never all read for a table of them.
_BY_STAGE: Final = """
SELECT p.*, lane.id AS lane, 0 AS of_all, 0 AS worth_of_all
  FROM (SELECT id FROM funnel_stage WHERE id = ANY(%(lanes)s::int[])) AS lane
 CROSS JOIN LATERAL (
       SELECT {columns}, p.entered_at AS sort FROM funnel_position p
        WHERE p.stage_id = lane.id AND p.is_visitor = FALSE {where} {after}
        ORDER BY p.entered_at {way}, p.contact_id {way} LIMIT %(most)s) p
"""
_BY_HEALTH: Final = """
SELECT p.*, lane.id AS lane, 0 AS of_all, 0 AS worth_of_all
  FROM unnest(%(lanes)s::int[]) AS lane (id)
 CROSS JOIN LATERAL (
       SELECT {columns}, o.occurred_at AS sort
         FROM funnel_transition o JOIN funnel_position p ON p.contact_id = o.contact_id
        WHERE o.superseded_at IS NULL AND o.dimension = 1 AND o.to_value = lane.id AND p.health = lane.id
          AND p.stage_id IS NOT NULL AND p.is_visitor = FALSE {where} {after}
          AND NOT EXISTS (
              SELECT FROM funnel_transition later
               WHERE later.contact_id = o.contact_id AND later.superseded_at IS NULL AND later.dimension = 1
                 AND later.seq > o.seq)
        ORDER BY o.occurred_at {way}, o.contact_id {way} LIMIT %(most)s) p
"""
_BY_OWNER: Final = """
SELECT p.*, lane.id AS lane, 0 AS of_all, 0 AS worth_of_all
  FROM unnest(%(lanes)s::int[]) AS lane (id)
 CROSS JOIN LATERAL (
       (SELECT {columns}, o.created_at AS sort
          FROM contacts_contact o JOIN funnel_position p ON p.contact_id = o.id
         WHERE o.owner_id = lane.id AND o.is_listed AND p.stage_id IS NOT NULL {where} {after}
         ORDER BY o.created_at {way}, o.id {way} LIMIT %(most)s)
        UNION ALL
       (SELECT {columns}, o.created_at
          FROM contacts_contact o JOIN funnel_position p ON p.contact_id = o.id
         WHERE lane.id = 0 AND o.owner_id IS NULL AND o.is_listed AND p.stage_id IS NOT NULL {where} {after}
         ORDER BY o.created_at {way}, o.id {way} LIMIT %(most)s)) p
"""
_FOUND: Final = """
SELECT {names}, sort, lane, of_all, worth_of_all FROM (
    SELECT *, row_number() OVER (PARTITION BY lane ORDER BY sort {way}, contact_id {way}) AS place,
           count(*) OVER (PARTITION BY lane) AS of_all, sum(worth) OVER (PARTITION BY lane)::bigint AS worth_of_all
      FROM (SELECT {columns}, {lane} AS lane, {sort} AS sort, (p.worth ->> %(currency)s)::bigint AS worth
              FROM ({found}) o JOIN funnel_position p ON p.contact_id = o.id
             WHERE p.stage_id IS NOT NULL AND p.is_visitor = FALSE {where} {after}) known
     WHERE lane = ANY(%(lanes)s)) numbered
 WHERE place <= %(most)s
"""
_ONE: Final = """
SELECT {columns}, p.entered_at AS sort, p.stage_id AS lane, 1 AS of_all, 0 AS worth_of_all
  FROM ({found}) o JOIN funnel_position p ON p.contact_id = o.id WHERE p.stage_id IS NOT NULL
"""
_SHOWN: Final = """
WITH placed AS MATERIALIZED ({placed})
SELECT p.lane, p.of_all, p.worth_of_all, p.sort, p.contact_id,
       coalesce(nullif(c.name, ''), c.emails[1], '#' || c.id), company.name, c.owner_id,
       coalesce(nullif(u.name, ''), u.email), p.stage_id, p.entered_at, p.health, p.standing, p.recall_at,
       p.wake_at, p.score, p.score_day, e.id, t.key, t.label_en, t.label_fi,
       left(coalesce(e.properties ->> 'reason', e.properties ->> 'title', e.properties ->> 'subject',
                     e.properties ->> 'name', ''), 80),
       e.value_minor, e.currency, e.campaign_key, coalesce(nullif(author.name, ''), author.email),
       task.title, task.due_at, EXISTS (SELECT FROM contacts_pending mark WHERE mark.contact_id = p.contact_id OFFSET 0)
  FROM placed p
  JOIN contacts_contact c ON c.id = p.contact_id
  LEFT JOIN staff_user u ON u.id = c.owner_id
  LEFT JOIN (
        SELECT DISTINCT ON (m.contact_id) m.contact_id, m.company_id FROM contacts_membership m
         WHERE m.contact_id = ANY(ARRAY(SELECT contact_id FROM placed)) AND m.until IS NULL
         ORDER BY m.contact_id, m.id) works ON works.contact_id = p.contact_id
  LEFT JOIN contacts_company company ON company.id = works.company_id
  LEFT JOIN contacts_event e ON e.id = p.cause_id
  LEFT JOIN contacts_eventtype t ON t.id = e.type_id
  LEFT JOIN staff_user author ON author.id = e.by_id
  LEFT JOIN LATERAL (
        SELECT title, due_at FROM contacts_task
         WHERE contact_id = p.contact_id AND done_at IS NULL AND due_at < now()
         ORDER BY due_at LIMIT 1) task ON TRUE
 ORDER BY p.lane, p.sort {way}, p.contact_id {way}
"""


def rows_of(principal: Principal, wish: Wish, lanes: list[int]) -> list[Row]:
    whole = _whole(wish) if wish.is_whole and sees_everyone(principal) else None
    if whole:
        return [Row._make(row) for row in whole.rows(lanes=lanes)]
    where, values = conditions(principal, wish)
    after, begins = _after(wish)
    way = "ASC" if wish.longest_first else "DESC"
    parts = {**_PARTS, "where": where, "after": after, "way": way}
    if wish.is_narrow:
        found, own = _found(principal, wish)
        values |= own | {"currency": wish.currency}
        parts |= {"found": found, **_LAID_BY[wish.by]}
    placed = (_FOUND if wish.is_narrow else _PLACED[wish.by]).format(**parts)
    values |= begins | {"lanes": lanes, "most": wish.limit + 1}
    return [Row._make(row) for row in asked(_SHOWN.format(placed=placed, way=way), values)]


_PARTS: Final = {"columns": _COLUMNS, "names": _COLUMNS.replace("p.", "")}
_PLACED: Final = {"stage": _BY_STAGE, "health": _BY_HEALTH, "owner": _BY_OWNER}
MOST_PLANNED: Final = 12
_planned: dict[tuple[str, int], Prepared] = {}


def _whole(wish: Wish) -> Prepared | None:
    """The board as it is asked for most: planned once a connection for each size, for a plan that could be of any size
    would be one for all people. Of the sizes asked for in this process the first few; nothing for others."""
    way = "ASC" if wish.longest_first else "DESC"
    known = _planned.get((way, wish.limit))
    if known is None and len(_planned) < MOST_PLANNED:
        placed = _BY_STAGE.format(**_PARTS, where=_NOT_CLOSED, after="", way=way)
        question = _SHOWN.format(placed=placed, way=way).replace("%(most)s", str(wish.limit + 1))
        made = Prepared(f"board_{way.lower()}_{wish.limit}", question, is_general=True, lanes="int[]")
        known = _planned.setdefault((way, wish.limit), made)
    return known


_LAID_BY: Final = {
    "stage": {"lane": "p.stage_id", "sort": "p.entered_at"},
    "health": {"lane": "p.health", "sort": "p.entered_at"},
    "owner": {"lane": "coalesce(o.owner_id, 0)", "sort": "o.created_at"},
}


def _after(wish: Wish) -> tuple[str, dict[str, Any]]:
    """The rest of a lane: what comes after the last card of the page before."""
    if not wish.after:
        return "", {}
    cursor = Cursor.read(wish.after)
    if cursor.ordering != "board" or cursor.backwards != wish.longest_first or len(cursor.values) != 2:
        raise Problem("invalid-cursor")
    sort, contact_id = cursor.values
    columns = ("o.created_at", "o.id") if wish.by == "owner" else ("p.entered_at", "p.contact_id")
    if wish.by == "health" and not wish.is_narrow:
        columns = ("o.occurred_at", "o.contact_id")
    condition = f"AND ({', '.join(columns)}) {'>' if wish.longest_first else '<'} (%(sort)s, %(last)s)"
    return condition, {"sort": datetime.fromisoformat(sort), "last": contact_id}


def conditions(principal: Principal, wish: Wish) -> tuple[str, dict[str, Any]]:
    """On a position: not closed, and of a source, nobody's or somebody's the principal sees, where that is asked."""
    parts, values = [_NOT_CLOSED], {}
    if wish.source is not None:
        parts.append("AND p.source_id = %(source)s")
        values["source"] = wish.source
    if wish.is_narrow:
        return " ".join(parts), values
    people = Contact.objects.visible_to(principal)
    if wish.owner == "nobody":
        people = people.filter(owner=None)
    elif sees_everyone(principal):
        return " ".join(parts), values
    sql, own = _named(people.values("pk"), "scope")
    return " ".join([*parts, f"AND p.contact_id IN ({sql})"]), values | own


def _found(principal: Principal, wish: Wish) -> tuple[str, dict[str, Any]]:
    rows = people_of(principal, wish).values("id", "owner_id", "created_at")
    return _named(rows[:MOST_FOUND], "found")


def people_of(principal: Principal, wish: Wish) -> ContactQuerySet:
    """Whom the board is of, but for their stage and standing."""
    people = Contact.objects.visible_to(principal).listed()
    if wish.words:
        people = people.mentioning(wish.words)
    user = principal.user
    if wish.owner == "mine":
        return people.filter(owner=user.pk if user else None)
    if wish.owner == "team":
        return people.filter(_of_team(user))
    if wish.owner == "nobody":
        return people.filter(owner=None)
    return people.filter(owner=int(wish.owner)) if wish.owner else people


def _of_team(user: User | None) -> Q:
    if user is None or user.team_id is None:
        return Q(owner=user.pk if user else None)
    return Q(team=user.team_id) | Q(owner__in=User.objects.filter(team=user.team_id).values("pk"))


def _named(rows: QuerySet[Any, Any], name: str) -> tuple[str, dict[str, Any]]:
    """A question of the ORM as part of one of ours."""
    try:
        sql, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return "SELECT id, owner_id, created_at FROM contacts_contact WHERE FALSE", {}
    names = {f"{name}_{place}": value for place, value in enumerate(values)}
    return sql % tuple(f"%({one})s" for one in names), names


def asked(question: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return list(cursor.fetchall())


def card(row: Row, score: Callable[[int, int], float]) -> Card:
    # by place: by name it takes twice as long, and there may be hundreds
    cause = Cause(row.cause_id, *row[18:26]) if row.cause_id is not None else None
    return Card(*row[4:15], score(row.score, row.score_day), cause, *row[26:])
