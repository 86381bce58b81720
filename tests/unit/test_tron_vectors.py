"""The codec against what real chains hold: ids of blocks and transactions, and who signed them, byte for byte."""

import json
from pathlib import Path
from typing import Any

import pytest

from wallet.domain.tron import abi, blocks, json_forms, keys, transactions
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import Header
from wallet.domain.tron.transactions import (
    Raw,
    Result,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    bandwidth_bytes,
    decode_raw,
    encode_raw,
    tx_id,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "tron.json").read_text())

OWNER = Address(bytes.fromhex("41e2e1a54926527fbb4e4420de4c6bab82beaee24d"))
RECIPIENT = Address(bytes.fromhex("419705bf55c3dcc6d277ebb8fe2a68762268822ba2"))
TOKEN = Address(b"\x41" + b"\x11" * 20)

CALL_DATA = "37383d0e" + "00000000000000000000000000000000000000000000000000000188349354c9"
CALL = TriggerContract(
    owner=Address(bytes.fromhex("41fcf7ab2a2fb29362babd41647a22b223f7fbedec")),
    contract=Address(bytes.fromhex("41c3c5115bd3f5cfe5559c634eeb250f339ae3e29c")),
    data=bytes.fromhex(CALL_DATA),
)
CALL_SIGNATURE = bytes.fromhex(
    "95874b4774ba56125dfd7bf2a99a0652d4abda98c6977e3f417852b7ea6f2b81"
    "ff2f260df473d186be9586b6bbeb74b5382d7f058593fd72fb60da5d0f77f77100"
)
CALL_RAW = Raw(
    bytes.fromhex("c362"),
    bytes.fromhex("4ddf60f936a910d9"),
    expiration_ms=1684509366000,
    timestamp_ms=1684509306936,
    contract=CALL,
    fee_limit_sun=150_000_000,
)
CALL_BLOCK = Header(
    number=33801077,
    timestamp_ms=1684509309000,
    parent_id=bytes.fromhex("000000000203c3741f9a08f594934bd26df95cc6c49b475d118e3a87aed5a4a4"),
    tx_trie_root=bytes.fromhex("30fe6502e11e110fa389d5c17e1cf53fa8df93f26297d9f27cd8c07d3558d722"),
    witness=Address(bytes.fromhex("41e71c365c9dbf284ca8c1eed2d7877638941b9011")),
    version=27,
)


def made(contract: transactions.Contract, *, memo: bytes = b"", permission_id: int = 0, fee_limit_sun: int = 0) -> Raw:
    return Raw(
        bytes.fromhex("0001"),
        bytes.fromhex("0102030405060708"),
        expiration_ms=1700000060000,
        timestamp_ms=1700000000000,
        contract=contract,
        memo=memo,
        permission_id=permission_id,
        fee_limit_sun=fee_limit_sun,
    )


class TestABlockOfARealChain:
    @pytest.mark.parametrize("vector", VECTORS["headers"], ids=lambda vector: str(vector["raw_data"]["number"]))
    def test_has_the_id_and_the_witness_that_the_chain_knows(self, vector: dict[str, Any]) -> None:
        header = json_forms.header_from_json(vector["raw_data"])
        assert blocks.block_id(header).hex() == vector["block_id"]
        assert blocks.number_of(blocks.block_id(header)) == vector["raw_data"]["number"]
        signature = bytes.fromhex(vector["witness_signature"])
        assert keys.recover(blocks.header_hash(header), signature).hex() == vector["raw_data"]["witness_address"]
        assert json_forms.header_to_json(header, visible=False) == vector["raw_data"]
        assert json_forms.header_from_json(json_forms.header_to_json(header, visible=True)) == header
        assert blocks.decode_header(blocks.encode_header(header)) == header

    def test_has_one_that_its_only_transaction_leads_to(self) -> None:
        in_block = transactions.encode_transaction(Signed(encode_raw(CALL_RAW), (CALL_SIGNATURE,)), Result())
        assert blocks.tx_trie_root([in_block]) == CALL_BLOCK.tx_trie_root
        expected = "000000000203c375c7521ef953106e9a112e1902664a91becc5f40371a7397d7"
        assert blocks.block_id(CALL_BLOCK).hex() == expected
        signature = bytes.fromhex(
            "cb4845bbd745f620852a1a54a955cee0d1aecc209f2f96e9b4ea53bf3d2ceb0f"
            "665fa07a5e870fcf9c6b98110a33d5bba5f35b588cc4123394b7e9f439fe265301"
        )
        assert keys.recover(blocks.header_hash(CALL_BLOCK), signature) == CALL_BLOCK.witness

    def test_has_the_same_id_without_transactions_and_without_a_version(self) -> None:
        header = Header(
            number=2657,
            timestamp_ms=1529899509000,
            parent_id=bytes.fromhex("0000000000000a6023d563b1a2e1e0eb49cb40226eb553e6dc006e723395d588"),
            tx_trie_root=blocks.tx_trie_root([]),
            witness=Address(bytes.fromhex("411661f25387370c9cd3a9a5d97e60ca90f4844e7e")),
        )
        expected = "0000000000000a611841e6cd79f99249d7e974e41c0f5b016eb3c64e43fcb01c"
        assert blocks.block_id(header).hex() == expected
        assert [part.hex() for part in blocks.ref_of(bytes.fromhex(expected), 2657)] == ["0a61", "1841e6cd79f99249"]


