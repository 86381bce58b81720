"""What is money of ours in a block, and all that only looks like it."""

import pytest

from wallet.chain.fake import FAUCET, FakeChain
from wallet.chain.fake_execution import Outcome
from wallet.chain.port import Block, InternalTransfer, Log
from wallet.chain.scanning import Movement, MovementKind, movements, needs_receipts
from wallet.domain.tron.abi import TRANSFER_TOPIC, address_word, transfer_call, transfer_log, uint_word
from wallet.domain.tron.addresses import BLACK_HOLE, Address
from wallet.domain.tron.keys import address_of_key, sha256
from wallet.domain.tron.transactions import TransferTrx, TriggerContract

ANNA_KEY = sha256(b"anna")
ANNA, BERT, CARL = (address_of_key(sha256(name)) for name in (b"anna", b"bert", b"carl"))
SHOP = address_of_key(sha256(b"a contract"))
OURS = frozenset({ANNA, BERT})


@pytest.fixture
def chain() -> FakeChain:
    chain = FakeChain()
    chain.pay_trx(ANNA, 50_000_000)
    chain.pay_trx(BERT, 50_000_000)
    chain.mine()
    return chain


def found_in(chain: FakeChain, block: Block) -> list[Movement]:
    return movements(block, chain.receipts(block.number), OURS, chain.network.assets)


def short(found: list[Movement]) -> list[tuple[str, int, Address, Address, int]]:
    return [(one.kind.name, one.index, one.sender, one.recipient, one.amount) for one in found]


def logs(chain: FakeChain, *transfers: tuple[Address, Address, int], contract: Address | None = None) -> Outcome:
    written = [transfer_log(*transfer) for transfer in transfers]
    contract = contract or chain.network.assets.trc20_contract
    return Outcome(logs=tuple(Log(contract, topics, data) for topics, data in written))


def paid(sender: Address, recipient: Address, amount: int) -> InternalTransfer:
    return InternalTransfer(sender, recipient, amount, None, rejected=False)


