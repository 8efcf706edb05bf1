"""An index that holds what figures ask of moves, so that they are counted without looking at each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("funnel", "0012_fared")]

    operations = [
        migrations.RemoveIndex(model_name="transition", name="transition_into"),
        migrations.AddIndex(
            model_name="transition",
            index=models.Index(
                condition=models.Q(("superseded_at", None)),
                fields=["dimension", "to_value", "occurred_at", "contact"],
                include=("from_value", "seq", "source_id", "is_visitor", "recorded_at"),
                name="transition_into",
            ),
        ),
    ]
