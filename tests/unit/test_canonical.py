"""Canonical texts are fixed: these vectors never change. tests/integration/test_seals.py computes them in SQL again."""

import dataclasses
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proofs import AT, TIP
from wallet.domain import canonical, seals
from wallet.domain.merkle_sum import SumNode
from wallet.domain.proofs import Snapshot
from wallet.domain.written import Written

TIP_TEXT = (
    "1|written|amount_ubtt=i1500000|asset=i2"
    "|body_hash=s64:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f|cause=s5:tip/1|credit=i4"
    "|credit_kind=i2|credit_ref=s2:42|debit=i3"
    "|debit_kind=i2|debit_ref=s2:41|event_at=i1795650919123456|hold=i0"
    "|id=i7|key_hash=s32:000102030405060708090a0b0c0d0e0f|kind=i11|memo=s12:für |id=i9||reverses=i0"
    "|written_at=i1795650919123456"
)
SEAL = seals.Seal(
    number=3,
    first_id=5,
    last_id=9,
    count=4,
    root=bytes(range(32)),
    previous_hash=bytes(32),
    totals={"10": "7", "2": "1500000"},
    sealed_at=AT,
)
SEAL_TEXT = (
    "1|seal|count=i4|first_id=i5|last_id=i9|number=i3"
    "|previous_hash=s64:0000000000000000000000000000000000000000000000000000000000000000"
    "|root=s64:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f|sealed_at=i1795650919123456"
    "|totals=s14:2=1500000,10=7"
)


class TestTheTextOf:
    def test_a_transfer_is_this(self) -> None:
        assert TIP.text() == TIP_TEXT
        assert TIP.leaf().hex() == "1a91132fca6dfaf9bbafdbbabc2b4d1c8e242f787f7c1720587d135cd8ffc890"

    def test_a_seal_is_this(self) -> None:
        assert SEAL.text() == SEAL_TEXT
        assert SEAL.hash().hex() == "ece9931bc19f4bec8bd7f3aee156769c33a58660d1878104072119bdb963f481"

    def test_a_snapshot_is_this(self) -> None:
        root = SumNode(bytes(range(32)), 2**62)
        snapshot = Snapshot(asset=2, taken_at=AT, seal_number=3, count=16, root=root)
        assert snapshot.text() == (
            "1|liabilities|asset=i2|count=i16"
            "|root=s64:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f|seal_number=i3"
            "|taken_at=i1795650919123456|total_ubtt=i4611686018427387904"
        )

    def test_a_transfer_tells_every_column(self) -> None:
        for place, value in enumerate(TIP):
            other = value.replace(year=2027) if isinstance(value, datetime) else (value or 0) * 2 or 5
            assert Written._make([*TIP[:place], other, *TIP[place + 1 :]]).leaf() != TIP.leaf(), Written._fields[place]

    def test_a_seal_tells_every_field(self) -> None:
        for name in ("number", "first_id", "last_id", "count", "root", "previous_hash"):
            changed = dataclasses.replace(SEAL, **{name: getattr(SEAL, name) * 2})
            assert changed.hash() != SEAL.hash(), name


class TestReading:
    def test_finds_what_was_written(self) -> None:
        fields = canonical.read("written", TIP_TEXT)
        assert (fields["id"], fields["memo"], fields["credit_ref"], fields["hold"]) == (7, "für |id=i9|", "42", 0)
        assert len(fields) == len(TIP)

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(-(2**62), 2**62))
    def test_takes_any_text_for_what_it_is(self, value: str, number: int) -> None:
        fields = canonical.read("seal", f"1|seal|a={canonical.text(value)}|b=i{number}")
        assert fields == {"a": value, "b": number}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "1|seal",
            "2|seal|a=i1",
            "1|written|a=i1",
            "1|seal|a=i01",
            "1|seal|a=i+1",
            "1|seal|a=i-0",
            "1|seal|a=1",
            "1|seal|a=i1|",
            "1|seal|a=i1 ",
            "1|seal|b=i1|a=i1",  # out of order
            "1|seal|a=i1|a=i1",
            "1|seal|a=s2:x",  # shorter than it says
            "1|seal|a=s0:x",
            "1|seal|a=s1:ü",  # half a letter
            "1|seal|a=s01:x",
            "1|seal|A=i1",
            "1|seal|a=i" + "9" * 40,
            "1|seal|a=s1:\ud800",
            "1|seal" + "|a=s9000:" + "x" * 9_000 + "|b=s9000:" + "x" * 9_000,
        ],
    )
    def test_refuses_all_else(self, text: str) -> None:
        with pytest.raises(canonical.BadText):
            canonical.read("seal", text)
