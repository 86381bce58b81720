"""Nodes of one install that trade for real: engines, agents and WebSockets on loopback, the books in the database.

Each node is what a worker process has: an engine in a thread, a loop that turns it, an agent with both sides. They
share this process, and the hub of the install. A signer of the test's signs receipts, as the wallet's worker would.
Their clock is the true one until a test puts it forward, so that nobody waits for the next round.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings as django_settings
from django.db import connections
from django.test import override_settings

from seedbox import wiring
from seedbox.domain.folders import Folder
from seedbox.domain.metainfo import Metainfo
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.settings import EngineSettings, Setting
from seedbox.models import Network, Node, Torrent, User
from seedbox.node.engine_thread import EngineThread
from seedbox.node.loop import NodeLoop
from seedbox.services import holdings, nodes
from seedbox.services.lanes import LaneDesk
from seedbox.services.live import Publisher
from seedbox.services.networking import read_wish
from speed.agent.buyer import Buyer
from speed.agent.life import AgentLife, AgentSettings, Makers
from speed.agent.seller import Seller
from speed.agent.side import Floor, Side
from speed.domain.rounds import ROUND_S
from speed.models import ForSale
from speed.services.own_hub import OwnHub
from speed.wiring import Doors
from tests.box import READY_WAIT_S, free_port
from tests.dht import entered_by
from tests.market import set_market, set_offer
from tests.signers import found_signer, place_in
from wallet.domain.networks import DEVNET
from wallet.services import hub_identity, hub_receipts
from wallet.signer.signer import Signer

MIB, GIB = 1 << 20, 1 << 30
BTT = 1_000_000
SIGN_EVERY_S = 0.2
TURN_S, CLOSE_S = 1.0, 3.0
# With no slot for anybody, bytes flow through lanes only.
NO_FREE_SLOTS: Mapping[str, Setting] = {"unchoke_slots_limit": 0}


@dataclass(frozen=True)
class Offered:
    """How a node takes part."""

    sells: bool = False
    buys: bool = False
    ask_ubtt_per_gib: int = 10 * BTT
    upload_bytes_per_s: int = 8 * MIB


class Clock:
    """The clock of a market: of its nodes and of their hub."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return _now() + self._ahead

    def put_forward(self, by: timedelta) -> None:
        self._ahead += by

    def begin_next_round(self) -> None:
        """Put it forward to where a round begins, which then has all its seconds."""
        self.put_forward(timedelta(seconds=ROUND_S - self().timestamp() % ROUND_S))


