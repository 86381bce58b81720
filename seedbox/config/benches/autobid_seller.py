"""A node that sells, for the bench of automatic bids: `python -m seedbox.config.benches.autobid_seller '{…}'`.

Run in the box's environment, with a name and addresses of its own. Its line is so fast and no faster, for those that
pay and for those that don't. It takes orders, see `ordered_node`, and does for people of both sides what they would do:
the user of the box is one who has a slow torrent, and turns automatic bidding on.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first

import wallet.wiring  # noqa: E402  # as above
from seedbox import wiring  # noqa: E402  # as above
from seedbox.config.benches import autobid_outcome, ordered_node  # noqa: E402  # as above
from seedbox.config.benches.autobid_speeds import Loaded  # noqa: E402  # as above
from seedbox.config.benches.market_swarm import ONLY_TCP  # noqa: E402  # as above
from seedbox.config.benches.ordered_node import WAIT_S, Order, Seen, wait_for  # noqa: E402  # as above
from seedbox.domain.network import NetworkSettings  # noqa: E402  # as above
from seedbox.domain.states import State as TorrentState  # noqa: E402  # as above
from seedbox.models import Holding, Node, Observation, User  # noqa: E402  # as above
from seedbox.services import audit, holdings, networks  # noqa: E402  # as above
from speed.agent.seller import Seller  # noqa: E402  # as above
from speed.domain.controls import Controls  # noqa: E402  # as above
from speed.models import Agent, AutoRun, ForSale  # noqa: E402  # as above
from speed.services import autobid, markets  # noqa: E402  # as above
from speed.services.autobid import Terms  # noqa: E402  # as above
from wallet.models import Deposit, HubOffer  # noqa: E402  # as above
from wallet.services import deposit_addresses  # noqa: E402  # as above

NAME, BUYER = "seller", "local"
FREE_SHARE_PPM = 200_000
BTT = 1_000_000
ASK_UBTT_PER_GIB, CEILING_UBTT_PER_GIB = 10 * BTT, 40 * BTT
TORRENT_BUDGET_UBTT, DAY_LIMIT_UBTT = 60 * BTT, 80 * BTT
WISHED_LINES = 4  # more than there is: whatever is for sale is wanted
CLOSED_WITHIN_S = 120.0


class Trade:
    """What people do and see on both sides."""

    def __init__(self, torrent: Path, line_bytes_per_s: int) -> None:
        self._torrent, self._line_bytes_per_s = torrent, line_bytes_per_s
        self._loaded = Loaded()
        Node.objects.get_or_create(name=NAME, defaults={"folder": str(settings.NODE_FOLDER)})
        _bind(NAME, settings.NODE_LISTEN[0])

    def begin(self, order: Order) -> Seen:
        """Sell the torrent, and have a user with money whose node may buy."""
        _bind(BUYER, order["buyer"])
        self._user = User.objects.create_user(order["user"])
        self._take_part()
        sold = holdings.add(
            user=User.objects.create_user("sam"),
            source=wiring.read_torrent_file(self._torrent.read_bytes()),
            now=_now(),
        ).torrent
        wait_for(deposit_addresses.is_ready, "the signer's key")
        faucet = wallet.wiring.faucet()
        assert faucet is not None
        faucet.pay(deposit_addresses.address_for(self._user.pk, now=_now()).address)
        seeding = Observation.objects.filter(torrent=sold, state=TorrentState.SEEDING)
        wait_for(seeding.exists, "a torrent that seeds")
        wait_for(lambda: Agent.objects.filter(speed_key__gt="").count() == 2, "two markets")
        origin = audit.command_line()
        markets.offer(node_name=NAME, torrent_key=sold.key, for_sale=ForSale.YES, origin=origin, now=_now())
        wait_for(Deposit.objects.exists, "what the faucet has paid")
        wait_for(HubOffer.objects.exists, "an offer")  # whoever asks the hub sooner asks again half a minute later
        return {}

    def load(self, order: Order) -> Seen:
        """Look on while the user's torrent loads unpaid for so long."""
        self._slow = Holding.objects.get(user=self._user).torrent
        wait_for(lambda: self._look() > 0, "a first byte")
        self._look_until(_now() + timedelta(seconds=order["seconds"]))
        return {}

    def turn_on(self, _order: Order) -> Seen:
        """Turn automatic bidding on, and look on until the first bid."""
        self._turned_on_at, self._had_ubtt = _now(), autobid_outcome.balance_ubtt(self._user.pk)
        terms = Terms(
            ceiling_ubtt_per_gib=CEILING_UBTT_PER_GIB,
            torrent_budget_ubtt=TORRENT_BUDGET_UBTT,
            day_limit_ubtt=DAY_LIMIT_UBTT,
            least_bytes_per_s=WISHED_LINES * self._line_bytes_per_s,
            asks_directory=True,
        )
        autobid.turn_on(self._user.pk, terms, now=self._turned_on_at)
        begun = AutoRun.objects.filter(began_at__isnull=False)
        self._watch_until(begun.exists, "a first bid", WAIT_S + settings.SPEED_SLOW_S)
        return {}

    def go_on(self, order: Order) -> Seen:
        """Look on for so long after the first bid, and say what it did, and how fast it was soon after that bid."""
        within_s, run = order["within_s"], AutoRun.objects.get()
        assert run.began_at is not None
        self._look_until(run.began_at + timedelta(seconds=order["seconds"]))
        controls = Controls(bytes.fromhex(run.seed), int(run.began_at.timestamp() * 1_000), run.block_ms)
        return {
            "before": self._loaded.speed(self._turned_on_at.timestamp(), run.began_at.timestamp()),
            "paid": self._loaded.paid_speed(controls, lasts_s=within_s, is_settled=True),
            "all_paid": self._loaded.paid_speed(controls, lasts_s=within_s, is_settled=False),
            "pairs": AutoRun.objects.get().pairs,
            **autobid_outcome.reaction(run.began_at),
        }

    def stop(self, _order: Order) -> Seen:
        """Turn it off; when all channels are closed, compare what was signed with what the ledger says."""
        autobid.turn_off(self._user.pk, now=_now())
        wait_for(autobid_outcome.all_closed, "closed channels", CLOSED_WITHIN_S)
        found = autobid_outcome.spent(budget_ubtt=TORRENT_BUDGET_UBTT, ceiling_ubtt_per_gib=CEILING_UBTT_PER_GIB)
        return found | {"left_ubtt": self._had_ubtt - autobid_outcome.balance_ubtt(self._user.pk)}

    def _look_until(self, end_at: datetime) -> None:
        limit_s = (end_at - _now()).total_seconds() + CLOSED_WITHIN_S
        self._watch_until(lambda: self._loaded.times_s[-1] >= end_at.timestamp(), "a torrent that goes on", limit_s)

    def _watch_until(self, reached: Callable[[], bool], what: str, limit_s: float) -> None:
        def look() -> bool:
            self._look()
            return reached()

        wait_for(look, what, limit_s)

    def _look(self) -> int:
        seen = Observation.objects.filter(torrent=self._slow).first()
        if seen is None:
            return 0
        self._loaded.note(seen.seen_at.timestamp(), seen.downloaded_bytes)
        return seen.downloaded_bytes

    def _take_part(self) -> None:
        for name, line_bytes_per_s in ((NAME, self._line_bytes_per_s), (BUYER, 0)):
            markets.change(
                node_name=name,
                sells=name == NAME,
                buys=name == BUYER,
                ask_ubtt_per_gib=ASK_UBTT_PER_GIB,
                free_share_ppm=FREE_SHARE_PPM,
                upload_limit_bytes_per_s=line_bytes_per_s,
                dials_local=True,
                origin=audit.command_line(),
                now=_now(),
            )


def main() -> None:
    order = json.loads(sys.argv[1])
    line_bytes_per_s = order["line_bytes_per_s"]
    trade = Trade(Path(order["torrent"]), line_bytes_per_s)
    ordered_node.live(
        ordered_node.node_of(NAME, {**ONLY_TCP, "upload_rate_limit": line_bytes_per_s}),
        ordered_node.agent_of(NAME, lambda floor: (Seller(floor),)),
        trade,
    )


def _bind(name: str, endpoint: str) -> None:
    """Let a node go out by its own address: what calls from loopback would all come from 127.0.0.1."""
    bound = NetworkSettings(interface=endpoint.rpartition(":")[0], port_mapping=False)
    networks.change(node_name=name, settings=bound, keeps_password=False, origin=audit.command_line(), now=_now())


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
