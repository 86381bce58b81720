"""What a buyer decides about its deals: how much a channel shall hold, which bid stands, which grant it believes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from speed.domain.credit import MIN_CHANNEL_BYTES, STOP_BEFORE_EXPIRY_S, least_channel_ubtt
from speed.domain.deals import Wish
from speed.domain.meters import Tally
from wallet.domain.channels import LEAST_UBTT
from wallet.domain.rounding import GIB

CHANNEL_LIFE_S = 3_600
RENEW_BEFORE_S = 900  # a receipt may be late, and nothing is served in a channel's last two minutes
SPEND_S = 60  # a channel holds what the pace takes in so long, so that fast lanes are not topped up all the time
RETURNED_AFTER_S = 300  # a hub gives the rest back so long after a channel's end
CALL_S = 60  # a call of it may be under way for so long
CLOCKS_S = 600  # its clock and ours may differ by so much, and a call be under way for so long
LEAST_TOP_UP_BYTES = 1 << 20
LEAST_CHANGE_PERCENT = 5  # what changes less is no new bid
MAX_DEALS_OF_TORRENT = 8  # sellers at once: the pace is shared among them
EVERYTHING_BYTES_PER_S = 1 << 40  # what "as fast as it gets" is on the wire

assert RENEW_BEFORE_S > STOP_BEFORE_EXPIRY_S


@dataclass(frozen=True, slots=True)
class Filling:
    """What shall be put into a channel."""

    wanted_ubtt: int
    least_ubtt: int  # with less it is not worth asking


def price_of(size_bytes: int, price_ubtt_per_gib: int) -> int:
    """Return what so many bytes cost at a price, rounded up."""
    return -(-size_bytes * price_ubtt_per_gib // GIB)


def first_filling(wish: Wish, *, size_bytes: int, left_bytes: int) -> Filling:
    """Return what a new channel shall hold: 64 MiB at the ceiling, or a minute's pace, but no more than is left.

    A seller wants to see 64 MiB's worth, or the whole torrent's; it does not know what is left.
    """
    least_ubtt = least_channel_ubtt(max_price_ubtt_per_gib=wish.max_price_ubtt_per_gib, left_bytes=size_bytes)
    least_ubtt = max(least_ubtt, LEAST_UBTT)  # or no hub opens it; what a small torrent does not cost comes back
    return Filling(max(least_ubtt, _minute(wish, left_bytes)), least_ubtt)


def top_up(wish: Wish, *, size_bytes: int, left_bytes: int, amount_ubtt: int, owed_ubtt: int) -> Filling | None:
    """Return what a channel shall be topped up with, if it is time: half of what it shall hold is used.

    Whatever the budget still has is welcome, down to a mebibyte's worth; but a ceiling that was raised needs all of it.
    """
    least_ubtt = least_channel_ubtt(max_price_ubtt_per_gib=wish.max_price_ubtt_per_gib, left_bytes=size_bytes)
    missing_ubtt = least_ubtt - amount_ubtt
    if missing_ubtt > 0:
        return Filling(missing_ubtt, missing_ubtt)
    goal_ubtt = min(max(least_ubtt, _minute(wish, left_bytes)), price_of(left_bytes, wish.max_price_ubtt_per_gib))
    room_ubtt = amount_ubtt - owed_ubtt
    if left_bytes <= 0 or room_ubtt * 2 >= goal_ubtt:
        return None
    of_use_bytes = min(left_bytes, LEAST_TOP_UP_BYTES)
    return Filling(goal_ubtt - room_ubtt, price_of(of_use_bytes, wish.max_price_ubtt_per_gib))


def must_renew(*, expires_at_s: int, now_s: int) -> bool:
    """Whether a channel in use needs more time."""
    return expires_at_s - now_s < RENEW_BEFORE_S


def has_ended(*, expires_at_s: int, now_s: int, hub_answers: bool = False) -> bool:
    """Whether a channel must have ended, whoever tells of it or not; sooner by the clock of a hub that answers."""
    return now_s >= expires_at_s + RETURNED_AFTER_S + (CALL_S if hub_answers else CLOCKS_S)


def asks_until_s(*, made_at_s: int, expires_s: int) -> int:
    """Return how long a hub is asked to open a channel that gives no answer: as long as the channel was to live.

    A hub forgets keys after eight days, and would open a second channel under one that it has forgotten.
    """
    return made_at_s + expires_s


def hub_for(
    common: Iterable[bytes], *, is_silent: Callable[[bytes], bool], owes_a_word: Callable[[bytes], bool]
) -> bytes | None:
    """Return through which hub a seller is paid: the first that answers; last, one that owes a word about a channel.

    For that one may answer this and that, and yet open nothing.
    """
    return min((hub_id for hub_id in common if not is_silent(hub_id)), key=owes_a_word, default=None)


def _minute(wish: Wish, left_bytes: int) -> int:
    """Return what goes in a minute at the pace, but no more than all that is left costs at the ceiling."""
    return min(wish.spend_ubtt_per_s * SPEND_S, price_of(left_bytes, wish.max_price_ubtt_per_gib))


def pace_for(*, max_price_ubtt_per_gib: int, useful_bytes_per_s: int, budget_ubtt: int) -> int:
    """Return how fast money may go where nobody said so: enough for the useful speed at the ceiling.

    Without a useful speed the budget lasts an hour at least.
    """
    if useful_bytes_per_s:
        return max(-(-max_price_ubtt_per_gib * useful_bytes_per_s // GIB), 1)
    return max(budget_ubtt // 3_600, 1)


def share_of(wish: Wish, deals: int) -> Wish:
    """Return the bid of one of so many deals about a torrent: they share the pace and the use equally, rounded down."""
    useful = wish.useful_bytes_per_s or EVERYTHING_BYTES_PER_S
    return Wish(wish.max_price_ubtt_per_gib, wish.spend_ubtt_per_s // deals, useful // deals)


def affordable(wish: Wish, *, amount_ubtt: int, size_bytes: int) -> Wish:
    """Return the bid with a ceiling that its channel is large enough for: a higher one follows after a top-up."""
    highest = amount_ubtt * GIB // max(min(MIN_CHANNEL_BYTES, size_bytes), 1)
    return replace(wish, max_price_ubtt_per_gib=min(wish.max_price_ubtt_per_gib, highest))


def is_news(old: Wish, new: Wish) -> bool:
    """Whether a bid has changed enough to be sent: by 5 % somewhere, or into a pause or out of one.

    A lower ceiling always is: its user shall not pay one µBTT more than was said.
    """
    if old.is_paused or new.is_paused:
        return old.is_paused != new.is_paused
    if new.max_price_ubtt_per_gib < old.max_price_ubtt_per_gib:
        return True
    pairs = (
        (old.max_price_ubtt_per_gib, new.max_price_ubtt_per_gib),
        (old.spend_ubtt_per_s, new.spend_ubtt_per_s),
        (old.useful_bytes_per_s, new.useful_bytes_per_s),
    )
    return any(abs(after - before) * 100 >= before * LEAST_CHANGE_PERCENT for before, after in pairs)


def believed_speed(speed_bytes_per_s: int, *, price_ubtt_per_gib: int, wishes: tuple[Wish, ...]) -> int | None:
    """Return how fast a lane may be billed at most, by the bids that it can be an answer to; None for a wrong price.

    A seller grants no more than what is useful, nor more than the pace buys; what it says beyond that is not paid.
    """
    fitting = [wish for wish in wishes if wish.max_price_ubtt_per_gib >= price_ubtt_per_gib]
    if not fitting:
        return None
    most = max(min(wish.useful_bytes_per_s, wish.spend_ubtt_per_s * GIB // price_ubtt_per_gib) for wish in fitting)
    return min(speed_bytes_per_s, most)


def within(tally: Tally, amount_ubtt: int) -> Tally:
    """Return the tally as far as an amount pays for it: of the newest rounds less is acknowledged until it fits.

    What is left out is not lost: it is acknowledged when there is money for it.
    """
    for count in reversed(tally.rounds):
        over_ubtt = tally.owed_ubtt - amount_ubtt
        if over_ubtt <= 0:
            break
        less_bytes = -(-over_ubtt * GIB // count.price_ubtt_per_gib)
        tally = tally.counted(count.round, max(count.received_bytes - less_bytes, 0))
    return tally


def adopted(tally: Tally, signed_ubtt: int) -> Tally:
    """Return the tally of who has promised more than it remembers: all of that counts as owed, and no byte twice."""
    missing_ubtt = signed_ubtt - tally.owed_ubtt
    if missing_ubtt <= 0:
        return tally
    settled = replace(tally.settled, owed_ubtt=tally.settled.owed_ubtt + missing_ubtt)
    return replace(tally, settled=settled)
