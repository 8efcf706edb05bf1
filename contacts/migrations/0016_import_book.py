from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0015_type_alias"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="book",
            field=models.CharField(blank=True, db_collation="C", default="", max_length=80),
            preserve_default=False,
        ),
    ]
