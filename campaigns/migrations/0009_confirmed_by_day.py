from django.conf import settings
from django.db import migrations, models

# Those who confirmed before it was counted, on their day in the zone of the organisation.
_COUNT = """
    INSERT INTO campaigns_formday (form_id, day, shown, sent, left_out, confirmed)
    SELECT form_id, (confirmed_at AT TIME ZONE %s)::date, 0, 0, 0, count(*)
      FROM campaigns_submission WHERE confirmed_at IS NOT NULL GROUP BY 1, 2
    ON CONFLICT (form_id, day) DO UPDATE SET confirmed = excluded.confirmed
"""


def count(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_COUNT, [settings.TIME_ZONE])


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0008_cost_by_end")]

    operations = [
        migrations.AddField(
            model_name="formday",
            name="confirmed",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
