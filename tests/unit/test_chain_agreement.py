"""Several endpoints as one chain: who is believed, who is asked again, and when it is an alarm."""

from dataclasses import replace

import pytest

from wallet.chain.endpoints import Chain
from wallet.chain.fake import FAUCET, FakeChain
from wallet.chain.fake_endpoint import ACCEPTED_BUT_TIMED_OUT, SWALLOWED, BroadcastFault, FakeEndpoint, Problem
from wallet.chain.port import BadAnswer, Block, BroadcastCode, ChainLied, ChainUnreachable
from wallet.domain.networks import DEVNET, MAINNET
from wallet.domain.tron.keys import address_of_key, sha256
from wallet.domain.tron.transactions import TransferTrx, encode_transaction

ANNA = address_of_key(sha256(b"anna"))


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Box:
    """A fake chain, three views on it, and the door over them."""

    def __init__(self) -> None:
        self.fake = FakeChain()
        self.fake.mine(10)
        self.one, self.two, self.three = (FakeEndpoint(self.fake, name) for name in ("one", "two", "three"))
        self.clock = Clock()
        self.chain = Chain((self.one, self.two, self.three), DEVNET, clock=self.clock)

    def block(self, number: int) -> Block:
        block = self.fake.block(number)
        assert block is not None
        return block


@pytest.fixture
def box() -> Box:
    return Box()


class TestTheSolidBlock:
    def test_is_the_highest_that_two_endpoints_have(self, box: Box) -> None:
        box.two.lag, box.three.lag = 1, 5
        assert box.chain.solid_agreement() == box.block(7).ref

    def test_needs_two_that_answer(self, box: Box) -> None:
        box.one.problem = Problem.AWAY
        assert box.chain.solid_agreement().number == 8
        box.two.problem = Problem.GARBAGE
        with pytest.raises(ChainUnreachable, match="too few endpoints answer: 1, and 2 are needed"):
            box.chain.solid_agreement()

    @pytest.mark.parametrize("liar", ["one", "two", "three"])
    def test_is_an_alarm_when_one_has_another(self, box: Box, liar: str) -> None:
        other = FakeChain()
        other.mine(10, block_ms=4_000)
        getattr(box, liar).chain = other
        with pytest.raises(ChainLied, match="different blocks at 8"):
            box.chain.solid_agreement()

    def test_is_an_alarm_when_a_laggard_has_another(self, box: Box) -> None:
        other = FakeChain()
        other.mine(7, block_ms=4_000)
        box.three.chain = other
        with pytest.raises(ChainLied, match="different blocks at 5"):
            box.chain.solid_agreement()

    def test_waits_when_it_goes_back_a_little_and_is_an_alarm_far_back(self, box: Box) -> None:
        box.fake.mine(40)
        assert box.chain.solid_agreement().number == 48
        for endpoint in (box.one, box.two, box.three):
            endpoint.lag = 3
        with pytest.raises(BadAnswer, match="went back from 48 to 45"):
            box.chain.solid_agreement()
        for endpoint in (box.one, box.two, box.three):
            endpoint.lag = 40
        with pytest.raises(ChainLied, match="went back from 48 to 8"):
            box.chain.solid_agreement()

    def test_is_an_alarm_when_it_changes(self, box: Box) -> None:
        box.chain.solid_agreement()
        other = FakeChain()
        other.mine(10, block_ms=4_000)
        for endpoint in (box.one, box.two, box.three):
            endpoint.chain = other
        with pytest.raises(ChainLied, match="solid block 8 has become another one"):
            box.chain.solid_agreement()


class TestANetwork:
    def test_is_told_by_its_first_block(self, box: Box) -> None:
        assert box.chain.genesis() == box.block(0).ref
        box.two.genesis = bytes(32)
        with pytest.raises(ChainLied, match="two: it is of another network than devnet"):
            box.chain.check()

    def test_must_be_the_configured_one(self, box: Box) -> None:
        with pytest.raises(ChainLied, match="of another network than mainnet"):
            Chain((box.one, box.two), MAINNET).solid_agreement()

    def test_must_have_the_configured_tokens(self, box: Box) -> None:
        for wrong in (replace(DEVNET, trc20_decimals=6), replace(DEVNET, trc10_decimals=0)):
            with pytest.raises(ChainLied, match="decimals"):
                Chain((box.one, box.two), wrong).solid_agreement()

    def test_of_a_stranger_gets_no_transaction(self, box: Box) -> None:
        box.one.genesis = bytes(32)
        box.chain = Chain((box.one, box.two), replace(DEVNET, genesis_id=box.two.genesis_id()), clock=box.clock)
        signed = encode_transaction(box.fake.signed(TransferTrx(FAUCET, ANNA, 5)))
        answers = box.chain.broadcast(signed)
        assert [(answer.endpoint, answer.code) for answer in answers] == [
            ("one", BroadcastCode.UNKNOWN),
            ("two", BroadcastCode.SUCCESS),
        ]

    def test_needs_two_endpoints(self, box: Box) -> None:
        with pytest.raises(ValueError, match="2 endpoints are needed"):
            Chain((box.one,), DEVNET)


