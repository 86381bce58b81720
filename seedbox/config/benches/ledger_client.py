"""One client process of the ledger's bench: `python -m … WHAT NUMBER COUNT`.

Makes up its jobs, says "ready", waits for a line, works, says "done": only what is between the last two is timed.
"""

import gc
import os
import random
import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seedbox.config.settings")

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402  # Django must be set up first
from django.db import connection  # noqa: E402  # as above

from seedbox.config.benches import ledger_raw  # noqa: E402  # as above
from wallet.domain.accounts import AccountKind, AccountName, user_account  # noqa: E402  # as above
from wallet.domain.items import HoldPurpose, PlaceHold, Transfer  # noqa: E402  # as above
from wallet.domain.kinds import TransferKind  # noqa: E402  # as above
from wallet.domain.money import Asset  # noqa: E402  # as above
from wallet.domain.posting import Code  # noqa: E402  # as above
from wallet.models import Account  # noqa: E402  # as above
from wallet.services import ledger  # noqa: E402  # as above

ASSET = Asset.TRC20
BATCH = 1_000
THREADS = 8

Job = Callable[[], object]


class Client:
    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self._number = number
        self._users = list(get_user_model().objects.order_by("pk").values_list("pk", flat=True))
        self._now = datetime.now(UTC)

    def jobs(self, what: str, count: int) -> list[list[Job]]:
        """Return the jobs of each thread."""
        if what in ("batch", "hot"):
            return [[partial(self._post, self._transfers(BATCH, hot=what == "hot")) for _ in range(count // BATCH)]]
        if what == "single":
            return [[partial(self._post, self._transfers(1)) for _ in range(count // THREADS)] for _ in range(THREADS)]
        if what == "pairs":
            return [[partial(self._pair, self._payer()) for _ in range(count // THREADS)] for _ in range(THREADS)]
        accounts = list(Account.objects.filter(kind=AccountKind.USER).values_list("pk", flat=True))
        if what == "raw_batch":
            raw = ledger_raw.client(accounts, number=self._number)
            return [[raw.batch(BATCH) for _ in range(count // BATCH)]]
        threads = THREADS if connection.vendor == "postgresql" else 1  # SQLite has one writer: more would only wait
        clients = [ledger_raw.client(accounts, number=self._number * THREADS + index) for index in range(threads)]
        return [[raw.single() for _ in range(count // threads)] for raw in clients]

    def _post(self, items: Sequence[Transfer]) -> None:
        outcomes = ledger.post(items, now=self._now)
        assert all(outcome.code is Code.OK for outcome in outcomes)

    def _pair(self, payer: AccountName) -> None:
        key = secrets.token_hex(8)
        hold = PlaceHold(
            key=f"hold/{key}",
            account=payer,
            amount_ubtt=2,
            purpose=HoldPurpose.WITHDRAWAL,
            cause="withdrawal/1",
            expires_at=None,
        )
        placed = ledger.post_one(hold, now=self._now)
        assert ledger.post_one(self._transfer(payer, self._payer(), hold=placed.hold_id), now=self._now).is_done

    def _transfers(self, count: int, *, hot: bool = False) -> list[Transfer]:
        first = user_account(ASSET, self._users[0])
        made: list[Transfer] = []
        while len(made) < count:
            payer, payee = (user_account(ASSET, pk) for pk in self._random.sample(self._users, 2))
            payee = first if hot else payee
            if payer != payee:
                made.append(self._transfer(payer, payee))
        return made

    def _transfer(self, payer: AccountName, payee: AccountName, *, hold: int | None = None) -> Transfer:
        payee = payee if payee != payer else user_account(ASSET, self._users[-1])
        return Transfer(
            key=f"bench/{secrets.token_hex(12)}",
            debit=payer,
            credit=payee,
            amount_ubtt=1,
            kind=TransferKind.TIP,
            cause="tip/1",
            event_at=self._now,
            hold=hold,
        )

    def _payer(self) -> AccountName:
        return user_account(ASSET, self._random.choice(self._users[:-1]))


def run(what: str, number: int, count: int) -> None:
    gate = threading.Event()
    jobs = Client(number).jobs(what, count)
    threads = [threading.Thread(target=_work, args=[those, gate]) for those in jobs]
    for thread in threads:
        thread.start()
    gc.freeze()  # what was made up before the clock runs is no garbage to look through
    say("ready")
    sys.stdin.readline()
    gate.set()
    for thread in threads:
        thread.join()
    say("done")


def _work(jobs: list[Job], gate: threading.Event) -> None:
    connection.ensure_connection()
    gate.wait()
    for job in jobs:
        job()
    connection.close()


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
