"""What operators see of the people: who uses how much of the box, and what was done last."""

from datetime import datetime

from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from seedbox.domain.units import NOTHING, format_bytes, format_count
from seedbox.models import AuditEntry, User
from seedbox.models.audit_entry import Act
from seedbox.services import audit
from seedbox.services.rows import Row

USERS_SHOWN = 20
LINES_SHOWN = 10


def user_rows(now: datetime) -> list[Row]:
    """Return the users that fill the disks most. What several hold counts in full for each of them."""
    seen = "holdings__torrent__observation__"
    down = Greatest(F(f"{seen}downloaded_bytes") - F("holdings__downloaded_before_bytes"), 0)
    up = Greatest(F(f"{seen}uploaded_bytes") - F("holdings__uploaded_before_bytes"), 0)
    found = User.objects.annotate(
        held=Count("holdings"),
        disk_bytes=Coalesce(Sum(f"{seen}done_bytes"), 0),
        down_bytes=Coalesce(Sum(down), 0),
        up_bytes=Coalesce(Sum(up), 0),
    )
    columns = ("pk", "username", "is_active", "last_login", "held", "disk_bytes", "down_bytes", "up_bytes")
    rows = found.order_by("-disk_bytes", "-held", "username").values(*columns)[:USERS_SHOWN]
    return [
        {
            "row": f"user-{row['pk']}",
            "name": row["username"],
            "off": "" if row["is_active"] else _("shut out"),
            "holdings": format_count(row["held"]),
            "disk": format_bytes(row["disk_bytes"]),
            "down": format_bytes(row["down_bytes"]),
            "up": format_bytes(row["up_bytes"]),
            "login": f"{row['last_login']:%Y-%m-%d %H:%M} UTC" if row["last_login"] else NOTHING,
            "login_at": row["last_login"].isoformat() if row["last_login"] else "",
        }
        for row in rows
    ]


def audit_rows(now: datetime) -> list[Row]:
    """Return the newest lines of the audit log."""
    return [_audit_row(line) for line in audit.read_all(limit=LINES_SHOWN).lines]


def _audit_row(line: AuditEntry) -> Row:
    concerned = line.subject_name if line.subject_name != line.actor_name else ""
    return {
        "row": f"audit-{line.pk}",
        "at": line.at.isoformat(),
        "at_text": f"{line.at:%Y-%m-%d %H:%M} UTC",
        "who": line.who or NOTHING,
        "what": str(Act(line.act).label),
        "whom": concerned,
        "detail": line.says,
        "tone": "red" if line.act == Act.SIGN_IN_FAILED else "secondary",
    }
