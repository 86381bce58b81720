"""What transactions cost on the development chain. Sums are worked out by hand."""

import pytest

from tests.devnet_scene import ALICE, BOB, CAROL, TRX, Person, Scene, signed, trx
from wallet.devnet import genesis
from wallet.devnet.answers import Code
from wallet.devnet.parameters import Parameters
from wallet.domain.tron import abi
from wallet.domain.tron.transactions import AccountCreate, TransferAsset, TriggerContract, bandwidth_bytes

TRC10 = genesis.TRC10_ID
TOKEN = genesis.BTT.address
HOUR_SLOTS = 1_200


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.pay(ALICE, 1_000, trc10=1_000, trc20=10**18)
    scene.pay(BOB, 1_000)
    return scene


class TestBandwidth:
    def test_is_free_up_to_600_bytes_a_day_whole_or_not_at_all(self, scene: Scene) -> None:
        free, free_too, burned = (scene.succeed(trx(ALICE, BOB), ALICE) for _ in range(3))
        assert (free.net_usage_bytes, free.net_fee_sun, free.fee_sun) == (267, 0, 0)
        assert (free_too.net_usage_bytes, free_too.fee_sun) == (267, 0)
        assert (burned.net_usage_bytes, burned.net_fee_sun, burned.fee_sun) == (0, 267_000, 267_000)
        assert scene.account(ALICE).balance_sun == 997 * TRX - 267_000
        assert scene.chain.summary().burned_sun >= 267_000

    def test_recovers_evenly_over_a_day(self, scene: Scene) -> None:
        scene.succeed(trx(ALICE, BOB), ALICE)
        seen: list[int] = []
        for _ in range(3):
            scene.hand.at_ms += 12 * 3_600_000
            scene.block()
            resources = scene.head.resources(ALICE.address)
            assert resources is not None
            seen.append(resources.free_net_used_bytes)
        assert 132 <= seen[0] <= 133
        assert seen[1:] == [0, 0]

    def test_counts_the_signed_bytes_and_64_for_the_result(self, scene: Scene) -> None:
        raw = scene.raw(TransferAsset(ALICE.address, BOB.address, TRC10, 5))
        answer = scene.send(raw, ALICE)
        scene.block()
        info = scene.head.info(answer.tx_id)
        assert info is not None
        assert info.net_usage_bytes == bandwidth_bytes(signed(raw, [ALICE]))

    def test_has_a_pool_of_all_accounts_together(self) -> None:
        scene = Scene(parameters=Parameters(public_net_limit_bytes=300))
        scene.pay(ALICE)
        scene.pay(BOB)
        assert scene.succeed(trx(ALICE, BOB), ALICE).net_usage_bytes == 267
        assert scene.succeed(trx(BOB, ALICE), BOB).net_fee_sun == 267_000


class TestANewAccount:
    @pytest.mark.parametrize("is_trc10", [False, True])
    def test_costs_its_making_in_place_of_bandwidth(self, scene: Scene, is_trc10: bool) -> None:
        contract = TransferAsset(ALICE.address, CAROL.address, TRC10, 5) if is_trc10 else trx(ALICE, CAROL)
        info = scene.succeed(contract, ALICE)
        assert (info.fee_sun, info.net_fee_sun, info.net_usage_bytes) == (1_100_000, 100_000, 0)
        assert scene.account(ALICE).balance_sun == 1_000 * TRX - 1_100_000 - TRX * (not is_trc10)
        assert scene.account(CAROL).created_ms == scene.head.blocks(0, 99)[-2].timestamp_ms

    def test_can_be_made_empty(self, scene: Scene) -> None:
        info = scene.succeed(AccountCreate(ALICE.address, CAROL.address), ALICE)
        assert info.fee_sun == 1_100_000
        assert scene.account(CAROL).balance_sun == 0

    def test_is_not_made_by_a_token_contract(self, scene: Scene) -> None:
        scene.succeed(TriggerContract(ALICE.address, TOKEN, abi.transfer_call(CAROL.address, 5)), ALICE)
        assert scene.head.account(CAROL.address) is None
        assert scene.head.token_balance(TOKEN, CAROL.address) == 5

    def test_is_refused_to_whoever_cannot_pay_for_it(self) -> None:
        scene = Scene()
        poor = Person("poor")
        scene.chain.faucet(poor.address, trx_sun=1_099_999, assets={TRC10: 10})
        scene.block()
        answer = scene.send(scene.raw(TransferAsset(poor.address, CAROL.address, TRC10, 1)), poor)
        assert answer.code is Code.CONTRACT_VALIDATE_ERROR
        assert answer.message.endswith("Validate TransferAssetActuator error, insufficient fee.")


class TestEnergy:
    def call(self, scene: Scene, amount: int, to: Person = BOB, fee_limit_sun: int = 100 * TRX) -> tuple[str, int]:
        contract = TriggerContract(ALICE.address, TOKEN, abi.transfer_call(to.address, amount))
        answer = scene.send(scene.raw(contract, fee_limit_sun=fee_limit_sun), ALICE)
        assert answer.code is Code.SUCCESS
        scene.block()
        info = scene.head.info(answer.tx_id)
        assert info is not None
        assert info.fee_sun == info.energy_fee_sun + info.net_fee_sun
        return info.result, info.energy_fee_sun

    def test_is_burned_at_its_price_and_more_for_a_new_holder(self, scene: Scene) -> None:
        assert self.call(scene, 7) == ("SUCCESS", 2_965_000)  # 29,650 of 100 sun
        assert self.call(scene, 7) == ("SUCCESS", 1_465_000)  # 14,650

    def test_is_charged_for_a_call_that_reverts(self, scene: Scene) -> None:
        before = scene.account(ALICE).balance_sun
        result, fee_sun = self.call(scene, 10**19)
        assert result == "REVERT"
        assert scene.account(ALICE).balance_sun == before - fee_sun
        assert fee_sun > 0

    def test_is_all_burned_when_the_limit_is_too_low_and_nothing_moves(self, scene: Scene) -> None:
        assert self.call(scene, 7, fee_limit_sun=1_465_000) == ("OUT_OF_ENERGY", 1_465_000)
        assert scene.head.token_balance(TOKEN, BOB.address) == 0
        assert self.call(scene, 7, fee_limit_sun=0) == ("OUT_OF_ENERGY", 0)

    def test_is_limited_by_the_balance(self) -> None:
        scene = Scene()
        scene.chain.faucet(ALICE.address, trx_sun=2 * TRX, tokens={TOKEN: 100})
        scene.block()
        assert self.call(scene, 7) == ("OUT_OF_ENERGY", 2_000_000)
        assert scene.account(ALICE).balance_sun == 0


class TestExtraFees:
    def test_are_due_for_a_memo_if_the_chain_says_so(self) -> None:
        scene = Scene(parameters=Parameters(memo_fee_sun=TRX))
        scene.pay(ALICE)
        scene.pay(BOB)
        answer = scene.send(scene.raw(trx(ALICE, BOB), memo=b"order 7"), ALICE)
        scene.block()
        info = scene.head.info(answer.tx_id)
        assert info is not None
        assert (info.fee_sun, info.net_fee_sun) == (TRX, 0)
