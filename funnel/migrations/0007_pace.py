"""Count how people walk the path, for those who walked before it was counted."""

from typing import Any

from django.conf import settings
from django.db import migrations, models

# As funnel.rolling counted when this was written.
_COUNT = """
    INSERT INTO funnel_pacecount (kind, level, source_id, block, from_stage, to_stage, lag, is_visitor, n)
    WITH moves AS (SELECT * FROM funnel_transition WHERE superseded_at IS NULL AND dimension = 0),
        step AS (
            SELECT coalesce(from_value, 0::smallint) AS from_stage, coalesce(to_value, 0::smallint) AS to_stage,
                   CASE WHEN from_value IS NOT NULL
                        THEN lag(occurred_at) OVER (PARTITION BY contact_id ORDER BY seq) END AS entered_at,
                   occurred_at AS left_at, source_id, is_visitor, 1 AS n
              FROM moves WHERE dimension = 0),
        dated AS (
            SELECT *, (left_at AT TIME ZONE %(zone)s)::date - date '1800-01-06' AS left_on,
                   (entered_at AT TIME ZONE %(zone)s)::date - date '1800-01-06' AS entered_on
              FROM step),
        fact AS (
            SELECT 0 AS kind, left_on AS day, from_stage, to_stage, 0::smallint AS lag, source_id, is_visitor, n
              FROM dated
             UNION ALL
            SELECT 1, entered_on, from_stage, to_stage,
                   ('{7,14,30,60,90,180,365,9999}'::smallint[])[1 + width_bucket(left_on - entered_on, '{8,15,31,61,
        91,181,366}'::int[])],
                   source_id, is_visitor, n
              FROM dated WHERE entered_on IS NOT NULL AND to_stage <> 0 AND NOT is_visitor
             UNION ALL
            SELECT 2, left_on, from_stage, 0::smallint,
                   ('{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,34,
        36,39,42,45,48,52,56,60,65,70,75,81,87,94,101,109,118,127,137,148,160,173,187,202,218,236,255,276,299,323,
        349,378,409,443,479,518,561,607,657,711,770,834,903,978,1059,1147,1242,1345,1457,1578,1709,1851,2005,2172,
        2353,2549,2761,2991,3240,3510,3802,4118,4461,4832,5234,5670,6142,6653,7207,7807,8457,9161,9924,10751,
        11646}'::smallint[])[width_bucket(left_on - entered_on, '{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,
        20,21,22,23,24,25,26,27,28,29,30,31,32,34,36,39,42,45,48,52,56,60,65,70,75,81,87,94,101,109,118,127,137,148,
        160,173,187,202,218,236,255,276,299,323,349,378,409,443,479,518,561,607,657,711,770,834,903,978,1059,1147,
        1242,1345,1457,1578,1709,1851,2005,2172,2353,2549,2761,2991,3240,3510,3802,4118,4461,4832,5234,5670,6142,
        6653,7207,7807,8457,9161,9924,10751,11646}'::int[])],
                   source_id, is_visitor, n
              FROM dated WHERE entered_at < left_at AND to_stage <> 0 AND NOT is_visitor)
        SELECT kind, level, at.source_id, block, from_stage, to_stage, lag, is_visitor, sum(n)
          FROM fact CROSS JOIN LATERAL (VALUES (fact.source_id, 0::smallint, day), (0::smallint, 0::smallint, day),
               (0::smallint, 1::smallint, day / 7), (0::smallint, 2::smallint, day / 91))
               AS at (source_id, level, block)
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(n) <> 0
"""


def count(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'")
        cursor.execute(_COUNT, {"zone": settings.ORGANISATION_TIME_ZONE})


class Migration(migrations.Migration):
    dependencies = [("funnel", "0006_positions_by_stage")]

    operations = [
        migrations.CreateModel(
            name="PaceCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind",
                        "level",
                        "source_id",
                        "block",
                        "from_stage",
                        "to_stage",
                        "lag",
                        "is_visitor",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.SmallIntegerField()),
                ("level", models.SmallIntegerField()),
                ("source_id", models.SmallIntegerField()),
                ("block", models.IntegerField()),
                ("from_stage", models.SmallIntegerField()),
                ("to_stage", models.SmallIntegerField()),
                ("lag", models.SmallIntegerField()),
                ("is_visitor", models.BooleanField()),
                ("n", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE funnel_pacecount SET (fillfactor = 60)", "ALTER TABLE funnel_pacecount RESET (fillfactor)"
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
        migrations.DeleteModel(name="Flow"),
    ]
