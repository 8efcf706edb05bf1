from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0026_answer_figures"),
    ]

    operations = [
        migrations.AddIndex(model_name="companymark", index=models.Index(fields=["company"], name="company_marked")),
    ]
