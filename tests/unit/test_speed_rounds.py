"""A round can be recomputed by whoever took part in it, and a seller that did not keep the rule is found out."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given

from seedbox.domain.kept import told
from speed.domain.clearing import Terms
from speed.domain.messages import Round, encode, parse
from speed.domain.refusals import Reason
from speed.domain.rounds import (
    RoundRecord,
    Told,
    audit,
    audit_told,
    bids_hash,
    is_served,
    leaf_of,
    round_at,
    rows_after,
)
from tests.held_rounds import run_round
from tests.markets import markets

MIB = 2**20
LEAVES = [leaf_of(salt=bytes([number]) * 16, deal=b"d" * 16) for number in range(4)]
BIDS = {
    LEAVES[0]: Terms(9_000, 10**9, 6 * MIB, 99 * MIB),
    LEAVES[1]: Terms(5_000, 60, 9 * MIB, 9 * MIB),
    LEAVES[2]: Terms(4_500, 60, 9 * MIB, 9 * MIB),
    LEAVES[3]: Terms(9_000, 0, 9 * MIB, 9 * MIB),  # paused
}
RECORD, LOST_BY = run_round(number=7, ask_ubtt_per_gib=4_096, for_sale_bytes_per_s=8 * MIB, bids=BIDS)
OWN = {LEAVES[1]: BIDS[LEAVES[1]]}


def with_row(leaf: bytes, **changes: Any) -> RoundRecord:
    return replace(RECORD, bids=tuple(replace(bid, **changes) if bid.leaf == leaf else bid for bid in RECORD.bids))


def complaints(record: RoundRecord) -> list[str]:
    """Of a seller that gives the hash of what it shows."""
    return audit(record, given_hash=bids_hash(record), own=OWN)


class TestARound:
    def test_is_numbered_by_the_sellers_clock(self) -> None:
        assert [round_at(now_s) for now_s in (0, 9.99, 10.0, 1_790_000_005.5)] == [0, 0, 1, 179_000_000]

    def test_keeps_a_row_of_each_bid_but_paused_ones(self) -> None:
        assert [bid.leaf for bid in RECORD.bids] == sorted(LEAVES[:3])
        assert RECORD.price_ubtt_per_gib == 5_000
        shares = {bid.leaf: bid.granted_bytes_per_s for bid in RECORD.bids}
        assert shares == {LEAVES[0]: 6 * MIB, LEAVES[1]: 2 * MIB, LEAVES[2]: 0}
        assert {LEAVES[0]: None, LEAVES[1]: None, LEAVES[2]: Reason.PRICE_TOO_LOW} == LOST_BY

    def test_has_a_hash_over_its_head_and_rows_in_the_order_of_leaves(self) -> None:
        written = b"".join(number.to_bytes(8) for number in (7, 4_096, 8 * MIB, 5_000))
        for leaf in sorted(LEAVES[:3]):
            granted = {LEAVES[0]: 6 * MIB, LEAVES[1]: 2 * MIB, LEAVES[2]: 0}[leaf]
            written += leaf + b"".join(number.to_bytes(8) for number in (*BIDS[leaf], granted))
        assert bids_hash(RECORD) == sha256(written).digest()
        assert bids_hash(replace(RECORD, bids=RECORD.bids[::-1])) == bids_hash(RECORD)

    def test_is_served_from_an_hour_to_a_day_after_its_end(self) -> None:
        ages_s = (80 + 3_599, 80 + 3_600, 80 + 86_400, 80 + 86_401)
        assert [is_served(RECORD, now_s) for now_s in ages_s] == [False, True, True, False]

    def test_is_read_page_by_page(self) -> None:
        first, more = rows_after(RECORD, None, 2)
        last, none = rows_after(RECORD, first[-1].leaf, 2)
        assert ((*first, *last), more, none) == (RECORD.bids, True, False)
        message = Round(7, 4_096, 8 * MIB, 5_000, tuple(first), more)
        assert parse(encode(message)) == message


class TestAnAudit:
    @given(markets)
    def test_finds_nothing_in_any_honest_round(self, market: tuple[int, int, list[Terms]]) -> None:
        ask, for_sale, terms = market
        bids = {leaf_of(salt=bytes([place]) * 16, deal=b"d" * 16): bid for place, bid in enumerate(terms)}
        record, _ = run_round(number=1, ask_ubtt_per_gib=ask, for_sale_bytes_per_s=for_sale, bids=bids)
        own = {leaf: bid for leaf, bid in bids.items() if not bid.is_paused}
        assert audit(record, given_hash=bids_hash(record), own=own) == []

    @pytest.mark.parametrize(
        ("record", "sentence"),
        [
            (replace(RECORD, price_ubtt_per_gib=5_001), "The price should have been 5000"),
            (replace(RECORD, for_sale_bytes_per_s=9 * MIB), "shares of 1 of 3"),
            (with_row(LEAVES[0], granted_bytes_per_s=6 * MIB + 1), "shares of 1 of 3"),
            (with_row(LEAVES[1], spend_ubtt_per_s=59), "other numbers"),
            (replace(RECORD, bids=tuple(bid for bid in RECORD.bids if bid.leaf != LEAVES[1])), "is missing"),
            (replace(RECORD, bids=RECORD.bids[::-1]), "not in order"),
            (replace(RECORD, bids=(*RECORD.bids, RECORD.bids[-1])), "stands there twice"),
            (replace(RECORD, ask_ubtt_per_gib=0), "no ask"),
        ],
    )  # fmt: skip
    def test_finds_out_a_seller_that_did_not_keep_the_rule(self, record: RoundRecord, sentence: str) -> None:
        assert any(sentence in told(complaint) for complaint in complaints(record))

    def test_takes_the_sellers_word_for_what_its_credit_allows(self) -> None:
        assert complaints(with_row(LEAVES[1], cap_bytes_per_s=8 * MIB)) == []

    def test_finds_out_other_rows_than_those_whose_hash_was_given(self) -> None:
        assert audit(RECORD, given_hash=bids_hash(replace(RECORD, round=8)), own=OWN) == [
            "These are not the rows whose hash was given with the round."
        ]

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({}, ""),
            ({"bids": (BIDS[LEAVES[0]], BIDS[LEAVES[1]])}, ""),  # it has just bid something else
            ({"bids": (BIDS[LEAVES[0]],)}, "other numbers"),
            ({"price_ubtt_per_gib": 5_001}, "The price was told as 5001"),
            ({"granted_bytes_per_s": MIB}, "Granted were 1048576 bytes per second"),
            ({"leaf": LEAVES[3]}, "is missing"),
        ],
    )
    def test_compares_a_bidders_row_with_what_it_was_told(self, changes: dict[str, Any], sentence: str) -> None:
        heard = Told(LEAVES[1], (BIDS[LEAVES[1]]._replace(cap_bytes_per_s=0),), 5_000, 2 * MIB)
        found = audit_told(RECORD, replace(heard, **changes), given_hash=bids_hash(RECORD))
        assert len(found) == bool(sentence)
        assert all(sentence in told(complaint) for complaint in found)
