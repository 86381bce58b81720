"""Long reads come in several answers: their sizes, and what an endpoint may do between two of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.endpoint_answers import AnsweringEndpoint
from wallet.chain.fake import FAUCET, FAUCET_KEY, FakeChain
from wallet.chain.fake_endpoint import FakeEndpoint
from wallet.chain.port import BadAnswer, ChainLied, ChainUnreachable
from wallet.chain.tronpy_endpoint import TronpyEndpoint
from wallet.domain.tron.transactions import TriggerContract


class SizedEndpoint(AnsweringEndpoint):
    """An endpoint that writes down how many blocks it was asked for, and answers nothing to questions for too many."""

    def __init__(self, chain: FakeChain, *, most: int = 100) -> None:
        super().__init__(chain)
        self.most = most
        self.counts: list[int] = []
        self.later: FakeChain | None = None  # from the second question on

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        self.counts.append(body["endNum"] - body["startNum"])
        if self.counts[-1] > self.most:
            raise ChainUnreachable(self.name, "no answer in time")
        if self.later is not None and len(self.counts) > 1:
            self.chain = self.later
        return super().post(path, body)


@pytest.fixture
def chain() -> FakeChain:
    chain = FakeChain(solid_lag=0)
    chain.mine(100)
    return chain


class TestALongRead:
    def test_has_larger_answers_while_blocks_are_empty_and_smaller_ones_when_they_are_full(
        self, chain: FakeChain
    ) -> None:
        sized = SizedEndpoint(chain)
        assert TronpyEndpoint(sized).blocks(1, 100) == FakeEndpoint(chain).blocks(1, 100)
        assert sized.counts == [8, 32, 60]
        large = TriggerContract(FAUCET, chain.network.assets.trc20_contract, bytes(60_000))  # four times that in JSON
        for _ in range(20):
            chain.send(large, FAUCET_KEY, fee_limit_sun=1_000_000)
            chain.mine()
        sized.counts.clear()
        assert len(TronpyEndpoint(sized).blocks(101, 120)) == 20
        assert sized.counts == [8, 4, 4, 4]

    def test_asks_for_less_after_an_answer_that_did_not_come(self, chain: FakeChain) -> None:
        sized = SizedEndpoint(chain, most=5)
        endpoint = TronpyEndpoint(sized)
        with pytest.raises(ChainUnreachable):
            endpoint.blocks(1, 20)
        sized.most = 100
        sized.counts.clear()
        assert len(endpoint.blocks(1, 20)) == 20
        assert sized.counts == [4, 8, 8]

    def test_of_an_endpoint_that_gets_new_blocks_meanwhile_is_short_and_no_lie(self, chain: FakeChain) -> None:
        sized = SizedEndpoint(chain)
        sized.change = lambda _, answer: {"block": answer["block"][:-2]} if sized.counts == [8] else answer
        with pytest.raises(BadAnswer, match="blocks 7 to 8 are missing"):
            TronpyEndpoint(sized).blocks(1, 20)

    def test_is_a_lie_when_an_answer_does_not_follow_the_one_before(self, chain: FakeChain) -> None:
        other = FakeChain(solid_lag=0)
        other.mine(100, block_ms=4_000)
        sized = SizedEndpoint(chain)
        sized.later = other
        with pytest.raises(ChainLied, match="block 9 does not follow"):
            TronpyEndpoint(sized).blocks(1, 20)
