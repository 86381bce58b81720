"""What waits for a block, and how long."""

import pytest

from tests.devnet_scene import ALICE, BOB, CAROL, TRX, Scene, trx
from wallet.devnet import genesis
from wallet.devnet.answers import Code
from wallet.devnet.faucet import FaucetRefused
from wallet.devnet.parameters import Parameters
from wallet.domain.tron.transactions import TransferTrx


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.pay(ALICE)
    scene.pay(BOB)
    return scene


class TestAPendingTransaction:
    def test_expires_when_the_parents_time_reaches_its_end(self, scene: Scene) -> None:
        answer = scene.send(scene.raw(trx(ALICE, BOB), life_ms=9_000), ALICE)
        scene.chain.drop(answer.tx_id)
        scene.block(3)  # the third block's parent is 6 s from then
        assert scene.chain.pending_ids() == (answer.tx_id,)
        scene.block()
        assert scene.chain.pending_ids() == ()
        assert scene.account(ALICE).balance_sun == 1_000 * TRX

    def test_is_forgotten_after_a_minute_though_it_has_not_expired(self, scene: Scene) -> None:
        answer = scene.send(scene.raw(trx(ALICE, BOB), life_ms=3_600_000), ALICE)
        scene.hand.at_ms += 57_001
        scene.block()
        assert scene.head.transaction(answer.tx_id) is None
        again = scene.send(scene.raw(trx(ALICE, BOB)), ALICE)
        scene.hand.at_ms += 56_999
        scene.block()
        assert scene.head.info(again.tx_id) is not None

    def test_that_is_dropped_is_never_in_a_block_but_stays_in_sight(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        other = scene.send(scene.raw(trx(ALICE, BOB, 2)), ALICE)
        answer = scene.send(raw, ALICE)
        scene.chain.drop(answer.tx_id)
        scene.block(2)
        assert scene.head.info(other.tx_id) is not None
        assert scene.head.info(answer.tx_id) is None
        assert scene.head.transaction(answer.tx_id) == scene.chain.pending_transaction(answer.tx_id)
        assert scene.account(BOB).balance_sun == 1_001 * TRX + 2
        assert scene.send(raw, ALICE).code is Code.DUP_TRANSACTION_ERROR

    def test_waits_for_a_block_with_room(self) -> None:
        scene = Scene(parameters=Parameters(max_block_bytes=600))
        scene.pay(ALICE)
        scene.pay(BOB)
        sent = [scene.send(scene.raw(trx(ALICE, BOB, number)), ALICE).tx_id for number in (1, 2, 3)]
        first = scene.block()
        second = scene.block()
        numbers = [info.block.number for info in map(scene.head.info, sent) if info is not None]
        assert numbers == [first.number, first.number, second.number]

    def test_that_cannot_be_paid_once_another_is_dropped_is_forgotten(self, scene: Scene) -> None:
        first = scene.send(scene.raw(trx(BOB, ALICE, 900 * TRX)), BOB)
        second = scene.send(scene.raw(trx(ALICE, BOB, 1_800 * TRX)), ALICE)
        assert second.code is Code.SUCCESS
        scene.chain.drop(first.tx_id)
        scene.block()
        assert scene.chain.pending_ids() == (first.tx_id,)
        assert scene.head.transaction(second.tx_id) is None


class TestTheClock:
    def test_can_run_before_the_wall_clock(self, scene: Scene) -> None:
        scene.chain.set_clock_offset(3_600_000)
        (made,) = scene.chain.mine()
        assert made.timestamp_ms == scene.hand.at_ms + 3_600_000
        assert scene.send(scene.raw(trx(ALICE, BOB)), ALICE).code is Code.SUCCESS

    def test_never_takes_blocks_backwards(self, scene: Scene) -> None:
        before = scene.head.tip().timestamp_ms
        scene.chain.set_clock_offset(-3_600_000)
        made = scene.chain.mine(3)
        assert [ref.timestamp_ms for ref in made] == [before + 1, before + 2, before + 3]


class TestTheFaucet:
    def test_pays_everything_by_real_transactions_however_often(self, scene: Scene) -> None:
        for _ in range(2):
            ids = scene.chain.faucet(
                CAROL.address,
                trx_sun=5 * TRX,
                assets={genesis.TRC10_ID: 7, genesis.LOOK_ALIKE_ID: 8},
                tokens={genesis.BTT.address: 9, genesis.FAKE_BTT.address: 10},
            )
            assert len(set(ids)) == 5
        scene.block()
        assert all(scene.head.info(tx_id) for tx_id in ids)
        assert scene.account(CAROL).balance_sun == 10 * TRX
        assert scene.account(CAROL).assets == {genesis.TRC10_ID: 14, genesis.LOOK_ALIKE_ID: 16}
        assert scene.head.token_balance(genesis.FAKE_BTT.address, CAROL.address) == 20

    def test_says_why_it_cannot(self, scene: Scene) -> None:
        for assets in ({1_000_001: 1}, {genesis.TRC10_ID: 2**63 - 1}, {genesis.TRC10_ID: 2**64}):
            with pytest.raises(FaucetRefused):
                scene.chain.faucet(ALICE.address, assets=assets)
        with pytest.raises(FaucetRefused):
            scene.chain.faucet(genesis.FAUCET, trx_sun=1)
        assert scene.chain.pending_size() == 0


class TestAHistory:
    def test_turns_pages_in_both_directions(self, scene: Scene) -> None:
        sent = [scene.succeed(TransferTrx(ALICE.address, BOB.address, number), ALICE).tx_id for number in (1, 2, 3)]
        newest = scene.head.history(ALICE.address, limit=2)
        assert [each.info.tx_id for each in newest] == [sent[2], sent[1]]
        place = (newest[-1].info.block.number, newest[-1].position)
        older = scene.head.history(ALICE.address, limit=2, after=place)
        assert older[0].transaction.tx_id == sent[0]
        oldest = scene.head.history(BOB.address, limit=9, is_oldest_first=True)
        assert [each.info.tx_id for each in oldest[1:]] == sent
        place = (oldest[1].info.block.number, oldest[1].position)
        rest = scene.head.history(BOB.address, limit=9, after=place, is_oldest_first=True)
        assert [each.info.tx_id for each in rest] == sent[1:]
        assert sent[2] not in [each.info.tx_id for each in scene.solid.history(BOB.address, limit=9)]
