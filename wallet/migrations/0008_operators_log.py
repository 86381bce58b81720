"""What operators do about withdrawals is written into their log, too. The tables stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0007_retired_addresses"),
    ]

    operations = [
        migrations.AlterField(
            model_name="operatoract",
            name="kind",
            field=models.CharField(
                choices=[
                    ("granted", "Granted"),
                    ("froze", "Froze"),
                    ("thawed", "Thawed"),
                    ("adjusted", "Adjusted"),
                    ("reversed", "Reversed"),
                    ("approved", "Approved a withdrawal of"),
                    ("rejected", "Rejected a withdrawal of"),
                    ("ruled", "Changed the rules of withdrawals"),
                    ("stopped", "Stopped withdrawals"),
                    ("lifted", "Lifted a halt"),
                ],
                max_length=10,
            ),
        ),
    ]
