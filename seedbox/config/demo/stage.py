"""The stage of the demo: two boxes, a film, those who share it, and nothing of all that afterwards."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, TypeVar

from seedbox.config.benches.seeding_box import free_port
from seedbox.config.demo import sweeper
from seedbox.config.demo.boxes import BUYING, CHAIN, SELLING, DemoBox, check_addresses, socket_folders
from seedbox.config.demo.failure import DemoFailed
from seedbox.config.demo.interrupts import signals_that
from seedbox.config.demo.story import Door, Speeds, Story
from seedbox.config.demo.swarm import SIZE_BYTES, Film, Leechers
from seedbox.domain.kept import kept as _
from seedbox.domain.units import MIB, format_bytes

BUYER, SELLER = "bea", "sam"
PASSWORD_BYTES = 12
LINE_KIB_PER_S = 1024  # that the seller can send at all
LIMIT_S = 300.0  # far more than any step takes, also on a machine that is busy with much else
LOOK_AGAIN_S = 0.5
NOTE_AGAIN_S = 1.0
MEAN_OF_LOOKS = 8  # of what the others get
ROOM_BYTES = SIZE_BYTES + 300 * MIB  # the film as far as the buyer loads it, two databases and their logs

Seen = dict[str, Any]
Found = TypeVar("Found")


class Stage:
    """What acts of the demo stand on; `bought` and `sold` are what both sides knew at the last look."""

    def __init__(self, story: Story, folder: Path, *, is_over: Callable[[], bool]) -> None:
        """`is_over` says that whoever wanted to see it is gone."""
        self.story, self.folder, self._is_over = story, folder, is_over
        self.password = token_urlsafe(PASSWORD_BYTES)
        devnet_port = str(free_port())
        self.buyer = DemoBox(BUYING, BUYER, self.password, folder, {"WALLET_DEVNET_PORT": devnet_port, **CHAIN})
        sellers = {
            "WALLET_CHAIN_ENDPOINTS": f"http://127.0.0.1:{devnet_port}",
            "NODE_UPLOAD_LIMIT": str(LINE_KIB_PER_S),
        }
        self.seller = DemoBox(SELLING, SELLER, self.password, folder, sellers)
        self.film: Film | None = None
        self.leechers: Leechers | None = None
        self.torrent = 0  # the buyer's
        self.bought: Seen = {}
        self.sold: Seen = {}
        self._others: deque[tuple[float, int]] = deque(maxlen=MEAN_OF_LOOKS)
        self._noted_s = 0.0

    @property
    def boxes(self) -> tuple[DemoBox, DemoBox]:
        return self.seller, self.buyer

    def open_doors(self) -> None:
        """Tell where the boxes are."""
        self.story.doors = [Door(box.name, box.url, box.person, box.password) for box in self.boxes]

    def make_film(self) -> Film:
        self.film = Film(self.folder)
        self.film.put_into(Path(self.seller.environ["NODE_FOLDERS"]))
        return self.film

    def let_leechers_in(self) -> None:
        assert self.film is not None
        self.leechers = Leechers(self.film, self.folder, self.seller.endpoint)

    # --- waiting

    def wait(self, look: Callable[[], Found], what: str, *, limit_s: float = LIMIT_S) -> Found:
        """Return the first true answer; meanwhile it is told what is waited for. Raises DemoFailed."""
        deadline = time.monotonic() + limit_s
        self.look()
        while not (found := look()):
            if time.monotonic() > deadline:
                raise DemoFailed(
                    _(
                        "Waited %(limit)s s in vain for %(what)s. Start the demo again on a less busy machine.",
                        {"limit": f"{limit_s:g}", "what": what},
                    )
                )
            self.story.wait_for(what)
            time.sleep(LOOK_AGAIN_S)
            self.look()
        return found

    def stay(self) -> None:
        """Go on looking until a signal ends it. Raises KeyboardInterrupt, DemoFailed."""
        while True:
            time.sleep(NOTE_AGAIN_S)
            self.look()

    def look(self) -> None:
        """See that both boxes run, and what they know. Raises DemoFailed, KeyboardInterrupt."""
        if self._is_over():
            raise KeyboardInterrupt
        for box in self.boxes:
            box.check()
        if not self.torrent or self.leechers is None:
            return
        self.bought = self.buyer.ask("see_buyer", torrent=self.torrent)
        self.sold = self.seller.ask("see_seller")
        now_s = time.monotonic()
        self._others.append((now_s, self.leechers.received_bytes))
        if now_s - self._noted_s >= NOTE_AGAIN_S:
            self._noted_s = now_s
            self.story.note(
                Speeds(
                    at_s=self.story.now_s,
                    buyer_bytes_per_s=self.bought["speed_bytes_per_s"],
                    others_bytes_per_s=self.others_bytes_per_s // self.leechers.count,
                    auto=self.bought["auto"],
                    earned_ubtt=self.sold["earned_ubtt"],
                )
            )

    @property
    def others_bytes_per_s(self) -> int:
        """What those get together who pay nothing."""
        if len(self._others) < 2:
            return 0
        (began_s, before), (ended_s, after) = self._others[0], self._others[-1]
        return int((after - before) / max(ended_s - began_s, LOOK_AGAIN_S))

    # --- the end

    def strike(self) -> None:
        """Stop all in order; a signal kills what is left."""
        with signals_that(self._kill):
            for box in self.boxes:
                box.ask_to_stop()
            if self.leechers is not None:
                self.leechers.close()
            for box in self.boxes:
                box.wait_until_stopped()

    def _kill(self) -> None:
        for box in self.boxes:
            box.kill()


@contextmanager
def on_stage(story: Story, *, is_over: Callable[[], bool] = lambda: False) -> Iterator[Stage]:
    """Set the stage, and leave nothing of it behind: no process, no folder. Raises DemoFailed."""
    check_addresses()
    check_room()
    folder = Path(tempfile.mkdtemp(prefix="seedbox-demo-"))
    leftovers = (folder, *socket_folders(folder))
    with _swept(leftovers):
        stage = Stage(story, folder, is_over=is_over)
        try:
            yield stage
        finally:
            stage.strike()
            for leftover in leftovers:
                shutil.rmtree(leftover, ignore_errors=True)
    if folder.exists():
        raise DemoFailed(_("The folder %(folder)s could not be removed: do so by hand.", {"folder": str(folder)}))


def check_room() -> None:
    free_bytes = shutil.disk_usage(tempfile.gettempdir()).free
    if free_bytes < ROOM_BYTES:
        raise DemoFailed(
            _(
                "The demo takes up to %(room)s in %(folder)s while it runs, and %(free)s are free there. Make room, or "
                "set TMPDIR to a folder on another disk.",
                {"room": format_bytes(ROOM_BYTES), "folder": tempfile.gettempdir(), "free": format_bytes(free_bytes)},
            )
        )


@contextmanager
def _swept(leftovers: Sequence[Path]) -> Iterator[None]:
    """Have folders removed also when this process is killed meanwhile."""
    command = [sys.executable, "-I", sweeper.__file__, *map(str, leftovers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield
