"""The checks of a broadcast: what is refused, with which code and text, and which check comes first."""

from dataclasses import replace

import pytest

from tests.devnet_scene import ALICE, BOB, CAROL, TRX, Hand, Person, Scene, signed, signed_bytes, trx
from wallet.devnet import genesis
from wallet.devnet.answers import BroadcastAnswer, Code
from wallet.devnet.clock import Clock
from wallet.devnet.execution import NOT_OFFERED
from wallet.devnet.parameters import Checks, Lags, Parameters
from wallet.devnet.parts import Parts
from wallet.devnet.state_file import StateFile
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import Address, to_base58
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.messages import RAW
from wallet.domain.tron.protobuf import decode, encode
from wallet.domain.tron.transactions import (
    AccountCreate,
    Contract,
    OtherContract,
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
)

INVALID = "Contract validate error : "
TRC10 = genesis.TRC10_ID
TOKEN = genesis.BTT.address
NO_ADDRESS = Address(b"\x42" * 20)
DAY_MS = 24 * 3_600_000


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.pay(ALICE, 100, trc10=1_000, trc20=1_000)
    scene.pay(BOB, 100)
    return scene


def answered(answer: BroadcastAnswer) -> tuple[Code, str]:
    return answer.code, answer.message


class TestATransactionItself:
    def test_is_taken_when_all_is_right_and_once_only(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        assert answered(scene.send(raw, ALICE)) == (Code.SUCCESS, "")
        duplicate = (Code.DUP_TRANSACTION_ERROR, "Dup transaction.")
        assert answered(scene.send(raw, ALICE)) == duplicate
        scene.block()
        assert answered(scene.send(raw, ALICE)) == duplicate

    @pytest.mark.parametrize("raw_bytes", [b"", b"\xff", b"\x0a", encode(RAW, {"expiration": 2**62})])
    def test_has_a_contract_that_can_be_read(self, scene: Scene, raw_bytes: bytes) -> None:
        no_contract = (Code.CONTRACT_VALIDATE_ERROR, INVALID + "No contract!")
        assert answered(scene.chain.broadcast(Signed(raw_bytes, (bytes(65),)))) == no_contract

    def test_has_no_contract_when_its_content_makes_no_sense(self, scene: Scene) -> None:
        odd = OtherContract(1, b"type.googleapis.com/protocol.TransferContract", b"\xff\xff")
        no_contract = (Code.CONTRACT_VALIDATE_ERROR, INVALID + "No contract!")
        assert answered(scene.send(scene.raw(odd), ALICE)) == no_contract

    def test_has_one_contract_only(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        values = decode(RAW, signed(raw, ()).raw_bytes)
        two = encode(RAW, values | {"contract": 2 * values["contract"]})
        assert answered(scene.chain.broadcast(signed_bytes(two, [ALICE]))) == (
            Code.CONTRACT_VALIDATE_ERROR,
            INVALID + "act size should be exactly 1, this is extend feature",
        )

    @pytest.mark.parametrize(
        ("life_ms", "code"),
        [
            (2_999, Code.TRANSACTION_EXPIRATION_ERROR),  # before the next slot
            (3_000, Code.SUCCESS),
            (DAY_MS, Code.SUCCESS),
            (DAY_MS + 1, Code.TRANSACTION_EXPIRATION_ERROR),
        ],
    )
    def test_expires_between_the_next_slot_and_a_day_from_the_head(
        self, scene: Scene, life_ms: int, code: Code
    ) -> None:
        answer = scene.send(scene.raw(trx(ALICE, BOB), life_ms=life_ms), ALICE)
        assert answer.code is code
        assert answer.message == ("" if code is Code.SUCCESS else "Transaction expired")

    def test_names_a_block_of_this_chain(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        wrong = (Code.TAPOS_ERROR, "Tapos check error.")
        assert answered(scene.send(replace(raw, ref_block_hash=bytes(8)), ALICE)) == wrong
        assert answered(scene.send(replace(raw, ref_block_bytes=b"\xff\xff"), ALICE)) == wrong

    def test_is_not_too_big(self, scene: Scene) -> None:
        answer = scene.send(scene.raw(trx(ALICE, BOB), memo=bytes(500 * 1024)), ALICE)
        assert answer.code is Code.TOO_BIG_TRANSACTION_ERROR
        assert answer.message.startswith("Too big transaction")


class TestSignatures:
    def refused(self, scene: Scene, raw: Raw, *signatures: bytes) -> str:
        code, message = answered(scene.chain.broadcast(Signed(signed(raw, ()).raw_bytes, signatures)))
        assert code is Code.SIGERROR
        assert message.startswith("Validate signature error: ")
        return message.removeprefix("Validate signature error: ")

    def test_must_be_there_and_whole(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        assert self.refused(scene, raw) == "miss sig or contract"
        assert self.refused(scene, raw, bytes(64)) == "Signature size is 64"
        assert self.refused(scene, raw, bytes(65)) == "No key signs so."
        assert self.refused(scene, raw, *[bytes(65)] * 6) == "too many signatures"

    def test_must_be_of_the_owners_keys_and_not_more_than_those(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        (of_bob,) = signed(raw, [BOB]).signatures
        foreign = f"{of_bob.hex()} is signed by {to_base58(BOB.address)} but it is not contained of permission."
        assert self.refused(scene, raw, of_bob) == foreign
        twice = signed(raw, [ALICE, ALICE]).signatures
        assert self.refused(scene, raw, *twice) == "Signature count is 2 more than key counts of permission : 1"

    def test_may_count_from_27_and_have_bytes_behind_them(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        made = signed(raw, [ALICE])
        (signature,) = made.signatures
        odd = signature[:64] + bytes([signature[64] + 27]) + b"more"
        assert scene.chain.broadcast(Signed(made.raw_bytes, (odd,))).code is Code.SUCCESS

    def test_are_looked_at_before_the_reference_and_after_the_time(self, scene: Scene) -> None:
        raw = replace(scene.raw(trx(ALICE, BOB)), ref_block_hash=bytes(8))
        assert scene.send(raw).code is Code.SIGERROR
        assert scene.send(replace(raw, expiration_ms=1)).code is Code.TRANSACTION_EXPIRATION_ERROR

    def test_name_a_permission_that_exists(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB), permission_id=3)
        assert self.refused(scene, raw, *signed(raw, [ALICE]).signatures) == "permission isn't exit"


CONTRACTS: list[tuple[Contract, Person, str]] = [
    (TransferTrx(ALICE.address, NO_ADDRESS, 1), ALICE, "Invalid toAddress!"),
    (trx(ALICE, ALICE), ALICE, "Cannot transfer TRX to yourself."),
    (trx(ALICE, BOB, 0), ALICE, "Amount must be greater than 0."),
    (trx(ALICE, BOB, -1), ALICE, "Amount must be greater than 0."),
    (TransferTrx(ALICE.address, TOKEN, 1), ALICE, "Cannot transfer TRX to a smartContract."),
    (trx(ALICE, BOB, 101 * TRX), ALICE, "Validate TransferContract error, balance is not sufficient."),
    (trx(ALICE, CAROL, 99 * TRX), ALICE, "Validate TransferContract error, balance is not sufficient."),
    (trx(ALICE, CAROL, 2**63 - 1), ALICE, "long overflow"),
    (TransferAsset(ALICE.address, NO_ADDRESS, TRC10, 1), ALICE, "Invalid toAddress"),
    (TransferAsset(ALICE.address, ALICE.address, TRC10, 0), ALICE, "Amount must be greater than 0."),
    (TransferAsset(ALICE.address, ALICE.address, TRC10, 1), ALICE, "Cannot transfer asset to yourself."),
    (TransferAsset(ALICE.address, BOB.address, 1_000_001, 1), ALICE, "No asset!"),
    (TransferAsset(BOB.address, ALICE.address, TRC10, 1), BOB, "assetBalance must be greater than 0."),
    (TransferAsset(ALICE.address, BOB.address, TRC10, 1_001), ALICE, "assetBalance is not sufficient."),
    (TransferAsset(ALICE.address, TOKEN, TRC10, 1), ALICE, "Cannot transfer asset to smartContract."),
    (TriggerContract(ALICE.address, BOB.address, b""), ALICE, "No contract or not a valid smart contract"),
    (AccountCreate(ALICE.address, BOB.address), ALICE, "Account has existed"),
    (
        OtherContract(30, b"type.googleapis.com/protocol.CreateSmartContract", b"\x0a\x15" + ALICE.address),
        ALICE,
        NOT_OFFERED.format(30),
    ),
]


class TestAContract:
    @pytest.mark.parametrize(("contract", "signer", "why"), CONTRACTS)
    def test_is_refused_in_the_chains_words_and_changes_nothing(
        self, scene: Scene, contract: Contract, signer: Person, why: str
    ) -> None:
        before = scene.account(ALICE), scene.account(BOB)
        code, message = answered(scene.send(scene.raw(contract), signer))
        assert code is Code.CONTRACT_VALIDATE_ERROR
        assert message == INVALID + why
        assert (scene.account(ALICE), scene.account(BOB)) == before
        assert scene.chain.pending_size() == 0

    def test_of_a_stranger_is_refused_for_want_of_an_account(self, scene: Scene) -> None:
        missing = f"{INVALID}account [{to_base58(CAROL.address)}] does not exist"
        answer = scene.send(scene.raw(trx(CAROL, BOB)), CAROL)
        assert answered(answer) == (Code.CONTRACT_VALIDATE_ERROR, missing)

    def test_names_a_token_by_its_id(self, scene: Scene) -> None:
        value = bytes.fromhex("0a03425454") + b"\x12\x15" + ALICE.address + b"\x1a\x15" + BOB.address + b"\x20\x01"
        by_name = OtherContract(2, b"type.googleapis.com/protocol.TransferAssetContract", value)
        assert answered(scene.send(scene.raw(by_name), ALICE)) == (Code.CONTRACT_VALIDATE_ERROR, INVALID + "No asset!")

    @pytest.mark.parametrize("fee_limit_sun", [-1, 15_000 * TRX + 1])
    def test_limits_its_fee_sensibly(self, scene: Scene, fee_limit_sun: int) -> None:
        call = TriggerContract(ALICE.address, TOKEN, abi.transfer_call(BOB.address, 1))
        answer = scene.send(scene.raw(call, fee_limit_sun=fee_limit_sun), ALICE)
        assert answered(answer) == (
            Code.CONTRACT_VALIDATE_ERROR,
            INVALID + "feeLimit must be >= 0 and <= 15000000000",
        )

    def test_needs_somebody_who_can_pay_for_bandwidth(self) -> None:
        scene = Scene()
        scene.pay(BOB)
        scene.chain.faucet(CAROL.address, trx_sun=270_000)
        scene.block()
        for _ in range(3):  # 600 bytes are free, a transfer takes 265 or a little more
            assert scene.send(scene.raw(trx(CAROL, BOB, 1)), CAROL).code is Code.SUCCESS
            scene.block()
        broke = scene.send(scene.raw(trx(CAROL, BOB, 1)), CAROL)
        assert answered(broke) == (Code.BANDWITH_ERROR, "Account resource insufficient error.")


class TestANode:
    def test_is_busy_with_two_thousand_pending(self) -> None:
        scene = Scene(checks=Checks(pending_at_most=1))
        scene.pay(ALICE)
        answers = [scene.send(scene.raw(trx(ALICE, BOB, number)), ALICE) for number in (1, 2, 3)]
        assert [answer.code for answer in answers] == [Code.SUCCESS, Code.SUCCESS, Code.SERVER_BUSY]
        assert answers[2].message == "Server busy."

    def test_with_a_cache_of_ids_calls_a_refused_transaction_a_duplicate(self) -> None:
        scene = Scene(checks=Checks(is_id_cache_on=True))
        scene.pay(ALICE)
        raw = scene.raw(trx(ALICE, BOB, 10**12))
        assert scene.send(raw, ALICE).code is Code.CONTRACT_VALIDATE_ERROR
        again = (Code.DUP_TRANSACTION_ERROR, "Transaction already exists.")
        assert answered(scene.send(raw, ALICE)) == again
        scene.hand.at_ms += 3_600_001
        assert answered(scene.send(raw, ALICE)) != again

    def test_refuses_while_its_solid_block_lags_too_far_if_it_looks(self) -> None:
        scene = Scene(solid_lag=60, checks=Checks(is_unsolidified_block_refused=True))
        scene.block(52)
        assert scene.send(scene.raw(trx(ALICE, BOB)), ALICE).code is not Code.BLOCK_UNSOLIDIFIED
        scene.block(1)
        assert scene.send(scene.raw(trx(ALICE, BOB)), ALICE).code is Code.BLOCK_UNSOLIDIFIED

    def test_remembers_65536_blocks_for_references(self) -> None:
        parts = Parts(StateFile(None), Clock(Hand()), Parameters(), Checks(), Lags())
        parts.begin_or_load()
        ids = {number: number.to_bytes(8) + bytes([number % 251]) * 24 for number in (5, 6, 5 + 65_536)}
        for number, known in ids.items():
            parts.remember(number, known)
        assert [parts.references.get(ref_of(known, number)[0]) for number, known in ids.items()] == [
            ids[5 + 65_536][8:16],
            ids[6][8:16],
            ids[5 + 65_536][8:16],
        ]
