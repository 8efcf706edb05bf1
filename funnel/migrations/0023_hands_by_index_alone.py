"""Two indexes that hold whose hands somebody is in, so that who stands still and who cools is counted from them alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("funnel", "0022_circles_within")]

    operations = [
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="position", name="position_due"),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                condition=models.Q(("wake_at__isnull", False)),
                fields=["wake_at"],
                include=("stage_id", "is_visitor", "standing", "health", "source_id", "hands"),
                name="position_due",
            ),
        ),
        migrations.RemoveIndex(model_name="position", name="position_by_stage"),
        migrations.AddIndex(
            model_name="position",
            index=models.Index(
                fields=["stage_id", "is_visitor", "-entered_at", "-contact"],
                include=("standing", "source_id", "hands"),
                name="position_by_stage",
            ),
        ),
    ]
