"""Two whole boxes trade: one sells a torrent, the other buys it, and one of them keeps the ledger for both.

They are installs of their own, joined by loopback and one hub. Between them is a slow line, in a network of the test's
own, so that a deal stands before the torrent is whole.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
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
from wallet.domain.money import format_btt
from wallet.domain.rounding import fee_of

MIB = 1 << 20
SIZE_BYTES = (16 if PROVE == 1 else 64) * MIB + 5_000
# What the line carries in a second: hardly anything without a deal, or a free peer would soon have all of it.
CREEP, WALK, RUN = 48 * 1024, 128 * 1024, 8 * MIB
# The lane while processes are killed is slower than the line, so that little is lost in sockets, and each loss counts.
SLOW_MIB, FAST_MIB = "0.0625", "1"
WISH = {"max_price_ubtt_per_gib": 40, "budget_ubtt": 5}
FEE_PPM, FEE_PERCENT = 25_000, "2.5"
# So little may a hub owe a seller before it redeems: each voucher is.
LEAST_BTT, MUCH_BTT = "0.000001", "100"
# Of what was sent a seller writes off so much; more for three rounds in a row, and the deal would end.
WRITE_OFF_BYTES, WRITE_OFF_PPM = MIB, 10_000
TEST_LIMIT_S = 900 * min(PROVE, 4)

Victim = tuple[str, str]
PROCESSES = ("redis", "devnet", "signer", "node", "wallet", "web")
# The trade goes on after each of these bouts.
FEW: Sequence[Sequence[Victim]] = [[(box, name) for name in PROCESSES for box in ("west", "east")]]
ALL: Sequence[Sequence[Victim]] = [
    *FEW,
    *([(box, name)] for box in ("west", "east") for name in (*PROCESSES, "supervisor")),
]
# Whose hub it is. The seller's goes back in time with its seller; the buyer's remembers what the seller has forgotten.
HUBS = ["east"] if PROVE == 1 else ["east", "west"]
# What the seller is put back to. A hub that had forgotten the channel itself could not go on with it.
BACKUPS = {"east": ["before the deal"] if PROVE == 1 else ["in the deal", "before the deal"], "west": ["in the deal"]}


@dataclass(frozen=True)
class Copy:
    """A copy of the seller's database, and the deal as both sides had it then."""

    database: Path
    sold: Json
    bought: Json


class Trade:
    """A seller in the west, a buyer in the east, a line between them, and one torrent.

    The hub is the seller's or the buyer's: whoever's it is not pairs with olga's account there, to spend or to earn.
    """

    def __init__(self, network: OwnNetwork, folder: Path, *, hub: str) -> None:
        self.network, self._folder = network, folder
        self.west, self.east = Install("127.0.45.1"), Install("127.0.45.2")
        self._boxes = {"west": self.west, "east": self.east}
        self.hub, self.backups = self._boxes[hub], BACKUPS[hub]
        self.payer, self.payee = (OLGA, self.west.admin_user) if hub == "west" else (self.east.admin_user, OLGA)
        self._line = SlowLine(network, self.west.endpoint, self.east.endpoint, bytes_per_s=CREEP)
        self._copies: dict[str, Copy] = {}
        self.life = Copy(folder, {}, {})  # since when the seller's database has forgotten nothing

    def open(self, running: ExitStack) -> None:
        with ThreadPoolExecutor(2) as starters:
            list(starters.map(running.enter_context, self._boxes.values()))
        for box in self._boxes.values():
            box.bind_node()
        self.west.sell(limit_mib=8, ask_btt=10)
        self.east.buy()
        self.hub.charge(fee_percent=FEE_PERCENT)
        if self.hub is self.west:
            self.east.pair_with(self.hub.let_olga_in(earns=False), earns=False, exposure_btt=MUCH_BTT)
        else:
            self.west.pair_with(self.hub.let_olga_in(earns=True), earns=True, exposure_btt=LEAST_BTT)
            self.east.fill_adas_account()
        self.had_ubtt = self.hub.has(AccountKind.USER, self.payer)

    @property
    def bought(self) -> Json:
        return self.east.deal("buying")

    @property
    def sold(self) -> Json:
        return self.west.deal("selling")

    @property
    def counted_bytes(self) -> tuple[int, int, int]:
        """Return what was sent, accepted, and acknowledged to the seller, since its database remembers all."""
        bought, sold, life = self.bought, self.sold, self.life
        sent_bytes, acknowledged_bytes = (sold[it] - life.sold.get(it, 0) for it in ("sent_bytes", "accepted_bytes"))
        return sent_bytes, bought["accepted_bytes"] - life.bought.get("accepted_bytes", 0), acknowledged_bytes

    def begin(self) -> None:
        """Let a torrent be offered and bid for, until it comes for money."""
        metainfo = make_metainfo("film", files={"film.bin": SIZE_BYTES}, private=True)
        torrent_file = self._folder / "film.torrent"
        torrent_file.write_bytes(metainfo.torrent_file)
        make_content(self.west.data / "downloads" / metainfo.info_hash_v1, {"film/film.bin": SIZE_BYTES})
        self.west.offer(torrent_file)
        self._number = self.east.add(torrent_file, peer=self.west.endpoint)
        wait_until(lambda: self.hub.ask("SELECT 1 FROM wallet_huboffer"), "an offer in the hub's directory", LIMIT_S)
        self._back_up("before the deal")
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

    def forget(self, backup: str) -> None:
        """Put the seller's database back to what it was before the last vouchers came; and the hub's, if it is its."""
        self._back_up("in the deal")
        self.east.bid(self._number, WISH | {"useful_bytes_per_s": FAST_MIB})
        paid = "cumulative_ubtt" if self.hub is self.west else "redeemed_ubtt"
        before = self.sold
        self._line.set_speed(RUN)
        wait_until(lambda: self.sold["cumulative_ubtt"] > before["cumulative_ubtt"], "one more voucher", LIMIT_S)
        self._line.set_speed(CREEP)  # or the torrent could be whole before the seller has crashed
        wait_until(lambda: self.sold[paid] > before[paid], "its money", LIMIT_S)
        self.west.crash()
        known = self.sold
        wait_until(lambda: not self.bought["speed_bytes_per_s"], "the buyer to see that its lane is gone", LIMIT_S)
        copy = self._copies[backup]
        self.life = Copy(copy.database, copy.sold, self.bought)
        self.west.put_back(copy.database)
        assert self.sold.get(paid, 0) < known[paid]
        self.west.start()
        self._goes_on()
        assert self.sold[paid] >= known[paid]

    def finish(self) -> None:
        self._line.set_speed(RUN)
        whole = "SELECT 1 FROM seedbox_observation WHERE done_bytes = ?"
        wait_until(lambda: self.east.ask(whole, SIZE_BYTES), "a whole torrent", LIMIT_S)
        wait_until(lambda: self.sold["is_closed"], "a channel that is closed", LIMIT_S)
        wait_until(lambda: self.bought["is_closed"], "the buyer to see that", LIMIT_S)

    def _back_up(self, name: str) -> None:
        database = self._folder / f"{name}.sqlite3"
        self.west.back_up(database)
        self._copies[name] = Copy(database, self.sold, self.bought)

    def _goes_on(self) -> None:
        before = self.bought["accepted_bytes"]
        wait_until(lambda: self.bought["accepted_bytes"] > before, "more bytes for money", LIMIT_S)


