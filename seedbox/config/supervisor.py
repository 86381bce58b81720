"""Keeps the box's processes running: starts them in order, restarts what crashes, stops all in the opposite order.

Every child leads a process group of its own, because web workers and beat are grandchildren. The guardian knows these
groups and ends them when the supervisor itself is killed; until it has started, and in the instant between a start and
its note to the guardian, the parent-death signal does.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seedbox.config import guardian
from seedbox.config.process import LineReader, die_with_parent, exit_code

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 10.0
HEALTHY_S = 10.0  # a child that ran this long starts again as quickly as the first time: a loop can't eat the machine
LISTEN_WAIT_S = 5.0
LOOK_AGAIN_S = 0.02
SAME_SIGNAL_S = 0.3  # `timeout` and shells may deliver one Ctrl-C twice
GUARDIAN_PATIENCE_S = 8.0  # the node may be saving resume data; a new box waits for the lock a little longer

Say = Callable[[str, str], None]


@dataclass(frozen=True)
class Child:
    """One process of the box."""

    name: str
    command: tuple[str, ...]
    stop_s: float  # between the polite signal and the kill
    listens_at: Path | None = None  # the next child starts when this Unix socket answers
    hushed: str = ""  # lines with these words mean nothing here
    environ: Mapping[str, str] = field(default_factory=dict)  # in place of what the box has there


def next_delay_s(*, previous_s: float, ran_s: float) -> float:
    """Return how long a child rests that ended after `ran_s`, having rested `previous_s` before (0 the first time)."""
    if ran_s > HEALTHY_S or not previous_s:
        return FIRST_DELAY_S
    return min(2 * previous_s, LONGEST_DELAY_S)


class Supervisor:
    """Run `children` until a signal asks to stop.

    SIGINT, SIGTERM and SIGHUP stop all in order; a second SIGINT kills what is left. `lock` is a locked descriptor that
    every child inherits, so that a leftover still counts as a user of the data folder.
    """

    def __init__(
        self, children: Sequence[Child], *, environ: Mapping[str, str], folder: Path, lock: int, say: Say
    ) -> None:
        self._children = children
        self._environ = dict(environ)
        self._folder = folder
        self._lock = lock
        self._say = say
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._guardian: subprocess.Popen[bytes] | None = None
        self._stopping = asyncio.Event()
        self._asked_at = 0.0
        self._killed = False

    async def run(self) -> int:
        """Return the exit code: 0 after an orderly stop, 130 after a second SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop, number)
        self._start_guardian()
        watch = asyncio.create_task(self._keep_guardian())
        keepers: dict[str, asyncio.Task[None]] = {}
        for child in self._children:
            if not self._stopping.is_set():
                keepers[child.name] = asyncio.create_task(self._keep(child))
                await self._until_it_listens(child)
        await self._stopping.wait()
        for child in reversed(self._children):
            if child.name in keepers:
                await self._stop(child, keepers[child.name])
        await self._dismiss_guardian(watch)
        return 130 if self._killed else 0

    def _asked_to_stop(self, number: int) -> None:
        now = asyncio.get_running_loop().time()
        if not self._stopping.is_set():
            self._asked_at = now
            self._say("box", "stopping; Ctrl-C again kills at once")
            self._stopping.set()
        elif number == signal.SIGINT and now - self._asked_at > SAME_SIGNAL_S:
            self._killed = True
            guardian.signal_groups([process.pid for process in self._running.values()], signal.SIGKILL)

    async def _keep(self, child: Child) -> None:
        loop = asyncio.get_running_loop()
        delay_s = 0.0
        while not self._stopping.is_set():
            started = loop.time()
            ending = await self._run_once(child)
            if self._stopping.is_set():
                return
            delay_s = next_delay_s(previous_s=delay_s, ran_s=loop.time() - started)
            self._say("box", f"{child.name} {ending}; starting it again in {delay_s:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)

    async def _run_once(self, child: Child) -> str:
        """Start the child, pass on its lines until it ends, and return how it ended."""
        try:
            process = self._start(child)
        except OSError as problem:
            return f"could not start ({problem})"
        self._running[child.name] = process
        self._tell_guardian(f"+{process.pid}\n")
        with LineReader(process, lambda line: self._pass_on(child, line)):
            code = await exit_code(process)
            guardian.signal_groups([process.pid], signal.SIGKILL)  # a leftover would hold its port or its files
        del self._running[child.name]
        self._tell_guardian(f"-{process.pid}\n")
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def _pass_on(self, child: Child, line: str) -> None:
        if line.strip() and not (child.hushed and child.hushed in line):
            self._say(child.name, line)

    def _start(self, child: Child) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            child.command,
            cwd=self._folder,
            env=self._environ | dict(child.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[self._lock],
            process_group=0,
            preexec_fn=die_with_parent,  # safe: this process has one thread
        )

    async def _until_it_listens(self, child: Child) -> None:
        if child.listens_at is None:
            return
        deadline = asyncio.get_running_loop().time() + LISTEN_WAIT_S
        while asyncio.get_running_loop().time() < deadline and not self._stopping.is_set():
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_unix_connection(child.listens_at)
                writer.close()
                return
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _stop(self, child: Child, keeper: asyncio.Task[None]) -> None:
        process = self._running.get(child.name)
        if process and process.poll() is None:
            process.send_signal(signal.SIGKILL if self._killed else signal.SIGTERM)
        done, _ = await asyncio.wait([keeper], timeout=child.stop_s)
        if not done and process:
            self._say("box", f"{child.name} did not stop in {child.stop_s:g} s: killed")
            guardian.signal_groups([process.pid], signal.SIGKILL)
        await keeper

    async def _keep_guardian(self) -> None:
        loop = asyncio.get_running_loop()
        delay_s = 0.0
        while self._guardian:
            started = loop.time()
            await exit_code(self._guardian)
            delay_s = next_delay_s(previous_s=delay_s, ran_s=loop.time() - started)
            await asyncio.sleep(delay_s)
            try:
                self._start_guardian()
            except OSError as problem:
                self._say("box", f"the guardian could not start ({problem}); trying again")

    def _start_guardian(self) -> None:
        groups = [str(process.pid) for process in self._running.values()]  # known to it before we can be killed
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", guardian.__file__, str(GUARDIAN_PATIENCE_S), *groups],
            bufsize=0,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[self._lock],
            start_new_session=True,
        )

    def _tell_guardian(self, line: str) -> None:
        if self._guardian and self._guardian.stdin:
            with contextlib.suppress(BrokenPipeError):  # the next guardian gets the whole list
                self._guardian.stdin.write(line.encode())

    async def _dismiss_guardian(self, watch: asyncio.Task[None]) -> None:
        watch.cancel()
        if self._guardian and self._guardian.stdin:
            self._guardian.stdin.close()
            await exit_code(self._guardian)
