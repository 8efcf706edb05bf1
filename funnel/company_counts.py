"""How many people a company has, and on which day one of them was heard of last: kept with it, for lists to sort by.

What changes either writes a mark in its own transaction; whoever counts takes the marks and counts those companies
anew, so no count is added to and none can drift. A day is that of the organisation's time zone.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from contacts.models import NEVER, Company, PendingReason
from funnel.folding import Folded
from funnel.models import Dimension, Standing
from funnel.reading import array

AT_ONCE: Final = 1000  # companies
_TAKES_BACK: Final = frozenset(
    {PendingReason.RETRACTION, PendingReason.MERGE, PendingReason.CUT, PendingReason.REBUILD}
)


def work_off_company_marks() -> int:
    """Count until no mark is left that nobody else has in hand; return of how many companies."""
    counted = 0
    while some := count_companies():
        counted += some
    return counted


@transaction.atomic
def count_companies(*, limit: int = AT_ONCE) -> int:
    """Take the marks of some companies, all of each, and count these anew; return how many companies.

    A mark is committed with what it tells of, and the companies are locked before their people are read: what is
    counted here is never older than the marks that were taken.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [limit])
        marked = sorted({company for (company,) in cursor.fetchall()})
        if marked:
            list(Company.objects.select_for_update(no_key=True).filter(pk__in=marked).order_by("pk").values_list("pk"))
            said: dict[str, Any] = {"companies": marked, "today": timezone.localdate(), "never": NEVER}
            said |= {"zone": timezone.get_default_timezone_name(), "closed": Standing.CLOSED.value}
            cursor.execute(_COUNT, said)
    return len(marked)


_TAKE: Final = """
DELETE FROM contacts_companymark WHERE id IN (
    SELECT id FROM contacts_companymark
     WHERE company_id = ANY(ARRAY(SELECT DISTINCT company_id FROM contacts_companymark ORDER BY 1 LIMIT %s))
       FOR UPDATE SKIP LOCKED)
RETURNING company_id
"""
_COUNT: Final = """
UPDATE contacts_company c SET people = found.people, heard_on = found.heard_on
  FROM (SELECT one.id, count(DISTINCT p.id) FILTER (WHERE at.standing IS DISTINCT FROM %(closed)s) AS people,
               coalesce((max(at.last_event_at) AT TIME ZONE %(zone)s)::date, %(never)s) AS heard_on
          FROM unnest(%(companies)s::bigint[]) AS one (id)
          LEFT JOIN contacts_membership m ON m.company_id = one.id
               AND (m.since IS NULL OR m.since <= %(today)s) AND (m.until IS NULL OR m.until > %(today)s)
          LEFT JOIN contacts_contact its ON its.id = m.contact_id
          LEFT JOIN contacts_contact p ON p.id = its.leader_id AND p.is_listed
          LEFT JOIN funnel_position at ON at.contact_id = p.id
         GROUP BY one.id) AS found
 WHERE c.id = found.id AND (c.people, c.heard_on) IS DISTINCT FROM (found.people::int, found.heard_on)
"""


def mark_their_companies(folded: Sequence[Folded]) -> None:
    """Mark the companies of those who were heard of on a newer day than anybody there, or may have been on none."""
    known = [one for one in folded if not one.person.is_visitor]
    if known:
        rows = [
            (position.contact, one.last_event_at, _may_count_less(one))
            for one in known
            for position in one.person.positions
        ]
        with connection.cursor() as cursor:
            zone = timezone.get_default_timezone_name()
            cursor.execute(_MARK, [*map(array, zip(*rows, strict=True)), zone])


def _may_count_less(one: Folded) -> bool:
    """Of whom something was taken back, or whose relationship ended or began again."""
    if any(mark.reason in _TAKES_BACK for mark in one.person.marks):
        return True
    moves = (*one.new, *(gone.entry for gone in one.dead)) if one.dead else one.new
    return bool(moves) and any(entry.dimension == Dimension.STANDING for entry in moves)


_MARK: Final = """
INSERT INTO contacts_companymark (company_id)
SELECT DISTINCT m.company_id
  FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[]) AS one (member, heard_at, is_sure)
  JOIN contacts_membership m ON m.contact_id = one.member
  JOIN contacts_company c ON c.id = m.company_id
 WHERE one.is_sure
    OR c.heard_on < (('epoch'::timestamptz + one.heard_at * interval '1 microsecond') AT TIME ZONE %s)::date
"""
