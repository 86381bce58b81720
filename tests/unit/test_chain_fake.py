"""The fake chain keeps the real one's rules, so far as money is lost or kept by them."""

import pytest

from wallet.chain.fake import FAUCET_KEY, FakeChain
from wallet.chain.fake_endpoint import (
    ACCEPTED_BUT_TIMED_OUT,
    SWALLOWED,
    TIMED_OUT,
    WRONG_ID,
    BlockFault,
    BroadcastFault,
    FakeEndpoint,
    Problem,
)
from wallet.chain.fake_execution import Refused
from wallet.chain.port import BadAnswer, BroadcastCode, ChainBusy, ChainLied, ChainUnreachable
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.keys import address_of_key, sha256
from wallet.domain.tron.transactions import TransferTrx, TriggerContract, encode_transaction

ANNA_KEY, BERT_KEY = sha256(b"anna"), sha256(b"bert")
ANNA, BERT = address_of_key(ANNA_KEY), address_of_key(BERT_KEY)


@pytest.fixture
def chain() -> FakeChain:
    return FakeChain()


@pytest.fixture
def endpoint(chain: FakeChain) -> FakeEndpoint:
    return FakeEndpoint(chain)


def funded(chain: FakeChain) -> None:
    chain.pay_trx(ANNA, 100_000_000)
    chain.mine()


class TestTheFakeChain:
    def test_pays_and_charges_for_an_account_that_is_new(self, chain: FakeChain) -> None:
        tx_id = chain.pay_trx(ANNA, 5_000_000)
        assert chain.books.amount(ANNA) == 0
        chain.mine()
        found = chain.find(tx_id)
        assert found is not None
        assert chain.books.amount(ANNA) == 5_000_000
        assert (found[1].fee_sun, found[1].net_fee_sun, found[1].succeeded) == (1_100_000, 100_000, True)

    def test_gives_no_account_for_a_token(self, chain: FakeChain) -> None:
        chain.pay_token(ANNA, 7)
        chain.mine()
        token = chain.network.assets.trc20_contract
        assert (chain.books.amount(ANNA, token), chain.books.exists(ANNA)) == (7, False)

    def test_burns_the_fee_of_a_call_that_reverts(self, chain: FakeChain) -> None:
        funded(chain)
        token = chain.network.assets.trc20_contract
        call = TriggerContract(ANNA, token, transfer_call(BERT, 1))
        tx_id = chain.send(call, ANNA_KEY, fee_limit_sun=10_000_000)
        chain.mine()
        found = chain.find(tx_id)
        assert found is not None
        assert (found[0].contract_ret, found[1].contract_result, found[1].failed) == ("REVERT", "REVERT", True)
        assert found[1].logs == ()
        assert chain.books.amount(ANNA) == 100_000_000 - found[1].fee_sun

    def test_runs_out_of_energy_at_the_fee_limit(self, chain: FakeChain) -> None:
        token = chain.network.assets.trc20_contract
        tx_id = chain.send(
            TriggerContract(address_of_key(FAUCET_KEY), token, transfer_call(ANNA, 1)), fee_limit_sun=100_000
        )
        chain.mine()
        found = chain.find(tx_id)
        assert found is not None
        assert (found[1].contract_result, found[1].energy_fee_sun) == ("OUT_OF_ENERGY", 100_000)
        assert chain.books.amount(ANNA, token) == 0

    def test_gives_tests_the_next_call_to_fail(self, chain: FakeChain) -> None:
        chain.execution.token_faults.append("REVERT")
        first, second = chain.pay_token(ANNA, 1), chain.pay_token(ANNA, 2)
        chain.mine()
        results = [found[1].contract_result for found in (chain.find(first), chain.find(second)) if found]
        assert results == ["REVERT", "SUCCESS"]

    @pytest.mark.parametrize("drop", [False, True])
    def test_takes_blocks_back_with_all_that_they_did(self, chain: FakeChain, *, drop: bool) -> None:
        chain.mine(5)
        before = chain.head
        tx_id = chain.pay_trx(ANNA, 5)
        old = chain.mine()
        chain.reorg(1, drop=drop)
        assert chain.head.number == before.number + 2
        again = chain.block(before.number + 1)
        assert again is not None
        assert again.id != old.id
        assert again.parent_id == before.id
        assert (chain.find(tx_id) is None, chain.books.amount(ANNA)) == ((True, 0) if drop else (False, 5))

    def test_lets_no_solid_block_go(self, chain: FakeChain) -> None:
        chain.mine(5)
        with pytest.raises(ValueError, match="behind the solid block"):
            chain.reorg(3)

    def test_takes_nothing_whose_time_is_over(self, chain: FakeChain) -> None:
        signed = chain.signed(TransferTrx(address_of_key(FAUCET_KEY), ANNA, 5))
        chain.mine(20)
        code, _ = chain.accept(encode_transaction(signed))
        assert code is BroadcastCode.TRANSACTION_EXPIRATION_ERROR

    def test_tells_a_doubled_one_and_a_foreign_signature(self, chain: FakeChain) -> None:
        transfer = TransferTrx(address_of_key(FAUCET_KEY), ANNA, 5)
        signed = encode_transaction(chain.signed(transfer))
        answers = [chain.accept(signed)[0], chain.accept(signed)[0]]
        chain.mine()
        answers.append(chain.accept(signed)[0])
        answers.append(chain.accept(encode_transaction(chain.signed(transfer, BERT_KEY)))[0])
        assert answers == [
            BroadcastCode.SUCCESS,
            BroadcastCode.DUP_TRANSACTION_ERROR,
            BroadcastCode.DUP_TRANSACTION_ERROR,
            BroadcastCode.SIGERROR,
        ]

    def test_refuses_a_reference_to_a_block_of_another_branch(self, chain: FakeChain) -> None:
        signed = FakeChain(salt=1).signed(TransferTrx(address_of_key(FAUCET_KEY), ANNA, 5))
        assert chain.accept(encode_transaction(signed))[0] is BroadcastCode.TAPOS_ERROR

    def test_refuses_what_nobody_can_pay(self, chain: FakeChain) -> None:
        with pytest.raises(Refused) as refused:
            chain.send(TransferTrx(ANNA, BERT, 5), ANNA_KEY)
        assert refused.value.code is BroadcastCode.CONTRACT_VALIDATE_ERROR


