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

# Transitions get their numbers as they are written: what has a greater one is newer.
_LATEST: Final = "SELECT coalesce(max(id), 0) FROM funnel_transition"
_SINCE: Final = """
SELECT t.id, t.contact_id, u.id, coalesce(nullif(u.name, ''), u.email)
  FROM funnel_transition t
  LEFT JOIN contacts_event e ON e.id = t.cause_id
  LEFT JOIN staff_user u ON u.id = e.by_id
 WHERE t.id > %(since)s AND t.dimension = %(dimension)s AND t.superseded_at IS NULL AND NOT t.is_visitor
 ORDER BY t.id DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Changes:
    """`latest` is what to ask from the next time; `said` is nothing when nobody else did anything."""

    latest: int
    people: tuple[int, ...]
    said: str


def latest_move() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LATEST)
        return int(cursor.fetchone()[0])


def changes_since(principal: Principal, wish: Wish, since: int) -> Changes:
    dimension = 1 if wish.by == "health" else 0
    with connection.cursor() as cursor:
        cursor.execute(_SINCE, {"since": since, "dimension": dimension, "most": MOST})
        rows = cursor.fetchall()
    own = principal.user.pk if principal.user else None
    moved = {contact_id: (by, name) for _id, contact_id, by, name in reversed(rows) if by != own}
    seen = set(people_of(principal, wish).filter(pk__in=moved).values_list("pk", flat=True)) if moved else set()
    by_whom = Counter(moved[contact_id] for contact_id in seen)
    return Changes(max([since, *(row[0] for row in rows)]), tuple(sorted(seen)), _said(by_whom))


def _said(by_whom: Counter[tuple[Any, Any]]) -> str:
    """Laura moved 2; several at once, or what the rules did, is said of the people who moved."""
    n = by_whom.total()
    if len(by_whom) == 1 and (name := next(iter(by_whom))[1]):
        return _("%(who)s moved %(n)s") % {"who": first_name(name), "n": n}
    return ngettext("%(n)s person moved", "%(n)s people moved", n) % {"n": n} if n else ""
