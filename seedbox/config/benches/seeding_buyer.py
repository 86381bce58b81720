"""A node that buys, for benches: `python -m seedbox.config.benches.seeding_buyer '{"torrent": …}'`.

Run in the box's environment, with a name and addresses of its own. It takes orders line by line, `begin`, `buy`,
`go_on` and `stop`, answers each with a line of JSON once that is so, and ends with its input. It fetches hardly faster
than its lane, so that free bytes do not bring it everything before the deal begins.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first
from django.db.models import Sum  # noqa: E402  # as above

import wallet.wiring  # noqa: E402  # as above
from seedbox import wiring  # noqa: E402  # as above
from seedbox.config.benches import ordered_node  # noqa: E402  # as above
from seedbox.config.benches.ordered_node import WAIT_S, Order, Seen, wait_for  # noqa: E402  # as above
from seedbox.config.benches.watched_buyer import Times, WatchedBuyer  # noqa: E402  # as above
from seedbox.models import Network, Node, User  # noqa: E402  # as above
from seedbox.services import audit, holdings  # noqa: E402  # as above
from speed.models import Agent, BuyingDeal, ForSale, SellingDeal  # noqa: E402  # as above
from speed.services import bids, markets, spenders  # noqa: E402  # as above
from wallet.models import Deposit, HubOffer, Sweep  # noqa: E402  # as above
from wallet.services import deposit_addresses  # noqa: E402  # as above

NAME, SELLER = "buyer", "local"
LIMIT_BYTES_PER_S = 2_000 * 2**20  # of the seller's upload: an engine counts limits in 31 bits
FREE_SHARE_PPM = 200_000
BTT = 1_000_000
ASK_UBTT_PER_GIB, CEILING_UBTT_PER_GIB = 10 * BTT, 40 * BTT
BUDGET_UBTT = 100 * BTT
SLOWEST_BYTES_PER_S = 2**20  # of a lane, on a busy machine


class Purchase:
    """A user of the buyer's node, and the torrent that shall be bought."""

    def __init__(self, torrent: Path, seller: str, lane_bytes_per_s: int, times: Times) -> None:
        self._torrent, self._seller, self._lane_bytes_per_s, self._times = torrent, seller, lane_bytes_per_s, times
        self._user = User.objects.create_user("buyer")
        node, _ = Node.objects.get_or_create(name=NAME, defaults={"folder": str(settings.NODE_FOLDER)})
        address = settings.NODE_LISTEN[0].rpartition(":")[0]
        Network.objects.update_or_create(node=node, defaults={"interface": address, "port_mapping": False})

    def begin(self, _order: Order) -> Seen:
        """Have money, and a market that is ready for it."""
        wait_for(deposit_addresses.is_ready, "the signer's key")
        faucet = wallet.wiring.faucet()
        assert faucet is not None
        faucet.pay(deposit_addresses.address_for(self._user.pk, now=_now()).address)
        wait_for(Deposit.objects.exists, "what the faucet has paid")  # not once more, when blocks are counted
        wait_for(lambda: Agent.objects.filter(speed_key__gt="").count() == 2, "two markets")
        spenders.allow(self._user.pk, day_limit_ubtt=BUDGET_UBTT, now=_now())
        return self._seen()

    def buy(self, _order: Order) -> Seen:
        """Bid for the torrent, until bytes have been paid for."""
        self._take_part(is_on=True)
        source = wiring.read_torrent_file(self._torrent.read_bytes())
        self._holding = holdings.add(user=self._user, source=source, peers=(self._seller,), now=_now())
        markets.offer(
            node_name=SELLER,
            torrent_key=self._holding.torrent.key,
            for_sale=ForSale.YES,
            origin=audit.command_line(),
            now=_now(),
        )
        wait_for(HubOffer.objects.exists, "an offer")  # whoever asks the hub sooner asks again half a minute later
        bids.place(
            user_id=self._user.pk,
            torrent_id=self._holding.torrent_id,
            max_price_ubtt_per_gib=CEILING_UBTT_PER_GIB,
            spend_ubtt_per_s=BTT,
            budget_ubtt=BUDGET_UBTT,
            useful_bytes_per_s=self._lane_bytes_per_s,
            asks_directory=True,
            now=_now(),
        )
        wait_for(lambda: self._seen()["paid_ubtt"], "a lane that is paid for")
        return self._seen()

    def go_on(self, order: Order) -> Seen:
        """Wait until so many bytes have been paid for, and the lane was full once."""
        size_bytes = order["size_bytes"]
        wait_for(
            lambda: self._seen()["covered_bytes"] >= size_bytes and self._times.full_at_s,
            f"{size_bytes} paid bytes through a lane that was full once",
            limit_s=WAIT_S + size_bytes / SLOWEST_BYTES_PER_S,
        )
        return self._seen() | self._times.figures()

    def sweeps(self, _order: Order) -> Seen:
        """Return which transactions on the chain have gathered what was paid in."""
        return {"tx_ids": list(Sweep.objects.values_list("tx_id", flat=True))}

    def stop(self, _order: Order) -> Seen:
        """End the deal, and say what it came to at that moment; all is as before when this returns."""
        seen = self._seen()
        bids.withdraw(user_id=self._user.pk, torrent_id=self._holding.torrent_id)
        wait_for(lambda: not SellingDeal.objects.filter(is_closed=False).exists(), "the end of the deal")
        holdings.change(user=self._user, holding_ids=[self._holding.pk], verb="stop", now=_now())
        self._take_part(is_on=False)
        wait_for(lambda: not Agent.objects.get(pk=SELLER).listens_on, "a closed market")
        return seen

    def _take_part(self, *, is_on: bool) -> None:
        for name, sells in ((SELLER, True), (NAME, False)):
            markets.change(
                node_name=name,
                sells=sells and is_on,
                buys=not sells and is_on,
                ask_ubtt_per_gib=ASK_UBTT_PER_GIB,
                free_share_ppm=FREE_SHARE_PPM,
                upload_limit_bytes_per_s=LIMIT_BYTES_PER_S,
                dials_local=True,
                origin=audit.command_line(),
                now=_now(),
            )

    def _seen(self) -> Seen:
        sums = {"accepted_bytes": "accepted_bytes", "covered_bytes": "covered_bytes", "paid_ubtt": "cumulative_ubtt"}
        found = BuyingDeal.objects.aggregate(**{name: Sum(column) for name, column in sums.items()})
        return {"at_s": time.monotonic()} | {name: total or 0 for name, total in found.items()}


def main() -> None:
    order = json.loads(sys.argv[1])
    os.nice(order["niceness"])
    times = Times()
    purchase = Purchase(Path(order["torrent"]), order["seller"], order["lane_bytes_per_s"], times)
    ordered_node.live(
        ordered_node.node_of(NAME, {"download_rate_limit": order["fetches_bytes_per_s"]}),
        ordered_node.agent_of(NAME, lambda floor: (WatchedBuyer(floor, times),)),
        purchase,
    )


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
