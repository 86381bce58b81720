"""Users can have slow torrents bid for by themselves; what was bid by hand stays as it is."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("speed", "0001_market"),
    ]

    operations = [
        migrations.AddField(
            model_name="bid",
            name="finish_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="bid",
            name="is_auto",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="bid",
            name="least_bytes_per_s",
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="AutoBidding",
            fields=[
                ("user_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("is_on", models.BooleanField(default=False)),
                ("ceiling_ubtt_per_gib", models.BigIntegerField()),
                ("torrent_budget_ubtt", models.BigIntegerField()),
                ("least_bytes_per_s", models.BigIntegerField(default=0)),
                ("finish_at", models.DateTimeField(blank=True, null=True)),
                ("asks_directory", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ceiling_ubtt_per_gib__range", (4096, 1099511627776))),
                        name="speed_auto_ceiling_within_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("least_bytes_per_s__gte", 0), ("torrent_budget_ubtt__gte", 0)),
                        name="speed_auto_nothing_below_zero",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AutoRun",
            fields=[
                (
                    "bid",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="auto_run",
                        serialize=False,
                        to="speed.bid",
                    ),
                ),
                ("seed", models.CharField(max_length=32)),
                ("block_ms", models.IntegerField(default=60000)),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("is_slow", models.BooleanField(default=False)),
                ("run_number", models.IntegerField(default=0)),
                ("paid_bytes", models.BigIntegerField(default=0)),
                ("paid_ms", models.BigIntegerField(default=0)),
                ("control_bytes", models.BigIntegerField(default=0)),
                ("control_ms", models.BigIntegerField(default=0)),
                ("all_paid_ms", models.BigIntegerField(default=0)),
                ("pairs", models.JSONField(default=list)),
                ("verdict", models.CharField(default="unknown", max_length=14)),
                ("state", models.CharField(default="fast_enough", max_length=12)),
                ("sentence", models.TextField(blank=True, default="")),
                ("said_at", models.DateTimeField(blank=True, null=True)),
                ("total_bytes_per_s", models.BigIntegerField(default=0)),
                ("free_bytes_per_s", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ("unknown", "helps", "brings_nothing"))),
                        name="speed_auto_verdict_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "stopped",
                                    "done",
                                    "late",
                                    "no_gain",
                                    "fast_enough",
                                    "watching",
                                    "control",
                                    "no_sellers",
                                    "too_dear",
                                    "no_money",
                                    "bidding",
                                ],
                            )
                        ),
                        name="speed_auto_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AutoTorrent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("node_name", models.CharField(max_length=40)),
                ("torrent_key", models.CharField(max_length=64)),
                ("torrent_id", models.BigIntegerField()),
                (
                    "choice",
                    models.CharField(
                        choices=[
                            ("as_all", "As for all torrents"),
                            ("on", "On, whatever holds for the others"),
                            ("off", "Off"),
                        ],
                        default="as_all",
                        max_length=6,
                    ),
                ),
                ("ceiling_ubtt_per_gib", models.BigIntegerField(blank=True, null=True)),
                ("budget_ubtt", models.BigIntegerField(blank=True, null=True)),
                ("least_bytes_per_s", models.BigIntegerField(blank=True, null=True)),
                ("finish_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user_id", "node_name", "torrent_key"), name="speed_auto_once_per_torrent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("choice__in", ("as_all", "on", "off"))), name="speed_auto_choice_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AutoDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("state", models.CharField(max_length=12)),
                ("sentence", models.TextField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="speed.autorun"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["run", "-at"], name="speed_auto_newest_decision")],
            },
        ),
        migrations.CreateModel(
            name="AutoBaseline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("peer_key", models.CharField(max_length=66)),
                ("free_bytes_per_s", models.BigIntegerField()),
                ("low_controls", models.IntegerField(default=0)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="baselines", to="speed.autorun"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("run", "peer_key"), name="speed_auto_baseline_once_per_seller"),
                    models.CheckConstraint(
                        condition=models.Q(("free_bytes_per_s__gte", 0), ("low_controls__gte", 0)),
                        name="speed_auto_baseline_not_below_zero",
                    ),
                ],
            },
        ),
    ]
