"""TRC-20 on the development chain: what calls answer, log, and refuse."""

import pytest

from tests.devnet_scene import ALICE, BOB, CAROL, Person, Scene
from wallet.devnet import genesis, tokens
from wallet.devnet.answers import Info
from wallet.devnet.views import CallReverted, NoContract
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import ZERO_ADDRESS
from wallet.domain.tron.transactions import TriggerContract

TOKEN, FAKE = genesis.BTT.address, genesis.FAKE_BTT.address
MORE_THAN_64_BITS = 10**20


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.pay(ALICE, trc20=MORE_THAN_64_BITS)
    scene.pay(BOB)
    return scene


def called(scene: Scene, data: bytes, signer: Person = ALICE) -> Info:
    return scene.succeed(TriggerContract(signer.address, TOKEN, data), signer)


def viewed(scene: Scene, data: bytes) -> bytes:
    return scene.head.constant_call(owner=ZERO_ADDRESS, contract=TOKEN, data=data).returned


def moved(info: Info) -> list[abi.TransferLog | None]:
    return [abi.decode_transfer_log(log.contract, log.topics, log.data) for log in info.logs]


class TestATransfer:
    def test_moves_and_logs_amounts_beyond_64_bits(self, scene: Scene) -> None:
        info = called(scene, abi.transfer_call(BOB.address, MORE_THAN_64_BITS))
        assert (info.result, info.returned, info.message) == ("SUCCESS", abi.uint_word(1), "")
        assert moved(info) == [abi.TransferLog(TOKEN, ALICE.address, BOB.address, MORE_THAN_64_BITS)]
        assert scene.head.token_balance(TOKEN, ALICE.address) == 0
        assert scene.head.token_balance(TOKEN, BOB.address) == MORE_THAN_64_BITS
        assert scene.head.token_balance(FAKE, BOB.address) == 0

    def test_to_oneself_and_of_nothing_changes_nothing_but_is_logged(self, scene: Scene) -> None:
        assert len(called(scene, abi.transfer_call(ALICE.address, 5)).logs) == 1
        assert len(called(scene, abi.transfer_call(BOB.address, 0)).logs) == 1
        assert scene.head.token_balance(TOKEN, ALICE.address) == MORE_THAN_64_BITS

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (abi.transfer_call(BOB.address, MORE_THAN_64_BITS + 1), "ERC20: transfer amount exceeds balance"),
            (abi.transfer_call(ZERO_ADDRESS, 1), "ERC20: transfer to the zero address"),
            (abi.approve_call(ZERO_ADDRESS, 1), "ERC20: approve to the zero address"),
            (
                abi.transfer_from_call(BOB.address, ALICE.address, 1),
                "ERC20: transfer amount exceeds allowance",
            ),
            (abi.TRANSFER + bytes(63), None),  # a word and a half
            (bytes.fromhex("12345678"), None),
            (b"", None),
        ],
    )
    def test_that_reverts_is_in_a_block_and_says_why(self, scene: Scene, data: bytes, reason: str | None) -> None:
        info = called(scene, data)
        assert (info.result, info.message, info.logs) == ("REVERT", "REVERT opcode executed", ())
        assert abi.revert_reason(info.returned) == reason
        assert scene.head.token_balance(TOKEN, ALICE.address) == MORE_THAN_64_BITS
        in_block = scene.head.transaction(info.tx_id)
        assert in_block is not None
        assert in_block.contract_ret == "REVERT"

    def test_that_brings_trx_along_reverts(self, scene: Scene) -> None:
        data = abi.transfer_call(BOB.address, 1)
        before = scene.account(ALICE).balance_sun
        info = scene.succeed(TriggerContract(ALICE.address, TOKEN, data, call_value=5), ALICE)
        assert info.result == "REVERT"
        assert scene.account(ALICE).balance_sun == before - info.fee_sun


class TestAnAllowance:
    def test_lets_somebody_else_move_as_much(self, scene: Scene) -> None:
        approval = called(scene, abi.approve_call(BOB.address, 100))
        assert [log.topics[0] for log in approval.logs] == [abi.APPROVAL_TOPIC]
        assert scene.head.allowance(TOKEN, ALICE.address, BOB.address) == 100
        info = called(scene, abi.transfer_from_call(ALICE.address, CAROL.address, 60), BOB)
        assert moved(info)[0] == abi.TransferLog(TOKEN, ALICE.address, CAROL.address, 60)
        assert abi.decode_uint(viewed(scene, abi.allowance_call(ALICE.address, BOB.address))) == 40
        again = called(scene, abi.transfer_from_call(ALICE.address, CAROL.address, 60), BOB)
        assert again.result == "REVERT"

    def test_without_end_is_not_used_up(self, scene: Scene) -> None:
        called(scene, abi.approve_call(BOB.address, tokens.UNLIMITED))
        called(scene, abi.transfer_from_call(ALICE.address, CAROL.address, 60), BOB)
        assert scene.head.allowance(TOKEN, ALICE.address, BOB.address) == tokens.UNLIMITED


class TestAView:
    def test_tells_what_the_token_is(self, scene: Scene) -> None:
        assert abi.decode_text(viewed(scene, abi.NAME)) == "BitTorrent"
        assert abi.decode_text(viewed(scene, abi.SYMBOL)) == "BTT"
        assert abi.decode_uint(viewed(scene, abi.DECIMALS)) == 18
        assert abi.decode_uint(viewed(scene, abi.TOTAL_SUPPLY)) == 990 * 10**30
        assert abi.decode_uint(viewed(scene, abi.balance_of_call(ALICE.address))) == MORE_THAN_64_BITS

    def test_of_a_fake_tells_just_the_same(self, scene: Scene) -> None:
        for data in (abi.NAME, abi.SYMBOL, abi.DECIMALS, abi.TOTAL_SUPPLY):
            fake = scene.head.constant_call(owner=ZERO_ADDRESS, contract=FAKE, data=data)
            assert fake.returned == viewed(scene, data)

    def test_estimates_energy_without_doing_anything(self, scene: Scene) -> None:
        data = abi.transfer_call(CAROL.address, 5)
        assert scene.head.estimate_energy(owner=ALICE.address, contract=TOKEN, data=data) == 29_650
        assert scene.head.token_balance(TOKEN, CAROL.address) == 0
        with pytest.raises(CallReverted):
            scene.head.estimate_energy(owner=CAROL.address, contract=TOKEN, data=data)
        with pytest.raises(NoContract):
            scene.head.estimate_energy(owner=ALICE.address, contract=BOB.address, data=data)

    def test_has_an_abi_of_nine_functions_and_two_events(self) -> None:
        functions = {entry["name"] for entry in tokens.ABI if entry["type"] == "Function"}
        assert len(functions) == 9
        assert functions >= {"transfer", "transferFrom", "approve", "allowance", "balanceOf", "totalSupply"}
        assert [entry["name"] for entry in tokens.ABI if entry["type"] == "Event"] == ["Transfer", "Approval"]