class TradingNode:
    """Lives from entering to leaving; its files and its Speed key stay, so that it can come back."""

    def __init__(
        self,
        name: str,
        address: str,
        folder: Path,
        *,
        clock: Clock | None = None,
        overrides: Mapping[str, Setting] | None = None,
        router: str = "",
    ) -> None:
        """A `router` is where the node enters a DHT, in which it is then; without one it is alone with its peers."""
        self.name = name
        self.clock = clock or Clock()
        self.address = address
        self.folder = folder / name
        self.desk = LaneDesk()
        self.endpoint = f"{address}:{free_port()}"
        self.speed_endpoint = f"{address}:{free_port()}"
        (self.folder / "downloads").mkdir(parents=True, exist_ok=True)
        self.node = Node.objects.create(name=name, folder=str(self.folder / "downloads"))
        Network.objects.create(node=self.node, interface=address, port_mapping=False)
        self._router = router
        self._overrides = (entered_by(router) if router else {}) | dict(overrides or {})
        self._stop = threading.Event()

    def take_part(self, offered: Offered) -> None:
        set_market(
            self.name,
            sells=offered.sells,
            buys=offered.buys,
            ask_ubtt_per_gib=offered.ask_ubtt_per_gib,
            upload_bytes_per_s=offered.upload_bytes_per_s,
            dials_local=True,
        )

    def hold(self, user: User, metainfo: Metainfo, *, peers: tuple[str, ...] = ()) -> Torrent:
        """Give a user a holding of a torrent on this node."""
        with override_settings(NODE_NAME=self.name):
            holding = holdings.add(user=user, source=metainfo, peers=peers, now=_now())
        return holding.torrent

    def sell(self, torrent: Torrent) -> None:
        set_offer(torrent.key, ForSale.YES, node_name=self.name)

    def _start_engine(self) -> None:
        self._stop.clear()
        publisher = Publisher(redis_url=django_settings.REDIS_URL)
        engine, loop = self._put_together(publisher)
        self._turning = threading.Thread(target=self._turn, args=[engine, loop, publisher], name=f"loop of {self.name}")
        self._turning.start()
        makers = Makers(
            door=Doors(), hub=lambda _hub, key, _way: self._hub(key.public_key), sides=_sides, clock=self.clock
        )
        settings = AgentSettings(self.name, self.folder, (self.speed_endpoint,))
        self._life = AgentLife(settings, makers=makers, desk=self.desk)

    def open_market(self) -> None:
        self._life.start()

    def stop(self) -> None:
        self._life.stop()
        self._stop.set()
        self._turning.join()

    @contextmanager
    def running(self, *, trades: bool = True) -> Iterator[None]:
        """Run the engine, and the market beside it; without that, until a test opens it."""
        self._start_engine()
        try:
            if trades:
                self.open_market()
            yield
        finally:
            self.stop()

    def _hub(self, speed_key: bytes) -> OwnHub:
        return OwnHub(speed_key.hex(), clock=self.clock, address=self.address)

    def _put_together(self, publisher: Publisher) -> tuple[EngineThread, NodeLoop]:
        token = f"{self.name}/{free_port()}"
        folders = (Folder("main", self.folder / "downloads"),)
        with override_settings(NODE_FOLDERS=folders):  # which are a process's, and here are two nodes in one
            node = nodes.claim(name=self.name, token=token, folder=str(folders[0].path), now=_now())
            network = read_wish(node_id=node.pk)
            engine = EngineThread(lambda: LibtorrentEngine(self._engine_settings(), network), self.desk)
            loop = NodeLoop(
                node=node,
                token=token,
                engine=engine,
                publisher=publisher,
                read_torrent_file=wiring.read_torrent_file,
                network=network,
            )
        return engine, loop

    def _turn(self, engine: EngineThread, loop: NodeLoop, publisher: Publisher) -> None:
        try:
            while not self._stop.is_set():
                loop.turn(engine.poll(timeout_s=0 if loop.is_busy else TURN_S), now=_now())
        finally:
            loop.finish(engine.close(timeout_s=CLOSE_S), now=_now())
            loop.release()
            publisher.close()
            connections.close_all()

    def _engine_settings(self) -> EngineSettings:
        return EngineSettings(
            resume_folder=self.folder / "resume",
            downloads_folder=self.folder / "downloads",
            listen=(self.endpoint,),
            isolated=not self._router,
            believes_local_peers=bool(self._router),
            overrides=self._overrides,
        )


class Signing:
    """A signer with keys in a folder that signs what waits at the hub, as the wallet's worker has it do."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stop = threading.Event()
        self._knows_key = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signing")

    def __enter__(self) -> None:
        self._thread.start()
        assert self._knows_key.wait(READY_WAIT_S)

    def __exit__(self, *_problem: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        found_signer(self._folder).close()
        signer = Signer(place_in(self._folder), DEVNET, now_ms=lambda: time.time_ns() // 1_000_000)
        try:
            hub_identity.note_key(signer, now=_now())
            self._knows_key.set()
            while not self._stop.wait(SIGN_EVERY_S):
                hub_receipts.sign_waiting(signer, now=_now())
        finally:
            signer.close()
            connections.close_all()


def _sides(floor: Floor) -> tuple[Side, ...]:
    return Seller(floor), Buyer(floor)


def _now() -> datetime:
    return datetime.now(UTC)
