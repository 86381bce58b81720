"""The life of a node's market, with the wire and hubs as fakes: its threads, its key, its port."""

import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from django.db import IntegrityError, OperationalError

from seedbox.domain.lanes import MapPort, Report, ShareUpload
from seedbox.models import Network, Node, User
from seedbox.services.lanes import LaneDesk
from speed.agent import life
from speed.agent.hub_threads import HubThreads
from speed.agent.life import AgentLife, AgentSettings, Makers
from speed.agent.seller import Seller
from speed.agent.side import Floor
from speed.domain.messages import Grants, Message
from speed.models import Agent, Hub, SellingDeal
from speed.services.markets import HIDES, TrustedHub
from speed.services.speed_key import SpeedKey, SpeedKeyBroken, read_or_make
from speed.wire.fake import FakeDoor, FakeLink
from speed.wire.hub_port import HubAway
from speed.wire.hub_transport import anywhere
from speed.wire.port import Hearer, Identity, Link
from tests.box import wait_until
from tests.builders import make_node
from tests.market import StubHub, set_market
from tests.selling import Buyer, Shop
from wallet.domain.hub import HubInfo
from wallet.domain.speed1.receipt import Receipt
from wallet.services.ledger import LedgerBusy

HERE = "127.0.0.1:7001"


@dataclass
class Watcher:
    """A side that does nothing but remember."""

    floor: Floor
    name: str = "selling"
    told: list[object] = field(default_factory=list)
    complaint: str = ""

    def begin(self, now: datetime) -> None:
        self.told.append("begin")

    @property
    def wants_port(self) -> bool:
        return self.floor.terms.sells and not self.floor.terms.obstacle

    def linked(self, link: Link, now: datetime) -> None:
        self.told.append(link)

    def heard(self, link: Link, message: Message, now: datetime) -> None:
        self.told.append(message)

    def unlinked(self, link: Link, now: datetime) -> None:
        self.told.append("unlinked")

    def report(self, report: Report, now: datetime) -> None:
        self.told.append(report)

    def tick(self, now: datetime) -> None:
        self.complaint = self.floor.terms.obstacle

    def finish(self, now: datetime) -> None:
        self.told.append("finish")

    def problem(self) -> str:
        return self.complaint

    def counters(self) -> dict[str, int]:
        return {"turns": 1}


class UnsteadyHub(StubHub):
    asked = 0

    def info(self) -> HubInfo:
        self.asked += 1
        self.is_away = self.asked % 2 == 1
        return super().info()


class Stage:
    def __init__(self, folder: Path) -> None:
        self.desk = LaneDesk()
        self.doors: list[FakeDoor] = []
        self.identities: list[Identity] = []
        self.sides: list[Watcher] = []
        self.hub = StubHub()
        self.hubs: list[str] = []  # the addresses of those that were to be asked
        self.way_out: Callable[[], str] = anywhere
        makers = Makers(door=self._make_door, hub=self._make_hub, sides=self._make_sides)
        self.life = AgentLife(AgentSettings("local", folder, (HERE,)), makers=makers, desk=self.desk)

    def _make_door(self, identity: Identity, hearer: Hearer) -> FakeDoor:
        self.identities.append(identity)
        self.doors.append(FakeDoor(hearer))
        return self.doors[-1]

    def _make_hub(self, hub: TrustedHub, _key: SpeedKey, way_out: Callable[[], str]) -> StubHub:
        self.hubs.append(hub.url)
        self.way_out = way_out
        return self.hub

    def _make_sides(self, floor: Floor) -> list[Watcher]:
        self.sides.append(Watcher(floor))
        return self.sides[-1:]


def sell(*, sells: bool = True) -> None:
    set_market(sells=sells, upload_bytes_per_s=1 << 20)


def fresh(receipt: Receipt) -> Receipt:
    """Return the receipt of a channel that was opened just now, for what runs by the real clock."""
    now_s = int(time.time())
    return replace(receipt, opened_at_s=now_s, expires_at_s=now_s + 3_600)


