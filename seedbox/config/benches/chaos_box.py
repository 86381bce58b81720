"""The box that the bench of kills maltreats: its processes by name, and whether each of them is well."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from seedbox.config import env
from seedbox.config.benches import chaos_hand, seeding_login
from seedbox.config.benches.files import BenchFailed
from seedbox.config.benches.seeding_box import box_environ, free_port

LOOK_AGAIN_S = 0.02
ANSWER_S = 5.0
END_LIMIT_S = 20.0
LINES_KEPT = 400

# What each process is known by in /proc; a child of a process comes after its parent's name.
_COMMANDS = {
    "redis": "valkey-server",
    "node": "\0-Q\0node.",
    "wallet": "\0-Q\0wallet\0",
    "web": "\0granian\0",
    "guardian": "guardian.py",
}
_CHILD_OF = {"beat": "wallet", "web worker": "web"}
SUPERVISOR = "supervisor"


class ChaosBox:
    """`manage.py up` as an operator runs it, started anew when it is gone. Any thread may call."""

    def __init__(self, folder: Path, *, port: int, node_listen: str) -> None:
        self.endpoint = node_listen
        self.url = f"http://localhost:{port}"
        self.data = folder / "data"
        chain = {"WALLET_NETWORK": "devnet", "WALLET_DEVNET_PORT": str(free_port())}
        self._environ = box_environ(folder, port=port, node_listen=node_listen) | chain
        self._log = folder / "box.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._hand: subprocess.Popen[str] | None = None
        self._asking = threading.Lock()
        self._cookie = ""

    # --- its life

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(env.ROOT / "manage.py"), "up"],
                env=self._environ,
                cwd=env.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        for process in (self._hand, self._process):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self._hand, self._process):
            if process is not None:
                process.wait(END_LIMIT_S)
        for pipe in (self._hand.stdin, self._hand.stdout) if self._hand else ():
            if pipe:
                pipe.close()

    @property
    def said(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-LINES_KEPT:])

    # --- its processes

    def pid(self, name: str) -> int:
        """Return a process's pid, 0 while it does not run."""
        if name == SUPERVISOR:
            return self._process.pid if self._process and self._process.poll() is None else 0
        if name in _CHILD_OF:
            parent = self.pid(_CHILD_OF[name])
            return next(iter(_children(parent)), 0) if parent else 0
        supervisor = self.pid(SUPERVISOR)
        found = (pid for pid in _children(supervisor) if _COMMANDS[name] in _command(pid)) if supervisor else iter(())
        return next(found, 0)

    def reap(self) -> None:
        """Take note that the supervisor was killed."""
        if self._process:
            self._process.wait(END_LIMIT_S)

    # --- how it is

    def ask(self, verb: str, **order: Any) -> Any:
        """Let the hand inside do something; None when it could not (now), else its answer."""
        with self._asking:
            hand = self._hand = self._hand or self._start_hand()
            assert hand.stdin and hand.stdout
            hand.stdin.write(json.dumps({"verb": verb, **order}) + "\n")
            hand.stdin.flush()
            line = hand.stdout.readline()
        if not line:
            raise BenchFailed("the hand inside the box ended")
        return json.loads(line).get("done")

    def unsaved(self) -> list[Path]:
        """Return the marks of torrents that would be checked if the node ended now."""
        return list(self.data.glob("node-*/resume/*.lagging"))

    def page(self, path: str = "/") -> httpx.Response | None:
        """Fetch a page as the signed-in user; None when nobody answers."""
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}{path}", headers={"Cookie": self.cookie}, timeout=ANSWER_S)
        return None

    def post(self, path: str, data: dict[str, str], files: dict[str, tuple[str, bytes]] | None = None) -> bool:
        """Send a form as a browser does; true when web has said that it is done."""
        with suppress(httpx.HTTPError), httpx.Client(base_url=self.url, timeout=ANSWER_S) as client:
            name, _, value = self.cookie.partition("=")
            client.cookies.set(name, value)
            client.get("/")
            token = next((cookie.value for cookie in client.cookies.jar if "csrf" in cookie.name), None)
            headers = {"X-CSRFToken": token or "", "Origin": self.url, "HX-Request": "true"}
            return client.post(path, data=data, files=files, headers=headers).status_code == httpx.codes.OK
        return False

    @property
    def cookie(self) -> str:
        if not self._cookie:
            self._cookie = self._run("-m", seeding_login.__name__).splitlines()[-1]
        return self._cookie

    def health(self) -> dict[str, Any]:
        """Return what /healthz says; {} when web does not answer."""
        with suppress(httpx.HTTPError, ValueError):
            return dict(httpx.get(f"{self.url}/healthz", timeout=ANSWER_S).json())
        return {}

    def _run(self, *command: str) -> str:
        python = [sys.executable, *command]
        return subprocess.run(
            python, env=self._environ, cwd=env.ROOT, stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    def _start_hand(self) -> "subprocess.Popen[str]":
        with self._log.with_suffix(".hand").open("ab") as log:  # it complains of a dead Redis, as it should
            return subprocess.Popen(
                [sys.executable, "-m", chaos_hand.__name__],
                env=self._environ,
                cwd=env.ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    return ""


def is_alive(pid: int) -> bool:
    """Say whether a process still runs; one that only waits to be reaped does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    return False


def wait_for(look: Callable[[], object], what: str, *, limit_s: float) -> float:
    """Wait until `look` is true and return when it was; raises BenchFailed."""
    deadline_s = time.monotonic() + limit_s
    while not look():
        if time.monotonic() > deadline_s:
            raise BenchFailed(f"waited {limit_s:g} s in vain for {what}")
        time.sleep(LOOK_AGAIN_S)
    return time.monotonic()
