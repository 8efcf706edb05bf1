"""What people have bought and kept, for those who bought before it was written down."""

from typing import Any

from django.db import migrations, models

# The memory of the fold as it was when this was written: its tenth part are the kept orders, each with its value, its
# currency, and what was refunded, at the places 5, 6 and 7.
_WORTH = """
    UPDATE funnel_position AS p SET worth = of_person.worth
      FROM (SELECT contact_id, jsonb_object_agg(currency, value_minor) AS worth
              FROM (SELECT contact_id, one ->> 6 AS currency,
                           sum((one ->> 5)::bigint - coalesce((one ->> 7)::bigint, 0)) AS value_minor
                      FROM funnel_position CROSS JOIN json_array_elements(memory::json -> 9) AS one
                     WHERE memory LIKE '[%%' AND one ->> 5 IS NOT NULL AND one ->> 6 IS NOT NULL
                     GROUP BY 1, 2) of_currency
             GROUP BY 1) of_person
     WHERE p.contact_id = of_person.contact_id
"""
_COUNT = """
    INSERT INTO funnel_stageworth (stage_id, health, standing, source_id, is_visitor, currency, n, value_minor)
    SELECT stage_id, coalesce(health, 0), standing, source_id, is_visitor, currency, count(*), sum(value_minor::bigint)
      FROM funnel_position CROSS JOIN jsonb_each_text(worth) AS worth (currency, value_minor)
     WHERE stage_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
"""


def count(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'")
        cursor.execute(_WORTH, {})
        cursor.execute(_COUNT)


class Migration(migrations.Migration):
    dependencies = [("funnel", "0008_erasing")]

    operations = [
        migrations.AddField(model_name="position", name="worth", field=models.JSONField(null=True)),
        migrations.CreateModel(
            name="StageWorth",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "stage_id",
                        "health",
                        "standing",
                        "source_id",
                        "is_visitor",
                        "currency",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("stage_id", models.SmallIntegerField()),
                ("health", models.SmallIntegerField()),
                ("standing", models.SmallIntegerField()),
                ("source_id", models.SmallIntegerField()),
                ("is_visitor", models.BooleanField()),
                ("currency", models.CharField(max_length=3)),
                ("n", models.BigIntegerField()),
                ("value_minor", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE funnel_stageworth SET (fillfactor = 50)", "ALTER TABLE funnel_stageworth RESET (fillfactor)"
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
