"""A box of the dashboard bench's own: broker and web process as `up` starts them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedbox.config import children, env
from seedbox.config.benches.dashboard_cost import Family
from seedbox.config.benches.files import BenchFailed
from seedbox.config.process import die_with_parent
from seedbox.config.supervisor import Child

HOST = "127.0.0.1"
START_LIMIT_S = 60.0
LOOK_AGAIN_S = 0.05
_FOREIGN = ("SEEDBOX_", "NODE_", "WALLET_", "DATABASE_URL", "REDIS_URL")


class Hand:
    """A child that is told things in lines, and answers in lines of JSON."""

    def __init__(self, module: str, environ: Mapping[str, str], *arguments: str) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=env.ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,  # a bench that is killed leaves nothing behind
        )

    @property
    def family(self) -> Family:
        return Family(self._process.pid)

    def tell(self, what: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(what)}\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise BenchFailed(f"{self._module} ended with {self._process.wait()}; what it said is above")
        return json.loads(line)

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.communicate()


@contextmanager
def hand(module: str, environ: Mapping[str, str], *arguments: str) -> Iterator[Hand]:
    """Run a module of ours beside this process as long as it is needed."""
    one = Hand(module, environ, *arguments)
    try:
        yield one
    finally:
        one.end()


def environment(folder: Path, *, wallet_network: str, database_url: str = "") -> dict[str, str]:
    """Return the environment of a box in `folder`, whatever this process's own is."""
    folder.mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return environ | {
        "SEEDBOX_DATA": str(folder),
        "SEEDBOX_PORT": str(port),
        "WALLET_NETWORK": wallet_network,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "seedbox.config.settings",
    }


@contextmanager
def broker(environ: Mapping[str, str]) -> Iterator[Family]:
    child = _child("redis", environ)
    with _running(child.command, environ) as process:
        assert child.listens_at
        _wait_until_it_listens(socket.AF_UNIX, str(child.listens_at))
        yield Family(process.pid)


@contextmanager
def web(environ: Mapping[str, str]) -> Iterator[Family]:
    """Start the web process with the very command that `up` uses."""
    with _running(_child("web", environ).command, environ) as process:
        _wait_until_it_listens(socket.AF_INET, (HOST, int(environ["SEEDBOX_PORT"])))
        yield Family(process.pid)


def wait_until(holds: Callable[[], bool], what: str, *, limit_s: float) -> None:
    deadline_s = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise BenchFailed(f"{what}: not within {limit_s:g} s")
        time.sleep(LOOK_AGAIN_S)


def _child(name: str, environ: Mapping[str, str]) -> Child:
    return next(child for child in children.children(env.read(environ)) if child.name == name)


@contextmanager
def _running(command: tuple[str, ...], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=environ, cwd=env.ROOT, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_listens(family: socket.AddressFamily, address: str | tuple[str, int]) -> None:
    def listens() -> bool:
        with socket.socket(family) as probe:
            return probe.connect_ex(address) == 0

    wait_until(listens, f"something listens at {address}", limit_s=START_LIMIT_S)
