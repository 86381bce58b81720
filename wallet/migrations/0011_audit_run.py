from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0010_liabilities"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("transfers", models.BigIntegerField()),
                ("findings", models.BigIntegerField()),
                ("first_finding", models.CharField(blank=True, default="", max_length=300)),
                ("seal", models.CharField(blank=True, default="", max_length=90)),
            ],
            options={
                "indexes": [models.Index(fields=["-at", "-id"], name="wallet_audit_newest_first")],
            },
        ),
    ]
