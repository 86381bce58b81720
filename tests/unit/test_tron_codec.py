"""The codec: what was written is read back, and whatever a stranger sends is read or refused, never anything else."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chain_draws import addresses, raws, results, signed
from wallet.chain.shapes import transaction_of
from wallet.domain.tron import blocks, json_forms, keys, layout, protobuf, transactions
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import Header
from wallet.domain.tron.json_forms import BadShape, NoContract, SeveralContracts, UnknownContract
from wallet.domain.tron.messages import RAW, RESULT, ContractType
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import (
    OtherContract,
    Raw,
    Result,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
)

OWNER = Address(b"\x41" + b"\x01" * 20)
RECIPIENT = Address(b"\x41" + b"\x02" * 20)
RAW_OF_TRX = Raw(b"\x00\x01", b"\x01" * 8, 1_700_000_060_000, 1_700_000_000_000, TransferTrx(OWNER, RECIPIENT, 5))

integers = st.integers(-(2**63), 2**63 - 1)
headers = st.builds(
    Header,
    number=st.integers(0, 2**63 - 1),
    timestamp_ms=integers,
    parent_id=st.binary(min_size=32, max_size=32),
    tx_trie_root=st.binary(min_size=32, max_size=32),
    witness=addresses,
    version=st.integers(0, 100),
    witness_id=integers,
    account_state_root=st.binary(max_size=32),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(["0x", "41", "1e3"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """Draw a transaction in JSON with one value of it replaced by something else."""
    raw = draw(raws())
    form = json_forms.transaction_to_json(
        Signed(transactions.encode_raw(raw), (bytes(65),)), visible=draw(st.booleans()), result=Result()
    )
    inside: Any = form
    while True:
        key = draw(st.sampled_from(sorted(inside) if isinstance(inside, dict) else range(len(inside))))
        if isinstance(inside[key], dict | list) and inside[key] and draw(st.booleans()):
            inside = inside[key]
            continue
        inside[key] = draw(json_values)
        return form


def _plain(raw: Raw) -> Raw:
    """Return it with nothing that is rare."""
    contract = raw.contract
    if isinstance(contract, TriggerContract):
        contract = replace(contract, call_value=0, call_token_value=0, token_id=0)
    return replace(raw, contract=contract, memo=b"", permission_id=0)


plain_raws = raws().map(_plain)


@st.composite
def almost(draw: st.DrawFn, of: st.SearchStrategy[Raw] = raws()) -> bytes:  # noqa: B008 # it is drawn from, not kept
    """Draw the bytes of a transaction with a few of them lost, doubled or changed."""
    content = bytearray(transactions.encode_raw(draw(of)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1))
        content[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(content)


def _is_usual(raw: Raw, raw_bytes: bytes) -> bool:
    contract = raw.contract
    if isinstance(contract, TransferTrx):
        is_whole = contract.amount_sun > 0
    elif isinstance(contract, TransferAsset):
        is_whole = contract.amount > 0
    else:
        is_whole = isinstance(contract, TriggerContract) and contract.data != b""
    return is_whole and raw.expiration_ms > 0 and raw.timestamp_ms > 0 and len(raw_bytes) <= layout.MAX_BYTES


class TestATransaction:
    @given(raws())
    def test_comes_back_from_its_bytes_and_from_both_forms(self, raw: Raw) -> None:
        raw_bytes = transactions.encode_raw(raw)
        assert transactions.decode_raw(raw_bytes) == raw
        for visible in (True, False):
            form = json.loads(json.dumps(json_forms.raw_to_json(raw, visible=visible)))
            assert json_forms.raw_from_json(form) == raw

    @given(plain_raws)
    def test_of_the_usual_layout_is_read_in_one_look(self, raw: Raw) -> None:
        raw_bytes = transactions.encode_raw(raw)
        assert (layout.usual(raw_bytes) is not None) == _is_usual(raw, raw_bytes)
        assert transactions.decode_raw(raw_bytes) == transactions.decode_raw_by_fields(raw_bytes) == raw

    @given(st.one_of(almost(), almost(plain_raws)))
    def test_is_read_alike_in_one_look_and_by_its_fields(self, raw_bytes: bytes) -> None:
        if layout.usual(raw_bytes) is not None:
            assert transactions.decode_raw(raw_bytes) == transactions.decode_raw_by_fields(raw_bytes)

    @given(signed, results)
    def test_comes_back_with_signatures_and_result(self, one: Signed, result: Result | None) -> None:
        assert transactions.decode_transaction(transactions.encode_transaction(one, result)) == (one, result)

    @given(raws(), results)
    def test_is_shown_as_it_is_read(self, raw: Raw, result: Result | None) -> None:
        one = Signed(transactions.encode_raw(raw), (bytes(65), b"\x01" * 65))
        for visible in (True, False):
            form = json.loads(json.dumps(json_forms.transaction_to_json(one, visible=visible, result=result)))
            assert transaction_of(form) == (one, result)
            assert json_forms.posted_from_json(form, visible=visible) == (one, raw)
            assert form["txID"] == one.tx_id.hex()

    def test_is_read_in_any_spelling_of_hex_and_of_numbers(self) -> None:
        form = json_forms.raw_to_json(RAW_OF_TRX, visible=False)
        form["ref_block_bytes"] = "0x001"
        form["expiration"] = str(form["expiration"])
        value = form["contract"][0]["parameter"]["value"]
        value["owner_address"] = "0X" + value["owner_address"].upper()
        value["amount"] = "5"
        assert json_forms.raw_from_json(form) == RAW_OF_TRX

    @pytest.mark.parametrize("amount", [5.0, True, "5.0", "1e3", "", 2**63, [5]])
    def test_has_no_amount_that_is_no_whole_number(self, amount: object) -> None:
        form = json_forms.raw_to_json(RAW_OF_TRX, visible=False)
        form["contract"][0]["parameter"]["value"]["amount"] = amount
        with pytest.raises(BadShape, match="amount"):
            json_forms.raw_from_json(form)

    def test_names_a_token_by_its_id_alone(self) -> None:
        raw = Raw(b"", b"", 0, 0, TransferAsset(OWNER, RECIPIENT, 1002000, 5))
        form = json_forms.raw_to_json(raw, visible=False)
        value = form["contract"][0]["parameter"]["value"]
        for name in ("31303032303030", "0x31303032303030", "1002000"):
            assert json_forms.raw_from_json(_with(form, name)) == raw
        for no_hex in ("BTT", "1002000.0", 1002000):
            with pytest.raises(BadShape, match="asset_name"):
                json_forms.raw_from_json(_with(form, no_hex))
        assert value["asset_name"] == "31303032303030"

    def test_of_a_token_named_by_text_or_by_hex_is_read_as_it_is_said_to_be_written(self) -> None:
        raw = Raw(b"", b"", 0, 0, TransferAsset(OWNER, RECIPIENT, 1002000, 5))
        form = json_forms.raw_to_json(raw, visible=False)
        for name, visible in (("1002000", True), ("31303032303030", False), ("0x31303032303030", False)):
            assert json_forms.raw_from_json(_with(form, name), visible=visible) == raw
        for other, visible in ((b"BTT".hex(), False), ("BTT", True), ("ü", True), ("1002000", False)):
            contract = json_forms.raw_from_json(_with(form, other), visible=visible).contract
            assert isinstance(contract, OtherContract), "a name that is no id names no token"
            shown = json_forms.raw_to_json(replace(raw, contract=contract), visible=visible)
            assert int(shown["contract"][0]["parameter"]["value"]["amount"]) == 5

    def test_has_exactly_one_contract_of_a_known_kind(self) -> None:
        form = json_forms.raw_to_json(RAW_OF_TRX, visible=False)
        for contracts, kind in (
            ([], NoContract),
            (form["contract"] * 2, SeveralContracts),
            ([{"type": "VoteAssetContract"}], UnknownContract),
        ):
            with pytest.raises(kind):
                json_forms.raw_from_json({**form, "contract": contracts})


def _with(form: json_forms.Json, name: object) -> json_forms.Json:
    contract = form["contract"][0]
    value = {**contract["parameter"]["value"], "asset_name": name}
    return {**form, "contract": [{**contract, "parameter": {**contract["parameter"], "value": value}}]}


class TestForeignBytes:
    def test_are_read_as_any_conforming_parser_reads_them(self) -> None:
        expected = transactions.encode_raw(RAW_OF_TRX)
        unknown = [
            b"\x98\x06\x05",  # an integer in field 99
            b"\x99\x06" + bytes(8),
            b"\x9d\x06" + bytes(4),
            b"\x9a\x06\x02no",
            b"\x9b\x06\x9b\x06\x9a\x06\x02no\x9c\x06\x9c\x06",  # groups in each other
            b"\x0d" + bytes(4),  # a known field of another kind
        ]
        for field in unknown:
            assert transactions.decode_raw(field + expected + field) == RAW_OF_TRX
            assert transactions.encode_raw(transactions.decode_raw(field + expected)) == expected
        earlier = protobuf.encode(RAW, {"ref_block_bytes": b"no", "expiration": 1})
        assert transactions.decode_raw(earlier + expected) == RAW_OF_TRX
        assert transactions.decode_raw(expected[14:] + expected[:14]) == RAW_OF_TRX

    def test_of_a_message_that_comes_in_two_parts_are_one(self) -> None:
        content = protobuf.encode(RAW, {"contract": [{"parameter": {"value": b"v"}}]})
        one = protobuf.decode(RAW, content)["contract"][0]
        parts = b"\x12\x03\x0a\x01u" + b"\x12\x03\x12\x01v"
        assert protobuf.decode(RAW, b"\x5a" + bytes([len(parts)]) + parts)["contract"][0] == {
            "parameter": {"type_url": b"u", **one["parameter"]}
        }

    def test_of_an_unknown_or_senseless_contract_are_carried_along(self) -> None:
        for contract in (
            OtherContract(4, b"type.googleapis.com/protocol.VoteWitnessContract", b"\x0a\x01x"),
            OtherContract(ContractType.TransferContract, b"type.googleapis.com/protocol.Other", b""),
            OtherContract(ContractType.TransferContract, b"type.googleapis.com/protocol.TransferContract", b"\x0a\x05"),
            OtherContract(
                ContractType.TransferAssetContract,
                b"type.googleapis.com/protocol.TransferAssetContract",
                b"\x0a\x0801002000",
            ),
        ):
            raw = Raw(b"", b"", 1, 1, contract)
            raw_bytes = transactions.encode_raw(raw)
            assert transactions.decode_raw(raw_bytes) == raw
            shown = json_forms.raw_to_json(raw, visible=True)["contract"][0]
            assert shown["type"] == contract.type_url.decode().rpartition(".")[2]

    def test_name_a_contract_behind_any_slash(self) -> None:
        other = transactions.encode_raw(RAW_OF_TRX).replace(b"type.googleapis.com/", b"type.googleapis.net/")
        assert transactions.decode_raw(other) == RAW_OF_TRX
        assert transactions.encode_raw(RAW_OF_TRX) != other

    def test_count_below_zero_as_above(self) -> None:
        for value in (-1, -(2**63), 2**63 - 1, 127, 128):
            assert protobuf.decode(RESULT, protobuf.encode(RESULT, {"fee": value})) == {"fee": value}
        for value in (2**63, -(2**63) - 1):
            with pytest.raises(BadMessage, match="64 bits"):
                protobuf.encode(RESULT, {"fee": value})

    @pytest.mark.parametrize(
        "content",
        [
            b"\x08",
            b"\x08" + b"\xff" * 10 + b"\x01",
            b"\x0a\x05no",
            b"\x9a\x06\x05no",
            b"\x00\x00",
            b"\x9c\x06",
            b"\x9b\x06",
            b"\x9b\x06\xa4\x06",
            b"\x9b\x06" * 40,
            b"\x9f\x06",
            b"\x5a\x00\x5a\x00",
        ],
        ids=lambda content: content[:8].hex(),
    )
    def test_without_sense_are_refused(self, content: bytes) -> None:
        with pytest.raises(BadMessage):
            transactions.decode_raw(content)

    def test_beyond_all_measure_are_not_looked_at(self) -> None:
        for read, size in (
            (transactions.decode_raw, transactions.MAX_TRANSACTION_BYTES),
            (transactions.decode_transaction, transactions.MAX_TRANSACTION_BYTES),
            (blocks.decode_header, protobuf.MAX_BYTES),
        ):
            with pytest.raises(BadMessage, match="bytes"):
                read(bytes(size + 1))
        with pytest.raises(BadMessage, match="elements"):
            transactions.decode_transaction(b"\x12\x00" * (protobuf.MAX_ELEMENTS + 1))
        with pytest.raises(BadMessage, match="one result"):
            transactions.decode_transaction(b"\x2a\x00\x2a\x00")

    @given(st.one_of(st.binary(max_size=200), almost()))
    def test_are_never_anything_else_than_read_or_refused(self, content: bytes) -> None:
        for read in (transactions.decode_raw, transactions.decode_transaction, blocks.decode_header):
            try:
                read(content)
            except BadMessage:
                continue

    @given(almost())
    def test_that_are_read_are_written_in_one_way(self, content: bytes) -> None:
        try:
            raw = transactions.decode_raw(content)
        except BadMessage:
            return
        assert transactions.decode_raw(transactions.encode_raw(raw)) == raw

    @given(spoilt())
    def test_in_json_are_never_anything_else_than_read_or_refused(self, form: Any) -> None:
        for read in (transaction_of, json_forms.posted_from_json):
            try:
                read(form)
            except BadShape:
                continue

    @given(json_values)
    def test_in_any_json_are_refused(self, form: Any) -> None:
        for read in (transaction_of, json_forms.posted_from_json, json_forms.raw_from_json):
            with pytest.raises(BadShape):
                read(form)
        for read_part in (json_forms.header_from_json, json_forms.result_from_json):
            try:
                read_part(form)
            except BadShape:
                continue

    @pytest.mark.parametrize(
        "field",
        [{"signature": ["00"] * 65}, {"ret": [{}, {}]}, {"raw_data_hex": "0" * 1_100_000}, {"ret": [{"ret": "x"}]}],
    )
    def test_in_json_have_limits(self, field: json_forms.Json) -> None:
        one = Signed(transactions.encode_raw(RAW_OF_TRX))
        with pytest.raises(BadShape, match=next(iter(field))):
            transaction_of({**json_forms.transaction_to_json(one, visible=False), **field})


class TestAHeader:
    @given(headers)
    def test_comes_back_from_its_bytes_and_from_both_forms(self, header: Header) -> None:
        assert blocks.decode_header(blocks.encode_header(header)) == header
        for visible in (True, False):
            form = json.loads(json.dumps(json_forms.header_to_json(header, visible=visible)))
            assert json_forms.header_from_json(form) == header
        assert blocks.number_of(blocks.block_id(header)) == header.number

    def test_has_a_tree_whose_odd_leaf_goes_up_as_it_is(self) -> None:
        one, two, three = b"one", b"two", b"three"
        leaves = [keys.sha256(content) for content in (one, two, three)]
        pair = keys.sha256(leaves[0] + leaves[1])
        assert blocks.tx_trie_root([one]) == leaves[0]
        assert blocks.tx_trie_root([one, two]) == pair
        assert blocks.tx_trie_root([one, two, three]) == keys.sha256(pair + leaves[2])
        assert blocks.tx_trie_root([]) == bytes(32)
