from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0002_assigning"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="webhookdelivery", name="delivery_due"),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["endpoint", "due_at", "id"], name="delivery_due"
            ),
        ),
    ]
