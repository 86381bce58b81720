"""Accounts with several keys on the development chain."""

import pytest

from tests.devnet_scene import ALICE, BOB, CAROL, TRX, Person, Scene, signed, trx
from wallet.devnet import genesis
from wallet.devnet.answers import Code, SignWeight
from wallet.devnet.permission_updates import CONTRACT_TYPE, UPDATE
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.protobuf import Message, encode
from wallet.domain.tron.transactions import (
    AccountCreate,
    Contract,
    OtherContract,
    Signed,
    TriggerContract,
    decode_raw,
)

TYPE_URL = b"type.googleapis.com/protocol.AccountPermissionUpdateContract"
TOO_LITTLE = "sum of all key's weight should not be less than threshold in permission Owner"
ONE_AT_LEAST = "permission's threshold should be greater than 0"
PAYMENTS_ONLY = bytes.fromhex("06000080").ljust(32, b"\0")  # TRX, TRC-10 and calls


def permission(kind: int, threshold: int, *keys: Person, operations: bytes = b"") -> Message:
    weights = [{"address": key.address, "weight": 1} for key in keys]
    return {"type": kind, "threshold": threshold, "keys": weights, "operations": operations}


ALL_BITS = permission(2, 1, ALICE, operations=b"\xff" * 32)


def weighed(scene: Scene, one: Signed) -> SignWeight:
    return scene.head.sign_weight(one, decode_raw(one.raw_bytes))


def update(owner: Message, active: Message) -> OtherContract:
    values = {"owner_address": ALICE.address, "owner": owner, "actives": [active]}
    return OtherContract(CONTRACT_TYPE, TYPE_URL, encode(UPDATE, values))


@pytest.fixture
def scene() -> Scene:
    """Alice's account: two of three keys for all, Bob's alone for payments."""
    scene = Scene()
    scene.pay(ALICE, 1_000, trc20=100)
    scene.pay(BOB, 1_000)
    contract = update(permission(0, 2, ALICE, BOB, CAROL), permission(2, 1, BOB, operations=PAYMENTS_ONLY))
    assert scene.succeed(contract, ALICE).fee_sun == 100 * TRX
    return scene


class TestAnAccountOfSeveralKeys:
    def test_is_moved_by_enough_of_them_for_a_fee(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        alone = scene.send(raw, ALICE)
        assert (alone.code, alone.message) == (Code.SIGERROR, "Validate signature error: sig error")
        answer = scene.send(raw, ALICE, CAROL)
        assert answer.code is Code.SUCCESS
        scene.block()
        info = scene.head.info(answer.tx_id)
        assert info is not None
        assert info.fee_sun == TRX + info.net_fee_sun

    def test_counts_a_key_once(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        twice = scene.send(raw, ALICE, ALICE)
        assert (twice.code, twice.message.endswith("has signed twice!")) == (Code.SIGERROR, True)

    def test_lets_an_active_permission_do_what_it_may(self, scene: Scene) -> None:
        call = TriggerContract(ALICE.address, genesis.BTT.address, abi.transfer_call(BOB.address, 1))
        contracts: list[Contract] = [trx(ALICE, BOB), call]
        for contract in contracts:
            assert scene.send(scene.raw(contract, permission_id=2), BOB).code is Code.SUCCESS
        made = scene.send(scene.raw(AccountCreate(ALICE.address, CAROL.address), permission_id=2), BOB)
        assert (made.code, made.message) == (Code.SIGERROR, "Validate signature error: Permission denied")

    def test_says_who_may_sign(self, scene: Scene) -> None:
        account = scene.account(ALICE)
        assert account.owner.threshold == 2
        assert [key for key, _ in account.owner.keys] == [ALICE.address, BOB.address, CAROL.address]
        assert [(active.id, active.operations) for active in account.actives] == [(2, PAYMENTS_ONLY)]


class TestTheWeightOfSignatures:
    def test_is_told_as_it_grows(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        none, one, two = (weighed(scene, signed(raw, by)) for by in ([], [ALICE], [ALICE, BOB]))
        assert (none.code, none.current_weight, none.approved) == ("NOT_ENOUGH_PERMISSION", 0, ())
        assert (one.code, one.current_weight, one.approved) == ("NOT_ENOUGH_PERMISSION", 1, (ALICE.address,))
        assert (two.code, two.current_weight) == ("ENOUGH_PERMISSION", 2)
        assert two.permission is not None
        assert two.permission.threshold == 2

    def test_says_what_is_wrong(self, scene: Scene) -> None:
        raw = scene.raw(trx(ALICE, BOB))
        stranger = Person("stranger")
        absent = weighed(scene, signed(scene.raw(trx(stranger, BOB)), [stranger]))
        assert (absent.permission, absent.code, absent.message) == (None, "PERMISSION_ERROR", "Account does not exist!")
        short = weighed(scene, Signed(signed(raw, []).raw_bytes, (b"short",)))
        assert (short.code, short.message) == ("SIGNATURE_FORMAT_ERROR", "Signature size is 5")
        nonsense = weighed(scene, Signed(signed(raw, []).raw_bytes, (bytes(65),)))
        assert nonsense.code == "COMPUTE_ADDRESS_ERROR"
        foreign = weighed(scene, signed(raw, [stranger]))
        assert (foreign.code, to_base58(stranger.address) in foreign.message) == ("PERMISSION_ERROR", True)
        unknown = weighed(scene, signed(scene.raw(trx(ALICE, BOB), permission_id=7), [ALICE]))
        assert (unknown.permission, unknown.code) == (None, "PERMISSION_ERROR")


class TestAnUpdate:
    @pytest.mark.parametrize(
        ("owner", "active", "why"),
        [
            (permission(0, 3, ALICE), None, TOO_LITTLE),
            (permission(0, 0, ALICE), None, ONE_AT_LEAST),
            (permission(0, 1), None, "key's count should be greater than 0"),
            (permission(0, 1, ALICE, ALICE), None, "address should be distinct in permission Owner"),
            (permission(2, 1, ALICE), None, "owner permission type is error"),
            (permission(0, 1, ALICE, operations=PAYMENTS_ONLY), None, "Owner permission needn't operations"),
            (permission(0, 1, ALICE), permission(2, 1, ALICE, operations=b"short"), "operations size must 32"),
            (permission(0, 1, ALICE), ALL_BITS, "7 isn't a validate ContractType"),
            ({**permission(0, 1, ALICE), "permission_name": b"n" * 33}, None, "permission's name is too long"),
            ({**permission(0, 1, ALICE), "permission_name": "ü".encode() * 32, "threshold": 2}, None, TOO_LITTLE),
            ({**permission(0, 1, ALICE), "parent_id": 1}, None, "permission's parent should be owner"),
        ],
    )
    def test_is_refused_when_it_would_lock_the_account_or_makes_no_sense(
        self, owner: Message, active: Message | None, why: str
    ) -> None:
        scene = Scene()
        scene.pay(ALICE)
        contract = update(owner, active or permission(2, 1, ALICE, operations=PAYMENTS_ONLY))
        answer = scene.send(scene.raw(contract), ALICE)
        assert (answer.code, answer.message) == (
            Code.CONTRACT_VALIDATE_ERROR,
            f"Contract validate error : {why}",
        )
