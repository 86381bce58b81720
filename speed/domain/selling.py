"""What a seller decides about a bid before it lets it into a round, and about a deal before the next one."""

from dataclasses import dataclass

from speed.domain.credit import (
    Delays,
    Draw,
    Standing,
    draws,
    has_its_speed,
    is_channel_low,
    lane_cap,
    least_channel_ubtt,
    money_room,
    room,
    shared_window,
    strangers_cap,
)
from speed.domain.refusals import Reason
from wallet.domain.speed1.receipt import BadReceipt, Receipt, SpeedNetwork, read_receipt

STALE_DEBT_MS = 10_000  # who has let a voucher be due for so long gets its next lane when it has come


@dataclass(frozen=True, slots=True)
class Expected:
    """What a receipt has to say to be good for a bid."""

    network: SpeedNetwork
    asset: int
    payer_key: bytes  # the key that the connection has proved
    payee_key: bytes  # ours
    now_s: int  # by its hub's clock


def receipt_problem(receipt: Receipt, expected: Expected) -> str:
    """Return in a sentence why a hub's receipt is not good for a bid of this connection; "" if it is."""
    if receipt.network is not expected.network or receipt.asset != expected.asset:
        return "The receipt is of another network or asset."
    if receipt.payee_key != expected.payee_key:
        return "The receipt pays another seller."
    if receipt.payer_key != expected.payer_key:
        return "The receipt is of another buyer."
    if receipt.expires_at_s <= expected.now_s:
        return "The receipt has run out."  # and no hub gives such a channel more time
    return ""


def top_up_problem(old: Receipt, new: Receipt) -> str:
    """Return why a receipt can't take the place of another one of its deal; "" if it can, or is the same."""
    same = ("hub_id", "network", "asset", "channel", "payer_ref", "payer_key", "payee_key")
    if any(getattr(old, name) != getattr(new, name) for name in same):
        return "A deal is paid out of one channel."
    if new.amount_ubtt < old.amount_ubtt or new.expires_at_s < old.expires_at_s:
        return "A channel never shrinks."
    return ""


def newest_receipt(known: Receipt, signed: bytes, *, hub_key: bytes) -> Receipt | None:
    """Return what a receipt of a known channel says, if it takes the place of the one that is known; None otherwise."""
    try:
        receipt = read_receipt(signed, hub_key=hub_key)
    except BadReceipt:
        return None
    return None if top_up_problem(known, receipt) else receipt


@dataclass(frozen=True, slots=True)
class Prospect:
    """All that decides how much one deal may have in a round."""

    max_price_ubtt_per_gib: int
    torrent_ask_ubtt_per_gib: int
    size_bytes: int  # of the torrent
    amount_ubtt: int  # of the channel
    owed_ubtt: int  # for all that was sent
    expires_at_s: int
    payer: Standing
    address: Standing
    strangers_unpaid_bytes: int
    delays: Delays
    sharers: int  # deals of this payer or address, itself included
    strangers: int  # deals of all strangers
    payers_lanes_bytes_per_s: int  # granted to this payer in all, itself included
    places_lanes_bytes_per_s: int
    strangers_lanes_bytes_per_s: int
    unpaid_for_ms: int  # since a voucher has been due or its lane has lain still; 0: neither


@dataclass(frozen=True, slots=True)
class Chance:
    """The most that a deal may have, or why it may have nothing."""

    cap_bytes_per_s: int
    reason: Reason | None = None


def chance(prospect: Prospect, *, now_s: int) -> Chance:
    """Say how fast a deal's lane may be by its credit and its channel."""
    if prospect.max_price_ubtt_per_gib < prospect.torrent_ask_ubtt_per_gib:
        return Chance(0, Reason.PRICE_TOO_LOW)
    needed_ubtt = least_channel_ubtt(
        max_price_ubtt_per_gib=prospect.max_price_ubtt_per_gib, left_bytes=prospect.size_bytes
    )
    money = money_room(
        amount_ubtt=prospect.amount_ubtt,
        owed_ubtt=prospect.owed_ubtt,
        price_ubtt_per_gib=prospect.max_price_ubtt_per_gib,
    )
    if prospect.amount_ubtt < needed_ubtt or is_channel_low(
        money_room_bytes=money, expires_at_s=prospect.expires_at_s, now_s=now_s
    ):
        return Chance(0, Reason.CHANNEL_LOW)
    left = room(payer=prospect.payer, address=prospect.address, strangers_unpaid_bytes=prospect.strangers_unpaid_bytes)
    if left == 0 or prospect.unpaid_for_ms > STALE_DEBT_MS:
        return Chance(0, Reason.UNPAID)
    window_bytes = shared_window(payer=prospect.payer, address=prospect.address)
    cap = lane_cap(window_bytes=window_bytes, delays=prospect.delays, sharers=prospect.sharers)
    if prospect.payer.is_stranger:
        cap = min(cap, strangers_cap(delays=prospect.delays, strangers=prospect.strangers))
    return Chance(cap)


def keeps_its_speed(prospect: Prospect, *, was_open: bool, speed_bytes_per_s: int) -> bool:
    """Say whether a lane has its granted speed now: not without room in the window, nor money in the channel.

    Who has paid up to less than half of the window gets a lane back at once: no voucher is due before that half is
    used, so to wait for more room could be to wait for ever.
    """
    is_paid_up = all(party.unpaid_bytes * 2 < party.window_bytes for party in (prospect.payer, prospect.address))
    money = money_room(
        amount_ubtt=prospect.amount_ubtt,
        owed_ubtt=prospect.owed_ubtt,
        price_ubtt_per_gib=prospect.max_price_ubtt_per_gib,
    )
    rooms = draws(
        payer=prospect.payer,
        address=prospect.address,
        strangers_unpaid_bytes=prospect.strangers_unpaid_bytes,
        payers_lanes=prospect.payers_lanes_bytes_per_s,
        places_lanes=prospect.places_lanes_bytes_per_s,
        strangers_lanes=prospect.strangers_lanes_bytes_per_s,
    )
    return has_its_speed([*rooms, Draw(money, speed_bytes_per_s)], was_open=was_open or is_paid_up)


def is_behind_nat(callers: dict[bytes, str], gateways: frozenset[str]) -> bool:
    """Say whether everybody seems to call from our own gateway, as in a container's network: lanes can't be told apart.

    `callers` are addresses by the caller's key; one caller alone may really live there.
    """
    addresses = set(callers.values())
    return len(callers) > 1 and len(addresses) == 1 and addresses <= gateways
