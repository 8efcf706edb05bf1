"""How far back the log of moves is closed."""

from datetime import datetime, timedelta

from django.db import connection

# A writer's stamp is later than the beginning of its transaction, so nothing open can still add a move from before
# the oldest open beginning. One second covers two gaps: the clock is read before the list of transactions, and a
# transaction that has just read its stamp may not show its number yet.
GAPS = timedelta(seconds=1)

# Who has not written yet may be about to: without the young ones the moment would often go back a little, and what
# was settled a moment ago would be refused. Long readers do not hold it back. Our own transaction is left out: what
# it still stamps comes later than now.
_OLDEST_WRITER = """
    SELECT least(
        clock_timestamp(),
        (SELECT min(xact_start) FROM pg_stat_activity
          WHERE (backend_xid IS NOT NULL OR xact_start > clock_timestamp() - interval '5 seconds')
            AND datname = current_database() AND pid <> pg_backend_pid())
    )
"""


def settled_moment() -> datetime:
    """The latest K for which the answer to "as known on K" can no longer change: no writer before it is still open.

    It lags behind the clock by a second, or by the age of the oldest writing transaction (at most 60 s of our workers).
    """
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_WRITER)
        (oldest,) = cursor.fetchone()
    moment: datetime = oldest - GAPS
    return moment
