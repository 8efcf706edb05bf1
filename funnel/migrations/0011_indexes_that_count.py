"""Indexes that hold what counts of people leave out, so that they are counted without looking at each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0010_backtests"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="position",
            name="position_due",
        ),
        migrations.RemoveIndex(
            model_name="position",
            name="position_by_stage",
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                condition=models.Q(("wake_at__isnull", False)),
                fields=["wake_at"],
                include=("stage_id", "is_visitor", "standing", "health", "source_id"),
                name="position_due",
            ),
        ),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                fields=["stage_id", "is_visitor", "-entered_at", "-contact"],
                include=("standing", "source_id"),
                name="position_by_stage",
            ),
        ),
    ]