class TestADevnetThatStandsForTwo:
    def test_is_not_asked_twice_for_the_same(self, box: Box) -> None:
        tx_id = box.fake.pay_trx(ANNA, 5)
        box.fake.make_solid()
        twins = FakeEndpoint(box.fake, "twin"), FakeEndpoint(box.fake, "twin")
        chain = Chain(twins, DEVNET)
        assert chain.solid_agreement().number == 11
        before = twins[1].reads
        (block,) = chain.blocks(11, 11)
        assert chain.receipts(block) == (chain.receipt(tx_id, solid=True),)
        assert [one.found for one in chain.sightings(tx_id)] == [True, True]
        assert twins[1].reads == before + 3  # heights for the agreement, heights and the look for the sighting


class TestBlocks:
    def test_are_confirmed_by_a_second_endpoint(self, box: Box) -> None:
        assert [block.number for block in box.chain.blocks(3, 8)] == [3, 4, 5, 6, 7, 8]
        other = FakeChain()
        other.mine(10, block_ms=4_000)
        box.one.chain = other
        with pytest.raises(ChainLied, match="another endpoint has a different block 8"):
            box.chain.blocks(3, 8)

    def test_wait_for_the_second(self, box: Box) -> None:
        box.two.lag = box.three.lag = 1
        with pytest.raises(BadAnswer, match="no solid block 8"):
            box.chain.blocks(3, 8)

    def test_come_from_whoever_answers(self, box: Box) -> None:
        box.one.problem = Problem.BUSY
        assert len(box.chain.blocks(1, 8)) == 8

    def test_have_receipts_that_two_say_alike(self, box: Box) -> None:
        tx_id = box.fake.pay_trx(ANNA, 5)
        block = box.block(box.fake.make_solid().number - 2)
        receipt = box.chain.receipts(block)[0]
        assert receipt.tx_id == tx_id
        box.two.forged_receipts[tx_id] = replace(receipt, message="in other words", internal=())
        assert box.chain.receipts(block) == (receipt,)
        box.two.forged_receipts[tx_id] = replace(receipt, fee_sun=1)
        with pytest.raises(ChainLied, match="different receipts"):
            box.chain.receipts(block)
        with pytest.raises(ChainLied, match="a different receipt of"):
            box.chain.receipt(tx_id, solid=True)

    def test_have_no_receipt_that_its_block_contradicts_whoever_says_it(self, box: Box) -> None:
        tx_id = box.fake.pay_trx(ANNA, 5)
        block = box.block(box.fake.make_solid().number - 2)
        failure = replace(box.chain.receipts(block)[0], failed=True)
        for endpoint in (box.one, box.two):
            endpoint.forged_receipts[tx_id] = failure
        with pytest.raises(ChainLied, match="its transaction's result contradicts"):
            box.chain.receipts(block)

    def test_have_receipts_that_are_asked_for_together(self, box: Box) -> None:
        sent = []
        for _ in range(6):
            sent.append([box.fake.pay_trx(ANNA, 5), box.fake.pay_trx(ANNA, 6)])
            box.fake.mine()
        blocks = box.chain.blocks(11, box.fake.make_solid().number - 3)
        found = list(box.chain.receipts_of(blocks))
        assert [[receipt.tx_id for receipt in one] for one in found] == sent
        box.two.short_receipts = box.three.short_receipts = True
        with pytest.raises(BadAnswer, match="only some"):
            list(box.chain.receipts_of(blocks))
        assert list(box.chain.receipts_of([])) == []


