"""Audits the books once a day, and halts withdrawals for whatever does not fit."""

from datetime import datetime
from pathlib import Path

from django.utils.translation import ngettext

from wallet.models import AuditRun, HaltReason
from wallet.services import audit, halts


def audit_if_due(*, data_folder: Path, now: datetime) -> AuditRun | None:
    kept = audit.run_if_due(data_folder=data_folder, now=now)
    if kept is not None and kept.findings:
        says = ngettext(
            "%(count)d thing in the books does not fit. %(first)s",
            "%(count)d things in the books do not fit. %(first)s",
            kept.findings,
        )
        halts.halt(HaltReason.AUDIT, says % {"count": kept.findings, "first": kept.first_finding}, now)
    return kept
