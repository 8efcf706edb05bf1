from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0006_sending"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="wants_notice_mail",
            field=models.BooleanField(db_default=False, default=False, verbose_name="news by mail"),
        ),
        migrations.AddField(
            model_name="user",
            name="wants_reminder_mail",
            field=models.BooleanField(db_default=False, default=False, verbose_name="reminders by mail"),
        ),
    ]
