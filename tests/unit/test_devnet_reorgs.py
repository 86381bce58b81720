"""Reorgs: whatever is thrown away, what is left is what the new branch alone would have made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.devnet_replay import check_supply, replayed
from tests.devnet_scene import ALICE, BOB, CAROL, TRX, Person, Scene, trx
from wallet.devnet import genesis
from wallet.devnet.accounts import Account
from wallet.devnet.answers import Code
from wallet.devnet.parameters import Lags
from wallet.devnet.reorgs import ReorgRefused
from wallet.domain.tron import abi
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.transactions import Contract, TransferAsset, TriggerContract

PEOPLE = (ALICE, BOB, CAROL)
TOKEN = genesis.BTT.address


people = st.sampled_from(PEOPLE)
payments = st.tuples(
    st.sampled_from(["trx", "trc10", "trc20"]), people, people, st.integers(1, 2 * 10**8), st.booleans()
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), payments),
        st.tuples(st.just("mine"), st.integers(1, 3)),
        st.tuples(st.just("reorg"), st.tuples(st.integers(1, 6), st.booleans())),
        st.tuples(st.just("drop"), st.booleans()),
        st.tuples(st.just("wait"), st.sampled_from([1, 3_000, 45_000])),
    ),
    min_size=5,
    max_size=25,
)


def contract_of(kind: str, sender: Person, to: Person, amount: int) -> Contract:
    match kind:
        case "trx":
            return trx(sender, to, amount)
        case "trc10":
            return TransferAsset(sender.address, to.address, genesis.TRC10_ID, amount)
    return TriggerContract(sender.address, TOKEN, abi.transfer_call(to.address, amount))


def take(scene: Scene, step: tuple[str, object]) -> None:
    match step:
        case ("pay", (str(kind), Person() as sender, Person() as to, int(amount), bool(is_rooted))):
            named = scene.head.blocks(0, 1)[0].ref if is_rooted else None  # the newest may be thrown away
            scene.send(scene.raw(contract_of(kind, sender, to, amount), at=named), sender)
        case ("mine", int(count)):
            scene.chain.mine(count)
        case ("reorg", (int(depth), bool(drop))):
            depth = min(depth, scene.head.tip().number - scene.solid.tip().number)
            if depth:
                scene.chain.reorg(depth, drop=drop)
        case ("drop", _):
            for tx_id in scene.chain.pending_ids()[:1]:
                scene.chain.drop(tx_id)
        case ("wait", int(passed_ms)):
            scene.hand.at_ms += passed_ms


class TestAReorg:
    @given(steps=steps)
    def test_leaves_what_the_new_branch_alone_would_have_made(self, steps: list[tuple[str, object]]) -> None:
        scene = Scene(solid_lag=5)
        scene.pay(ALICE, 1_000, trc10=10**9, trc20=10**9)
        scene.pay(BOB, 500)
        for step in steps:
            take(scene, step)
        scene.chain.reorg(1)
        replay = replayed(scene.head)
        assert scene.chain.written_values() == dict(replay.items())
        check_supply(scene.chain.written_values())
        height = scene.solid.tip().number
        for person in PEOPLE:
            seen = scene.solid.account(person.address)
            known = replay.at(b"a" + person.address, height)
            assert (None if seen is None else seen.balance_sun) == (
                known.balance_sun if isinstance(known, Account) else None
            )

    def test_builds_a_branch_that_is_longer_by_one_with_other_ids(self) -> None:
        scene = Scene(solid_lag=10)
        scene.block(8)
        old = scene.head.blocks(0, 50)
        made = scene.chain.reorg(3)
        new = scene.head.blocks(0, 50)
        assert [block.id for block in new[:-4]] == [block.id for block in old[:-3]]
        assert [ref.number for ref in made] == [block.number for block in new[-4:]]
        assert len(new) == len(old) + 1
        assert not {block.id for block in new[-4:]} & {block.id for block in old}
        assert [scene.head.block_by_id(block.id) for block in old[-3:]] == [None, None, None]
        assert new[-1].timestamp_ms <= scene.hand.at_ms

    def test_brings_transactions_into_the_new_branch_or_drops_them(self) -> None:
        scene = Scene(solid_lag=10)
        scene.pay(ALICE)
        scene.pay(BOB)
        named = scene.head.tip()
        infos = [scene.succeed(trx(ALICE, BOB, amount_sun), ALICE, at=named) for amount_sun in (1, 2, 3)]
        scene.chain.reorg(3, drop=[infos[1].tx_id])
        kept, dropped, kept_too = (scene.head.info(info.tx_id) for info in infos)
        assert dropped is None
        assert kept is not None
        assert kept_too is not None
        assert kept.block.id != infos[0].block.id
        assert scene.account(BOB).balance_sun == 1_000 * TRX + 4
        scene.chain.reorg(4, drop=True)
        assert scene.head.info(infos[0].tx_id) is None
        assert scene.account(BOB).balance_sun == 1_000 * TRX
        assert scene.chain.pending_size() == 0

    def test_forgets_transactions_whose_reference_is_gone(self) -> None:
        scene = Scene(solid_lag=10)
        scene.pay(ALICE)
        scene.pay(BOB)
        scene.block()
        gone = scene.succeed(trx(ALICE, BOB), ALICE)
        scene.chain.reorg(2)
        assert scene.head.transaction(gone.tx_id) is None
        assert scene.chain.pending_size() == 0

    def test_takes_references_back_to_the_block_before(self) -> None:
        scene = Scene(solid_lag=10)
        scene.pay(ALICE)
        scene.pay(BOB)
        kept = scene.head.tip()
        scene.block(2)
        gone = scene.head.tip()
        scene.chain.reorg(2)
        assert scene.send(scene.raw(trx(ALICE, BOB), at=gone), ALICE).code is Code.TAPOS_ERROR
        assert scene.send(scene.raw(trx(ALICE, BOB), at=kept), ALICE).code is Code.SUCCESS
        assert ref_of(kept.id, kept.number) != ref_of(gone.id, gone.number)

    def test_stops_at_what_was_ever_solid_unless_it_is_forced(self) -> None:
        scene = Scene(solid_lag=2)
        scene.block(8)
        solid = scene.solid.tip()
        scene.chain.set_lags(Lags(solid=6))  # the solid block goes backwards; what was shown was shown
        with pytest.raises(ReorgRefused):
            scene.chain.reorg(3)
        assert scene.head.block_by_id(solid.id) is not None
        scene.chain.reorg(3, is_forced=True)
        assert scene.head.block_by_id(solid.id) is None
        with pytest.raises(ReorgRefused):
            scene.chain.reorg(1_000, is_forced=True)
        with pytest.raises(ReorgRefused):
            scene.chain.reorg(0)


class TestLags:
    def test_hold_the_solid_block_back_or_move_it(self) -> None:
        scene = Scene(solid_lag=2)
        scene.block(10)
        scene.chain.set_lags(Lags(solid=0))
        assert scene.solid.tip() == scene.head.tip()
        held = scene.solid.tip().number
        scene.chain.set_lags(Lags(solid=0, solid_held_at=held))
        scene.block(5)
        assert scene.solid.tip().number == held
        scene.chain.set_lags(Lags(solid=8))
        assert scene.solid.tip().number == held + 5 - 8

    def test_of_the_head_hide_the_newest_blocks_and_what_is_pending(self) -> None:
        scene = Scene(solid_lag=2)
        scene.pay(ALICE)
        scene.pay(BOB)
        scene.block(5)
        late = scene.chain.view(is_solid=False, lags=Lags(solid=4, head=2))
        info = scene.succeed(trx(ALICE, BOB), ALICE)
        assert late.tip().number == scene.head.tip().number - 2
        assert late.info(info.tx_id) is None
        assert late.block(info.block.number) is None
        account = late.account(BOB.address)
        assert account is not None
        assert account.balance_sun == 1_000 * TRX
        scene.block(2)
        assert late.info(info.tx_id) == info
