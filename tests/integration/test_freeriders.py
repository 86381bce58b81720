"""Buyers that never pay, at a seller with all its real parts: what they get is one window, and then what is free."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import mean

import pytest

from seedbox import wiring
from seedbox.domain.states import State
from seedbox.engine.bare import NO_DISK, BarePeer
from seedbox.models import Observation
from speed.models import Agent, SellingDeal
from tests.box import wait_until
from tests.builders import make_content, make_torrent_file, make_user
from tests.callers import Caller, Wire
from tests.ledger import fund, user
from tests.trading import BTT, MIB, Offered, Signing, TradingNode

SELLER, CHEAT = "127.0.45.1", "127.0.45.9"
FREE = ("127.0.45.20", "127.0.45.21", "127.0.45.22")
WINDOW_BYTES = 4 * MIB
SIZE_BYTES = 16 * MIB
UPLOAD = 768 * 1024  # slow, so that a second by which a busy machine is late is little of the bound
LITTLE_BYTES = 256 * 1024

pytestmark = pytest.mark.usefixtures("committed_books")


class Stage:
    """A seller whose free share three plain clients are served from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.users = [make_user(name) for name in ("olga", "sam", "ada")]
        for each in self.users:
            fund(user(each.pk), 10 * BTT)
        self.node = TradingNode("west", SELLER, folder)
        content = make_content(folder / "film", {"film.bin": SIZE_BYTES}) / "film.bin"
        self.data = make_torrent_file(content, piece_size_bytes=MIB, private=True)
        self.sold = self.node.hold(self.users[-1], wiring.read_torrent_file(self.data))
        Path(self.sold.save_path).mkdir(parents=True)
        content.rename(Path(self.sold.save_path) / content.name)
        self.node.sell(self.sold)
        self.node.take_part(Offered(sells=True, upload_bytes_per_s=UPLOAD))

    def is_seeding(self) -> bool:
        return Observation.objects.filter(torrent=self.sold, state=State.SEEDING).exists()

    def leech(self, address: str) -> BarePeer:
        """Return a plain client that keeps nothing of what it gets."""
        leech = BarePeer(address, disk_io=NO_DISK)
        leech.take(self.data, self._folder, empty=True)
        return leech


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    with Signing(tmp_path / "keys"), stage.node.running(trades=False):
        wait_until(stage.is_seeding, "the torrent to be there")
        stage.node.open_market()
        wait_until(lambda: Agent.objects.exclude(listens_on=[]).exists(), "the Speed port")
        yield stage


class TestABuyerThatNeverPays:
    def test_gets_one_window_and_then_no_more_than_those_that_bid_nothing(self, stage: Stage) -> None:
        """A second one, by another user's money, another key, another deal and another connection, is refused."""
        node, info_hash = stage.node, stage.sold.info_hash_v1
        with Wire() as wire, ExitStack() as running:
            cheat, *free = (running.enter_context(closing(stage.leech(each))) for each in (CHEAT, *FREE))
            first, second = (Caller(number, CHEAT, node, wire) for number in (1, 2))
            first.call()
            first.bid(user_id=stage.users[0].pk, info_hash=info_hash)
            wait_until(SellingDeal.objects.exists, "the first deal")
            node.clock.begin_next_round()
            wait_until(lambda: first.granted_bytes_per_s, "the lane")
            for each in (cheat, *free):
                each.connect(node.endpoint)
            wait_until(lambda: sent_bytes() >= WINDOW_BYTES or first.refusals, "the window to be used up")
            node.clock.begin_next_round()
            wait_until(lambda: first.refusals, "the next round")
            before = [each.received_bytes for each in (cheat, *free)]
            wait_until(
                lambda: min(each.received_bytes for each in free) > max(before[1:]) + LITTLE_BYTES, "free service"
            )
            more, *others = (each.received_bytes - was for each, was in zip((cheat, *free), before, strict=True))
            more_than_others = cheat.received_bytes - min(each.received_bytes for each in free)

            first.leave()
            second.call()
            second.bid(user_id=stage.users[1].pk, info_hash=info_hash)
            wait_until(lambda: SellingDeal.objects.count() == 2, "the second deal")
            node.clock.begin_next_round()
            wait_until(lambda: second.refusals, "an answer to the second deal")
        assert more < 2 * mean(others)
        bound_bytes = WINDOW_BYTES + MIB + sent_bytes() // 100
        assert WINDOW_BYTES / 2 < more_than_others <= bound_bytes
        assert sent_bytes() <= bound_bytes
        assert {*first.refusals, *second.refusals} == {"unpaid"}


def sent_bytes() -> int:
    """Return what was sent under grants, by the seller's own count."""
    return sum(SellingDeal.objects.values_list("sent_bytes", flat=True))
