from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import seedbox.domain.network


def believe_one_hash_of_magnets(apps: Any, schema_editor: Any) -> None:
    """Until metadata confirms it, a magnet's second hash may be anybody else's torrent."""
    waiting = apps.get_model("seedbox", "Torrent").objects.filter(piece_length_bytes=0).exclude(info_hash_v1="")
    for torrent in waiting.exclude(info_hash_v2=""):
        torrent.magnet = torrent.magnet.replace(f"&xt=urn:btmh:1220{torrent.info_hash_v2}", "")
        torrent.info_hash_v2 = ""
        torrent.save(update_fields=["magnet", "info_hash_v2"])


class Migration(migrations.Migration):
    dependencies = [
        ("seedbox", "0001_first_light"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="torrent", name="torrent_has_an_info_hash"),
        migrations.RunPython(believe_one_hash_of_magnets, migrations.RunPython.noop),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("signed_in", "Signed in"),
                            ("sign_in_failed", "Sign-in failed"),
                            ("signed_out", "Signed out"),
                            ("signed_up", "Signed up"),
                            ("login_ended", "Ended logins"),
                            ("password_changed", "Changed the password"),
                            ("factor_added", "Added a second factor"),
                            ("factor_removed", "Removed a second factor"),
                            ("codes_made", "Made new recovery codes"),
                            ("code_used", "Used a recovery code"),
                            ("invited", "Invited somebody"),
                            ("invitation_revoked", "Revoked an invitation"),
                            ("role_changed", "Changed a role"),
                            ("user_changed", "Changed a user"),
                            ("setting_changed", "Changed a setting"),
                        ],
                        max_length=24,
                    ),
                ),
                ("actor_name", models.CharField(blank=True, default="", max_length=150)),
                ("subject_name", models.CharField(blank=True, default="", max_length=150)),
                ("address", models.CharField(blank=True, default="", max_length=45)),
                ("agent", models.CharField(blank=True, default="", max_length=200)),
                ("detail", models.CharField(blank=True, default="", max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="Network",
            fields=[
                (
                    "node",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="network",
                        serialize=False,
                        to="seedbox.node",
                    ),
                ),
                ("version", models.BigIntegerField(default=1)),
                ("interface", models.CharField(blank=True, default="", max_length=45)),
                (
                    "proxy_kind",
                    models.CharField(
                        choices=[("none", "none"), ("socks5", "socks5"), ("http", "http")],
                        default=seedbox.domain.network.ProxyKind["NONE"],
                        max_length=8,
                    ),
                ),
                ("proxy_host", models.CharField(blank=True, default="", max_length=253)),
                ("proxy_port", models.PositiveIntegerField(default=1080)),
                ("proxy_user", models.CharField(blank=True, default="", max_length=255)),
                ("proxy_password_sealed", models.TextField(blank=True, default="")),
                ("anonymous", models.BooleanField(default=False)),
                ("port_mapping", models.BooleanField(default=True)),
                ("blocklist_path", models.TextField(blank=True, default="")),
                ("max_connections", models.PositiveIntegerField(default=2000)),
                ("max_upload_slots", models.PositiveIntegerField(default=200)),
            ],
        ),
        migrations.AddField(
            model_name="install",
            name="factor_rule",
            field=models.CharField(
                choices=[("nobody", "Nobody"), ("admins", "Admins"), ("everybody", "Everybody")],
                default="nobody",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="node",
            name="folders",
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name="observation",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting"),
                    ("metadata", "metadata"),
                    ("checking", "checking"),
                    ("downloading", "downloading"),
                    ("seeding", "seeding"),
                    ("stopped", "stopped"),
                    ("finished", "finished"),
                    ("missing", "missing"),
                    ("disk", "disk"),
                    ("error", "error"),
                    ("removing", "removing"),
                ],
                default="waiting",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="node",
            name="network_answer",
            field=models.TextField(default=""),
        ),
        migrations.AddField(
            model_name="node",
            name="network_answered_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="node",
            name="network_facts",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="node",
            name="network_version",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="install",
            constraint=models.CheckConstraint(
                condition=models.Q(("factor_rule__in", ["nobody", "admins", "everybody"])),
                name="install_factor_rule_known",
            ),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="actor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="acts",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="subject",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="audit",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="network",
            constraint=models.CheckConstraint(
                condition=models.Q(("proxy_kind__in", ["none", "socks5", "http"])), name="network_proxy_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="network",
            constraint=models.CheckConstraint(
                condition=models.Q(("proxy_port__range", (1, 65535))), name="network_proxy_port_is_a_port"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["-at", "-id"], name="audit_newest_first"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["subject", "-at", "-id"], name="audit_of_user_newest_first"),
        ),
    ]
