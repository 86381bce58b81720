"""Transactions of somebody who means harm: signed as they should be, with whatever inside."""

from hypothesis import given
from hypothesis import strategies as st

from tests.devnet_replay import check_supply, replayed
from tests.devnet_scene import ALICE, BOB, CAROL, TRX, Scene, signed_bytes
from wallet.devnet import genesis
from wallet.devnet.answers import Code
from wallet.devnet.permission_updates import CONTRACT_TYPE
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import ZERO_ADDRESS, Address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.messages import RAW, VALUES, ContractType
from wallet.domain.tron.protobuf import encode
from wallet.domain.tron.transactions import Signed

ADDRESSES = [BOB.address] * 9 + [ALICE.address, CAROL.address, genesis.FAUCET, genesis.BTT.address, ZERO_ADDRESS, b"A"]
OWNERS = [ALICE.address] * 9 + [BOB.address, b"\x42" * 21]
EXTREMES = [-(2**63), -1, 0, 2**63 - 1, genesis.TRC10_ID]
SELECTORS = [abi.TRANSFER, abi.TRANSFER_FROM, abi.APPROVE, abi.ALLOWANCE, abi.NAME, b"\0\0\0\0"]
addresses = st.sampled_from(ADDRESSES)
amounts = st.one_of(st.integers(1, 900), st.sampled_from(EXTREMES))
rare = st.one_of(*[st.just(0)] * 5, amounts)
words = st.one_of(
    addresses.map(lambda address: bytes(12) + address[-20:]),
    st.integers(0, 900).map(abi.uint_word),
    st.binary(max_size=40),
)
contents = st.fixed_dictionaries(
    {
        "owner_address": st.sampled_from(OWNERS),
        "to_address": addresses,
        "account_address": st.sampled_from([CAROL.address, BOB.address, b""]),
        "contract_address": st.sampled_from([genesis.BTT.address] * 5 + [genesis.FAKE_BTT.address, BOB.address]),
        "asset_name": st.sampled_from([b"1002000"] * 5 + [b"BTT", b"", b"9" * 30, b"1002278"]),
        "amount": amounts,
        "call_value": rare,
        "call_token_value": rare,
        "token_id": st.sampled_from([0, genesis.TRC10_ID]),
        "type": rare,
        "data": st.builds(
            lambda selector, *rest: selector + b"".join(rest), st.sampled_from(SELECTORS), words, words, words
        ),
    }
)


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, object]:
    kind = draw(st.sampled_from([*ContractType] * 3 + [CONTRACT_TYPE, 30, 99]))
    value = encode(VALUES[kind], draw(contents)) if isinstance(kind, ContractType) else draw(st.binary(max_size=60))
    name = kind.name if isinstance(kind, ContractType) else "AccountPermissionUpdateContract"
    value += draw(st.sampled_from([b""] * 9 + [b"\xff"]))
    parameter = {"type_url": f"type.googleapis.com/protocol.{name}".encode(), "value": value}
    return {"type": int(kind), "parameter": parameter, "Permission_id": draw(st.sampled_from([0] * 7 + [2, 3, -1]))}


class TestAnythingSigned:
    @given(
        sent=st.lists(
            st.tuples(
                st.one_of(*[st.lists(contracts(), min_size=1, max_size=1)] * 5, st.lists(contracts(), max_size=2)),
                st.one_of(*[st.just(20 * TRX)] * 3, amounts),
                st.binary(max_size=2),
            ),
            min_size=1,
            max_size=8,
        )
    )
    def test_is_answered_and_neither_makes_nor_loses_anything(
        self, sent: list[tuple[list[dict[str, object]], int, bytes]]
    ) -> None:
        scene = Scene()
        scene.pay(ALICE, trc10=1_000, trc20=1_000)
        scene.pay(BOB)
        named = scene.head.tip()
        reference, digest = ref_of(named.id, named.number)
        for inside, fee_limit_sun, memo in sent:
            values = {
                "ref_block_bytes": reference,
                "ref_block_hash": digest,
                "expiration": named.timestamp_ms + 60_000,
                "contract": inside,
                "data": memo,
                "fee_limit": fee_limit_sun,
            }
            made = signed_bytes(encode(RAW, values), [ALICE])
            answer = scene.chain.broadcast(made)
            assert answer.code is Code.SUCCESS or answer.message
            assert (made.tx_id in scene.chain.pending_ids()) == (
                answer.code in (Code.SUCCESS, Code.DUP_TRANSACTION_ERROR)
            )
        scene.block()
        assert scene.chain.written_values() == dict(replayed(scene.head).items())
        check_supply(scene.chain.written_values())

    @given(raw_bytes=st.binary(max_size=200), signatures=st.lists(st.binary(max_size=70), max_size=3))
    def test_and_anything_unsigned_too(self, raw_bytes: bytes, signatures: list[bytes]) -> None:
        scene = Scene()
        answer = scene.chain.broadcast(Signed(raw_bytes, tuple(signatures)))
        assert answer.code is not Code.SUCCESS
        assert scene.head.account(Address(raw_bytes)) is None
