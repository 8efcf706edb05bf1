# The chain of the audit trail.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0002_invitations"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditrecord",
            name="place",
            field=models.BigIntegerField(blank=True, editable=False, null=True, unique=True),
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="seal",
            field=models.BinaryField(blank=True, max_length=32, null=True),
        ),
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(fields=["user", "-id"], name="audit_by_user"),
        ),
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(fields=["action", "-id"], name="audit_by_action"),
        ),
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(condition=models.Q(("place", None)), fields=["id"], name="audit_to_seal"),
        ),
    ]
