"""How far a seller trusts: the window of unpaid bytes, what is written off, when money is due, how fast a lane may be.

Everything is summed twice, for the payer and for the address, over all deals, keys and connections of the last 7 days.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MIB = 2**20
STRANGER_WINDOW_BYTES = 4 * MIB
MAX_WINDOW_BYTES = 16 * MIB
TRUST_STEP_BYTES = 16 * MIB  # paid for, they widen the window by …
TRUST_GAIN_BYTES = MIB
STRANGERS_WINDOW_BYTES = 64 * MIB  # of all strangers together
WRITE_OFF_PPM = 10_000  # of what was sent
WRITE_OFF_BYTES = MIB
FRESH_MS = 2_000  # what was sent since then is not called a gap yet
GAP_ROUNDS = 3  # in a row with a gap end a deal
VOUCHER_EVERY_MS = 60_000
FIRST_DELAY_MS = 500
DELAYS_KEPT = 8
READING_MS = 200  # between two readings of the engine's counters
BLOCK_BYTES = 16 * 1024
MIN_CHANNEL_BYTES = 64 * MIB
REDEEM_PERCENT = 80  # of a channel's amount or life used
STOP_BEFORE_EXPIRY_S = 120


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one payer, or of one address."""

    paid_bytes: int = 0  # ever covered by vouchers
    sent_bytes: int = 0  # under grants, in the last 7 days
    unpaid_bytes: int = 0  # of these, over all its deals: see unpaid()
    written_off_bytes: int = 0  # of these

    @property
    def window_bytes(self) -> int:
        return window(self.paid_bytes)

    @property
    def is_stranger(self) -> bool:
        return self.paid_bytes < TRUST_STEP_BYTES


