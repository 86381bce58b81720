"""What a deal can be, and what may become of it. Checked when this module is imported.

A deal is one buyer, one seller, one torrent and one channel. Both ends keep it in these states, each as it knows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from speed.domain.refusals import ENDING, Reason

LAST_VOUCHER_S = 10  # after `withdraw`: then the last voucher must be there
CLOSE_S = 60  # after `withdraw`: then the seller has redeemed and closed
SILENCE_S = 600  # without a connection: then the seller redeems and closes
SHARED_ROUNDS = 3  # in a row at less than half of the grant end a deal
SHARED_PERCENT = 50
HUB_GONE = "hub_gone"  # why a deal is over whose hub says nothing any more
ROUNDS_AFTER_BOUNCE = 2  # do not count for shared_address and meters_disagree


@dataclass(frozen=True, slots=True)
class Wish:
    """A bid as it stands."""

    max_price_ubtt_per_gib: int
    spend_ubtt_per_s: int
    useful_bytes_per_s: int

    @property
    def is_paused(self) -> bool:
        return self.spend_ubtt_per_s == 0 or self.useful_bytes_per_s == 0


class DealState(StrEnum):
    OPEN = "open"  # its bid stands, and no round has run since
    IN_LANE = "in_lane"  # a grant runs
    PAUSED = "paused"  # its buyer bids nothing at the moment
    WAITING = "waiting"  # its bid stands, and the last round gave it nothing; or its connection is lost
    ENDING = "ending"  # over; the last voucher may still come, and then the seller redeems
    CLOSED = "closed"  # nothing more comes of it

    @property
    def is_live(self) -> bool:
        """Whether bids and grants are still possible."""
        return DealState.ENDING in MOVES[self]


_LIVE = frozenset({DealState.IN_LANE, DealState.PAUSED, DealState.WAITING, DealState.ENDING})
MOVES: Mapping[DealState, frozenset[DealState]] = {
    DealState.OPEN: _LIVE,
    DealState.IN_LANE: _LIVE,  # a lane is granted anew each round
    DealState.PAUSED: _LIVE - {DealState.PAUSED, DealState.IN_LANE} | {DealState.OPEN},
    DealState.WAITING: _LIVE,
    DealState.ENDING: frozenset({DealState.CLOSED}),
    DealState.CLOSED: frozenset(),
}
LIVE = frozenset(state for state in DealState if state.is_live)


class IllegalMove(Exception):
    """A deal can't become this from what it is: a mistake of the program."""

    def __init__(self, old: DealState, new: DealState) -> None:
        super().__init__(f"{old} can't become {new}")


def check_move(old: DealState, new: DealState) -> None:
    if new not in MOVES[old]:
        raise IllegalMove(old, new)


def after_grant(old: DealState) -> DealState:
    """Return what a deal is when it is granted a lane. Raises IllegalMove."""
    check_move(old, DealState.IN_LANE)
    return DealState.IN_LANE


def after_bid(old: DealState, *, spend_ubtt_per_s: int, useful_bytes_per_s: int) -> DealState:
    """Return what a bid makes of a deal: without money, or a use for bytes, it pauses at once. Raises IllegalMove."""
    if old not in LIVE:
        raise IllegalMove(old, DealState.OPEN)
    if spend_ubtt_per_s == 0 or useful_bytes_per_s == 0:
        return DealState.PAUSED
    return DealState.OPEN if old is DealState.PAUSED else old


def after_refusal(old: DealState, reason: Reason) -> DealState:
    """Return what a refusal makes of a deal: some end it, after the others its bid stands. Raises IllegalMove."""
    new = DealState.ENDING if reason in ENDING else DealState.WAITING
    check_move(old, new)
    return new


def after_loss(old: DealState) -> DealState:
    """Return what a deal is without its connection: its grant is over, and the same bid may resume it."""
    return DealState.WAITING if old in {DealState.IN_LANE, DealState.OPEN} else old


def is_close_due(*, state: DealState, since_s: int) -> bool:
    """Whether the seller should redeem and close, so long after the deal's end, or after its connection was lost.

    Not sooner, though a voucher has come or nothing seems to be owed: the buyer may have counted what we have forgotten
    in a crash, and a voucher that was under way when the deal ended is not the last one.
    """
    if state is DealState.ENDING:
        return since_s > LAST_VOUCHER_S
    return state in LIVE and since_s >= SILENCE_S


def starved_rounds(*, before: int, sent_bytes: int, granted_bytes: int, since_bounce: int) -> int:
    """Return for how many rounds in a row a lane gave its deal less than half; SHARED_ROUNDS of them end it."""
    if since_bounce < ROUNDS_AFTER_BOUNCE:
        return before
    return before + 1 if sent_bytes * 100 < granted_bytes * SHARED_PERCENT else 0


def gap_rounds(*, before: int, is_too_large: bool, since_bounce: int) -> int:
    """Return for how many rounds in a row the meters were too far apart; three of them end the deal."""
    if since_bounce < ROUNDS_AFTER_BOUNCE:
        return before
    return before + 1 if is_too_large else 0


assert all(states <= set(DealState) for states in MOVES.values())
assert not MOVES[DealState.CLOSED]
