"""What Django's models cannot say: storage of busy tables, and the reference from keys to sources."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_ground"), ("staff", "0001_ground")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE contacts_pending SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
            "ALTER TABLE contacts_pending RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)",
        ),
        migrations.RunSQL(
            "ALTER TABLE staff_apikey ADD CONSTRAINT api_key_speaks_for_a_source"
            " FOREIGN KEY (source) REFERENCES contacts_source (key) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE staff_apikey DROP CONSTRAINT api_key_speaks_for_a_source",
        ),
    ]
