from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallet", "0020_open_channels")]
    operations = [
        migrations.AddField(
            model_name="operatoract",
            name="key_hash",
            field=models.BinaryField(max_length=16, null=True),
        ),
        migrations.AddConstraint(
            model_name="operatoract",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key_hash__isnull", False)), fields=("key_hash",), name="wallet_act_key_once"
            ),
        ),
    ]
