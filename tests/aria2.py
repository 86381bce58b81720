"""aria2 as a foreign peer: a client that shares no code with libtorrent."""

import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.box import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STOP_TIMEOUT_S = 10


class MissingTool(Exception):
    """A program that the tests need is missing; the message names its Debian package."""


def tool(program: str, *, package: str) -> str:
    """Return the path of a program, or fail with the package that brings it."""
    path = shutil.which(program)
    if not path:
        raise MissingTool(f"{program} is missing: install the Debian package {package}, or run `make tools`")
    return path


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def aria2(torrent: "Path", folder: "Path", *, port: int, seeds: bool) -> "Iterator[subprocess.Popen[bytes]]":
    """Run aria2 on one torrent, listening on `port`; as a seed it keeps on, as a leech it ends when it is complete."""
    process = subprocess.Popen(
        [
            tool("aria2c", package="aria2"),
            "--no-conf",
            "--enable-dht=false",
            "--enable-dht6=false",
            "--bt-enable-lpd=false",
            "--enable-peer-exchange=false",
            "--interface=127.0.0.1",
            f"--listen-port={port}",
            f"--dir={folder}",
            f"--check-integrity={'true' if seeds else 'false'}",
            "--bt-hash-check-seed=true",
            "--seed-ratio=0.0",
            *([] if seeds else ["--seed-time=0"]),
            "--quiet",
            str(torrent),
        ],
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _listens(port), "aria2 to listen")
        yield process
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
