from django.db import migrations

COLUMNS = ("events", "contacts", "identities")


def stored(how: str) -> str:
    return "ALTER TABLE contacts_importchunk " + ", ".join(f"ALTER {column} SET STORAGE {how}" for column in COLUMNS)


class Migration(migrations.Migration):
    """Numbers that only grow hardly become smaller by packing, and packing them takes as long as finding who is known."""

    dependencies = [
        ("contacts", "0019_twins"),
    ]

    operations = [migrations.RunSQL(stored("EXTERNAL"), stored("EXTENDED"))]