class TestMovements:
    def test_are_of_each_kind_by_id_and_contract(self, chain: FakeChain) -> None:
        chain.pay_trx(ANNA, 1)
        chain.pay_asset(ANNA, 2)
        chain.pay_token(BERT, 3 * 10**18)
        chain.pay_trx(CARL, 4)
        found = found_in(chain, chain.mine())
        assert short(found) == [
            ("TRX", 0, FAUCET, ANNA, 1),
            ("TRC10", 0, FAUCET, ANNA, 2),
            ("TRC20", 0, FAUCET, BERT, 3 * 10**18),
        ]
        assert (found[1].asset_id, found[2].contract) == (1_002_000, chain.network.assets.trc20_contract)

    def test_of_strangers_tokens_are_told_apart_whatever_they_call_themselves(self, chain: FakeChain) -> None:
        chain.pay_asset(ANNA, 5, asset_id=1_002_278)
        chain.pay_token(ANNA, 6, contract=SHOP)
        found = found_in(chain, chain.mine())
        assert short(found) == [("OTHER_TRC10", 0, FAUCET, ANNA, 5), ("OTHER_TRC20", 0, FAUCET, ANNA, 6)]

    def test_leave_out_what_failed_but_for_its_fee(self, chain: FakeChain) -> None:
        call = TriggerContract(ANNA, chain.network.assets.trc20_contract, transfer_call(BERT, 7))
        tx_id = chain.send(call, ANNA_KEY, fee_limit_sun=10_000_000)
        chain.call(SHOP, Outcome("OUT_OF_ENERGY", logs(chain, (CARL, ANNA, 9)).logs))
        found = found_in(chain, chain.mine())
        receipt = chain.find(tx_id)
        assert receipt is not None
        assert short(found) == [("FEE", 0, ANNA, BLACK_HOLE, receipt[1].fee_sun)]

    def test_count_each_log_of_a_call_by_its_place(self, chain: FakeChain) -> None:
        chain.call(SHOP, logs(chain, (CARL, ANNA, 1), (CARL, CARL, 2), (CARL, BERT, 3), (ANNA, CARL, 2**255)))
        assert short(found_in(chain, chain.mine())) == [
            ("TRC20", 0, CARL, ANNA, 1),
            ("TRC20", 2, CARL, BERT, 3),
            ("TRC20", 3, ANNA, CARL, 2**255),
        ]

    @pytest.mark.parametrize(
        ("topics", "data"),
        [
            ((TRANSFER_TOPIC, address_word(CARL)), address_word(ANNA) + uint_word(5)),
            ((TRANSFER_TOPIC, address_word(CARL), address_word(ANNA), uint_word(1)), uint_word(5)),
            ((sha256(b"Approval"), address_word(CARL), address_word(ANNA)), uint_word(5)),
            ((TRANSFER_TOPIC, address_word(CARL), address_word(ANNA)), b""),
            ((TRANSFER_TOPIC, address_word(CARL), address_word(ANNA)), bytes(64)),
            ((TRANSFER_TOPIC, address_word(CARL), address_word(ANNA)), bytes(32)),
            ((), b""),
        ],
    )
    def test_leave_out_logs_that_are_no_transfer(
        self, chain: FakeChain, topics: tuple[bytes, ...], data: bytes
    ) -> None:
        chain.call(SHOP, Outcome(logs=(Log(chain.network.assets.trc20_contract, topics, data),)))
        assert found_in(chain, chain.mine()) == []

    def test_have_what_contracts_pay_unless_it_was_undone(self, chain: FakeChain) -> None:
        inside = (
            InternalTransfer(SHOP, ANNA, 5, None, rejected=True),
            paid(SHOP, ANNA, 6),
            InternalTransfer(SHOP, BERT, 7, 1_002_000, rejected=False),
        )
        chain.call(SHOP, Outcome(internal=inside))
        found = found_in(chain, chain.mine())
        assert short(found) == [("INTERNAL_TRX", 1, SHOP, ANNA, 6), ("INTERNAL_TRC10", 2, SHOP, BERT, 7)]
        assert found[1].asset_id == 1_002_000

    def test_are_the_sweeps_too_with_their_fees(self, chain: FakeChain) -> None:
        chain.send(TransferTrx(ANNA, CARL, 5), ANNA_KEY)
        assert short(found_in(chain, chain.mine())) == [
            ("TRX", 0, ANNA, CARL, 5),
            ("FEE", 0, ANNA, BLACK_HOLE, 1_100_000),
        ]

    def test_are_the_same_for_one_address_as_of_all_that_moved(self, chain: FakeChain) -> None:
        people = (FAUCET, ANNA, BERT, CARL, SHOP)
        chain.pay_trx(ANNA, 1)
        chain.pay_asset(BERT, 2)
        chain.pay_token(CARL, 3)
        chain.send(TransferTrx(ANNA, CARL, 5), ANNA_KEY)
        chain.call(SHOP, Outcome(logs=logs(chain, (CARL, BERT, 4)).logs, internal=(paid(SHOP, ANNA, 6),)))
        block = chain.mine()
        receipts, assets = chain.receipts(block.number), chain.network.assets
        everything = movements(block, receipts, people, assets)
        assert {one.kind.name for one in everything} == {"TRX", "TRC10", "TRC20", "FEE", "INTERNAL_TRX"}
        for one in people:
            expected = [each for each in everything if one in (each.sender, each.recipient)]
            assert movements(block, receipts, {one}, assets) == expected


class TestReceipts:
    def test_are_needed_for_calls_and_for_what_we_pay(self, chain: FakeChain) -> None:
        empty = chain.mine()
        chain.pay_trx(ANNA, 1)
        native = chain.mine()
        chain.pay_token(CARL, 1)
        call = chain.mine()
        chain.send(TransferTrx(ANNA, CARL, 5), ANNA_KEY)
        ours = chain.mine()
        assert [needs_receipts(block, OURS) for block in (empty, native, call, ours)] == [False, False, True, True]

    def test_cannot_be_left_out_when_they_are_needed(self, chain: FakeChain) -> None:
        chain.pay_trx(ANNA, 1)
        assert [one.kind for one in movements(chain.mine(), (), OURS, chain.network.assets)] == [MovementKind.TRX]
        chain.pay_token(ANNA, 1)
        with pytest.raises(ValueError, match="has 1 transactions, not 0"):
            movements(chain.mine(), (), OURS, chain.network.assets)
