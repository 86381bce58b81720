"""Addresses: all ways to write one are one, and whatever is none gets a sentence that says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.domain.tron import base58
from wallet.domain.tron.addresses import (
    BLACK_HOLE,
    ZERO_ADDRESS,
    Address,
    BadAddress,
    is_address,
    parse_address,
    to_base58,
    to_hex,
)

IN_HEX = "41e2e1a54926527fbb4e4420de4c6bab82beaee24d"
IN_BASE58 = "TWer2Ygk5TEheHp3TPuYeqxmB6SsGZmaL6"

addresses = st.binary(min_size=20, max_size=20).map(lambda rest: Address(b"\x41" + rest))


class TestAnAddress:
    @pytest.mark.parametrize(
        "text", [IN_BASE58, f" {IN_BASE58}\n", IN_HEX, IN_HEX.upper(), f"0x{IN_HEX}", f"0X{IN_HEX.upper()}"]
    )
    def test_is_one_in_whatever_form_it_is_written(self, text: str) -> None:
        assert parse_address(text) == bytes.fromhex(IN_HEX)

    @given(addresses)
    def test_comes_back_from_both_forms(self, address: Address) -> None:
        assert parse_address(to_base58(address)) == parse_address(to_hex(address)) == address
        assert to_base58(address).startswith("T") and len(to_base58(address)) == 34

    def test_that_nobody_has_is_known(self) -> None:
        assert to_base58(ZERO_ADDRESS) == "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"
        assert to_base58(BLACK_HOLE) == "TLsV52sRDL79HXGGm9yzwKibb6BeruhUzy"


class TestWhatIsNoAddress:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "There is no address"),
            ("T" * 65, "too long"),
            ("e2e1a54926527fbb4e4420de4c6bab82beaee24d", "Ethereum"),
            ("0xE2E1a54926527fbb4e4420de4c6bab82beaee24d", "Ethereum"),
            (IN_HEX[:-1], "42 digits, this one 41"),
            ("42" + IN_HEX[2:], "begins with 41"),
            ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "begins with T"),
            (IN_BASE58[:-1], "34 characters, this one 33"),
            ("TWer2Ygk5TEheHp3TPuYeqxmB6SsGZmaL7", "checksum is wrong"),
            ("TWer2Ygk5TEheHp3TPuYeqxmB6SsGZma0L", "'0' cannot stand in it"),
            ("TWer2Ygk5TEheHp3TPuYeqxmB6SsGZmaL\N{CYRILLIC CAPITAL LETTER BE}", "cannot stand in it"),
            ("\N{FULLWIDTH LATIN CAPITAL LETTER T}Wer2Ygk5TEheHp3TPuYeqxmB6SsGZmaL6", "begins with T"),
        ],
    )
    def test_is_told_what_is_wrong(self, text: str, why: str) -> None:
        with pytest.raises(BadAddress, match=why):
            parse_address(text)

    @given(st.one_of(st.text(), st.text(base58.ALPHABET, min_size=34, max_size=34).map(lambda text: "T" + text[1:])))
    def test_is_never_anything_else_than_refused(self, text: str) -> None:
        try:
            address = parse_address(text)
        except BadAddress:
            return
        assert is_address(address)

    @given(addresses, st.integers(0, 33), st.sampled_from(base58.ALPHABET))
    def test_arises_from_any_slip_of_one_character(self, address: Address, place: int, slip: str) -> None:
        text = to_base58(address)
        slipped = text[:place] + slip + text[place + 1 :]
        if slipped != text:
            with pytest.raises(BadAddress):
                parse_address(slipped)
