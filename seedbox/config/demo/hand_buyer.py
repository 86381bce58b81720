"""What a hand of the demo does in the box of who buys, which keeps the ledger for both."""

import secrets
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

import wallet.wiring
from seedbox.config.demo.hand_own import Order, now, sums, user
from seedbox.models import Holding, Observation, User
from seedbox.services import audit
from speed.domain.controls import Controls
from speed.models import AutoRun, Bid, BuyingDeal
from speed.services import auto_rows, auto_screen, autobid, hub_list, hub_trust
from speed.services.autobid import Terms
from wallet.domain.accounts import AccountKind
from wallet.models import Account, HubOffer
from wallet.services import deposit_addresses, speed_keys
from wallet.services.install import market_asset
from wallet.services.operators import Actor

SEEDS = 10_000  # so many are tried; of eight any draws the block that is wanted
SUMS = {"signed_ubtt": "cumulative_ubtt", "accepted_bytes": "accepted_bytes"}


def fund(_order: Order) -> None:
    """Have the development chain's faucet pay to the user's address."""
    faucet = wallet.wiring.faucet()
    assert faucet is not None
    faucet.pay(deposit_addresses.address_for(user().pk, now=now()).address)


def charge(order: Order) -> None:
    """Let the hub keep a fee of what sellers earn."""
    admin = user()
    hub_trust.set_fee(
        order["fee_ppm"],
        actor=Actor(admin.pk, admin.username),
        reason="for the hub's work",
        key=secrets.token_hex(16),
        origin=audit.command_line(),
        now=now(),
    )


def let_in(order: Order) -> dict[str, str]:
    """Let the seller have an account here, and return what its node brings to earn for it."""
    seller = User(username=order["name"], date_joined=now())
    seller.set_password(order["password"])
    seller.save(force_insert=True)
    pairing = speed_keys.make_pairing_code(seller.pk, most_ubtt=0, earns=True, now=now())
    return {"code": pairing.code, "hub_id": hub_list.own_id()}


def prepare(order: Order) -> None:
    """Let the unpaid block lie where it is seen in the time that there is; else it is drawn by lot.

    The bid is off as long as its user has not turned it on.
    """
    holding = Holding.objects.select_related("torrent__node").get(pk=order["holding"])
    torrent, block_ms = holding.torrent, settings.SPEED_BLOCK_S * 1_000
    with transaction.atomic():
        bid = Bid.objects.create(
            user_id=holding.user_id,
            node_name=torrent.node.name,
            torrent_id=torrent.pk,
            torrent_key=torrent.key,
            max_price_ubtt_per_gib=order["ceiling_ubtt_per_gib"],
            spend_ubtt_per_s=0,
            budget_ubtt=0,
            is_auto=True,
        )
        AutoRun.objects.create(bid=bid, seed=_seed(order["unpaid_block"]), block_ms=block_ms)


def _seed(block: int) -> str:
    """Return a seed by which this block of the first run is the unpaid one."""
    start = secrets.token_bytes(16)
    seeds = (sha256(start + number.to_bytes(4, "big")).digest()[:16] for number in range(SEEDS))
    return next(seed.hex() for seed in seeds if Controls(seed, 0).control_of(0) == block)


def turn_on(order: Order) -> None:
    """Turn automatic bidding on."""
    autobid.turn_on(user().pk, Terms(**order["terms"]), now=now())


def turn_off(_order: Order) -> None:
    autobid.turn_off(user().pk, now=now())


def see_buyer(order: Order) -> Order:
    """Tell how the torrent is, what the automatic bid has come to, and what is in the books."""
    seen = Observation.objects.filter(torrent_id=order["torrent"]).first()
    deals = BuyingDeal.objects.all()
    return {
        "state": seen.state if seen else "",
        "at_s": seen.seen_at.timestamp() if seen else 0,
        "downloaded_bytes": seen.downloaded_bytes if seen else 0,
        "speed_bytes_per_s": seen.down_bytes_per_s if seen else 0,
        "offers": HubOffer.objects.count(),
        "deals": deals.count(),
        "open_deals": deals.filter(is_closed=False).count(),
        "lane_bytes_per_s": sum(deals.filter(is_closed=False).values_list("speed_bytes_per_s", flat=True)),
        "balances": balances(order),
        **_story(order["torrent"]),
        **sums(deals, SUMS),
    }


def _story(torrent_id: int) -> Order:
    found = auto_screen.story(user().pk, torrent_id)
    if found is None or found.run is None:
        return {"auto": "", "said": [], "uplift": "", "controls": 0}
    return {
        "auto": found.run.state,
        "said": [{"state": one.state, "sentence": one.sentence} for one in reversed(found.log)],
        "uplift": auto_rows.uplift_kept(found.uplift),
        "controls": found.uplift.controls,
    }


def balances(_order: Order) -> dict[str, int]:
    """Return what is in the books: by user, and for the hub's fees and in channels."""
    names = dict(User.objects.values_list("pk", "username"))
    found = Account.objects.filter(asset=market_asset())
    users = {names[int(one.ref)]: one.balance_ubtt for one in found.filter(kind=AccountKind.USER)}
    others = {"fees": AccountKind.FEES, "channels": AccountKind.CHANNEL}
    sums = {
        name: found.filter(kind=kind).aggregate(all=Sum("balance_ubtt"))["all"] or 0 for name, kind in others.items()
    }
    return users | sums
