"""Count how people walk by hands and by campaign too, for those who walked before it was counted."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_BELOW_ZERO = """
    ALTER TABLE funnel_circle ALTER COLUMN id
      SET INCREMENT BY -1 SET MINVALUE -2147483648 SET MAXVALUE -1 SET START WITH -1 RESTART
"""
_MAKE = """
    INSERT INTO funnel_circle (owner_id, team_id, campaign) VALUES (NULL, NULL, '');
    INSERT INTO funnel_circle (owner_id, team_id, campaign)
    SELECT DISTINCT owner_id, team_id, '' FROM contacts_contact WHERE owner_id IS NOT NULL OR team_id IS NOT NULL
     UNION ALL SELECT DISTINCT NULL::bigint, NULL::bigint, origin_campaign FROM contacts_contact
                WHERE origin_campaign <> ''
"""
_GIVE_HANDS = """
    UPDATE funnel_position AS place SET hands = circle.id
      FROM contacts_contact AS who JOIN funnel_circle AS circle
        ON circle.campaign = '' AND circle.owner_id IS NOT DISTINCT FROM who.owner_id
       AND circle.team_id IS NOT DISTINCT FROM who.team_id
     WHERE who.id = place.contact_id AND (who.owner_id IS NOT NULL OR who.team_id IS NOT NULL)
"""
# As funnel.rolling counted when this was written.
_COUNT_MOVES = """
    INSERT INTO funnel_pacecount (kind, level, whose, block, from_stage, to_stage, lag, is_visitor, n)
    WITH step AS (
        SELECT dimension, coalesce(from_value, 0::smallint) AS from_stage, coalesce(to_value, 0::smallint) AS to_stage,
               CASE WHEN from_value IS NOT NULL
                    THEN lag(occurred_at) OVER (PARTITION BY contact_id, dimension ORDER BY seq) END AS entered_at,
               occurred_at AS left_at, contact_id, is_visitor
          FROM funnel_transition WHERE superseded_at IS NULL AND dimension IN (0, 1)),
    dated AS (
        SELECT *, (left_at AT TIME ZONE %(zone)s)::date - date '1800-01-06' AS left_on,
               (entered_at AT TIME ZONE %(zone)s)::date - date '1800-01-06' AS entered_on
          FROM step),
    fact AS (
        SELECT 0 AS kind, left_on AS day, from_stage, to_stage, 0::smallint AS lag, contact_id, is_visitor
          FROM dated WHERE dimension = 0
         UNION ALL
        SELECT 3, left_on, from_stage, to_stage, 0::smallint, contact_id, is_visitor
          FROM dated WHERE dimension = 1 AND NOT is_visitor
         UNION ALL
        SELECT 1, entered_on, from_stage, to_stage,
               (%(windows)s::smallint[])[1 + width_bucket(left_on - entered_on, %(thresholds)s::int[])],
               contact_id, is_visitor
          FROM dated WHERE dimension = 0 AND entered_on IS NOT NULL AND to_stage <> 0 AND NOT is_visitor
         UNION ALL
        SELECT 2, left_on, from_stage, 0::smallint,
               (%(lengths)s::smallint[])[width_bucket(left_on - entered_on, %(lengths)s::int[])], contact_id, is_visitor
          FROM dated WHERE dimension = 0 AND entered_at < left_at AND to_stage <> 0 AND NOT is_visitor)
    SELECT kind, 0, its.circle, day, from_stage, to_stage, lag, fact.is_visitor, count(*)
      FROM fact
      JOIN funnel_position AS place ON place.contact_id = fact.contact_id
      JOIN contacts_contact AS who ON who.id = fact.contact_id
      LEFT JOIN funnel_circle AS brought ON brought.campaign = nullif(who.origin_campaign, '')
     CROSS JOIN LATERAL (VALUES (place.hands), (brought.id)) AS its (circle)
     WHERE its.circle IS NOT NULL
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
_COUNT_PLACES = """
    INSERT INTO funnel_circlecount (circle_id, stage_id, health, standing, source_id, is_visitor, n)
    SELECT its.circle, stage_id, coalesce(health, 0), standing, source_id, is_visitor, count(*)
      FROM funnel_position AS place
      JOIN contacts_contact AS who ON who.id = place.contact_id
      LEFT JOIN funnel_circle AS brought ON brought.campaign = nullif(who.origin_campaign, '')
     CROSS JOIN LATERAL (VALUES (place.hands), (brought.id)) AS its (circle)
     WHERE stage_id IS NOT NULL AND its.circle IS NOT NULL
     GROUP BY 1, 2, 3, 4, 5, 6
"""
_WINDOWS = (7, 14, 30, 60, 90, 180, 365, 9999)


def _lengths() -> list[int]:
    bounds = list(range(33))
    while bounds[-1] < 366 * 30:
        bounds.append(bounds[-1] * 13 // 12)
    return bounds


def count(apps: Any, schema_editor: Any) -> None:
    said = {
        "zone": settings.ORGANISATION_TIME_ZONE,
        "windows": list(_WINDOWS),
        "thresholds": [days + 1 for days in _WINDOWS[:-1]],
        "lengths": _lengths(),
    }
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'")
        for statement in (_MAKE, _GIVE_HANDS, _COUNT_MOVES, _COUNT_PLACES):
            cursor.execute(statement, said)


def forget(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("DELETE FROM funnel_pacecount WHERE whose < 0")


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0027_company_marked"),
        ("funnel", "0017_company_breadth"),
        ("staff", "0006_sending"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Circle",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="staff.team",
                    ),
                ),
                ("campaign", models.CharField(blank=True, db_collation="C", max_length=80)),
            ],
            options={
                "indexes": [models.Index(fields=["campaign", "owner", "team"], name="circle_by_meaning")],
            },
        ),
        migrations.RunSQL(_BELOW_ZERO, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="CircleCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "circle_id",
                        "stage_id",
                        "health",
                        "standing",
                        "source_id",
                        "is_visitor",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("circle_id", models.IntegerField()),
                ("stage_id", models.SmallIntegerField()),
                ("health", models.SmallIntegerField()),
                ("standing", models.SmallIntegerField()),
                ("source_id", models.SmallIntegerField()),
                ("is_visitor", models.BooleanField()),
                ("n", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL("ALTER TABLE funnel_circlecount SET (fillfactor = 50)", migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    """
                    ALTER TABLE funnel_pacecount RENAME COLUMN source_id TO whose;
                    ALTER TABLE funnel_pacecount ALTER COLUMN whose TYPE integer
                    """,
                    """
                    ALTER TABLE funnel_pacecount ALTER COLUMN whose TYPE smallint;
                    ALTER TABLE funnel_pacecount RENAME COLUMN whose TO source_id
                    """,
                )
            ],
            state_operations=[
                migrations.DeleteModel("PaceCount"),
                migrations.CreateModel(
                    name="PaceCount",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "kind",
                                "level",
                                "whose",
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
                        ("whose", models.IntegerField()),
                        ("block", models.IntegerField()),
                        ("from_stage", models.SmallIntegerField()),
                        ("to_stage", models.SmallIntegerField()),
                        ("lag", models.SmallIntegerField()),
                        ("is_visitor", models.BooleanField()),
                        ("n", models.BigIntegerField()),
                    ],
                ),
            ],
        ),
        migrations.AddField("position", "hands", models.IntegerField(db_default=-1)),
        migrations.RunPython(count, forget),
    ]
