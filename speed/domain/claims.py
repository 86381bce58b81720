"""What a seller says of its meter, held against what came from it: far more, for three rounds in a row, ends the deal.

Nothing of it is paid, so a buyer can be lenient: it holds against a seller only what can't have come at all. Blocks
that were free, not checked yet or no good did come. When a connection is lost, nobody knows what was on its way.
"""

from dataclasses import dataclass, field, replace
from functools import reduce

from speed.domain import deals
from speed.domain.credit import FRESH_MS, GAP_ROUNDS, MAX_WINDOW_BYTES, write_off_bytes
from wallet.domain.rounding import GIB

HEARD_EVERY_MS = 500  # words of one half second are kept as one, so that they are few


@dataclass(frozen=True, slots=True)
class Count:
    """What one end has of a deal."""

    size_bytes: int = 0
    owed_ubtt: int = 0

    def less(self, other: "Count") -> "Count":
        """Return by how much this is more than another; what is less is nothing."""
        return Count(max(self.size_bytes - other.size_bytes, 0), max(self.owed_ubtt - other.owed_ubtt, 0))

    def at_least(self, other: "Count") -> "Count":
        """Return the larger of both."""
        return Count(max(self.size_bytes, other.size_bytes), max(self.owed_ubtt, other.owed_ubtt))


@dataclass(frozen=True, slots=True)
class Claims:
    """A seller's words of one deal, over one connection."""

    began: Count | None = field(default_factory=Count)  # how far it was ahead then; None: its next word says it
    # Times in ms, and the most that it said until then: the first one is old enough, or will be first.
    heard: tuple[tuple[int, Count], ...] = ()
    round: int = -1  # in which they were judged last
    rounds: int = 0  # in which they were
    dearest_ubtt_per_gib: int = 0
    wrong_rounds: int = 0  # in a row
    lost_bytes: int = 0  # may have been under way on connections of the swarm when they broke

    @property
    def are_wrong(self) -> bool:
        """Whether the deal must end."""
        return self.wrong_rounds >= GAP_ROUNDS

    def after(self, said: Count, *, came: Count, now_ms: int) -> "Claims":
        """Return them with one more word. What came is all bytes that did, and what those for money come to."""
        began = said.less(came) if self.began is None else self.began
        heard = _since(now_ms, self.heard)
        if heard and heard[-1][0] // HEARD_EVERY_MS == now_ms // HEARD_EVERY_MS:
            said, heard = said.at_least(heard[-1][1]), heard[:-1]
        return replace(self, began=began, heard=_since(now_ms, (*heard, (now_ms, said))))

    def judged(
        self, round_number: int, *, price_ubtt_per_gib: int, came: Count, free_bytes: int, now_ms: int
    ) -> "Claims":
        """Return them as a grant finds them, once a round. `free_bytes` are those that came and are not for money."""
        if round_number <= self.round:
            return self
        heard = _since(now_ms, self.heard)
        dearest = max(self.dearest_ubtt_per_gib, price_ubtt_per_gib)
        is_wrong = False
        if heard and self.began is not None and now_ms - heard[0][0] >= FRESH_MS:
            gap = heard[0][1].less(came).less(self.began)
            allowed_bytes = write_off_bytes(heard[0][1].size_bytes) + self.lost_bytes
            allowed_ubtt = -(-(allowed_bytes + free_bytes) * dearest // GIB)
            is_wrong = gap.size_bytes > allowed_bytes or gap.owed_ubtt > allowed_ubtt
        wrong_rounds = deals.gap_rounds(before=self.wrong_rounds, is_too_large=is_wrong, since_bounce=self.rounds)
        return Claims(self.began, heard, round_number, self.rounds + 1, dearest, wrong_rounds, self.lost_bytes)

    def after_loss(self) -> "Claims":
        """Return them after a connection of the swarm broke: no more was under way than a seller lets be unpaid."""
        return replace(self, lost_bytes=self.lost_bytes + MAX_WINDOW_BYTES)


UNKNOWN = Claims(began=None)  # of a connection before which there was another


def _since(now_ms: int, heard: tuple[tuple[int, Count], ...]) -> tuple[tuple[int, Count], ...]:
    """Return the most that was said long enough ago, and all that was not. Nothing is left when a clock was set back.

    A true meter never falls, so its newest word is the most that it said; whoever lies may say less in between.
    """
    if heard and now_ms < heard[-1][0]:
        return ()
    old = [one for one in heard if one[0] <= now_ms - FRESH_MS]
    if not old:
        return heard
    most = reduce(Count.at_least, (said for _, said in old))
    return ((old[-1][0], most), *heard[len(old) :])
