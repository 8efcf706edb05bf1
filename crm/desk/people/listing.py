"""What the list of people shows of each, and what stands around it: read in one statement, whatever the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from contacts.prepared import Prepared
from contacts.quarantine import WAITING_SQL
from staff.models import User
from staff.sending import IS_PAUSED_SQL


class Line(msgspec.Struct, frozen=True, gc=False):
    """Somebody as a line of the list: columns as they are stored."""

    id: int
    name: str
    is_named: bool
    email: str | None
    phone: str | None
    title: str
    country: str
    language: str
    tags: list[str]
    owner: int | None
    team: int | None
    source: int
    campaign: str
    created_at: datetime
    fit: str | None
    custom: str
    stage: int | None
    entered_at: datetime | None
    health: int | None
    standing: int | None
    score: int | None
    score_day: int | None
    last_at: datetime | None
    last_kind: int | None
    companies: str | None


class View(msgspec.Struct, frozen=True):
    """A saved view, as a tab."""

    id: int
    name: str
    filter: Any
    words: str
    ordering: str
    columns: list[str]
    is_default: bool
    is_own: bool
    shared: str
    by: str


class Around(msgspec.Struct, frozen=True):
    """Whether everything is folded and anything goes out, what waits in quarantine, and the views of whoever looks."""

    is_behind: bool
    is_held: bool
    quarantined: int
    views: list[View]


@dataclass(frozen=True, slots=True)
class Listing:
    lines: Sequence[Line]
    around: Around


def listing(ids: Sequence[int], user: User) -> Listing:
    """These people in this order, and what is around them."""
    rows = _LINES.rows(ids=[*ids, _NOBODY], user=user.pk, team=user.team_id)
    lines = {row[0]: Line(*row[:-1]) for row in rows if row[0] != _NOBODY}
    [around] = [row[-1] for row in rows if row[0] == _NOBODY]
    return Listing([lines[one] for one in ids if one in lines], msgspec.json.decode(around, type=Around))


_NOBODY: Final = 0  # the row that bears what stands around

_MEMBERS: Final = """ANY(ARRAY(
    SELECT m.id FROM contacts_contact m WHERE m.leader_id = c.id AND NOT m.leader_id = m.id UNION ALL SELECT c.id))"""

_VIEWS: Final = """
SELECT coalesce(json_agg(row_to_json(tab)), '[]') FROM (
    SELECT v.id, v.name, v.filter, v.words, v.ordering, v.columns, v.is_default AND v.owner_id = %(user)s AS is_default,
           v.owner_id = %(user)s AS is_own, v.shared, coalesce(nullif(u.name, ''), u.email) AS by
      FROM contacts_savedview v JOIN staff_user u ON u.id = v.owner_id
     WHERE v.owner_id = %(user)s OR v.shared = 'everybody' OR (v.shared = 'team' AND v.team_id = %(team)s)
     ORDER BY v.owner_id = %(user)s DESC, lower(v.name), v.id LIMIT 50) tab"""

_LINES: Final = Prepared(
    "people_lines",
    f"""
SELECT c.id, coalesce(nullif(c.name, ''), c.emails[1], c.phones[1], '#' || c.id), c.name <> '', c.emails[1],
       c.phones[1], c.title, c.country, c.language, c.tags, c.owner_id, c.team_id, c.origin_source_id,
       c.origin_campaign, c.created_at, c.custom ->> 'fit', c.custom::text, p.stage_id, p.entered_at, p.health,
       p.standing, p.score, p.score_day, p.last_event_at,
       (SELECT e.type_id FROM contacts_event e
         WHERE e.contact_id = {_MEMBERS} AND e.occurred_at = p.last_event_at AND e.retracted_at IS NULL
         ORDER BY e.rank DESC LIMIT 1),
       (SELECT string_agg(o.name, ', ' ORDER BY w.id) FROM contacts_membership w
          JOIN contacts_company o ON o.id = w.company_id
         WHERE w.contact_id = {_MEMBERS} AND w.until IS NULL),
       NULL
  FROM contacts_contact c LEFT JOIN funnel_position p ON p.contact_id = c.id
 WHERE c.id = ANY(%(ids)s)
UNION ALL
SELECT {_NOBODY}, '', FALSE, NULL, NULL, '', '', '', '{{}}', NULL, NULL, 0, '', now(), NULL, '', NULL, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL,
       json_build_object('is_behind', EXISTS (SELECT FROM contacts_pending), 'is_held', {IS_PAUSED_SQL},
                         'quarantined', {WAITING_SQL},
                         'views', ({_VIEWS}))::text
""",  # noqa: S608  (words of ours)
    ids="bigint[]",
    user="bigint",
    team="bigint",
)
