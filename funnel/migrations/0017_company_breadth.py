import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# Those that are there already are counted by whoever works off marks.
MARK = "INSERT INTO contacts_companymark (company_id) SELECT id FROM contacts_company"


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0027_company_marked"),
        ("funnel", "0016_held_effects"),
    ]

    operations = [
        migrations.CreateModel(
            name="CompanyBreadth",
            fields=[
                (
                    "company",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="breadth",
                        serialize=False,
                        to="contacts.company",
                    ),
                ),
                ("held", models.JSONField(default=list)),
                (
                    "front",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), null=True, size=None
                    ),
                ),
                ("bought", models.JSONField(null=True)),
                ("rests_until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL("ALTER TABLE funnel_companybreadth SET (fillfactor = 80)", migrations.RunSQL.noop),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
