"""Real processes for tests: `manage.py …` in a temporary data folder, and the box, on free ports of 127.0.0.1."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tests import tables

ROOT = Path(__file__).resolve().parent.parent
READY_WAIT_S = 100.0
STOP_WAIT_S = 60.0  # far more than it takes
LAST_LINES_WAIT_S = 5.0
COMMAND_WAIT_S = 90.0
LOOK_AGAIN_S = 0.05
_OURS = ("SEEDBOX_", "NODE_", "WALLET_", "DATABASE_URL", "REDIS_URL", "DJANGO_", "GRANIAN_")
_COMMANDS = {
    "redis": "valkey-server",
    "devnet": "manage.py\0devnet\0",
    "signer": "manage.py\0signer\0",
    "node": "\0-Q\0node.",
    "wallet": "\0-Q\0wallet\0",
    "web": "\0granian\0",
}

Found = TypeVar("Found")


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free for TCP and UDP."""
    with ExitStack() as probes:
        tcp = probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", port))
    return port


def wait_until(look: Callable[[], Found], what: str, limit_s: float = READY_WAIT_S) -> Found:
    """Return the first true result of `look`; fail with a sentence when there is none in time."""
    deadline = time.monotonic() + limit_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {limit_s:g} s in vain for {what}"
        threading.Event().wait(LOOK_AGAIN_S)
    return found


def processes_with(setting: str) -> set[int]:
    """Return the living processes that were started with `NAME=value` in their environment."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if setting in (process / "environ").read_text(errors="replace").split("\0"):
                found.add(int(process.name))
    return found


class ManagedProcess:
    """`manage.py …`: started on entering, ended on leaving. `lines` is all it has said.

    What it is for says by `start` when it is ready. It can be stopped, or killed, and started again on the same data.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.data = Path(tempfile.mkdtemp(prefix=name))
        self.env = dict(os.environ)
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.data, ignore_errors=True)

    def start(self) -> object:
        raise NotImplementedError

    def launch(self, *arguments: str) -> None:
        """Start `manage.py` with these arguments, and listen to it."""
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.env,
            cwd=self.data,  # so that nothing depends on the folder it is started from
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._process = process
        self.lines = []
        self._reader = threading.Thread(target=self._read, args=[process, self.lines], daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str], lines: list[str]) -> None:
        assert process.stdout
        with process.stdout:
            lines.extend(line.rstrip("\n") for line in process.stdout)

    def wait_for_line(self, text: str, limit_s: float = READY_WAIT_S) -> str:
        """Return the first line with `text`; fail with all that was said when it ends or takes too long."""

        def look() -> str | None:
            if not self.is_running:
                self._reader.join(LAST_LINES_WAIT_S)
            found = next((line for line in list(self.lines) if text in line), None)
            assert found or self.is_running, f"the {self._name} ended without saying {text!r}"
            return found

        try:
            return wait_until(look, repr(text), limit_s) or ""
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.said}") from None

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal it and return its exit code; kill what takes too long, and fail then."""
        if self._process is None:
            return 0
        if self.is_running:
            self._process.send_signal(number)
        try:
            return self._process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the guardian of a box ends the rest
            self._process.wait()
            raise AssertionError(f"the {self._name} did not stop in {STOP_WAIT_S:g} s:\n{self.said}") from None


class Box(ManagedProcess):
    """A whole box; with `only` it is that process alone. `settings` override its environment.

    Its SQLite and its static files begin as those of a new box, which would cost most of its first start. At the end it
    is killed: to stop in order takes long, and has tests of its own.
    """

    begins_with_tables = True

    def __init__(self, *, only: str = "", **settings: str) -> None:
        super().__init__("box")
        self._only = only
        self.port = free_port()
        self.node_port = free_port()
        self.speed_port = free_port()
        self.devnet_port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.admin_user = "ada"
        self.admin_password = "a long password of ada"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        self.env |= {
            "SEEDBOX_DATA": str(self.data),
            "SEEDBOX_PORT": str(self.port),
            "SEEDBOX_ADMIN_USER": self.admin_user,
            "SEEDBOX_ADMIN_PASSWORD": self.admin_password,
            "NODE_LISTEN": f"127.0.0.1:{self.node_port}",
            "NODE_SPEED_LISTEN": f"127.0.0.1:{self.speed_port}",
            "WALLET_NETWORK": "off",
            "WALLET_DEVNET_PORT": str(self.devnet_port),
        } | settings

    def launch(self, *arguments: str) -> None:
        data = Path(self.env["SEEDBOX_DATA"])
        database = data / tables.NAME
        if self.begins_with_tables and not self.env.get("DATABASE_URL") and not database.exists():
            tables.copy_tables(database)
        if self.begins_with_tables and not (data / tables.STATIC).exists():
            tables.copy_static_files(data)
        super().launch(*arguments)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(signal.SIGKILL)
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.processes(), "all its processes to end")
        super().__exit__(kind, error, trace)

    def start(self) -> None:
        """Start and return when the box says that it is ready; also after `stop`, on the same data."""
        self.launch("up", *(["--only", self._only] if self._only else []))
        self.wait_for_line("Seedbox is ready" if self._only in ("", "web") else f"starting {self._only} alone")

    def child_pid(self, name: str) -> int:
        """Return the pid of redis, node, wallet or web; 0 while it is not running."""
        with suppress(FileNotFoundError):
            for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
                with suppress(FileNotFoundError, ProcessLookupError):
                    if _COMMANDS[name] in Path(f"/proc/{pid}/cmdline").read_text():
                        return int(pid)
        return 0

    def processes(self) -> set[int]:
        """Return every process of this box, however deep, by the data folder in its environment."""
        return processes_with(f"SEEDBOX_DATA={self.env['SEEDBOX_DATA']}")

    def health(self) -> int:
        """Return the status of /healthz; 0 when web does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code
        except OSError:
            return 0

    def manage(self, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py …` in the box's environment."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.env,
            cwd=self.data,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=COMMAND_WAIT_S,
            check=False,
        )
