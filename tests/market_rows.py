"""Rows of the market as its agents write them, for tests of what is read from them."""

import json
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from seedbox.models import Holding, Torrent
from speed.domain.clearing import Terms
from speed.domain.rounds import bids_hash, leaf_of, round_at
from speed.models import (
    Bid,
    BuyingDeal,
    Cause,
    ForSale,
    Hub,
    Pairing,
    Quote,
    Reservation,
    Round,
    SeenRound,
    SellingDeal,
    Verdict,
)
from speed.services import avoided, budgets, rounds
from speed.services.rounds import RoundRow
from tests.builders import NOW
from tests.earnings import pay_out
from tests.held_rounds import run_round
from tests.market import set_market, set_offer

BTT = 1_000_000
MIB = 1 << 20


def _deal(torrent: Torrent, fields: dict[str, object]) -> dict[str, object]:
    return {
        "node_name": torrent.node.name,
        "deal_id": "d1" * 16,
        "channel_id": "c1" * 16,
        "torrent_id": torrent.pk,
        "torrent_key": torrent.key,
        "torrent_name": torrent.name,
        "size_bytes": torrent.size_bytes,
        "peer_key": "02" + "ab" * 32,
        "place": "203.0.113.7/32",
        "state": "in_lane",
        "opened_at": NOW,
        "linked_at": fields.get("opened_at", NOW),
        "max_price_ubtt_per_gib": 30 * BTT,
        "spend_ubtt_per_s": BTT,
        "useful_bytes_per_s": 4 * MIB,
        "hub_id": "ee" * 20,
        "amount_ubtt": 10 * BTT,
        "expires_at": NOW + timedelta(hours=1),
        "cumulative_ubtt": 3 * BTT,
        "price_ubtt_per_gib": 20 * BTT,
        "speed_bytes_per_s": 2 * MIB,
        "sent_bytes": 160 * MIB,
        "accepted_bytes": 158 * MIB,
        "owed_ubtt": 3_125_000,
    } | fields


def a_selling_deal(torrent: Torrent, **fields: object) -> SellingDeal:
    own = {"payer_ref": "aa" * 16, "fee_ppm": 0, "on_own_hub": True, "covered_bytes": 157 * MIB}
    return SellingDeal.objects.create(**_deal(torrent, own | fields))


def a_buying_deal(holding: Holding, **fields: object) -> BuyingDeal:
    own = {
        "bid_id": fields.get("bid_id") or a_bid(holding).pk,
        "user_id": holding.user_id,
        "account": str(holding.user_id),
        "endpoint": "203.0.113.7:6890",
    }
    return BuyingDeal.objects.create(**_deal(holding.torrent, own | fields))


def a_bid(holding: Holding, **fields: object) -> Bid:
    torrent = holding.torrent
    defaults: dict[str, object] = {
        "torrent_id": torrent.pk,
        "is_on": True,
        "on_at": NOW,
        "max_price_ubtt_per_gib": 30 * BTT,
        "spend_ubtt_per_s": BTT,
        "budget_ubtt": 100 * BTT,
    }
    key = {"user_id": holding.user_id, "node_name": torrent.node.name, "torrent_key": torrent.key}
    return Bid.objects.get_or_create(**key, defaults=defaults | fields)[0]


def a_pairing(user_id: int, **fields: object) -> Pairing:
    """Return a node's pairing with an account at another hub."""
    defaults: dict[str, object] = {"key": "ab" * 16, "daily_limit_ubtt": BTT, "account": "7"}
    where = {name: fields.pop(name, usual) for name, usual in (("node_name", "local"), ("hub_id", "ab" * 20))}
    return Pairing.objects.get_or_create(user_id=user_id, **where, defaults=defaults | fields)[0]


def an_empty_round(number: int = 170_000_000) -> Round:
    found, _ = Round.objects.get_or_create(
        node_name="local",
        number=number,
        defaults={
            "at": NOW,
            "ask_ubtt_per_gib": BTT,
            "for_sale_bytes_per_s": MIB,
            "price_ubtt_per_gib": BTT,
            "granted_bytes_per_s": 0,
            "bids": 0,
            "bids_hash": "00" * 32,
        },
    )
    return found


def reserve(deal: BuyingDeal) -> None:
    """Let a deal's money have been taken off its user's budget, and what it signed have been counted."""
    Reservation.objects.create(
        key=deal.channel_id,
        bid_id=deal.bid_id,
        user_id=deal.user_id,
        node_name=deal.node_name,
        deal_id=deal.deal_id,
        channel_id=deal.channel_id,
        hub_id=deal.hub_id,
        account=deal.account,
        payee_key=deal.peer_key,
        amount_ubtt=deal.amount_ubtt,
        expires_s=3_600,
        made_at=deal.opened_at,
        state=Reservation.DONE,
    )
    budgets.note_signed(deal, more_ubtt=deal.cumulative_ubtt, more_bytes=deal.accepted_bytes, now=deal.opened_at)