class TestATransaction:
    def test_is_found_pending_seen_and_final(self, box: Box) -> None:
        tx_id = box.fake.pay_trx(ANNA, 5)
        seen = []
        for _ in range(4):
            seen.append(
                (
                    box.chain.transaction(tx_id, solid=False) is not None,
                    box.chain.receipt(tx_id, solid=False) is not None,
                    box.chain.receipt(tx_id, solid=True) is not None,
                )
            )
            box.fake.mine()
        assert seen == [(True, False, False), (True, True, False), (True, True, False), (True, True, True)]

    def test_is_final_when_two_have_it_also_if_another_stays_behind(self, box: Box) -> None:
        tx_id = box.fake.pay_trx(ANNA, 5)
        box.fake.make_solid()
        box.one.lag = 6
        assert box.chain.receipt(tx_id, solid=True) is not None
        assert box.chain.heights().solid == box.chain.solid_agreement()
        box.two.lag = 6
        assert box.chain.receipt(tx_id, solid=True) is None

    def test_is_looked_for_at_every_endpoint(self, box: Box) -> None:
        tx_id = box.fake.pay_trx(ANNA, 5)
        box.fake.make_solid()
        box.two.hides.add(tx_id)
        box.three.problem = Problem.AWAY
        seen = [(one.endpoint, one.solid.number, one.found) for one in box.chain.sightings(tx_id)]
        assert seen == [("one", 11, True), ("two", 11, False)]

    def test_goes_to_another_endpoint_first_each_time(self, box: Box) -> None:
        box.one.broadcast_faults.append(SWALLOWED)
        signed = encode_transaction(box.fake.signed(TransferTrx(FAUCET, ANNA, 5)))
        answers = [answer for _ in range(2) for answer in box.chain.broadcast(signed)]
        assert [(answer.endpoint, answer.code) for answer in answers] == [
            ("one", BroadcastCode.SUCCESS),
            ("two", BroadcastCode.DUP_TRANSACTION_ERROR),
        ]

    def test_is_offered_until_one_takes_it(self, box: Box) -> None:
        box.one.broadcast_faults.append(BroadcastFault(BroadcastCode.SERVER_BUSY))
        box.two.problem = Problem.AWAY
        signed = encode_transaction(box.fake.signed(TransferTrx(FAUCET, ANNA, 5)))
        codes = [answer.code for answer in box.chain.broadcast(signed)]
        assert codes == [BroadcastCode.SERVER_BUSY, BroadcastCode.UNKNOWN, BroadcastCode.SUCCESS]

    def test_goes_last_to_who_gave_no_answer_lately_and_questions_still_go_there(self, box: Box) -> None:
        box.one.broadcast_faults.extend([ACCEPTED_BUT_TIMED_OUT] * 2)
        box.two.broadcast_faults.append(BroadcastFault(BroadcastCode.SERVER_BUSY))
        signed = encode_transaction(box.fake.signed(TransferTrx(FAUCET, ANNA, 5)))
        asked = []
        for now_s in (0.0, 1.0, 2.0, 3.0, 60.0):
            box.clock.now_s = now_s
            asked.append([answer.endpoint for answer in box.chain.broadcast(signed)])
        assert asked == [["one", "two", "three"], ["two"], ["three"], ["two"], ["two"]]
        box.clock.now_s = 61.0
        assert [answer.endpoint for answer in box.chain.broadcast(signed)] == ["three"]
        assert [answer.endpoint for answer in box.chain.broadcast(signed)] == ["one", "two"]  # once more, and no answer
        reads = box.one.reads
        box.chain.heights()
        assert box.one.reads == reads + 1


class TestAnEndpointThatIsAway:
    def test_is_left_alone_longer_each_time(self, box: Box) -> None:
        box.one.problem = Problem.AWAY
        asked = []
        for now_s in (0.0, 0.4, 0.5, 1.4, 1.5, 3.5, 100.0):
            box.clock.now_s = now_s
            before = box.one.reads
            box.chain.heights()
            asked.append(box.one.reads - before)
        assert asked == [1, 0, 1, 0, 1, 1, 1]

    def test_is_asked_again_when_it_is_back(self, box: Box) -> None:
        box.one.problem = Problem.AWAY
        assert [row.problem for row in box.chain.health()] == ["no answer in time", "", ""]
        box.one.problem = None
        assert [row.ok for row in box.chain.health()] == [False, True, True]
        box.clock.now_s = 1.0
        rows = box.chain.health()
        assert [(row.name, row.ok, row.head, row.solid) for row in rows] == [
            ("one", True, 10, 8),
            ("two", True, 10, 8),
            ("three", True, 10, 8),
        ]

    def test_must_show_its_first_block_again(self, box: Box) -> None:
        box.chain.check()
        box.one.problem = Problem.AWAY
        box.chain.heights()
        box.one.problem, box.one.genesis, box.clock.now_s = None, bytes(32), 9.0
        with pytest.raises(ChainLied, match="of another network"):
            box.chain.heights()
