"""Of each company the stages and healths of its people as numbers with an index: it is found by them at once."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

# Of what is kept; 3 is closed.
FILL = """
UPDATE funnel_companybreadth its SET stands = counted.stands
  FROM (SELECT company_id,
               array_agg(DISTINCT coalesce((one->>1)::int, 0) * 4 + coalesce((one->>2)::int, 0))
               || array_agg(DISTINCT -1 - coalesce((one->>2)::int, 0)) AS stands
          FROM funnel_companybreadth, jsonb_array_elements(held) one WHERE (one->>3)::int <> 3 GROUP BY 1) counted
 WHERE counted.company_id = its.company_id
"""


class Migration(migrations.Migration):
    dependencies = [("funnel", "0024_company_liveliest")]

    operations = [
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="companybreadth",
            name="stands",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), default=list, size=None),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="companybreadth",
            index=django.contrib.postgres.indexes.GinIndex(fields=["stands"], name="company_stands"),
        ),
        # A column that was added tells the planner nothing until somebody changes many rows: of almost all companies
        # it believes that they are one with another.
        migrations.RunSQL("ANALYZE contacts_company; ANALYZE funnel_companybreadth", migrations.RunSQL.noop),
    ]