def window(paid_bytes: int) -> int:
    """Return how much may be unpaid after so much was paid for."""
    return min(MAX_WINDOW_BYTES, STRANGER_WINDOW_BYTES + paid_bytes // TRUST_STEP_BYTES * TRUST_GAIN_BYTES)


def unpaid(*, sent_bytes: int, covered_bytes: int, written_off_bytes: int) -> int:
    """Return what one deal leaves unpaid. Nothing below zero: what one deal pays too much is no credit for another."""
    return max(0, sent_bytes - covered_bytes - written_off_bytes)


def room(*, payer: Standing, address: Standing, strangers_unpaid_bytes: int) -> int:
    """Return how much more may be sent for money before something must be paid: the smallest room counts."""
    rooms = [payer.window_bytes - payer.unpaid_bytes, address.window_bytes - address.unpaid_bytes]
    if payer.is_stranger:
        rooms.append(STRANGERS_WINDOW_BYTES - strangers_unpaid_bytes)
    return max(0, min(rooms))


def shared_window(*, payer: Standing, address: Standing) -> int:
    """Return the window that counts for a lane: the smaller one."""
    return min(payer.window_bytes, address.window_bytes)


def write_off_bytes(sent_bytes: int) -> int:
    """Return how far two meters may be apart after so much was sent, rounded down."""
    return sent_bytes * WRITE_OFF_PPM // 1_000_000 + WRITE_OFF_BYTES


def write_off_allowance(party: Standing) -> int:
    """Return how much may be written off in all for a payer or an address."""
    return write_off_bytes(party.sent_bytes)


@dataclass(frozen=True, slots=True)
class Gap:
    """What was sent in one deal and is not counted by its buyer."""

    written_off_bytes: int  # of this deal, in place of what was written off before
    is_too_large: bool  # for a round: several in a row end the deal


def judge_gap(
    *, sent_bytes: int, received_bytes: int, written_off_before_bytes: int, payer: Standing, address: Standing
) -> Gap:
    """Say what becomes of the bytes that a covering voucher does not count.

    `sent_bytes` is what had been sent FRESH_MS before the voucher came. A buyer that counts them later after all gets
    them out of what was written off again.
    """
    missing_bytes = max(0, sent_bytes - received_bytes)
    left_bytes = min(
        write_off_allowance(party) - (party.written_off_bytes - written_off_before_bytes) for party in (payer, address)
    )
    return Gap(max(0, min(missing_bytes, left_bytes)), missing_bytes > left_bytes)


def is_voucher_due(
    *, unpaid_bytes: int, window_bytes: int, owed_ubtt: int, signed_ubtt: int, since_last_ms: int, is_last: bool
) -> bool:
    """Whether a buyer should pay now: half its window is used, a minute is over, or the deal ends or waits for it."""
    if owed_ubtt <= signed_ubtt:
        return False
    return is_last or unpaid_bytes * 2 >= window_bytes or since_last_ms >= VOUCHER_EVERY_MS


def believed_window(*, paid_bytes: int, refusals: int) -> int:
    """Return the window that a buyer should pay by: what it has earned, halved each time that it was too large.

    `refusals` are those as `unpaid` though less than half of the window was unpaid: the seller counts others at our
    address, or has forgotten us. It never learns of a wider one by itself.
    """
    return max(BLOCK_BYTES, window(paid_bytes) >> refusals)


@dataclass(frozen=True, slots=True)
class Delays:
    """How long vouchers took: from the reading that went past half the window to the voucher that covered it."""

    recent_ms: tuple[int, ...] = ()

    def after(self, delay_ms: int) -> "Delays":
        return Delays((*self.recent_ms, max(0, delay_ms))[-DELAYS_KEPT:])

    @property
    def worst_ms(self) -> int:
        return max(self.recent_ms, default=FIRST_DELAY_MS)


def lane_cap(*, window_bytes: int, delays: Delays, sharers: int = 1) -> int:
    """Return the speed at which a window lasts until the next voucher, for each of so many deals that share it."""
    return window_bytes // 2 * 1_000 // ((delays.worst_ms + READING_MS) * max(1, sharers))


def is_lane_open(*, was_open: bool, room_bytes: int, lane_bytes_per_s: int) -> bool:
    """Whether a lane has its speed: it falls when less than a reading's worth of room is left and rises at two."""
    readings = 1 if was_open else 2
    return room_bytes * 1_000 >= lane_bytes_per_s * READING_MS * readings and room_bytes > 0


@dataclass(frozen=True, slots=True)
class Draw:
    """One room, and the granted speed of all lanes together that draw on it: what they send until the next reading."""

    room_bytes: int
    lanes_bytes_per_s: int


def draws(
    *,
    payer: Standing,
    address: Standing,
    strangers_unpaid_bytes: int,
    payers_lanes: int,
    places_lanes: int,
    strangers_lanes: int,
) -> list[Draw]:
    """Return the rooms of room(), each with the speeds that share it: several lanes use a window up together."""
    found = [
        Draw(payer.window_bytes - payer.unpaid_bytes, payers_lanes),
        Draw(address.window_bytes - address.unpaid_bytes, places_lanes),
    ]
    if payer.is_stranger:
        found.append(Draw(STRANGERS_WINDOW_BYTES - strangers_unpaid_bytes, strangers_lanes))
    return found


def has_its_speed(found: Iterable[Draw], *, was_open: bool) -> bool:
    """Whether a lane has its speed by all rooms that it draws on."""
    return all(
        is_lane_open(was_open=was_open, room_bytes=draw.room_bytes, lane_bytes_per_s=draw.lanes_bytes_per_s)
        for draw in found
    )


def strangers_cap(*, delays: Delays, strangers: int) -> int:
    """Return what a stranger's lane may be at most, of so many strangers' that share their common window."""
    return lane_cap(window_bytes=STRANGERS_WINDOW_BYTES, delays=delays, sharers=strangers)


def least_channel_ubtt(*, max_price_ubtt_per_gib: int, left_bytes: int) -> int:
    """Return what a channel must hold at a bid's ceiling, rounded up: 64 MiB, or all that is left of the torrent."""
    return -(-min(MIN_CHANNEL_BYTES, left_bytes) * max_price_ubtt_per_gib // 2**30)


def is_redeem_due(*, cumulative_ubtt: int, amount_ubtt: int, opened_at_s: int, expires_at_s: int, now_s: int) -> bool:
    """Whether a seller should redeem by itself: 80 % of the channel's money or time is used."""
    return (
        cumulative_ubtt * 100 >= amount_ubtt * REDEEM_PERCENT
        or (now_s - opened_at_s) * 100 >= (expires_at_s - opened_at_s) * REDEEM_PERCENT
    )


def money_room(*, amount_ubtt: int, owed_ubtt: int, price_ubtt_per_gib: int) -> int:
    """Return how many bytes a channel can still pay for at a price; owed is what all that was sent would cost."""
    return max(0, amount_ubtt - owed_ubtt) * 2**30 // price_ubtt_per_gib


def is_channel_low(*, money_room_bytes: int, expires_at_s: int, now_s: int) -> bool:
    """Whether a channel cannot pay for one more block, or ends too soon to be served; a top-up mends both."""
    return money_room_bytes < BLOCK_BYTES or now_s >= expires_at_s - STOP_BEFORE_EXPIRY_S
