"""Calls of contracts, their answers and logs: read as they were written, and anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chain_draws import addresses
from wallet.domain.tron import abi, keys
from wallet.domain.tron.abi import TransferLog
from wallet.domain.tron.addresses import Address

OWNER = Address(b"\x41" + b"\x01" * 20)
RECIPIENT = Address(b"\x41" + b"\x02" * 20)


class TestACall:
    @given(addresses, st.integers(0, 2**256 - 1))
    def test_of_transfer_comes_back(self, to: Address, amount: int) -> None:
        assert abi.decode_transfer_call(abi.transfer_call(to, amount)) == (to, amount)
        assert len(abi.words_of(abi.transfer_call(to, amount), 2)) == 2

    def test_is_what_it_is_called(self) -> None:
        for text, selector in (
            ("name()", abi.NAME),
            ("symbol()", abi.SYMBOL),
            ("decimals()", abi.DECIMALS),
            ("totalSupply()", abi.TOTAL_SUPPLY),
            ("balanceOf(address)", abi.balance_of_call(OWNER)),
            ("transfer(address,uint256)", abi.transfer_call(OWNER, 1)),
            ("transferFrom(address,address,uint256)", abi.transfer_from_call(OWNER, RECIPIENT, 1)),
            ("approve(address,uint256)", abi.approve_call(OWNER, 1)),
            ("allowance(address,address)", abi.allowance_call(OWNER, RECIPIENT)),
            ("Error(string)", abi.revert_data("no")),
        ):
            assert keys.keccak256(text.encode())[:4] == selector[:4]
        assert keys.keccak256(b"Transfer(address,address,uint256)") == abi.TRANSFER_TOPIC
        assert keys.keccak256(b"Approval(address,address,uint256)") == abi.APPROVAL_TOPIC

    def test_of_anything_else_is_no_transfer(self) -> None:
        call = abi.transfer_call(RECIPIENT, 5)
        for other in (b"", call[:-1], call + b"\0", abi.approve_call(RECIPIENT, 5), call[:4] + b"\1" + call[5:]):
            assert abi.decode_transfer_call(other) is None
        with pytest.raises(abi.BadAbi):
            abi.words_of(call, 3)
        with pytest.raises(abi.BadAbi):
            abi.transfer_call(RECIPIENT, 2**256)


class TestALog:
    @given(addresses, addresses, addresses, st.integers(0, 2**256 - 1))
    def test_of_a_transfer_says_who_paid_whom(
        self, contract: Address, sender: Address, recipient: Address, amount: int
    ) -> None:
        topics, data = abi.transfer_log(sender, recipient, amount)
        expected = TransferLog(contract, sender, recipient, amount)
        assert abi.decode_transfer_log(contract, topics, data) == expected
        assert abi.decode_transfer_log(contract[1:], topics, data) == expected

    def test_of_anything_else_is_none(self) -> None:
        topics, data = abi.transfer_log(OWNER, RECIPIENT, 5)
        for other, content in (
            (topics[:2], data),
            ((*topics, topics[2]), data),
            ((abi.APPROVAL_TOPIC, *topics[1:]), data),
            ((*topics[:2], topics[2][1:]), data),
            (topics, data + data),
            (topics, b""),
        ):
            assert abi.decode_transfer_log(OWNER, other, content) is None
        assert abi.decode_transfer_log(b"", topics, data) is None


class TestAnAnswer:
    @given(st.text(max_size=300))
    def test_of_text_comes_back(self, text: str) -> None:
        content = text.encode(errors="replace").decode()
        assert abi.decode_text(abi.encode_text(content)) == content
        assert abi.revert_reason(abi.revert_data(content)) == content

    @given(st.binary(max_size=200))
    def test_of_anybody_is_read_or_refused(self, answer: bytes) -> None:
        for read in (abi.decode_text, abi.decode_uint):
            try:
                read(answer)
            except abi.BadAbi:
                continue
        assert abi.revert_reason(answer) is None
        abi.revert_reason(abi.REVERT_REASON + answer)

    def test_is_a_number_of_one_word(self) -> None:
        assert abi.decode_uint(abi.uint_word(2**256 - 1)) == 2**256 - 1
        with pytest.raises(abi.BadAbi):
            abi.decode_text(abi.uint_word(2**255) * 2)
        with pytest.raises(abi.BadAbi):
            abi.uint_word(-1)
