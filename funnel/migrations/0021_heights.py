"""Find the people of the highest scores and the newest facts without reading everybody."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funnel", "0020_cause_of_position")]

    operations = [
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="position",
            index=BrinIndex(
                fields=["score_rank", "entered_at", "last_event_at"], pages_per_range=4, name="position_heights"
            ),
        ),
    ]