def a_seen_round(deal: BuyingDeal, number: int, **fields: object) -> SeenRound:
    defaults: dict[str, object] = {
        "at": NOW + timedelta(seconds=10 * (number % 1_000)),
        "price_ubtt_per_gib": 20 * BTT,
        "granted_bytes_per_s": 2 * MIB,
        "max_price_ubtt_per_gib": 30 * BTT,
        "spend_ubtt_per_s": BTT,
        "useful_bytes_per_s": 4 * MIB,
    }
    return SeenRound.objects.create(deal_id=deal.deal_id, number=number, **defaults | fields)


def a_quote(torrent: Torrent, number: int, **fields: object) -> Quote:
    defaults: dict[str, object] = {
        "place": f"203.0.113.{number}/32",
        "endpoint": f"203.0.113.{number}:6890",
        "ask_ubtt_per_gib": number * BTT,
        "last_price_ubtt_per_gib": 0,
        "for_sale_bytes_per_s": 8 * MIB,
        "bidders": number,
        "free_share_ppm": 200_000,
        "seen_at": NOW,
        "valid_until": timezone.now() + timedelta(hours=1),
    }
    peer_key = "02" + f"{number:02x}" * 32
    key = {"node_name": torrent.node.name, "torrent_key": torrent.key, "peer_key": peer_key}
    return Quote.objects.create(**key, **defaults | fields)


def a_round(number: int, *, demand: int) -> None:
    """Keep a round as a seller does: so many bids, the first one of the deal above, of which the last is too low."""
    salt = bytes(16)
    deals = {leaf_of(salt=salt, deal=bytes([0xD0 + deal]) * 16): deal for deal in range(1, demand + 1)}
    terms = {
        leaf: Terms((40 - 2 * deal) * BTT if deal < demand else BTT, (deal + 2) * BTT // 20, 2 * MIB, 4 * MIB)
        for leaf, deal in deals.items()
    }
    record, lost = run_round(number=number, ask_ubtt_per_gib=5 * BTT, for_sale_bytes_per_s=8 * MIB, bids=terms)
    rows = [RoundRow(bid, bytes([0xD0 + deals[bid.leaf]]) * 16, salt, lost[bid.leaf] or "") for bid in record.bids]
    rounds.store("local", record, rows, bids_hash=bids_hash(record), now=datetime.fromtimestamp(number * 10, tz=UTC))


def fill(sold: str, bought: str) -> None:
    """Let a real box have traded, and print what its pages are called."""
    now = timezone.now()
    selling, buying = (Holding.objects.get(torrent__name=name) for name in (sold, bought))
    set_market(sells=True, buys=True, ask_ubtt_per_gib=5 * BTT, upload_bytes_per_s=10 * MIB)
    set_offer(selling.torrent.key, ForSale.YES)
    since = {"opened_at": now - timedelta(minutes=9), "expires_at": now + timedelta(minutes=51)}
    lane = a_selling_deal(selling.torrent, **since)
    a_selling_deal(
        selling.torrent,
        deal_id="d2" * 16,
        channel_id="c2" * 16,
        place="2001:db8:1:2::/64",
        state="waiting",
        refusal="price_too_low",
        max_price_ubtt_per_gib=2 * BTT,
        covered_bytes=157 * MIB,
        **since,
    )
    past = a_selling_deal(
        selling.torrent,
        deal_id="d4" * 16,
        channel_id="c4" * 16,
        place="198.51.100.20/32",
        state="closed",
        end_reason="complete",
        is_closed=True,
        opened_at=now - timedelta(days=30),
    )
    for day in range(29, -1, -1):
        if day % 7:  # one day in seven nobody buys
            pay_out(past, (1_234_567 + day * day * 7_919 % 5_000_000), at=now - timedelta(days=day))
    newest = round_at(now.timestamp())
    for back in range(60):
        a_round(newest - back, demand=3 + back * back * 7 % 10)
    signed: dict[str, object] = {"voucher_at": now, "voucher_sig": "5e" * 65, "covered_bytes": 157 * MIB, **since}
    counts = [[newest - back, 20 * BTT, (20 - back) * MIB] for back in range(4)]
    signed["tally"] = {"settled": [0, 0, 0, 0], "rounds": counts}
    own = a_buying_deal(buying, deal_id="d3" * 16, channel_id="c3" * 16, sent_bytes=161 * MIB, **signed)
    reserve(own)
    Hub.objects.create(hub_id=own.hub_id, url="https://127.0.0.1:9/box", name="Ben's box")
    a_pairing(own.user_id, hub_id=own.hub_id, held_ubtt=12_345_678_901, heard_at=now - timedelta(hours=2))
    for number in range(20):
        lost = {"granted_bytes_per_s": 0, "reason": "no_capacity"} if number % 5 == 4 else {}
        audited = {"salt": "ab" * 16, "verdict": Verdict.RIGHT if number < 12 else Verdict.NONE}
        a_seen_round(own, number, price_ubtt_per_gib=(20 + number * 3 % 9) * BTT, **lost, **audited)
    for number in (12, 18, 31):
        a_quote(buying.torrent, number)
    avoided.avoid("03" + "cd" * 32, cause=Cause.STARVES_UNPAID, text="It sent next to nothing without pay.", now=now)
    words = {"round": newest, "selling": lane.pk, "buying": own.pk, "bought": buying.pk, "peer": own.peer_key}
    print("filled:", json.dumps(words))  # noqa: T201  # the answer