class TestATransactionOfARealChain:
    @pytest.mark.parametrize("vector", VECTORS["transactions"], ids=lambda vector: vector["txid"][:8])
    def test_has_the_id_and_the_signer_that_the_chain_knows(self, vector: dict[str, Any]) -> None:
        raw = json_forms.raw_from_json(vector["raw_data"])
        raw_bytes = encode_raw(raw)
        assert tx_id(raw_bytes).hex() == vector["txid"]
        (signature,) = vector["signature"]
        owner = vector["raw_data"]["contract"][0]["parameter"]["value"]["owner_address"]
        assert keys.recover(tx_id(raw_bytes), bytes.fromhex(signature)).hex() == owner
        assert decode_raw(raw_bytes) == raw

    def test_has_them_as_a_call_of_a_contract_too(self) -> None:
        identity = tx_id(encode_raw(CALL_RAW))
        assert identity.hex() == "31370141e3345421bdb92eff72f0d69aba8d04e636317ed52745d3f97e9faabb"
        assert keys.recover(identity, CALL_SIGNATURE) == CALL.owner
        assert keys.recover(identity, CALL_SIGNATURE[:64] + b"\x1b and more") == CALL.owner


class TestAMadeTransaction:
    ROWS = [
        (
            made(TransferTrx(OWNER, RECIPIENT, 1_000_000)),
            "2003bc73dac57c7731a0db56676ecd177a22fe8d3db4e90ea1207875361dbdb5",
            133,
            267,
        ),
        (
            made(TransferAsset(OWNER, RECIPIENT, 1002000, 5_000_000)),
            "4f70e76e77f64ed303df768d20783be2ead4d1f16825669b49cab4c451c7505b",
            148,
            282,
        ),
        (
            made(TransferAsset(OWNER, RECIPIENT, 1002000, 5_000_000), memo=b"order 7", permission_id=2),
            "23f458bf998ea1851cc381b9a286dc3043a29f28075ad40d254b738ad7393aee",
            159,
            293,
        ),
        (
            made(TriggerContract(OWNER, TOKEN, abi.transfer_call(RECIPIENT, 10**18)), fee_limit_sun=20_000_000),
            "d63cc68d8ebcb7f5bb619659a07922f1045fbb77c90a1dfc28fe935bcb8b9a8e",
            211,
            345,
        ),
    ]

    @pytest.mark.parametrize(("raw", "identity", "size", "charged"), ROWS)
    def test_is_those_bytes(self, raw: Raw, identity: str, size: int, charged: int) -> None:
        raw_bytes = encode_raw(raw)
        assert (tx_id(raw_bytes).hex(), len(raw_bytes)) == (identity, size)
        assert bandwidth_bytes(Signed(raw_bytes, (bytes(65),))) == charged
        assert decode_raw(raw_bytes) == raw

    def test_is_written_in_no_other_way(self) -> None:
        assert encode_raw(self.ROWS[1][0]).hex() == (
            "0a0200012208010203040506070840e0a499ffbc315a76080212720a32747970652e676f6f676c65617069732e636f6d2f70"
            "726f746f636f6c2e5472616e736665724173736574436f6e7472616374123c0a0731303032303030121541e2e1a549265"
            "27fbb4e4420de4c6bab82beaee24d1a15419705bf55c3dcc6d277ebb8fe2a68762268822ba220c096b1027080d095ffbc31"
        )

    def test_stands_under_a_made_header_with_that_id(self) -> None:
        header = Header(7, 1700000000000, (6).to_bytes(8) + b"\xab" * 24, bytes(32), OWNER, 31)
        expected = "000000000000000745df02ecb24939dc93a05f0ecec821a774ca5cd7bc859703"
        assert blocks.block_id(header).hex() == expected