@pytest.fixture
def stage(transactional_db: None, tmp_path: Path) -> Iterator[Stage]:
    make_node()
    Node.objects.update(listens_on=["127.0.0.1:6881"])
    made = Stage(tmp_path)
    made.life.start()
    yield made
    made.life.stop()


class TestTheMarketOfANode:
    def test_listens_only_while_something_is_on(self, stage: Stage) -> None:
        wait_until(lambda: Agent.objects.filter(beat_at__isnull=False).exists(), "the first beat")
        assert stage.doors == []
        sell()
        wait_until(lambda: stage.doors and stage.doors[0].served == (HERE,), "an open port")
        assert stage.identities[0].hubs == {stage.hub.hub_id}
        assert stage.identities[0].data_ports == (6881,)
        assert MapPort(7001) in stage.desk.take()
        sell(sells=False)
        wait_until(lambda: stage.doors[0].served == (), "a closed port")

    def test_is_closed_behind_a_proxy_and_says_why(self, stage: Stage) -> None:
        sell()
        wait_until(lambda: stage.doors and stage.doors[0].served, "an open port")
        Network.objects.create(node=Node.objects.get(), anonymous=True)
        wait_until(lambda: not stage.doors[0].served, "a closed port")
        wait_until(lambda: Agent.objects.get().selling_problem == HIDES, "the sentence that says why")

    def test_goes_on_when_the_database_was_away(self, stage: Stage) -> None:
        wait_until(lambda: stage.sides and "begin" in stage.sides[0].told, "a side that has begun")
        floor, tries, done = stage.sides[0].floor, [], []

        def fails_once() -> str:
            tries.append(1)
            if len(tries) == 1:
                raise OperationalError("gone")
            return "written"

        floor.write(fails_once, lambda result, now: done.append(result))
        floor.write(lambda: "the next", lambda result, now: done.append(result))
        wait_until(lambda: done == ["written", "the next"], "both writes in their order")

    def test_does_not_try_again_for_ever_what_the_database_will_never_take(self, stage: Stage) -> None:
        wait_until(lambda: stage.sides and "begin" in stage.sides[0].told, "a side that has begun")
        floor, told = stage.sides[0].floor, []

        def never() -> None:
            raise LedgerBusy from IntegrityError("a check")

        floor.write(never, otherwise=lambda now: told.append("never"))
        floor.write(lambda: "the next", lambda result, now: told.append(result))
        wait_until(lambda: told == ["never", "the next"], "a write that was given up, and the next one")

    def test_asks_a_hub_where_it_is_by_now(self, stage: Stage) -> None:
        Hub.objects.create(hub_id="ab" * 20, url="https://old.example")
        wait_until(lambda: "https://old.example" in stage.hubs, "a hub at its first address")
        Hub.objects.filter(hub_id="ab" * 20).update(url="https://new.example")
        wait_until(lambda: "https://new.example" in stage.hubs, "a hub at its new address")
        assert stage.hubs == ["", "https://old.example", "https://new.example"]

    def test_complains_once_of_a_hub_that_is_away_every_other_time(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(life, "LEARN_S", 0.0)
        wait_until(lambda: stage.hubs == [""], "its own hub")
        stage.hub = unsteady = UnsteadyHub(is_own=False)
        unsteady.hub_id = bytes.fromhex("ab" * 20)
        Hub.objects.create(hub_id=unsteady.hub_id.hex(), url="https://hub.example")
        wait_until(lambda: unsteady.asked > 5, "a hub that was away three times")
        assert caplog.text.count("tells nothing of itself") == 1

    def test_asks_no_hub_but_its_own_while_it_hides(self, stage: Stage) -> None:
        Network.objects.create(node=Node.objects.get(), anonymous=True)
        wait_until(lambda: stage.sides and stage.sides[0].complaint == HIDES, "a node that hides")
        Hub.objects.create(hub_id="ab" * 20, url="https://hub.example")
        floor = stage.sides[0].floor
        wait_until(lambda: any(hub.url for hub in floor.terms.hubs), "a hub that is trusted")
        stage.sides[0].complaint = ""
        wait_until(lambda: stage.sides[0].complaint, "one more turn")
        with pytest.raises(HubAway, match="hides"):
            stage.way_out()  # of hubs that were known before, too
        assert stage.hubs == [""]
        Network.objects.update(anonymous=False, interface="127.0.0.7")
        wait_until(lambda: stage.hubs == ["", "https://hub.example"], "a hub that is asked at once")
        assert stage.way_out() == "127.0.0.7"

    def test_says_good_bye_when_it_stops(self, stage: Stage) -> None:
        wait_until(lambda: stage.sides and "begin" in stage.sides[0].told, "a side that has begun")
        stage.life.stop()
        assert stage.sides[0].told[-1] == "finish"

    def test_trusts_its_own_hub_until_told_otherwise(self, stage: Stage) -> None:
        sell()
        wait_until(lambda: stage.doors and stage.doors[0].served, "an open port")
        Hub.objects.update(is_trusted=False)
        wait_until(lambda: not stage.doors[0].served, "a closed port")


class TestHubs:
    def test_that_hang_keep_no_other_waiting(self) -> None:
        go_on = threading.Event()
        hanging, well = StubHub(), StubHub()
        with HubThreads() as threads:
            for _ in range(200):
                threads.of(hanging).submit(go_on.wait)
            assert threads.of(well).submit(lambda: "its answer").result(timeout=60) == "its answer"
            go_on.set()


class TestTheSpeedKey:
    def test_is_made_once_for_its_owner_only(self, tmp_path: Path) -> None:
        key = read_or_make(tmp_path / "node")
        assert read_or_make(tmp_path / "node") == key
        assert stat.S_IMODE((tmp_path / "node" / "speed.key").stat().st_mode) == 0o600
        assert len(key.public_key) == 33
        assert key.private_key.hex() not in repr(key)

    def test_that_was_damaged_is_never_replaced_in_silence(self, tmp_path: Path) -> None:
        (tmp_path / "speed.key").write_text("00" * 32)
        with pytest.raises(SpeedKeyBroken, match="Bring a copy of it back"):
            read_or_make(tmp_path)
        assert (tmp_path / "speed.key").read_text() == "00" * 32


class TestASellerInItsLife:
    def test_takes_a_bid_over_its_own_threads(self, committed_books: None, tmp_path: Path, admin: User) -> None:
        scene = Shop(admin)  # lends its torrent, its hub and its words
        desk, doors = LaneDesk(), []

        def make_door(identity: Identity, hearer: Hearer) -> FakeDoor:
            doors.append(FakeDoor(hearer))
            return doors[-1]

        makers = Makers(door=make_door, hub=lambda _hub, _key, _way: scene.hub, sides=lambda floor: [Seller(floor)])
        life = AgentLife(AgentSettings("local", tmp_path, (HERE,)), makers=makers, desk=desk)
        life.start()
        try:
            wait_until(lambda: doors and doors[0].loop, "an open port")
            wait_until(lambda: Agent.objects.filter(speed_key__gt="").exists(), "the first beat")
            scene.floor.key = read_or_make(tmp_path)
            buyer = Buyer(1)
            buyer.link = FakeLink(buyer.key.public_key, address=buyer.address, hubs=frozenset({scene.hub.hub_id}))
            buyer.receipt = scene.hub.open(fresh(scene.terms_of(buyer)))
            loop = doors[0].loop
            assert loop
            loop.call_soon_threadsafe(doors[0].hearer.linked, buyer.link)

            def grants() -> list[Grants]:
                loop.call_soon_threadsafe(doors[0].hearer.heard, buyer.link, scene.bid_of(buyer))
                return buyer.link.take(Grants)

            wait_until(grants, "a grant")
            assert any(isinstance(order, ShareUpload) for order in desk.take())
        finally:
            life.stop()
        assert SellingDeal.objects.get().state == "in_lane"
