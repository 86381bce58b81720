"""Workers that post a stream of wishes, each in a process that can be killed.

`Nursery` starts one process that sets Django up once and forks a worker for each line it is told, so that a worker's
life costs a few milliseconds. Every worker says after each batch what it was answered.
"""

import json
import os
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen
from types import TracebackType
from typing import Any, Self

from django.core.management import call_command
from django.db import connection

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import TREASURY, fund
from tests.ledger_model import FIRST_MONEY_UBTT, NOBODYS_ID, Stream, Wish, users_of
from wallet.domain.accounts import AccountName
from wallet.domain.items import Transfer
from wallet.domain.posting import Outcome
from wallet.services import ledger

ROOT = Path(__file__).resolve().parent.parent
SERVE = "from tests.ledger_worker import serve; serve()"
MAX_TRACE = 3_000  # characters: a line that is written at once must fit a pipe's page


def begin_books(ids: Sequence[int]) -> list[AccountName]:
    """Give each of the users the money that the model begins with."""
    users = users_of(ids)
    for name in users:
        fund(name, FIRST_MONEY_UBTT)
    ledger.store().open_accounts([TREASURY], now=NOW)
    return users


def batch_at(number: int) -> datetime:
    return NOW + timedelta(seconds=number)


def post_wishes(wishes: Sequence[Wish], now: datetime) -> list[Outcome]:
    """Look up the ids that the wishes mean, then post them."""
    return ledger.post([wish.item(_id_of(wish), now) for wish in wishes], now=now)


def _id_of(wish: Wish) -> int:
    kind, key = wish.meant
    found = ledger.outcome_of(key, of=kind) if key else None
    return (found and (found.transfer_id if kind is Transfer else found.hold_id)) or NOBODYS_ID


def run_stream(job: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    """Post the batches of a stream in their order, from the one numbered `first`, and say what became of each."""
    stream = Stream(Random(job["seed"]), users_of(job["users"]), job["prefix"])
    for number in range(job["batches"]):
        wishes = stream.batch()
        if number < job.get("first", 0):
            continue
        try:
            outcomes = post_wishes(wishes, batch_at(number))
        except ledger.LedgerBusy as problem:
            say({"busy": number, "why": str(problem.__cause__)})
            return
        ids = [outcome.transfer_id or outcome.hold_id for outcome in outcomes]
        say({"batch": number, "codes": [str(outcome.code) for outcome in outcomes], "ids": ids})
    say({"done": True})


def serve() -> None:
    """Fork a worker for each line of standard input, or wait for the end of one."""
    connection.close()
    for line in sys.stdin:
        job = json.loads(line)
        _use(job.get("database"), job.get("wait_s"))
        if job["do"] == "begin":
            _begin(job)
        elif job["do"] == "wait":
            os.waitpid(job["pid"], 0)
            _say({"ended": job["pid"]})
        else:
            pid = os.fork()
            if not pid:
                _live(job)
            _say({"started": pid})


def _use(database: str | None, wait_s: float | None) -> None:
    if database:
        connection.settings_dict["NAME"] = database
    if wait_s is not None:
        connection.settings_dict["OPTIONS"]["timeout"] = wait_s


def _begin(job: dict[str, Any]) -> None:
    """Make a new database with so many users who have money."""
    call_command("migrate", verbosity=0)
    User.objects.bulk_create([User(username=f"user{number}") for number in range(job["users"])])
    ids = list(User.objects.order_by("pk").values_list("pk", flat=True))
    begin_books(ids)
    connection.close()
    _say({"begun": ids})


def _live(job: dict[str, Any]) -> None:
    try:
        with connection.cursor() as cursor:
            for statement in job.get("before", ()):
                cursor.execute(statement)
        run_stream(job, lambda said: _say({"worker": job["prefix"], **said}))
    except BaseException:
        _say({"failed": traceback.format_exc()[-MAX_TRACE:]})
    finally:
        os._exit(0)


def _say(said: dict[str, Any]) -> None:
    """Write one line at once, so that those of several workers do not mix."""
    os.write(1, json.dumps(said).encode() + b"\n")


class Nursery:
    """The other end: starts workers, reads what they say, sees them end."""

    def __init__(self, environment: dict[str, str], *, database: str = "") -> None:
        self._environment = environment
        self.database = database
        self._early: deque[dict[str, Any]] = deque()

    def __enter__(self) -> Self:
        command = [sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c", SERVE]
        self._process = Popen(command, env=self._environment, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, **job: Any) -> int:
        """Start a worker and return its pid."""
        self._tell("start", job)
        return int(self._hear("started")["started"])

    def wait(self, pid: int) -> Iterator[dict[str, Any]]:
        """Yield what is said until that worker has ended."""
        self._tell("wait", {"pid": pid})
        self._hear("ended")
        while self._early:
            yield self._early.popleft()

    def begin(self, users: int) -> list[int]:
        """Make a new database with so many users who have money, and return their ids."""
        self._tell("begin", {"users": users})
        ids: list[int] = self._hear("begun")["begun"]
        return ids

    def listen(self) -> dict[str, Any]:
        """Return what a worker says next."""
        return self._early.popleft() if self._early else self._read()

    def _hear(self, word: str) -> dict[str, Any]:
        while word not in (said := self._read()):
            self._early.append(said)
        return said

    def _tell(self, do: str, fields: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, "database": self.database, **fields}) + "\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the nursery ended"
        said: dict[str, Any] = json.loads(line)
        assert "failed" not in said, said["failed"]
        return said
