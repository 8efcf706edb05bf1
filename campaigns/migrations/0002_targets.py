"""How many people are to come to a stage in a month."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_ground"),
        ("funnel", "0007_pace"),
    ]

    operations = [
        migrations.CreateModel(
            name="Target",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                ("people", models.PositiveIntegerField(verbose_name="people")),
                (
                    "stage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="targets", to="funnel.stage"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("month", "stage"), name="one_target_per_stage_and_month"),
                    models.CheckConstraint(
                        condition=models.Q(("people__gte", 1), ("people__lte", 1000000000)), name="target_of_somebody"
                    ),
                    models.CheckConstraint(condition=models.Q(("month__day", 1)), name="target_month_is_its_first_day"),
                ],
            },
        ),
    ]
