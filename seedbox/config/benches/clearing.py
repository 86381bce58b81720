"""How long a round's clearing takes, and how much of the best possible use of the upload it finds."""

import random
import time

from speed.domain.clearing import Terms, clear

BIDS = 10_000
ROUNDS = 5
MARKETS = 200
SEED = 1
_GIB = 2**30
_MIB = 2**20


def measure(*, bids: int = BIDS, rounds: int = ROUNDS, markets: int = MARKETS) -> dict[str, float]:
    """Return the processor's milliseconds for the slowest kind of round, and the worst efficiency of random markets."""
    draw = random.Random(SEED)
    kinds = [[_bid(draw, kind) for _ in range(bids)] for kind in ("spread", "alike", "equal")]
    return {
        "clearing_ms": round(max(_median_ms(kind, rounds) for kind in kinds), 1),
        "efficiency": round(min(_efficiency(draw) for _ in range(markets)), 4),
    }


def _bid(draw: random.Random, kind: str) -> Terms:
    ceiling = {
        "spread": draw.randint(4_096, 2**40),
        "alike": draw.randint(40_000_000, 80_000_000),  # tens of BTT per GiB, as is customary
        "equal": 60_000_000,
    }[kind]
    return Terms(ceiling, draw.randint(1, 500_000), draw.randint(16 * 1024, 16 * _MIB), 16 * _MIB)


def _median_ms(bids: list[Terms], rounds: int) -> float:
    took_ms = []
    for _ in range(rounds):
        began_s = time.process_time()
        clear(ask_ubtt_per_gib=4_096, for_sale_bytes_per_s=1_000 * _MIB, bids=bids)
        took_ms.append((time.process_time() - began_s) * 1_000)
    return sorted(took_ms)[len(took_ms) // 2]


def _efficiency(draw: random.Random) -> float:
    """Return Σ ceiling · share of one market, of what serving the highest ceilings first would come to.

    Everybody would spend its ceiling for all that it can use.
    """
    ask, for_sale = 20_000_000, draw.randint(_MIB, 100 * _MIB)
    bids = []
    for _ in range(draw.randint(1, 50)):
        ceiling, useful = int(ask * draw.lognormvariate(0.5, 0.7)), draw.randint(_MIB // 16, 20 * _MIB)
        bids.append(Terms(ceiling, ceiling * useful // _GIB, useful, useful))
    shares = clear(ask_ubtt_per_gib=ask, for_sale_bytes_per_s=for_sale, bids=bids).granted_bytes_per_s
    found = sum(bid.max_price_ubtt_per_gib * share for bid, share in zip(bids, shares, strict=True))
    best, left = 0, for_sale
    for bid in sorted(bids, reverse=True):
        if bid.max_price_ubtt_per_gib >= ask:
            taken = min(left, bid.useful_bytes_per_s)
            best += bid.max_price_ubtt_per_gib * taken
            left -= taken
    return found / best if best else 1.0
