"""Mark whoever a campaign touched: as they are folded again, what campaigns brought about is credited."""

from django.db import migrations

_MARK = """
    INSERT INTO contacts_pending (contact_id, event_id, reason)
    SELECT DISTINCT contact_id, NULL::bigint, 6 FROM contacts_event WHERE campaign_key > '' AND retracted_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_costs_links_and_credits")]

    operations = [migrations.RunSQL(_MARK, migrations.RunSQL.noop)]
