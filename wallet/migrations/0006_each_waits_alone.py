"""Why one withdrawal waits while others go on, and who has rejected one beside who has approved it."""

from importlib import import_module

from django.db import migrations, models
from django.db.models import F

FORGOTTEN = import_module("wallet.migrations.0005_forgotten")


def tell_rejecting_from_approving(apps, schema_editor):
    """Call those who decided last, about what was rejected, its rejecters: whom they took the place of is not known."""
    rejected = apps.get_model("wallet", "Withdrawal").objects.filter(state="rejected", decided_by_id__isnull=False)
    rejected.update(
        rejected_by_id=F("decided_by_id"),
        rejected_by_name=F("decided_by_name"),
        rejected_at=F("decided_at"),
        decided_by_id=None,
        decided_by_name="",
        decided_at=None,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0005_forgotten"),
    ]

    operations = [
        migrations.AddField("withdrawal", "fails_because", models.CharField(blank=True, default="", max_length=300)),
        migrations.AddField("withdrawal", "try_from", models.DateTimeField(null=True)),
        migrations.AddField("withdrawal", "rejected_at", models.DateTimeField(null=True)),
        migrations.AddField("withdrawal", "rejected_by_id", models.BigIntegerField(null=True)),
        migrations.AddField("withdrawal", "rejected_by_name", models.CharField(blank=True, default="", max_length=150)),
        migrations.RunPython(tell_rejecting_from_approving, migrations.RunPython.noop),
        migrations.RunPython(FORGOTTEN.guard_again, migrations.RunPython.noop),
    ]
