"""Audit the ledger, export it, and add up anew what is kept of it."""

import json
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from wallet.domain.money import Asset
from wallet.services import audit, exports, followers, following, kind_rollups
from wallet.services.audit import Report
from wallet.services.audit_seals import BadNotedSeal, NotedSeal, parse_noted_seal
from wallet.services.export_lines import Selection

TELL_EVERY = 100_000  # transfers: some seconds
MOST_SHOWN = 20  # findings; --json has a thousand
ASSETS = {asset.name.lower(): asset for asset in Asset}


class Command(BaseCommand):
    help = "Audit the ledger, export it, or say how far the sums over time go."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        checks = verbs.add_parser("audit", help="derive everything anew; end with 1 when something does not fit")
        checks.add_argument("--json", action="store_true", help="print JSON")
        checks.add_argument(
            "--seal", type=_noted_seal, metavar="NUMBER:HASH", help="a seal noted elsewhere, which must still be there"
        )
        writes = verbs.add_parser("export", help="write transfers for other programs")
        writes.add_argument("--format", required=True, choices=exports.FORMATS, help="beancount: for bean-check")
        writes.add_argument("--user", default="", metavar="NAME", help="only transfers from or to this user")
        writes.add_argument("--asset", choices=ASSETS, help="default: all")
        writes.add_argument("--from", type=_day, metavar="DATE", dest="from_date", help="first day, in UTC")
        writes.add_argument("--to", type=_day, metavar="DATE", dest="to_date", help="last day, in UTC")
        writes.add_argument("--output", type=Path, metavar="FILE", help="default: print it; the file is yours alone")

        sums = verbs.add_parser("rollups", help="say how far the sums over time go")
        sums.add_argument("--rebuild", action="store_true", help="forget them, and add everything up again")

    def handle(self, *, verb: str, **options: Any) -> None:
        if verb == "audit":
            self._audit(noted=options["seal"], as_json=options["json"])
        elif verb == "rollups":
            self._roll_up(anew=options["rebuild"])
        else:
            self._export(**options)

    def _audit(self, *, noted: NotedSeal | None, as_json: bool) -> None:
        seal_file = settings.DATA_DIR / audit.SEAL_FILE
        report = audit.audit(noted=noted, seal_file=seal_file, progress=self._teller())
        audit.keep(report, seal_file=seal_file, now=datetime.now(UTC))
        if as_json:
            self.stdout.write(json.dumps(asdict(report), ensure_ascii=False))
        else:
            self._print(report)
        if report.finding_count:
            raise CommandError(
                f"{report.finding_count} things in the books do not fit; the first: {report.findings[0]}"
            )

    def _print(self, report: Report) -> None:
        for finding in report.findings[:MOST_SHOWN]:
            self.stdout.write(str(finding))
        if report.finding_count > MOST_SHOWN:
            self.stdout.write(f"and {report.finding_count - MOST_SHOWN} more")
        seen = ("transfers", "accounts", "holds", "channels", "seals")
        self.stdout.write(", ".join(f"{getattr(report, what)} {what}" for what in seen))
        self.stdout.write(f"{report.unsealed} transfers are not sealed yet")
        for one in report.uncleared:
            self.stdout.write(f"{one.account} is not zero: {one.amount}, since {one.since}")
        if report.newest_seal:
            self.stdout.write(f"newest seal, to be noted elsewhere: {report.newest_seal}")
        if not report.finding_count:
            self.stdout.write("everything fits")

    def _export(self, *, user: str, asset: str | None, output: Path | None, **options: Any) -> None:
        selection = Selection(
            user_id=_user_id(user) if user else None,
            asset=ASSETS[asset] if asset else None,
            from_date=options["from_date"],
            to_date=options["to_date"],
        )
        try:
            with _opened(output, otherwise=self.stdout) as out:
                count = exports.export(out, form=options["format"], selection=selection, progress=self._teller())
        except BrokenPipeError:  # whoever reads has enough, and Python must not write what is left when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        self.stderr.write(f"{count} transfers")

    def _roll_up(self, *, anew: bool) -> None:
        for follower in (kind_rollups.FOLLOWER, *followers.registered()):
            if anew:
                following.begin_anew(follower, now=datetime.now(UTC))
                while following.catch_up(follower, now=datetime.now(UTC)):
                    self.stderr.write(f"{follower.name}: up to transfer {following.mark(follower.name).last_id} so far")
            self.stdout.write(f"{follower.name}: up to transfer {following.mark(follower.name).last_id}")

    def _teller(self) -> Callable[[int], None]:
        told = 0

        def tell(count: int) -> None:
            nonlocal told
            if count >= told + TELL_EVERY:
                told = count
                self.stderr.write(f"{count} transfers so far")

        return tell


@contextmanager
def _opened(output: Path | None, *, otherwise: Any) -> Iterator[Any]:
    """Open the file under another name until it is whole."""
    if output is None:
        yield otherwise
        return
    unfinished = output.with_name(f"{output.name}.part")
    unfinished.unlink(missing_ok=True)
    try:
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
        ) as out:
            yield out
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)


def _user_id(name: str) -> int:
    users = get_user_model()
    found = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if found is None:
        raise CommandError(f"there is no user {name}")
    return int(found.pk)


def _noted_seal(text: str) -> NotedSeal:
    try:
        return parse_noted_seal(text)
    except BadNotedSeal as problem:
        raise ArgumentTypeError(str(problem)) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no day; write it like 2026-11-30") from None
