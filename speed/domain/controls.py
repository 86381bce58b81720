"""Blocks of control: short times, drawn at random, in which nothing is paid, so that it shows what paying changes.

While a torrent is bid for, time goes in runs of eight blocks. One block of each run is drawn to be unpaid, for all
sellers at once. What was paid before flows on for a moment, and lanes need one to fill again: the first third of that
block and of the one after it is not measured, nor is that of the very first block. Each run gives one pair: the mean
speed in its paid blocks, and in its control.

The very first block is never drawn: whoever has just turned this on, because a torrent is slow, shall not wait for a
block in which nothing is bid. In the first run each of the other seven is as likely.

The draw follows from a seed, so that a restart does not change it. Sellers must not know the seed, or they could serve
worse exactly then.
"""

import math
from dataclasses import dataclass, replace
from hashlib import sha256

RUN_BLOCKS = 8
BLOCK_MS = 60_000
SETTLE_PARTS = 3  # of a block: the first of them is not measured where paying changes
# Of two means the logarithm is taken, and nothing has none: a swarm that gives less than this counts as giving this.
# So no single control in which a swarm was dry makes paying look good without end.
LEAST_BYTES_PER_S = 1024
_TAG = b"control block\0"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a moment is among the blocks."""

    run: int
    block: int  # of the run
    is_control: bool
    is_measured: bool
    ends_at_ms: int  # of the block

    @property
    def control(self) -> int | None:
        """Return which control it is in, by its run: two of them may follow one another."""
        return self.run if self.is_control else None


@dataclass(frozen=True, slots=True)
class Controls:
    """When a torrent is not paid for, from when bidding began on."""

    seed: bytes
    began_at_ms: int
    block_ms: int = BLOCK_MS

    def control_of(self, run: int) -> int:
        """Return which block of a run is unpaid."""
        drawn = sha256(_TAG + len(self.seed).to_bytes(2, "big") + self.seed + run.to_bytes(8, "big")).digest()
        first = 1 if run == 0 else 0
        return first + int.from_bytes(drawn[:8], "big") % (RUN_BLOCKS - first)

    def place_at(self, now_ms: int) -> Place:
        """Return where a moment is; one before the beginning, as a clock that was set back says, is the beginning."""
        count, into_ms = divmod(max(now_ms - self.began_at_ms, 0), self.block_ms)
        run, block = divmod(count, RUN_BLOCKS)
        is_control = self._is_control(count)
        settles = is_control or count == 0 or self._is_control(count - 1)
        return Place(
            run=run,
            block=block,
            is_control=is_control,
            is_measured=not settles or into_ms * SETTLE_PARTS >= self.block_ms,
            ends_at_ms=self.began_at_ms + (count + 1) * self.block_ms,
        )

    def _is_control(self, count: int) -> bool:
        run, block = divmod(count, RUN_BLOCKS)
        return self.control_of(run) == block


@dataclass(frozen=True, slots=True)
class RunTally:
    """What the whole swarm has sent in one run, while money was bid or would have been."""

    run: int
    paid_bytes: int = 0
    paid_ms: int = 0
    control_bytes: int = 0
    control_ms: int = 0

    def after(self, place: Place, *, size_bytes: int, duration_ms: int) -> "RunTally":
        """Return it after a moment; the first one of another run begins anew, so look at `pair` before that.

        Time in which the swarm was fast enough without money is handed in neither as paid nor as control.
        """
        tally = self if place.run == self.run else RunTally(place.run)
        if not place.is_measured:
            return tally
        if place.is_control:
            return replace(
                tally, control_bytes=tally.control_bytes + size_bytes, control_ms=tally.control_ms + duration_ms
            )
        return replace(tally, paid_bytes=tally.paid_bytes + size_bytes, paid_ms=tally.paid_ms + duration_ms)

    def pair(self, *, block_ms: int = BLOCK_MS) -> float | None:
        """Return log(mean paid ÷ mean control); None if less than a third of a block, or a block paid, was measured."""
        if self.control_ms * SETTLE_PARTS < block_ms or self.paid_ms < block_ms:
            return None
        return math.log(_mean(self.paid_bytes, self.paid_ms) / _mean(self.control_bytes, self.control_ms))


def _mean(size_bytes: int, duration_ms: int) -> float:
    return max(size_bytes * 1_000 / duration_ms, LEAST_BYTES_PER_S)
