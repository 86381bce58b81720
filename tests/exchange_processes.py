"""The processes of an exchange, forked from one that has loaded everything: a next life costs a few milliseconds.

The worker does what its tasks do, without a pause between them and on a clock that hurries, so that what is looked at
again in seconds is looked at again at once. The chain's time is the chain's.
"""

import itertools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connections

from seedbox.config.process import die_with_parent
from wallet import wiring
from wallet.services import chain_rounds, holds, reconciliation, seals, withdrawing

BLOCK_S, SOLID_LAG = 0.2, 4
HURRY = 8  # as fast as the wall clock
BREATH_S = 0.03  # between two rounds of a worker
AWAY = (OperationalError, InterfaceError)


@dataclass(frozen=True)
class Clock:
    """A wall clock that hurries."""

    began: datetime

    def now(self) -> datetime:
        return self.began + (datetime.now(UTC) - self.began) * HURRY


class Process:
    """A process that can be killed and started again. It writes into `log`."""

    def __init__(self, name: str, work: Callable[[], object], log: Path) -> None:
        self.name = name
        self._work = work
        self._log = log
        self._pid = 0

    def start(self) -> None:
        """Fork. No connection may be open, and nothing may run besides: the child would have both."""
        connections.close_all()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if not self._pid:
            self._live()

    def _live(self) -> None:
        code = 1
        try:
            die_with_parent()
            os.dup2(os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), sys.stdout.fileno())
            os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
            self._work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._pid = 0

    @property
    def has_ended(self) -> bool:
        """Whether it ended though nobody has killed it."""
        return os.waitpid(self._pid, os.WNOHANG) != (0, 0)


def devnet(port: int, state: Path) -> None:
    pace = ("--block-seconds", str(BLOCK_S), "--solid-lag", str(SOLID_LAG))
    call_command("devnet", "--port", str(port), "--state", str(state), *pace)


def signer() -> None:
    call_command("signer")


def worker(clock: Clock) -> None:
    """Do everything again and again, each at its pace, until the end."""
    chain, asked = wiring.chain(), wiring.signer()
    tasks: list[tuple[int, Callable[[], object]]] = [
        (1, lambda: chain_rounds.read(chain, asked, now=clock.now())),
        (1, lambda: withdrawing.step(chain, asked, now=clock.now())),
        (3, lambda: chain_rounds.sweep(chain, asked, now=clock.now())),
        (2, lambda: seals.seal_new(now=clock.now())),
        (5, lambda: holds.expire_due(now=clock.now())),
        (7, lambda: reconciliation.run(now=clock.now())),
    ]
    pause = threading.Event()
    for turn in itertools.count():
        for every, task in tasks:
            if turn % every == 0:
                _run(task)
        pause.wait(BREATH_S)


def _run(task: Callable[[], object]) -> None:
    """Run a task as Celery would: whatever it raises is written down, and the next one goes on."""
    try:
        task()
    except AWAY as problem:
        print(f"the database was away: {problem}", file=sys.stderr)  # noqa: T201 # the log
    except Exception:
        traceback.print_exc()
