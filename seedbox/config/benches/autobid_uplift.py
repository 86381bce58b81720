"""What the blocks of control find where it is known what paying changes: nothing, or so many times the speed."""

import math
import random
from dataclasses import dataclass

from speed.domain.controls import RUN_BLOCKS, SETTLE_PARTS, Controls, RunTally
from speed.domain.uplift import DECISIONS, Verdict, interval, verdict

MIB = 2**20
BLOCK_MS = 60_000
LOOKS = 6  # in a block
LASTING = 0.5  # of a block's noise goes on in the next


@dataclass(frozen=True)
class Watched:
    """What was seen of one torrent until it was decided to stop, or as long as it is looked at."""

    true_log: float
    pairs: list[float]

    @property
    def covers(self) -> bool:
        found = interval(self.pairs)
        return found is not None and found.low <= math.exp(self.true_log) <= found.high

    @property
    def decisions(self) -> int:
        """Return how many decisions there were."""
        return sum(count <= len(self.pairs) for count in DECISIONS)


def watched(seed: int, *, true_factor: float) -> Watched:
    """Measure a torrent that is so much faster while it is paid for, in a swarm that is never quiet."""
    draw = random.Random(seed)
    controls = Controls(seed.to_bytes(8, "big"), began_at_ms=0)
    noise = draw.uniform(0.03, 0.25)
    pairs: list[float] = []
    swing = before = 0.0
    for run in range(DECISIONS[-1]):
        tally = RunTally(run)
        for block in range(RUN_BLOCKS):
            swing = LASTING * swing + draw.gauss(0, noise)
            is_control = controls.place_at((run * RUN_BLOCKS + block) * BLOCK_MS).is_control
            speed = MIB * math.exp(swing) * (1.0 if is_control else true_factor)
            tally = _after_block(tally, controls, run * RUN_BLOCKS + block, speed, before or speed)
            before = speed
        pair = tally.pair()
        assert pair is not None
        pairs.append(pair)
        if verdict(pairs) is Verdict.BRINGS_NOTHING:
            break
    return Watched(math.log(true_factor), pairs)


def _after_block(tally: RunTally, controls: Controls, count: int, speed: float, before: float) -> RunTally:
    """Return it after a block: what was before goes on for a third of it."""
    for look in range(LOOKS):
        place = controls.place_at(count * BLOCK_MS + look * BLOCK_MS // LOOKS)
        now = before if look * SETTLE_PARTS < LOOKS else speed
        tally = tally.after(place, size_bytes=int(now * BLOCK_MS / LOOKS / 1_000), duration_ms=BLOCK_MS // LOOKS)
    return tally
