"""What others changed on the board since one looked, cheaply enough to be asked every few seconds."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.templatetags.person import first_name
from funnel.cards import Wish, people_of
from staff.policy import Principal

MOST: Final = 200

# Transitions get their numbers as they are written: what has a greater one is newer. Taking one back adds none: what
# was taken back after a moment is newer, too. The moment lies a little back, for what is being written bears an older
# stamp than it is seen.
_LATEST: Final = """
SELECT (SELECT coalesce(max(id), 0) FROM funnel_transition),
       (extract(epoch FROM clock_timestamp() - interval '3 seconds') * 1000000)::bigint
"""
_SINCE: Final = """
SELECT contact_id, u.id, coalesce(nullif(u.name, ''), u.email)
  FROM (SELECT 0 AS is_new, t.id, t.contact_id,
               (SELECT a.user_id FROM staff_auditrecord a
                 WHERE a.object_kind = 'event' AND a.object_id = t.cause_id
                   AND a.action IN ('undone', 'event_retracted')
                 ORDER BY a.id DESC LIMIT 1) AS by_id
          FROM funnel_transition t
         WHERE t.superseded_at > 'epoch'::timestamptz + %(moment)s * interval '1 microsecond'
           AND t.id <= %(number)s AND t.dimension = %(dimension)s AND NOT t.is_visitor
         UNION ALL
        SELECT 1, t.id, t.contact_id, e.by_id
          FROM funnel_transition t LEFT JOIN contacts_event e ON e.id = t.cause_id
         WHERE t.id > %(number)s AND t.dimension = %(dimension)s AND t.superseded_at IS NULL AND NOT t.is_visitor
         ORDER BY 1 DESC, 2 DESC LIMIT %(most)s) AS change
  LEFT JOIN staff_user u ON u.id = change.by_id
 ORDER BY is_new, change.id
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody has seen of the board: the moves up to a number, and what was taken back until a moment."""

    number: int
    moment: int  # microseconds since 1970

    def __str__(self) -> str:
        return f"{self.number}-{self.moment}"

    @classmethod
    def of(cls, text: str) -> "Seen | None":
        parts = text.split("-")
        if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
            return None
        return cls(*map(int, parts))


@dataclass(frozen=True, slots=True)
class Changes:
    """`said` is nothing when nobody else did anything."""

    people: tuple[int, ...]
    said: str


def seen_now() -> Seen:
    with connection.cursor() as cursor:
        cursor.execute(_LATEST)
        return Seen(*cursor.fetchone())


def changes_since(principal: Principal, wish: Wish, since: Seen) -> Changes:
    """Who was moved or taken back by others since then; what somebody did themselves is none."""
    asked = {"number": since.number, "moment": since.moment, "dimension": 1 if wish.by == "health" else 0, "most": MOST}
    with connection.cursor() as cursor:
        cursor.execute(_SINCE, asked)
        rows = cursor.fetchall()
    own = principal.user.pk if principal.user else None
    moved = {contact_id: (by, name) for contact_id, by, name in rows}
    moved = {contact_id: by for contact_id, by in moved.items() if by[0] is None or by[0] != own}
    seen = set(people_of(principal, wish).filter(pk__in=moved).values_list("pk", flat=True)) if moved else set()
    return Changes(tuple(sorted(seen)), _said(Counter(moved[contact_id] for contact_id in seen)))


def _said(by_whom: Counter[tuple[Any, Any]]) -> str:
    """Laura moved 2; several at once, or what the rules did, is said of the people who moved."""
    n = by_whom.total()
    if len(by_whom) == 1 and (name := next(iter(by_whom))[1]):
        return _("%(who)s moved %(n)s") % {"who": first_name(name), "n": n}
    return ngettext("%(n)s person moved", "%(n)s people moved", n) % {"n": n} if n else ""
