"""A year in which one user traded, for benches of pages about it: real transfers, channels and deals, audit and all.

Everything goes through the ledger, some ten thousand entries a second; `fill` says what it made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random

from django.db.models import Sum

from seedbox.models import Node
from speed.models import BuyingDeal, SellingDeal
from wallet.domain.accounts import (
    AccountKind,
    AccountName,
    channel_account,
    earnings_account,
    own_account,
    user_account,
)
from wallet.domain.items import Transfer
from wallet.domain.kinds import TransferKind
from wallet.models import Channel
from wallet.services import channels, ledger, seals
from wallet.services.install import market_asset

BTT = 1_000_000
NODES = ("local", "attic")
YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)
AT_ONCE = 10_000
BOUGHT_PPM = 200_000  # of the entries: vouchers that were paid out of the user's channels, and their fees
SHARE_UBTT = 3 * BTT  # of one entry, at most
FUNDS_UBTT = 10**15
_KEYS = ("02" + "ab" * 32, "03" + "cd" * 32)


@dataclass(frozen=True)
class Torrent:
    """One that is sold by a node of ours and bought for the user, through the year."""

    number: int
    node_id: int
    deal_id: str
    channel_id: str


def fill(
    user_id: int, *, entries: int, torrents: int = 100, until: datetime, say: Callable[[str], None] = lambda line: None
) -> None:
    """Let a user have traded for a year up to a time: so many entries about so many torrents, a few of them often."""
    draw, since = Random(entries), until - YEAR
    ids = {name: Node.objects.get_or_create(name=name, defaults={"folder": f"/{name}"})[0].pk for name in NODES}
    _fund(user_id, list(ids.values()), since)
    traded = [_trade(user_id, number, NODES[number % len(NODES)], ids, since) for number in range(torrents)]
    weights = [1 / (place + 5) for place in range(torrents)]
    every = iter(sorted(draw.randrange(int(YEAR.total_seconds())) for _ in range(entries)))
    done = 0
    while some := [since + timedelta(seconds=second) for second, _ in zip(every, range(AT_ONCE), strict=False)]:
        items = list(_entries(user_id, some, draw.choices(traded, weights, k=len(some)), draw, done))
        outcomes = ledger.post(items, now=some[-1])
        assert all(outcome.is_done for outcome in outcomes), next(one for one in outcomes if not one.is_done)
        done += len(some)
        say(f"{done:,} entries")
    _note_redeemed()
    seals.seal_new(now=until)


def _fund(user_id: int, node_ids: list[int], at: datetime) -> None:
    asset = market_asset()
    chain, treasury = (own_account(asset, kind) for kind in (AccountKind.CHAIN, AccountKind.TREASURY))
    nodes = [earnings_account(asset, node_id) for node_id in node_ids]
    for name in (treasury, user_account(asset, user_id)):
        _move(chain, name, FUNDS_UBTT * 10, TransferKind.DEPOSIT, at)
    ledger.store().open_accounts(nodes, now=at)
    for name in nodes:
        _move(treasury, name, FUNDS_UBTT, TransferKind.ADJUSTMENT, at)


def _move(debit: AccountName, credit: AccountName, amount_ubtt: int, kind: TransferKind, at: datetime) -> None:
    key = f"year/{debit.kind:d}/{credit.kind:d}-{credit.ref}"
    item = Transfer(
        key=key, debit=debit, credit=credit, amount_ubtt=amount_ubtt, kind=kind, cause="deposit/year", event_at=at
    )
    assert ledger.post_one(item, now=at).is_done


def _trade(user_id: int, number: int, node_name: str, ids: dict[str, int], at: datetime) -> Torrent:
    """Let there be two deals about a torrent, one for each side, with a channel that holds enough for the year."""
    deal_id = sha256(f"{user_id}/{number}".encode()).hexdigest()[:32]
    one = Torrent(number, ids[node_name], deal_id, deal_id[::-1])
    about = {
        "node_name": node_name,
        "deal_id": deal_id,
        "torrent_id": number + 1,
        "torrent_key": f"{deal_id}{number:08x}",
        "size_bytes": 1 << 30,
        "torrent_name": f"Distribution {number} for all machines, complete",
        "peer_key": _KEYS[1],
        "place": "203.0.113.7/32",
        "state": "closed",
        "opened_at": at,
        "linked_at": at,
        "max_price_ubtt_per_gib": 30 * BTT,
        "spend_ubtt_per_s": BTT,
        "useful_bytes_per_s": 1 << 22,
        "hub_id": "ee" * 20,
        "amount_ubtt": FUNDS_UBTT // 100,
        "expires_at": at + HOUR,
        "is_closed": True,
    }
    SellingDeal.objects.create(**about, channel_id=deal_id, payer_ref="aa" * 16, fee_ppm=0, on_own_hub=True)
    BuyingDeal.objects.create(
        **about, channel_id=one.channel_id, bid_id=number + 1, user_id=user_id, account=str(user_id)
    )
    opened = channels.open_channel(
        channel_id=one.channel_id,
        payer=user_account(market_asset(), user_id),
        payee=earnings_account(market_asset(), one.node_id),
        payer_key=_KEYS[0],
        payee_key=_KEYS[1],
        amount_ubtt=FUNDS_UBTT // 100,
        fee_ppm=0,
        expires_at=at + HOUR,
        now=at,
    )
    assert opened.is_done
    return one


def _entries(user_id: int, times: list[datetime], chosen: list[Torrent], draw: Random, done: int) -> Iterator[Transfer]:
    asset = market_asset()
    user, fees = user_account(asset, user_id), own_account(asset, AccountKind.FEES)
    for number, (at, one) in enumerate(zip(times, chosen, strict=True), done):
        earnings, channel = earnings_account(asset, one.node_id), channel_account(asset, one.channel_id)
        is_bought, is_fee = draw.randrange(1_000_000) < BOUGHT_PPM, not draw.randrange(2)
        kind = TransferKind.EARNING
        if is_bought:
            kind = TransferKind.FEE if is_fee else TransferKind.VOUCHER
        yield Transfer(
            key=f"year/{user_id}/{number}",
            debit=channel if is_bought else earnings,
            credit=user if not is_bought else fees if is_fee else earnings,
            amount_ubtt=draw.randint(1, SHARE_UBTT),
            kind=kind,
            cause=f"voucher/{one.channel_id}/{number:064x}" if is_bought else f"deal/{one.deal_id}",
            event_at=at,
        )


def _note_redeemed() -> None:
    """Let channels say what was paid out of them."""
    paid = Channel.objects.filter(account__debits__isnull=False).annotate(paid_ubtt=Sum("account__debits__amount_ubtt"))
    for channel in paid:
        Channel.objects.filter(pk=channel.pk).update(redeemed_ubtt=channel.paid_ubtt)