class TestAnEndpointOfIt:
    @pytest.mark.parametrize(
        ("fault", "answer", "is_included"),
        [
            (SWALLOWED, BroadcastCode.SUCCESS, False),
            (TIMED_OUT, BroadcastCode.UNKNOWN, False),
            (ACCEPTED_BUT_TIMED_OUT, BroadcastCode.UNKNOWN, True),
            (WRONG_ID, BroadcastCode.UNKNOWN, True),
            (BroadcastFault(BroadcastCode.SERVER_BUSY), BroadcastCode.SERVER_BUSY, False),
            (BroadcastFault(BroadcastCode.SIGERROR, accepted=True), BroadcastCode.SIGERROR, True),
        ],
    )
    def test_answers_one_thing_and_does_another(
        self,
        chain: FakeChain,
        endpoint: FakeEndpoint,
        fault: BroadcastFault,
        answer: BroadcastCode,
        *,
        is_included: bool,
    ) -> None:
        endpoint.broadcast_faults.append(fault)
        signed = chain.signed(TransferTrx(address_of_key(FAUCET_KEY), ANNA, 5))
        assert endpoint.broadcast(encode_transaction(signed)).code is answer
        chain.mine()
        assert (chain.find(signed.tx_id) is not None) is is_included

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (BlockFault.EMPTY, BadAnswer),
            (BlockFault.CUT, BadAnswer),
            (BlockFault.MISSING, ChainLied),
            (BlockFault.DOUBLED, ChainLied),
            (BlockFault.UNORDERED, ChainLied),
        ],
    )
    def test_gives_no_blocks_that_are_not_a_run(
        self, chain: FakeChain, endpoint: FakeEndpoint, fault: BlockFault, error: type[Exception]
    ) -> None:
        chain.mine(9)
        assert [block.number for block in endpoint.blocks(2, 6)] == [2, 3, 4, 5, 6]
        endpoint.block_fault = fault
        with pytest.raises(error):
            endpoint.blocks(2, 6)

    def test_gives_no_receipts_that_are_too_few(self, chain: FakeChain, endpoint: FakeEndpoint) -> None:
        chain.pay_trx(ANNA, 1)
        chain.pay_trx(ANNA, 2)
        block = chain.mine()
        assert len(endpoint.receipts(block, solid=False)) == 2
        endpoint.short_receipts = True
        with pytest.raises(BadAnswer):
            endpoint.receipts(block, solid=False)

    @pytest.mark.parametrize(
        ("problem", "error"),
        [
            (Problem.AWAY, ChainUnreachable),
            (Problem.BUSY, ChainBusy),
            (Problem.GARBAGE, BadAnswer),
            (Problem.LIE, ChainLied),
        ],
    )
    def test_fails_once_or_until_it_is_well_again(
        self, endpoint: FakeEndpoint, problem: Problem, error: type[Exception]
    ) -> None:
        endpoint.problems.append(problem)
        with pytest.raises(error):
            endpoint.heights()
        assert endpoint.heights().head.number == 0
        endpoint.problem = problem
        for _ in range(2):
            with pytest.raises(error):
                endpoint.genesis_id()

    def test_remembers_what_it_refused_if_it_is_of_that_kind(self, chain: FakeChain, endpoint: FakeEndpoint) -> None:
        endpoint.remembers_refused = True
        signed = encode_transaction(chain.signed(TransferTrx(ANNA, BERT, 5), ANNA_KEY))
        codes = [endpoint.broadcast(signed).code for _ in range(2)]
        assert codes == [BroadcastCode.CONTRACT_VALIDATE_ERROR, BroadcastCode.DUP_TRANSACTION_ERROR]
