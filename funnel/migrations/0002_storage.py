"""Positions are updated in place all day: leave room on their pages, so that updates stay on them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funnel", "0001_ground")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE funnel_position SET (fillfactor = 70)", "ALTER TABLE funnel_position RESET (fillfactor)"
        ),
        migrations.RunSQL(
            "ALTER TABLE funnel_stagecount SET (fillfactor = 50)", "ALTER TABLE funnel_stagecount RESET (fillfactor)"
        ),
    ]
