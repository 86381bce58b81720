"""Two whole boxes trade: one sells and keeps the ledger, the other buys with money that its user has there.

They are installs of their own, joined by loopback and one hub. Between them is a slow line, in a network of the test's
own, so that a deal stands before the torrent is whole.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.box import wait_until
from tests.builders import make_content
from tests.installs import LIMIT_S, NODE, OLGA, Install, Json
from tests.own_network import OwnNetwork
from tests.servers import PROVE
from tests.slow_line import SlowLine
from tests.sources import make_metainfo
from wallet.domain.accounts import AccountKind
from wallet.domain.rounding import fee_of

MIB = 1 << 20
SIZE_BYTES = (16 if PROVE == 1 else 64) * MIB + 5_000
# What the line carries in a second: hardly anything without a deal, or a free peer would soon have all of it.
CREEP, WALK, RUN = 48 * 1024, 128 * 1024, 8 * MIB
# The lane while processes are killed is slower than the line, so that little is lost in sockets, and each loss counts.
SLOW_MIB, FAST_MIB = "0.0625", "2"
WISH = {"max_price_ubtt_per_gib": 40, "budget_ubtt": 5}
FEE_PPM, FEE_PERCENT = 25_000, "2.5"
# Of what was sent a seller writes off so much; more for three rounds in a row, and the deal would end.
WRITE_OFF_BYTES, WRITE_OFF_PPM = MIB, 10_000
TEST_LIMIT_S = 900 * min(PROVE, 4)

Victim = tuple[str, str]
# The trade goes on after each of these bouts.
FEW: Sequence[Sequence[Victim]] = [[("west", "web"), ("west", "wallet"), ("west", "node"), ("east", "node")]]
ALL: Sequence[Sequence[Victim]] = [
    [(box, name)]
    for box in ("west", "east")
    for name in ("redis", "devnet", "signer", "node", "wallet", "web", "supervisor")
]


class Trade:
    """A seller in the west, a buyer in the east, a line between them, and one torrent."""

    def __init__(self, network: OwnNetwork, folder: Path) -> None:
        self.network, self._folder = network, folder
        self.west, self.east = Install("127.0.45.1"), Install("127.0.45.2")
        self._boxes = {"west": self.west, "east": self.east}
        self._line = SlowLine(network, self.west.endpoint, self.east.endpoint, bytes_per_s=CREEP)
        self.forgotten_bytes = 0  # of the seller's meter, when its database was put back

    def open(self, running: ExitStack) -> None:
        with ThreadPoolExecutor(2) as starters:
            list(starters.map(running.enter_context, self._boxes.values()))
        for box in self._boxes.values():
            box.bind_node()
        self.west.sell(limit_mib=8, ask_btt=10, fee_percent=FEE_PERCENT)
        self.east.pair_with(self.west.let_olga_in())
        self.had_ubtt = self.west.has(AccountKind.USER, OLGA)

    @property
    def bought(self) -> Json:
        return self.east.deal("buying")

    @property
    def sold(self) -> Json:
        return self.west.deal("selling")

    def begin(self) -> None:
        """Let a torrent be offered and bid for, until it comes for money."""
        metainfo = make_metainfo("film", files={"film.bin": SIZE_BYTES}, private=True)
        torrent_file = self._folder / "film.torrent"
        torrent_file.write_bytes(metainfo.torrent_file)
        make_content(self.west.data / "downloads" / metainfo.info_hash_v1, {"film/film.bin": SIZE_BYTES})
        self.west.offer(torrent_file)
        self._number = self.east.add(torrent_file, peer=self.west.endpoint)
        self.east.bid(self._number, WISH | {"useful_bytes_per_s": SLOW_MIB})
        wait_until(lambda: self.bought.get("speed_bytes_per_s"), "a lane", LIMIT_S)
        self._line.set_speed(WALK)
        self._goes_on()

    def kill(self, victims: Sequence[Victim]) -> None:
        """Kill processes, one after the other, and see that others take their places and the trade goes on."""
        for box_name, name in victims:
            box = self._boxes[box_name]
            if name == "supervisor":
                box.crash()
                box.start()
            else:
                box.kill(name)
        self._goes_on()

    def forget_a_voucher(self) -> None:
        """Put the seller's database, which is the hub's too, back to what it was before the last voucher came."""
        self.east.bid(self._number, WISH | {"useful_bytes_per_s": FAST_MIB})
        backup = self._folder / "copy.sqlite3"
        self.west.back_up(backup)
        before = self.sold
        self._line.set_speed(RUN)
        wait_until(lambda: self.sold["cumulative_ubtt"] > before["cumulative_ubtt"], "one more voucher", LIMIT_S)
        self.west.crash()
        self._line.set_speed(CREEP)
        self.forgotten_bytes = self.sold["sent_bytes"] - before["sent_bytes"]
        self.west.put_back(backup)
        assert self.sold["cumulative_ubtt"] == before["cumulative_ubtt"]
        self.west.start()
        self._goes_on()

    def finish(self) -> None:
        self._line.set_speed(RUN)
        whole = "SELECT 1 FROM seedbox_observation WHERE done_bytes = ?"
        wait_until(lambda: self.east.ask(whole, SIZE_BYTES), "a whole torrent", LIMIT_S)
        wait_until(lambda: self.sold["is_closed"], "a channel that is closed", LIMIT_S)
        wait_until(lambda: self.bought["is_closed"], "the buyer to see that", LIMIT_S)

    def _goes_on(self) -> None:
        before = self.bought["accepted_bytes"]
        wait_until(lambda: self.bought["accepted_bytes"] > before, "more bytes for money", LIMIT_S)


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Trade]:
    with OwnNetwork() as network, ExitStack() as running:
        trade = network.run(lambda: Trade(network, tmp_path))
        network.run(lambda: trade.open(running), limit_s=TEST_LIMIT_S)
        yield trade


@pytest.mark.timeout(TEST_LIMIT_S)
class TestTwoBoxesOverOneHub:
    def test_agree_to_the_last_micro_though_processes_are_killed_and_a_database_is_put_back(self, trade: Trade) -> None:
        trade.network.run(lambda: self._trade(trade), limit_s=TEST_LIMIT_S)

    def _trade(self, trade: Trade) -> None:
        trade.begin()
        for victims in FEW if PROVE == 1 else ALL:
            trade.kill(victims)
        trade.forget_a_voucher()
        trade.finish()
        self._money_agrees(trade)
        self._meters_agree(trade)
        self._audits_pass(trade)

    def _money_agrees(self, trade: Trade) -> None:
        bought, sold, west = trade.bought, trade.sold, trade.west
        paid_ubtt = bought["cumulative_ubtt"]
        fee_ubtt = fee_of(paid_ubtt, FEE_PPM)
        assert bought["end_reason"] == "complete"
        totals = {"owed": bought["owed_ubtt"], "taken": sold["cumulative_ubtt"], "redeemed": sold["redeemed_ubtt"]}
        assert totals == dict.fromkeys(totals, paid_ubtt)
        assert west.has(AccountKind.USER, OLGA) == trade.had_ubtt - paid_ubtt
        assert west.has(AccountKind.USER, west.admin_user) == sold["earned_ubtt"] == paid_ubtt - fee_ubtt
        assert west.has(AccountKind.FEES) == fee_ubtt
        assert west.has(AccountKind.CHANNEL) == west.has(AccountKind.EARNINGS) == 0

    def _meters_agree(self, trade: Trade) -> None:
        """What both count differs by no more than what a seller writes off, apart from what a backup made it forget."""
        bought, sold = trade.bought, trade.sold
        sent_bytes = sold["sent_bytes"] + trade.forgotten_bytes
        assert bought["accepted_bytes"] > SIZE_BYTES // 3  # much of it came for money
        assert 0 <= bought["accepted_bytes"] - sold["accepted_bytes"] <= trade.forgotten_bytes
        assert abs(sent_bytes - bought["accepted_bytes"]) <= WRITE_OFF_BYTES + sent_bytes * WRITE_OFF_PPM // 1_000_000
        assert sold["disagreeing_rounds"] == 0

    def _audits_pass(self, trade: Trade) -> None:
        for box in (trade.west, trade.east):
            audit = box.manage("ledger", "audit")
            assert audit.returncode == 0, audit.stdout + audit.stderr
        newest = trade.west.ask("SELECT max(number) AS number FROM speed_round")[0]["number"]
        audit = trade.west.manage("speed", "audit", NODE, str(newest))
        assert audit.returncode == 0, audit.stdout + audit.stderr
