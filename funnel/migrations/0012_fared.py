"""Count how the health of people changed, for those whose did before it was counted."""

from typing import Any

from django.conf import settings
from django.db import migrations

# As funnel.rolling counted when this was written.
_COUNT = """
    INSERT INTO funnel_pacecount (kind, level, source_id, block, from_stage, to_stage, lag, is_visitor, n)
    SELECT 3, level, at.source_id, block, from_health, to_health, 0, FALSE, count(*)
      FROM (SELECT source_id, coalesce(from_value, 0::smallint) AS from_health,
                   coalesce(to_value, 0::smallint) AS to_health,
                   (occurred_at AT TIME ZONE %(zone)s)::date - date '1800-01-06' AS day
              FROM funnel_transition WHERE superseded_at IS NULL AND dimension = 1 AND NOT is_visitor) move
     CROSS JOIN LATERAL (VALUES (move.source_id, 0::smallint, day), (0::smallint, 0::smallint, day),
           (0::smallint, 1::smallint, day / 7), (0::smallint, 2::smallint, day / 91)) AS at (source_id, level, block)
     GROUP BY 2, 3, 4, 5, 6
"""


def count(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'")
        cursor.execute(_COUNT, {"zone": settings.ORGANISATION_TIME_ZONE})


def forget(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DELETE FROM funnel_pacecount WHERE kind = 3")


class Migration(migrations.Migration):
    dependencies = [("funnel", "0011_indexes_that_count")]

    operations = [migrations.RunPython(count, forget)]