@pytest.fixture(params=HUBS)
def trade(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trade]:
    with OwnNetwork() as network, ExitStack() as running:
        trade = network.run(lambda: Trade(network, tmp_path, hub=request.param))
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
        for backup in trade.backups:
            self._meters_agree(trade)
            trade.forget(backup)
        trade.finish()
        self._money_agrees(trade)
        self._meters_agree(trade)
        self._seller_was_told(trade)
        self._money_is_where_the_pages_say(trade)
        self._audits_pass(trade)

    def _money_agrees(self, trade: Trade) -> None:
        bought, sold, hub = trade.bought, trade.sold, trade.hub
        paid_ubtt = bought["cumulative_ubtt"]
        fee_ubtt = fee_of(paid_ubtt, FEE_PPM)
        assert bought["end_reason"] == "complete"
        totals = {"owed": bought["owed_ubtt"], "taken": sold["cumulative_ubtt"], "redeemed": sold["redeemed_ubtt"]}
        assert totals == dict.fromkeys(totals, paid_ubtt)
        assert hub.has(AccountKind.USER, trade.payer) == trade.had_ubtt - paid_ubtt
        assert hub.has(AccountKind.USER, trade.payee) == sold["earned_ubtt"] == paid_ubtt - fee_ubtt
        assert hub.has(AccountKind.FEES) == fee_ubtt
        assert hub.has(AccountKind.CHANNEL) == hub.has(AccountKind.EARNINGS) == 0

    def _meters_agree(self, trade: Trade) -> None:
        """What both have counted since the seller remembers differs by no more than what a seller writes off."""
        sent_bytes, accepted_bytes, _ = trade.counted_bytes
        assert abs(sent_bytes - accepted_bytes) <= WRITE_OFF_BYTES + sent_bytes * WRITE_OFF_PPM // 1_000_000
        assert trade.sold["disagreeing_rounds"] == 0

    def _seller_was_told(self, trade: Trade) -> None:
        """Of all that was accepted since then; and of what came before, as far as it is in rounds that it knows."""
        _, accepted_bytes, acknowledged_bytes = trade.counted_bytes
        assert acknowledged_bytes >= accepted_bytes > 0
        assert trade.sold["accepted_bytes"] <= trade.bought["accepted_bytes"]

    def _money_is_where_the_pages_say(self, trade: Trade) -> None:
        """What was earned at the buyer's hub is in nobody's account here, and the pages say who holds it."""
        if trade.hub is trade.west:
            return
        assert trade.west.has(AccountKind.USER) == trade.west.has(AccountKind.EARNINGS) == 0
        trade.west.kill("node")  # when it starts it asks that hub, and every minute from then on
        held = f"Held there</dt><dd>{format_btt(trade.sold['earned_ubtt'])} BTT</dd>"
        with trade.west.admin() as ada:
            assert "held at that hub for the operator of this box" in ada.read(f"/market/selling/{trade.sold['id']}/")
            assert "This hub holds your money." in ada.read("/market/hubs/")
            wait_until(lambda: held in ada.read("/market/spending/"), "the seller's page to say what the hub holds")

    def _audits_pass(self, trade: Trade) -> None:
        newest = trade.west.ask("SELECT max(number) AS number FROM speed_round")[0]["number"]
        commands = [
            (trade.west, "ledger", "audit"),
            (trade.east, "ledger", "audit"),
            (trade.west, "speed", "audit", NODE, str(newest)),
        ]
        with ThreadPoolExecutor(len(commands)) as auditors:
            for audit in auditors.map(lambda command: command[0].manage(*command[1:]), commands):
                assert audit.returncode == 0, audit.stdout + audit.stderr
