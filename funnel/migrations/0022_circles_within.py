"""Count how people walk by hands, source and campaign together, so that any of them can be asked for at once.

What was counted by source and by campaign alone is a sum of these, and goes. Erased people come into nobody's hands.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

_FORGET = """
    DELETE FROM funnel_pacecount WHERE whose <> 0;
    DELETE FROM funnel_circlecount WHERE circle_id IN (SELECT id FROM funnel_circle WHERE campaign <> '');
    DELETE FROM funnel_circle WHERE campaign <> '';
    UPDATE funnel_position SET hands = -1 WHERE erased_at IS NOT NULL AND hands <> -1
"""
_MAKE = """
    INSERT INTO funnel_circle (within_id, source_id, campaign)
    SELECT DISTINCT place.hands, place.source_id, its.campaign
      FROM funnel_position AS place
      JOIN contacts_contact AS who ON who.id = place.contact_id
     CROSS JOIN LATERAL (VALUES (''), (nullif(who.origin_campaign, ''))) AS its (campaign)
     WHERE place.moves > 0 AND its.campaign IS NOT NULL
"""
# As funnel.rolling counted when this was written.
_COUNT_DAYS = """
    INSERT INTO funnel_pacecount (kind, level, whose, block, from_stage, to_stage, lag, is_visitor, n)
    WITH step AS (
        SELECT dimension, coalesce(from_value, 0::smallint) AS from_stage, coalesce(to_value, 0::smallint) AS to_stage,
               CASE WHEN from_value IS NOT NULL
                    THEN lag(occurred_at) OVER (PARTITION BY contact_id, dimension ORDER BY seq) END AS entered_at,
               occurred_at AS left_at, contact_id, source_id, is_visitor
          FROM funnel_transition WHERE superseded_at IS NULL AND dimension IN (0, 1)),
    dated AS (
        SELECT *, (left_at AT TIME ZONE %(zone)s)::date - date '1800-01-06' AS left_on,
               (entered_at AT TIME ZONE %(zone)s)::date - date '1800-01-06' AS entered_on
          FROM step),
    fact AS (
        SELECT 0 AS kind, left_on AS day, from_stage, to_stage, 0::smallint AS lag, contact_id, source_id, is_visitor
          FROM dated WHERE dimension = 0
         UNION ALL
        SELECT 3, left_on, from_stage, to_stage, 0::smallint, contact_id, source_id, is_visitor
          FROM dated WHERE dimension = 1 AND NOT is_visitor
         UNION ALL
        SELECT 1, entered_on, from_stage, to_stage,
               (%(windows)s::smallint[])[1 + width_bucket(left_on - entered_on, %(thresholds)s::int[])],
               contact_id, source_id, is_visitor
          FROM dated WHERE dimension = 0 AND entered_on IS NOT NULL AND to_stage <> 0 AND NOT is_visitor
         UNION ALL
        SELECT 2, left_on, from_stage, 0::smallint,
               (%(lengths)s::smallint[])[width_bucket(left_on - entered_on, %(lengths)s::int[])],
               contact_id, source_id, is_visitor
          FROM dated WHERE dimension = 0 AND entered_at < left_at AND to_stage <> 0 AND NOT is_visitor)
    SELECT kind, 0, its.circle, day, from_stage, to_stage, lag, fact.is_visitor, count(*)
      FROM fact
      JOIN funnel_position AS place ON place.contact_id = fact.contact_id
      JOIN contacts_contact AS who ON who.id = fact.contact_id
      LEFT JOIN funnel_circle AS of_source
        ON of_source.within_id = place.hands AND of_source.source_id = fact.source_id AND of_source.campaign = ''
      LEFT JOIN funnel_circle AS of_campaign
        ON of_campaign.within_id = place.hands AND of_campaign.source_id = fact.source_id
       AND of_campaign.campaign = nullif(who.origin_campaign, '')
     CROSS JOIN LATERAL (VALUES (place.hands), (of_source.id), (of_campaign.id)) AS its (circle)
     WHERE its.circle IS NOT NULL
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
_COUNT_WEEKS = """
    INSERT INTO funnel_pacecount (kind, level, whose, block, from_stage, to_stage, lag, is_visitor, n)
    SELECT kind, 1, whose, block / 7, from_stage, to_stage, lag, is_visitor, sum(n)
      FROM funnel_pacecount WHERE level = 0 AND whose <> 0 GROUP BY 1, 3, 4, 5, 6, 7, 8
"""
_COUNT_PLACES = """
    INSERT INTO funnel_circlecount (circle_id, stage_id, health, standing, source_id, is_visitor, n)
    SELECT circle.id, stage_id, coalesce(health, 0), standing, place.source_id, is_visitor, count(*)
      FROM funnel_position AS place
      JOIN contacts_contact AS who ON who.id = place.contact_id
      JOIN funnel_circle AS circle
        ON circle.within_id = place.hands AND circle.source_id = place.source_id
       AND circle.campaign = nullif(who.origin_campaign, '')
     WHERE stage_id IS NOT NULL
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
        for statement in (_FORGET, _MAKE, _COUNT_DAYS, _COUNT_WEEKS, _COUNT_PLACES):
            cursor.execute(statement, said)


class Migration(migrations.Migration):
    dependencies = [("funnel", "0021_heights")]

    operations = [
        migrations.AddField(
            "circle",
            "within",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="funnel.circle",
            ),
        ),
        migrations.AddField("circle", "source_id", models.SmallIntegerField(null=True)),
        migrations.RunPython(count),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveIndex("circle", "circle_by_meaning"),
        migrations.AddIndex("circle", models.Index(fields=["campaign", "source_id"], name="circle_by_what_brought")),
        migrations.AddConstraint(
            "circle",
            models.UniqueConstraint(fields=["within", "source_id", "campaign"], name="one_circle_of_each_within"),
        ),
        migrations.AddConstraint(
            "circle",
            models.CheckConstraint(
                condition=Q(within=None, source_id=None, campaign="")
                | Q(within__isnull=False, source_id__isnull=False, owner=None, team=None),
                name="circle_of_hands_or_within",
            ),
        ),
    ]
