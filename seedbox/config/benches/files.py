"""One large file over HTTP from the real web process and from nginx, in turns, read by a bare socket.

The file is in the page cache, so this measures servers and not a disk. `peak_extra_mib` is what the web process grew
by over all downloads together.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from seedbox.config import children, env
from seedbox.config.benches import file_box
from seedbox.domain.units import KIB, MIB

START_LIMIT_S = 60.0
LOOK_AGAIN_S = 0.05
READ_LIMIT_S = 120.0
SINK_BYTES = 1 * MIB
MAX_HEAD_BYTES = 64 * KIB
HOST = "127.0.0.1"

# One process, as one worker of ours, with what nginx is praised for: sendfile.
NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen {host}:{port}; root {root}; }}
}}
"""


class BenchFailed(Exception):
    """What did not work, and what to do."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)


def run(*, size_mib: int, rounds: int, say: Callable[[str], None]) -> dict[str, float]:
    """Measure in turns and return the median speeds, their ratio and the web process's growth."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="box")))
        path = _make_file(folder / "files" / "large.bin", size_mib)
        ours = stack.enter_context(_web(folder, path, say))
        nginx = stack.enter_context(_nginx(folder, path, say))
        node_s, nginx_s = [], []
        memory_before_mib = ours.memory_mib("VmRSS")
        for number in range(1, rounds + 1):
            node_s.append(ours.download_s(size_mib * MIB))
            nginx_s.append(nginx.download_s(size_mib * MIB))
            say(f"round {number}: node {size_mib / node_s[-1]:.0f} MiB/s, nginx {size_mib / nginx_s[-1]:.0f} MiB/s")
        peak_extra_mib = ours.memory_mib("VmHWM") - memory_before_mib
    node_mib_s, nginx_mib_s = size_mib / _median(node_s), size_mib / _median(nginx_s)
    return {
        "node_mib_s": round(node_mib_s, 1),
        "nginx_mib_s": round(nginx_mib_s, 1),
        "ratio": round(node_mib_s / nginx_mib_s, 3),
        "peak_extra_mib": round(peak_extra_mib, 1),
    }


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


class Server:
    """A running HTTP server and how to fetch the file from it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, path: str, headers: Mapping[str, str]) -> None:
        self._process = process
        self._port = port
        lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}:{port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._request = "\r\n".join([*lines, "", ""]).encode()

    def wait_until_it_listens(self) -> None:
        deadline_s = time.monotonic() + START_LIMIT_S
        while True:
            if self._process.poll() is not None:
                raise BenchFailed(f"{self._process.args!r} ended at once")
            try:
                socket.create_connection((HOST, self._port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline_s:
                    raise BenchFailed(f"nothing listens on port {self._port}") from None
                time.sleep(LOOK_AGAIN_S)

    def download_s(self, size_bytes: int) -> float:
        """Fetch the file into one buffer, over and over the same, and return how long that took."""
        sink = bytearray(SINK_BYTES)
        with socket.create_connection((HOST, self._port), timeout=READ_LIMIT_S) as connection:
            began_s = time.perf_counter()
            connection.sendall(self._request)
            left = size_bytes - self._skip_head(connection, size_bytes)
            while left > 0 and (count := connection.recv_into(sink)):
                left -= count
            took_s = time.perf_counter() - began_s
        if left:
            raise BenchFailed(f"{left} bytes of the file did not come")
        return took_s

    @staticmethod
    def _skip_head(connection: socket.socket, size_bytes: int) -> int:
        """Read up to the body and return how many bytes of it came along; check that the answer is the file."""
        head = b""
        while b"\r\n\r\n" not in head and len(head) < MAX_HEAD_BYTES:
            part = connection.recv(MAX_HEAD_BYTES)
            if not part:
                break
            head += part
        head, _, body = head.partition(b"\r\n\r\n")
        if b" 200 " not in head[:16] or f"content-length: {size_bytes}\r\n".encode() not in head.lower() + b"\r\n":
            raise BenchFailed(f"the server did not send the file: {head[:500]!r}")
        return len(body)

    def memory_mib(self, field: str) -> float:
        """Return a field of /proc's memory (VmRSS now, VmHWM ever) of the process and its children together."""
        pids, kib = [self._process.pid], 0
        for pid in pids:
            pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            kib += sum(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
        return kib / KIB


def _make_file(path: Path, size_mib: int) -> Path:
    path.parent.mkdir()
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for _ in range(size_mib):
            file.write(block)
    return path


@contextmanager
def _web(folder: Path, path: Path, say: Callable[[str], None]) -> Iterator[Server]:
    """Start the web process with the very command that `up` uses, on a box of its own."""
    port = _free_port()
    ours = {"SEEDBOX_DATA": str(folder / "data"), "SEEDBOX_PORT": str(port), "WALLET_NETWORK": "off"}
    foreign = ("SEEDBOX_", "NODE_", "WALLET_", "DATABASE_URL", "REDIS_URL")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | ours
    environ["DJANGO_SETTINGS_MODULE"] = "seedbox.config.settings"
    say("making a box with one finished file")
    command = [sys.executable, "-m", file_box.__name__, str(path)]
    filled = subprocess.run(command, env=environ, cwd=env.ROOT, stdout=subprocess.PIPE, check=True)
    fetch = json.loads(filled.stdout.splitlines()[-1])
    web = next(child for child in children.children(env.read(environ)) if child.name == "web")
    with _running(web.command, environ) as process:
        server = Server(process, port, fetch["path"], {"Cookie": fetch["cookie"]})
        server.wait_until_it_listens()
        yield server


@contextmanager
def _nginx(folder: Path, path: Path, say: Callable[[str], None]) -> Iterator[Server]:
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        raise BenchFailed("nginx is missing: run `make tools`")
    port = _free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, host=HOST, port=port, root=path.parent))
    say("starting nginx on the same file")
    with _running((nginx, "-e", f"{folder}/nginx.log", "-c", str(config)), os.environ) as process:
        server = Server(process, port, f"/{path.name}", {})
        server.wait_until_it_listens()
        yield server


@contextmanager
def _running(command: tuple[str, ...], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environ, cwd=env.ROOT, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
