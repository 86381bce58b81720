"""The sums of Speed/1's vectors: what bytes come to, and rounds with their price, shares and hash, from fractions."""

import struct
from fractions import Fraction
from hashlib import sha256
from typing import Any

from speed.domain.clearing import Terms
from tests.markets import GIB, demand, price_by_witness

MIB = 2**20
Fields = dict[str, Any]
Row = tuple[int, int, int, int]  # ceiling, spend, useful, cap
ROUNDS: list[tuple[int, int, list[Row]]] = [  # ask, for sale, bids
    (
        10_240_000,
        8 * MIB,
        [
            (51_200_000, 200_000, 6 * MIB, 99 * MIB),
            (40_960_000, 100_000, 6 * MIB, 99 * MIB),
            (30_720_000, 50_000, 6 * MIB, 99 * MIB),
        ],
    ),
    (
        4_096,
        8 * MIB,
        [
            (9_000, 10**9, 6 * MIB, 7 * MIB),
            (5_000, 60, 9 * MIB, 9 * MIB),
            (5_000, 20, 9 * MIB, 9 * MIB),
            (4_999, 90, 9 * MIB, 9 * MIB),
            (9_000, 90, 9 * MIB, 0),
        ],
    ),
    (4_096, 100 * MIB, [(9_000, 3, MIB, MIB), (4_096, 7, MIB, MIB), (4_097, 2**62, 1, 2**62)]),
    (4_096, 0, [(9_000, 3, MIB, MIB)]),
    (7_000, 10_000_001, [(2**40, 1_000_003, 7_777_777, 2**40), (2**40, 999_999, 6_666_666, 2**40)]),
]


def accruals() -> list[Fields]:
    """Bytes and prices, and what they come to: the floor of the whole sum, and what is left of a µBTT."""
    tables = [
        [(4 * 2**20, 4_096)],
        [(16_384, 33_333_333)] * 5,
        [(2**30, 1), (2**30 - 1, 1), (1, 1)],
        [(1, 2**40), (2**40, 2**40), (123_456_789, 60_000_000)],
    ]
    made = []
    for steps in tables:
        owed_ubtt, rem = divmod(sum(size * price for size, price in steps), GIB)
        made.append({"steps": [list(step) for step in steps], "owed_ubtt": owed_ubtt, "rem": rem})
    return made


def rounds() -> list[Fields]:
    return [_round(number, *made) for number, made in enumerate(ROUNDS, 1)]


def _round(number: int, ask: int, for_sale: int, rows: list[Row]) -> Fields:
    bids = [Terms(*row) for row in rows]
    price = price_by_witness(ask, for_sale, bids)
    made = []
    for place, (row, share) in enumerate(zip(rows, _shares(price, for_sale, bids), strict=True)):
        salt, deal = (sha256(f"{name} {number} {place}".encode()).digest()[:16] for name in ("salt", "deal"))
        numbers = dict(zip(("max", "spend", "useful", "cap", "granted"), (*row, share), strict=True))
        made.append({"salt": salt.hex(), "deal": deal.hex(), "leaf": sha256(salt + deal).hexdigest(), **numbers})
    made.sort(key=lambda row: str(row["leaf"]))
    written = struct.pack(">QQQQ", number, ask, for_sale, price.__floor__())
    for row_made in made:
        _, _, leaf, *numbers_made = row_made.values()
        written += bytes.fromhex(str(leaf)) + struct.pack(">QQQQQ", *numbers_made)
    return {
        "round": number,
        "ask": ask,
        "for_sale": for_sale,
        "price": price.__floor__(),
        "exact_price": [price.numerator, price.denominator],
        "bids": made,
        "bids_hash": sha256(written).hexdigest(),
    }


def _shares(price: Fraction, for_sale: int, bids: list[Terms]) -> list[int]:
    """Return whole shares. In these rounds no cap binds those that share what is left, or all get what they want."""
    if for_sale == 0:
        return [0] * len(bids)
    wanted = [demand(bid, price) for bid in bids]
    at_price = [bid.max_price_ubtt_per_gib == price for bid in bids]
    left = for_sale - sum(want for want, is_at in zip(wanted, at_price, strict=True) if not is_at)
    money = sum(bid.spend_ubtt_per_s for bid, is_at in zip(bids, at_price, strict=True) if is_at)
    is_enough = sum(wanted) <= for_sale
    return [
        (left * bid.spend_ubtt_per_s / money if is_at and not is_enough else want).__floor__()
        for bid, want, is_at in zip(bids, wanted, at_price, strict=True)
    ]
