"""Count by weeks too how the people of a source, a campaign and some hands walk."""

from django.db import migrations

_COUNT = """
    SET LOCAL statement_timeout = 0;
    INSERT INTO funnel_pacecount (kind, level, whose, block, from_stage, to_stage, lag, is_visitor, n)
    SELECT kind, 1, whose, block / 7, from_stage, to_stage, lag, is_visitor, sum(n)
      FROM funnel_pacecount WHERE level = 0 AND whose <> 0 GROUP BY 1, 3, 4, 5, 6, 7, 8
"""


class Migration(migrations.Migration):
    dependencies = [("funnel", "0018_circles")]

    operations = [
        migrations.RunSQL(_COUNT, "DELETE FROM funnel_pacecount WHERE level = 1 AND whose <> 0"),
    ]
