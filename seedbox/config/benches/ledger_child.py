"""The ledger's bench on the database of its environment: `python -m … TRANSFERS ROUNDS`; the last line is JSON."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from statistics import median, quantiles
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seedbox.config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first
from django.contrib.auth import get_user_model  # noqa: E402  # as above
from django.core.management import call_command  # noqa: E402  # as above
from django.db import connection  # noqa: E402  # as above

from seedbox.config.benches import ledger_raw  # noqa: E402  # as above
from wallet.domain.accounts import AccountKind, own_account, user_account  # noqa: E402  # as above
from wallet.domain.items import Transfer  # noqa: E402  # as above
from wallet.domain.kinds import TransferKind  # noqa: E402  # as above
from wallet.domain.money import Asset  # noqa: E402  # as above
from wallet.models import Account  # noqa: E402  # as above
from wallet.models import Transfer as TransferRow  # noqa: E402  # as above
from wallet.services import audit, ledger, seals, statements  # noqa: E402  # as above

CLIENT = "seedbox.config.benches.ledger_client"
ASSET = Asset.TRC20
MAX_USERS = 10_000
PAGES = 200
PAGE_ENTRIES = 100
MILLION = 1_000_000
EACH_UBTT = 10**12


class Bench:
    def __init__(self, transfers: int, rounds: int) -> None:
        self._transfers = transfers
        self._rounds = rounds
        self._users = min(MAX_USERS, transfers // 10)
        self._is_postgresql = connection.vendor == "postgresql"
        self._number = 0

    def run(self) -> dict[str, Any]:
        self._fund()
        ledger_raw.prepare()
        batches = max(self._transfers // 20, 2_000)
        singles = max(self._transfers // 200, 400)
        clients = 2 if self._is_postgresql else 1  # SQLite has one writer
        speeds = self._in_turns(
            {
                "batch_limit_per_s": ("raw_batch", batches, clients),
                "batch_per_s": ("batch", batches, clients),
                "hot_per_s": ("hot", batches, clients),
                "single_limit_per_s": ("raw_single", singles, 1),
                "single_per_s": ("single", singles, 1),
                "hold_post_per_s": ("pairs", singles // 2, 1),
            }
        )
        self._fill()
        say("sealing, pages, audit")
        seal_s = _seconds(partial(seals.seal_new, now=datetime.now(UTC)))
        page_p95_ms = self._page_p95_ms()
        audit_s = _seconds(self._audit)
        count = TransferRow.objects.count()
        figures: dict[str, Any] = {name: round(speed) for name, speed in speeds.items()}
        return figures | {
            "ratio_batch": round(speeds["batch_per_s"] / speeds["batch_limit_per_s"], 3),
            "ratio_hot": round(speeds["hot_per_s"] / speeds["batch_per_s"], 3),
            "ratio_single": round(speeds["single_per_s"] / speeds["single_limit_per_s"], 3),
            "transfers": count,
            "bytes_per_transfer": round(self._size_bytes() / count),
            "page_p95_ms": round(page_p95_ms, 1),
            "seal_s_per_million": round(seal_s * MILLION / count, 1),
            "audit_s_per_million": round(audit_s * MILLION / count, 1),
        }

    def _fund(self) -> None:
        say(f"{self._users:,} users with money")
        model = get_user_model()
        model.objects.bulk_create([model(username=f"user{number}", password="!") for number in range(self._users)])
        now = datetime.now(UTC)
        chain = own_account(ASSET, AccountKind.CHAIN)
        for pk in range(0, self._users, 1_000):
            users = model.objects.order_by("pk").values_list("pk", flat=True)[pk : pk + 1_000]
            deposits = [
                Transfer(
                    key=f"deposit/{user}",
                    debit=chain,
                    credit=user_account(ASSET, user),
                    amount_ubtt=EACH_UBTT,
                    kind=TransferKind.DEPOSIT,
                    cause=f"deposit/{user}",
                    event_at=now,
                )
                for user in users
            ]
            assert all(outcome.is_done for outcome in ledger.post(deposits, now=now))

    def _in_turns(self, races: dict[str, tuple[str, int, int]]) -> dict[str, float]:
        found: dict[str, list[float]] = {name: [] for name in races}
        for number in range(self._rounds):
            for name, (what, count, clients) in races.items():
                found[name].append(self._race(what, count, clients))
                say(f"round {number + 1}: {name} {found[name][-1]:,.0f}")
        return {name: median(speeds) for name, speeds in found.items()}

    def _race(self, what: str, count: int, clients: int) -> float:
        """Let clients do so much of it together; return how much they did in a second."""
        with ExitStack() as stack:
            running = []
            for _ in range(clients):
                self._number += 1
                command = [sys.executable, "-m", CLIENT, what, str(self._number), str(count // clients)]
                client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                running.append(stack.enter_context(client))
            for client in running:
                _hear(client, "ready")
            began_s = time.perf_counter()
            for client in running:
                assert client.stdin
                client.stdin.write("go\n")
                client.stdin.flush()
            for client in running:
                _hear(client, "done")
            return count / (time.perf_counter() - began_s)

    def _fill(self) -> None:
        """Let the first user be paid until there are as many transfers as asked for."""
        missing = self._transfers - TransferRow.objects.count()
        if missing >= 1_000:
            say(f"{missing:,} more transfers to one account")
            self._race("hot", missing, 1)

    def _page_p95_ms(self) -> float:
        """Read pages of a hundred anywhere in the longest statement, as a user's page does."""
        account = Account.objects.order_by("-version")[0]
        chosen = random.Random(self._transfers)
        took_ms = []
        for _ in range(PAGES):
            before = chosen.randint(PAGE_ENTRIES + 1, account.version + 1)
            took_ms.append(_seconds(partial(_read_page, account, before)) * 1_000)
        return quantiles(took_ms, n=20, method="inclusive")[-1]

    def _audit(self) -> None:
        report = audit.audit()
        assert not report.findings, str(report.findings[0])

    def _size_bytes(self) -> int:
        with connection.cursor() as cursor:
            if self._is_postgresql:
                cursor.execute("SELECT pg_total_relation_size('wallet_transfer')")
                return int(cursor.fetchone()[0])
        path = settings.DATABASES["default"]["NAME"]
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(path.stat().st_size)


def _read_page(account: Account, before: int) -> None:
    assert len(statements.read(account, before=before, limit=PAGE_ENTRIES).entries) == PAGE_ENTRIES


def _seconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _hear(client: "subprocess.Popen[str]", word: str) -> None:
    assert client.stdout
    heard = client.stdout.readline().strip()
    assert heard == word, f"a client of the bench said {heard!r}, not {word!r}; what it met is above"


def say(line: str) -> None:
    sys.stderr.write(f"  {line}\n")


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    sys.stdout.write(f"{json.dumps(Bench(int(sys.argv[1]), int(sys.argv[2])).run())}\n")
