"""The two boxes of the demo: whole installs in a temporary folder, on addresses of loopback.

Each is a `manage.py up` of its own, with a hand inside. Its name in the page's address is localhost, which also leads
through an SSH tunnel; cookies are kept apart by the port.
"""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop

from seedbox.config import data_folder, env
from seedbox.config.benches.seeding_box import box_environ, free_port
from seedbox.config.demo import hand
from seedbox.config.demo.failure import DemoFailed
from seedbox.config.demo.interrupts import uninterrupted
from seedbox.config.process import die_with_parent
from seedbox.domain.kept import kept as _

SELLING, BUYING = gettext_noop("seller"), gettext_noop("buyer")
SELLER_ADDRESS, BUYER_ADDRESS = "127.0.61.1", "127.0.61.2"
LEECHER_ADDRESSES = ("127.0.61.11", "127.0.61.12", "127.0.61.13")
HEALTH_S = 5.0
STOP_S = 60.0  # it takes some seconds, on a busy machine many; whoever does not wait asks twice
HAND_STOP_S = 5.0
ANSWER_S = 180.0  # far more than anything takes that a hand does
LINES_SHOWN = 15
SLOW_S, BLOCK_S = 10, 20  # in place of a minute each
CHAIN = {"WALLET_DEVNET_BLOCK_SECONDS": "0.3", "WALLET_DEVNET_SOLID_LAG": "3"}
NO_LOOPBACK = gettext_noop(
    "This machine has no address %(address)s, and the demo gives each of its boxes and peers an address of its own "
    "between 127.0.0.1 and 127.255.255.254. Linux has them all; elsewhere each has to be made first."
)

NO_ANSWER = gettext_noop("there was no answer within %(limit)s s")
ENDED = gettext_noop(
    "The %(name)s's box has ended by itself. Start the demo again; if that helps nothing, its last lines say what to "
    "do:\n%(said)s"
)


class DemoBox:
    """A box that keeps everything in a folder of its own. Whoever makes it stops it."""

    def __init__(self, name: str, person: str, password: str, folder: Path, settings: Mapping[str, str]) -> None:
        """`person` is its admin."""
        self.name, self.person, self.password = name, person, password
        self.address = SELLER_ADDRESS if name == SELLING else BUYER_ADDRESS
        self.folder = folder / name
        self.folder.mkdir()
        port = free_port()
        self.endpoint = f"{self.address}:{free_port(self.address)}"
        self.environ = box_environ(self.folder, port=port, node_listen=self.endpoint) | {
            "SEEDBOX_ADMIN_USER": person,
            "SEEDBOX_ADMIN_PASSWORD": password,
            "NODE_NAME": name,
            "NODE_SPEED_LISTEN": f"{self.address}:{free_port(self.address)}",
            "SPEED_SLOW_SECONDS": str(SLOW_S),
            "SPEED_BLOCK_SECONDS": str(BLOCK_S),
            "WALLET_NETWORK": "devnet",
            **settings,
        }
        self.data = Path(self.environ["SEEDBOX_DATA"])
        self.url = f"http://localhost:{port}"
        self._port = port
        self._log = self.folder / "box.log"
        self._box: subprocess.Popen[bytes] | None = None
        self._hand: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, in a process group of its own: a Ctrl-C is the demo's to pass on. It ends when the demo is killed.

        The caller must be the only thread, or that end may come with the end of the caller's thread.
        """
        with self._log.open("wb") as log, uninterrupted():
            self._box = subprocess.Popen(
                [sys.executable, str(env.ROOT / "manage.py"), "up"],
                env=self.environ,
                cwd=env.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=die_with_parent,
            )

    def lend_hand(self) -> None:
        """Have somebody inside who does what its people would do; to be called once its data folder is there."""
        with self._log.with_suffix(".hand").open("wb") as log, uninterrupted():
            self._hand = subprocess.Popen(
                [sys.executable, "-m", hand.__name__],
                env=self.environ,
                cwd=env.ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                process_group=0,
            )

    def is_well(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            asking = http.client.HTTPConnection("127.0.0.1", self._port, timeout=HEALTH_S)
            asking.request("GET", "/healthz", headers={"Host": "localhost"})
            return asking.getresponse().status == http.HTTPStatus.OK
        return False

    def check(self) -> None:
        """Raise DemoFailed if it has ended, with the last of what it has said."""
        if self._box is not None and self._box.poll() is not None:
            raise DemoFailed(_(ENDED, {"name": self.name, "said": self.said}))

    @property
    def said(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])

    def ask(self, verb: str, **order: Any) -> Any:
        """Have the hand do something, and return its answer. Raises DemoFailed."""
        assert self._hand is not None and self._hand.stdin and self._hand.stdout
        with suppress(BrokenPipeError):
            self._hand.stdin.write(json.dumps({"verb": verb, **order}) + "\n")
            self._hand.stdin.flush()
        readable = select.select([self._hand.stdout], [], [], ANSWER_S)[0]  # of an answer there is never a part
        no_answer = _(NO_ANSWER, {"limit": f"{ANSWER_S:g}"})
        line = self._hand.stdout.readline() if readable else ""
        answer = json.loads(line) if line else {"failed": _("it has ended") if readable else no_answer}
        if "failed" in answer:
            self.check()
            raise DemoFailed(
                _(
                    "%(verb)s in the %(name)s's box failed: %(why)s. Start the demo again.",
                    {"verb": verb, "name": self.name, "why": answer["failed"]},
                )
            )
        return answer["done"]

    def ask_to_stop(self) -> None:
        for process in (self._hand, self._box):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it; its guardian ends the rest."""
        if self._box is not None and self._box.poll() is None:
            self._box.send_signal(signal.SIGKILL)

    def wait_until_stopped(self) -> None:
        """Return when nothing of it runs any more; what takes too long is killed."""
        if self._hand is not None:
            with suppress(BrokenPipeError), self._hand:
                _end(self._hand, HAND_STOP_S)
        if self._box is not None:
            _end(self._box, STOP_S)
            # Who has ended before it had a folder has left none; what is in use is said when the folder is not empty.
            with suppress(env.BadEnvironment, FileNotFoundError):
                os.close(data_folder.lock(self.data))


def socket_folders(folder: Path) -> set[Path]:
    """Return where the boxes of a demo have their sockets: elsewhere, if the path of its folder is long."""
    places = [box_environ(folder / name, port=0, node_listen="")["SEEDBOX_DATA"] for name in (SELLING, BUYING)]
    return {one for data in places for one in env.read({"SEEDBOX_DATA": data}).socket_folders}


def check_addresses() -> None:
    """Raise DemoFailed on a machine that has but one address of loopback."""
    for address in (SELLER_ADDRESS, BUYER_ADDRESS, *LEECHER_ADDRESSES):
        try:
            free_port(address)
        except OSError:
            raise DemoFailed(_(NO_LOOPBACK, {"address": address})) from None


def _end(process: "subprocess.Popen[Any]", limit_s: float) -> None:
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
