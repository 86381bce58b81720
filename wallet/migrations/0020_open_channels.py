from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallet", "0011_audit_run")]
    operations = [
        migrations.AddIndex(
            model_name="channel",
            index=models.Index(condition=models.Q(("end", "")), fields=["payer"], name="wallet_channel_open_of_payer"),
        ),
    ]
