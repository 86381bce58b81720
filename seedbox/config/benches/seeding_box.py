"""A real box on loopback for the seeding bench: it seeds one torrent, and somebody watches it live."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from seedbox.config import env
from seedbox.config.benches import seeding_login
from seedbox.config.benches.files import BenchFailed
from seedbox.engine.metainfo import read_torrent_file

HOST = "127.0.0.1"
NODE_ADDRESS = "127.0.0.41"
START_LIMIT_S = 120.0
CHECK_LIMIT_S = 600
STOP_LIMIT_S = 60.0
LOOK_AGAIN_S = 0.1
ASK_ALIVE_S = 20.0  # as a page does: who says nothing for long is given up
CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class SeedingBox:
    """A started `manage.py up` that keeps its data, and its torrents, in `folder`."""

    def __init__(self, process: subprocess.Popen[bytes], environ: dict[str, str]) -> None:
        self._process = process
        self.environ = environ
        self.endpoint = environ["NODE_LISTEN"]
        self.updates = 0  # messages that the watching page got

    def wait_until_ready(self) -> None:
        deadline_s = time.monotonic() + START_LIMIT_S
        while not self._is_well():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise BenchFailed("the box did not start; `manage.py up` says why")
            time.sleep(LOOK_AGAIN_S)

    def seed(self, torrent: Path, *, content: Path) -> int:
        """Put the content where the torrent's will be, add the torrent, and return its holding once it seeds."""
        key = read_torrent_file(torrent.read_bytes()).info_hash_v1
        folder = Path(self.environ["NODE_FOLDERS"]) / key
        folder.mkdir(parents=True)
        (folder / content.name).hardlink_to(content)
        added = self.run("manage.py", "torrents", "add", str(torrent), "--json", "--wait", str(CHECK_LIMIT_S))
        return int(json.loads(added)[0]["id"])

    @contextmanager
    def watched(self, holding_id: int) -> Iterator[None]:
        """Look at the torrent's page all the while, as a browser does."""
        cookie = self.run("-m", seeding_login.__name__).splitlines()[-1]
        port = self.environ["SEEDBOX_PORT"]
        watch = [f"holding-{holding_id}", f"detail-{holding_id}", "torrents"]
        origin = Origin(f"http://localhost:{port}")
        url = f"ws://{HOST}:{port}/live/"
        with connect(url, additional_headers={"Cookie": cookie}, origin=origin) as page:
            page.send(json.dumps({"watch": watch}))
            counting = threading.Thread(target=self._count, args=[page])
            counting.start()
            yield
            page.close()
            counting.join()

    def cpu_s(self) -> float:
        """Return the processor time of all processes of the box together, so far."""
        pids, ticks = [self._process.pid], 0
        for pid in pids:
            pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            figures = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(figures[11]) + int(figures[12])
        return ticks / CLOCK_TICKS_PER_S

    def run(self, *command: str) -> str:
        """Run Python in the box's environment and return what it printed; raises BenchFailed."""
        python = [sys.executable, *command]
        done = subprocess.run(python, env=self.environ, cwd=env.ROOT, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"{' '.join(command)} failed")
        return done.stdout

    def _count(self, page: ClientConnection) -> None:
        asked_s = time.monotonic()
        for _ in page:
            self.updates += 1
            if time.monotonic() - asked_s > ASK_ALIVE_S:
                asked_s = time.monotonic()
                with suppress(ConnectionClosed):  # by us, at the end
                    page.send(json.dumps({"resync": []}))

    def _is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.environ['SEEDBOX_PORT']}/healthz", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False


def box_environ(folder: Path, *, port: int, node_listen: str) -> dict[str, str]:
    """Return the environment of a box on loopback that keeps everything in `folder`."""
    foreign = ("SEEDBOX_", "NODE_", "WALLET_", "DATABASE_URL", "REDIS_URL")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return environ | {
        "DJANGO_SETTINGS_MODULE": "seedbox.config.settings",
        "SEEDBOX_DATA": str(folder / "data"),
        "SEEDBOX_PORT": str(port),
        "NODE_FOLDERS": str(folder / "downloads"),
        "NODE_LISTEN": node_listen,
        "WALLET_NETWORK": "off",
    }


@contextmanager
def running_box(
    folder: Path, *, say: Callable[[str], None], settings: Mapping[str, str] | None = None
) -> Iterator[SeedingBox]:
    """Run a box that keeps everything in `folder`; `settings` override its environment."""
    folder.mkdir(exist_ok=True)
    listen = f"{NODE_ADDRESS}:{free_port(NODE_ADDRESS)}"
    environ = box_environ(folder, port=free_port(), node_listen=listen) | dict(settings or {})
    say("starting a box")
    process = subprocess.Popen(
        [sys.executable, str(env.ROOT / "manage.py"), "up"], env=environ, cwd=env.ROOT, stdout=subprocess.DEVNULL
    )
    try:
        box = SeedingBox(process, environ)
        box.wait_until_ready()
        yield box
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_LIMIT_S)


def free_port(address: str = HOST) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def free_shared_memory() -> Path | None:
    """Return a folder in memory, if this machine has one: then no disk is measured."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > 0 else None
