"""Audits the books once a day, and halts withdrawals for whatever does not fit."""

from datetime import datetime
from pathlib import Path

from wallet.domain import audit_words as words
from wallet.models import AuditRun, HaltReason
from wallet.services import audit, halts


def audit_if_due(*, data_folder: Path, now: datetime) -> AuditRun | None:
    kept = audit.run_if_due(data_folder=data_folder, now=now)
    if kept is not None and kept.findings:
        halt_for(kept, now)
    return kept


def halt_for(found: AuditRun, now: datetime) -> None:
    halts.halt(HaltReason.AUDIT, words.HALTS.kept(found.findings, first=found.first_finding), now)
