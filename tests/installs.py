"""What is done in processes of two real boxes that trade: one whose hub is used and that sells, one that buys there.

Each function runs in a process of its box's own, by `told_by`, and prints what it has to tell as JSON.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from seedbox import wiring
from seedbox.domain.states import State
from seedbox.models import Network, Node, Observation, User
from seedbox.services import holdings
from speed.models import BuyingDeal, ForSale, Hub, SellingDeal
from speed.services import bids, markets, spenders
from tests.box import wait_until
from tests.ledger import ASSET, BTT, balance, user
from tests.payer import Payment, post_all
from wallet.domain.accounts import AccountKind, own_account
from wallet.models import HubOffer
from wallet.services import hub_identity, speed_keys

if TYPE_CHECKING:
    from tests.box import Box

Json = dict[str, Any]
LIMIT_S = 60.0
HAS_BTT = 10
ASK_UBTT, CEILING_UBTT = 10 * BTT, 40 * BTT


def told_by(box: "Box", call: str, *words: object) -> Json:
    """Let a process of the box run one of the functions below, and return what it tells."""
    done = box.manage("shell", "-c", f"from tests import installs; installs.{call}(*{words!r})")
    assert "told:" in done.stdout, done.stdout + done.stderr
    told: Json = json.loads(done.stdout.split("told:")[1])
    return told


def offer(torrent_file: str) -> None:
    """Sell a torrent whose content lies there, and let somebody else's node spend from olga's account here."""
    ada, olga = User.objects.get(username="ada"), User.objects.create_user("olga", password="olga's own password")
    post_all([Payment("chain", "olga", str(HAS_BTT), "DEPOSIT")])
    torrent = holdings.add(user=ada, source=_read(torrent_file), now=_now()).torrent
    markets.offer(node_name=settings.NODE_NAME, torrent_key=torrent.key, for_sale=ForSale.YES)
    _take_part(sells=True)
    seeds = Observation.objects.filter(torrent=torrent, state=State.SEEDING)
    wait_until(seeds.exists, "a torrent that seeds", LIMIT_S)
    wait_until(HubOffer.objects.exists, "an offer in the directory", LIMIT_S)
    code = speed_keys.make_pairing_code(olga.pk, most_ubtt=HAS_BTT * BTT, earns=False, now=_now()).code
    _tell(hub_id=hub_identity.hub_id().hex(), code=code)


def serve_one_peer_at_a_time() -> None:
    """Let free peers share one slot, so that a torrent is not whole before anybody has bid for it."""
    Network.objects.update_or_create(node=Node.objects.get(), defaults={"max_upload_slots": 1, "port_mapping": False})
    _tell()


def seek(torrent_file: str, seller: str, hub_url: str, hub_id: str, code: str) -> None:
    """Bid for a torrent with money at another box's hub."""
    ada = User.objects.get(username="ada")
    Hub.objects.create(hub_id=hub_id, url=hub_url, name="west")
    spenders.allow(ada.pk, day_limit_ubtt=5 * BTT, now=_now())
    spenders.pair(
        user_id=ada.pk,
        node_name=settings.NODE_NAME,
        hub_id=hub_id,
        code=code,
        daily_limit_ubtt=5 * BTT,
        key="pairing of ada",
    )
    _take_part(buys=True)
    torrent = holdings.add(user=ada, source=_read(torrent_file), peers=(seller,), now=_now()).torrent
    bids.place(
        user_id=ada.pk,
        torrent_id=torrent.pk,
        max_price_ubtt_per_gib=CEILING_UBTT,
        spend_ubtt_per_s=BTT,
        budget_ubtt=4 * BTT,
        asks_directory=True,
        now=_now(),
    )
    _tell()


def wait_until_paid() -> None:
    """Wait until something was paid in a deal that runs."""
    wait_until(BuyingDeal.objects.filter(cumulative_ubtt__gt=0).exists, "a voucher", LIMIT_S)
    _tell()


def wait_until_bought() -> None:
    """Wait until the torrent is whole and its deals are over, and tell what they came to."""
    is_whole = Observation.objects.filter(state=State.SEEDING)
    wait_until(is_whole.exists, "a whole torrent", LIMIT_S)
    wait_until(lambda: not BuyingDeal.objects.filter(is_closed=False).exists(), "all deals to be over", LIMIT_S)
    deals = BuyingDeal.objects.values_list("cumulative_ubtt", "owed_ubtt", "accepted_bytes")
    _tell(
        paid_ubtt=sum(deal[0] for deal in deals),
        owed_ubtt=sum(deal[1] for deal in deals),
        accepted_bytes=sum(deal[2] for deal in deals),
        done_bytes=Observation.objects.get().done_bytes,
    )


def books() -> None:
    """Tell what the seller's box has in its books."""
    names = {name: user(User.objects.get(username=name).pk) for name in ("ada", "olga")}
    _tell(
        redeemed_ubtt=sum(SellingDeal.objects.values_list("redeemed_ubtt", flat=True)),
        fees_ubtt=balance(own_account(ASSET, AccountKind.FEES)),
        **{name: balance(account) for name, account in names.items()},
    )


def _take_part(*, sells: bool = False, buys: bool = False) -> None:
    markets.change(
        node_name=settings.NODE_NAME,
        sells=sells,
        buys=buys,
        ask_ubtt_per_gib=ASK_UBTT,
        free_share_ppm=200_000,
        upload_limit_bytes_per_s=8 << 20,
        dials_local=True,
    )


def _read(torrent_file: str) -> Any:
    return wiring.read_torrent_file(Path(torrent_file).read_bytes())


def _tell(**what: object) -> None:
    print("told:", json.dumps(what))  # noqa: T201  # the answer


def _now() -> datetime:
    return datetime.now(UTC)
