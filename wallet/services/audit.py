"""The audit: everything in the books is derived anew from the transfers, and what does not fit is named.

1. Balances, versions and running balances, transfer by transfer; every transfer against the hash of what was asked for.
2. Seals: which transfers, roots, hashes, the chain; and a seal that somebody noted outside the database.
3. Holds, channels, keys and reversals. Balances add up to nothing in each asset.
4. What came from the chain: deposits and fees with the blocks that were read, and with their transfers.
5. Sums over time, also those that other apps keep of the ledger.

Own SQL and own code, in nothing the ledger's: a defect of the ledger must not audit itself. A row that is changed by
force in a column that only its seal covers (its times and its key's hash) is named as one of those under that seal.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from wallet.domain import audit_words as words
from wallet.domain.retelling import said_again
from wallet.models import AuditRun
from wallet.services import followers
from wallet.services.audit_chain import check_chain
from wallet.services.audit_findings import Finding, Findings
from wallet.services.audit_payouts import check_payouts
from wallet.services.audit_rollups import check_kinds
from wallet.services.audit_seals import BadNotedSeal, Chain, NotedSeal, parse_noted_seal
from wallet.services.audit_sets import check_channels, check_holds, check_sets
from wallet.services.audit_transfers import Books, transfers, uncleared
from wallet.services.snapshot import snapshot

SEAL_FILE = "ledger-seal.txt"  # in the data folder: the newest seal of the last audit without findings
MAX_SENTENCE = 300
EVERY = timedelta(days=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Uncleared:
    """A clearing account that is not zero; nothing wrong in itself."""

    account: str
    amount: str
    since: str


@dataclass(kw_only=True)
class Report:
    """What an audit saw and found."""

    transfers: int = 0
    accounts: int = 0
    holds: int = 0
    channels: int = 0
    seals: int = 0
    unsealed: int = 0  # transfers that came after the last seal
    newest_seal: str = ""  # NUMBER:HASH, worth noting elsewhere
    uncleared: list[Uncleared] = field(default_factory=list)
    finding_count: int = 0
    findings: list[Finding] = field(default_factory=list)  # the first thousand; the first wrong row first


def audit(
    *, noted: NotedSeal | None = None, seal_file: Path | None = None, progress: Callable[[int], None] | None = None
) -> Report:
    """Audit all books within one snapshot. `progress` is told from time to time how many transfers have been seen."""
    findings = Findings()
    tell = progress or (lambda count: None)
    with snapshot():
        books = Books(findings)
        books.read_accounts()
        chain = Chain(findings, books.accounts)
        for rows in transfers():
            books.take(rows)
            chain.take(rows)
            tell(books.count)
        books.close()
        chain.close()
        if noted is not None:
            chain.compare(noted, words.WHERE_NOTED)
        if seal_file is not None:
            _compare_file(chain, findings, seal_file)
        check_sets(findings, working=lambda: tell(books.count))
        check_chain(findings, working=lambda: tell(books.count))
        check_payouts(findings, working=lambda: tell(books.count))
        _check_sums(findings, working=lambda: tell(books.count))
        report = Report(
            transfers=books.count,
            accounts=sum(account.is_there for account in books.accounts.values()),
            holds=check_holds(findings, books),
            channels=check_channels(findings, books),
            seals=chain.count,
            unsealed=chain.unsealed,
            newest_seal=str(chain.newest or ""),
            uncleared=[Uncleared(account=name, amount=much, since=str(at)) for name, much, at in uncleared(books)],
        )
    report.finding_count, report.findings = findings.count, list(findings)
    return report


def keep(report: Report, *, seal_file: Path, now: datetime) -> AuditRun:
    """Keep what came of an audit, and note the newest seal outside the database if nothing was found."""
    if report.newest_seal and not report.finding_count:
        _note(seal_file, report.newest_seal)
    return AuditRun.objects.create(
        at=now,
        transfers=report.transfers,
        findings=report.finding_count,
        first_finding=str(report.findings[0])[:MAX_SENTENCE] if report.findings else "",
        seal=report.newest_seal,
    )


def run(*, data_folder: Path, now: datetime) -> AuditRun:
    """Audit and keep what came of it."""
    seal_file = data_folder / SEAL_FILE
    kept = keep(audit(seal_file=seal_file), seal_file=seal_file, now=now)
    if kept.findings:
        logger.error("%d things in the books do not fit; the first: %s", kept.findings, kept.first_finding)
    return kept


def run_if_due(*, data_folder: Path, now: datetime) -> AuditRun | None:
    """Audit if the last time is a day ago; two at once may both do so, which harms nobody.

    Whoever calls it is busy for some twenty seconds for each million transfers.
    """
    if AuditRun.objects.filter(at__gt=now - EVERY).exists():
        return None
    return run(data_folder=data_folder, now=now)


def newest_run() -> AuditRun | None:
    return AuditRun.objects.order_by("-at", "-id").first()


def first_finding_of(run: AuditRun) -> str:
    """Return what was found first, for its reader."""
    return said_again(run.first_finding, words.AUDIT)


def _check_sums(findings: Findings, *, working: Callable[[], None]) -> None:
    working()
    check_kinds(findings)
    for follower in followers.registered():
        working()
        follower.check(findings)


def _compare_file(chain: Chain, findings: Findings, seal_file: Path) -> None:
    try:
        noted = parse_noted_seal(seal_file.read_text())
    except FileNotFoundError:
        return  # no audit has ended well yet, or all seals are to be trusted anew
    except (BadNotedSeal, UnicodeError):
        findings.add("seal", "?", words.NO_SEAL_THERE, name=seal_file.name)
        return
    chain.compare(noted, words.WHERE_FILE % {"name": seal_file.name})


def _note(seal_file: Path, seal: str) -> None:
    """Write the seal in one go: the file has the old one or the new one."""
    fresh = seal_file.with_name(f"{seal_file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{seal}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(seal_file)
