"""Of a large company is kept who was heard of last and who moved last, in their order: its page reads less."""

import django.contrib.postgres.fields
from django.db import migrations, models

# What was kept without them is counted again.
AGAIN = """
INSERT INTO contacts_companymark (company_id) SELECT company_id FROM funnel_companybreadth WHERE front IS NOT NULL;
UPDATE funnel_companybreadth SET front = NULL, bought = NULL, rests_until = NULL WHERE front IS NOT NULL
"""


def _ids() -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)


class Migration(migrations.Migration):
    dependencies = [("funnel", "0023_hands_by_index_alone"), ("contacts", "0031_company_merges")]

    operations = [
        migrations.AddField(model_name="companybreadth", name="liveliest", field=_ids()),
        migrations.AddField(model_name="companybreadth", name="moved", field=_ids()),
        migrations.RunSQL(AGAIN, migrations.RunSQL.noop),
    ]
