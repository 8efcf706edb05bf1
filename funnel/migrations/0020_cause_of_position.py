"""Keep with everybody's position what brought them there, also for those who stood there before it was kept."""

from typing import Any

from django.db import migrations, models

_CAUSES = """
    UPDATE funnel_position AS p SET cause_id = move.cause_id
      FROM (SELECT DISTINCT ON (contact_id) contact_id, cause_id FROM funnel_transition
             WHERE superseded_at IS NULL AND dimension = 0 ORDER BY contact_id, seq DESC) AS move
     WHERE move.contact_id = p.contact_id AND p.stage_id IS NOT NULL AND move.cause_id IS NOT NULL
"""


def tell(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'")
        cursor.execute(_CAUSES)


class Migration(migrations.Migration):
    dependencies = [("funnel", "0019_weeks_of_some")]

    operations = [
        migrations.AddField(model_name="position", name="cause_id", field=models.BigIntegerField(null=True)),
        migrations.RunPython(tell, migrations.RunPython.noop),
    ]
