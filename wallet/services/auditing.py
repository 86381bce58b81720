"""Audits the books once a day, and halts withdrawals for whatever does not fit."""

from datetime import datetime
from pathlib import Path

from wallet.models import AuditRun, HaltReason
from wallet.services import audit, halts


def audit_if_due(*, data_folder: Path, now: datetime) -> AuditRun | None:
    kept = audit.run_if_due(data_folder=data_folder, now=now)
    if kept is not None and kept.findings:
        halts.halt(HaltReason.AUDIT, f"{kept.findings} things in the books do not fit. {kept.first_finding}", now)
    return kept
