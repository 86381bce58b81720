"""What the automatic bidder sees of a torrent, and what it can come to."""

from dataclasses import dataclass
from enum import StrEnum

from speed.domain.controls import RUN_BLOCKS
from speed.domain.deals import Wish
from speed.domain.shortfall import Goal, Watch
from speed.domain.supply import LEAST_LANE_BYTES_PER_S, NOTHING_SEEN, Quoted, Supply
from wallet.domain.money import Asset

MOST_SELLERS = 24  # that are thought about, so that a round costs little time; there are fewer deals at once


class State(StrEnum):
    """What the bidder does."""

    STOPPED = "stopped"  # by its user
    DONE = "done"  # nothing of the torrent is left to load
    LATE = "late"  # the time by which it should be finished has passed
    NO_GAIN = "no_gain"  # it was measured that paying brings nothing
    FAST_ENOUGH = "fast_enough"  # without money
    WATCHING = "watching"  # too slow, but not for a minute yet
    CONTROL = "control"  # too slow, and unpaid for a moment to see what paying changes
    WAITING = (
        "waiting"  # for something that is in the way: a hub that is silent, another user's bid, files being checked
    )
    NO_SELLERS = "no_sellers"
    TOO_DEAR = "too_dear"  # all ask more than the ceiling
    NO_MONEY = "no_money"  # the budget of the torrent or of the day is used up
    BIDDING = "bidding"

    @property
    def is_over(self) -> bool:
        """Whether deals are to be ended, not only paused: nothing but a user's word makes it bid again."""
        return self in {State.STOPPED, State.DONE, State.LATE, State.NO_GAIN}

    @property
    def is_measured(self) -> bool:
        """Whether the time counts in the control's pairs, as paid or as unpaid."""
        return self in {State.BIDDING, State.CONTROL}


@dataclass(frozen=True, slots=True)
class Seller:
    """One seller of the torrent, as it is known now.

    One that is left alone, or with which no channel can be opened, for want of money or of a hub, is none.
    """

    name: str
    quoted: Quoted
    supply: Supply = NOTHING_SEEN
    bid: Wish | None = None  # as it stands; None: there is no deal with it
    in_channel_ubtt: int = 0  # not promised away yet
    free_bytes_per_s: int = 0  # what it gives without a lane, or gave before it had one

    @property
    def is_bidding(self) -> bool:
        return self.bid is not None and not self.bid.is_paused


@dataclass(frozen=True, slots=True)
class View:
    """All that a decision goes by."""

    now_s: int
    goal: Goal
    ceiling_ubtt_per_gib: int
    torrent_left_ubtt: int  # of the budgets: what no open channel holds and nothing was signed of
    day_left_ubtt: int
    left_bytes: int  # of the torrent, to be loaded
    total_bytes_per_s: int  # what the swarm gives in all
    free_bytes_per_s: int  # what it would give if nothing was paid; both are means, so that they do not jump
    watch: Watch
    sellers: tuple[Seller, ...] = ()
    asset: Asset = Asset.TRC20
    obstacle: str = ""  # what keeps bids from standing, or sellers from being bid to, in a sentence
    is_control: bool = False
    brings_nothing: bool = False
    is_stopped: bool = False

    @property
    def needed_bytes_per_s(self) -> int:
        return self.goal.needed_bytes_per_s(left_bytes=self.left_bytes, now_s=self.now_s)

    @property
    def budget_left_ubtt(self) -> int:
        return max(min(self.torrent_left_ubtt, self.day_left_ubtt), 0)

    @property
    def money_ubtt(self) -> int:
        """Return the most that can still be spent today."""
        return self.budget_left_ubtt + sum(max(seller.in_channel_ubtt, 0) for seller in self.sellers)

    @property
    def is_day_the_limit(self) -> bool:
        return self.day_left_ubtt <= self.torrent_left_ubtt

    @property
    def missing_bytes_per_s(self) -> int:
        """Return what is to be bought; nothing is bought for less than a lane.

        Who has to be ready by a time makes up for the blocks of control meanwhile.
        """
        lacks = self.needed_bytes_per_s - self.free_bytes_per_s
        if self.goal.finish_at_s is not None and lacks > self.goal.least_bytes_per_s - self.free_bytes_per_s:
            lacks = lacks * RUN_BLOCKS // (RUN_BLOCKS - 1)
        return max(lacks, LEAST_LANE_BYTES_PER_S) if lacks > 0 else 0

    @property
    def affordable(self) -> list[Seller]:
        """Return the sellers whose ask is not above the ceiling: those that are bid to, and some of the cheapest."""
        found = [seller for seller in self.sellers if seller.quoted.ask_ubtt_per_gib <= self.ceiling_ubtt_per_gib]
        found.sort(key=lambda seller: (not seller.is_bidding, seller.quoted.ask_ubtt_per_gib, seller.name))
        return found[:MOST_SELLERS]
