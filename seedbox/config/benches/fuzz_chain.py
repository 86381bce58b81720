"""What a stranger of the chain may write: answers of an endpoint, bytes of a transaction, addresses of people."""

from collections.abc import Callable, Mapping
from typing import Any

from seedbox.config.benches import fuzz_mutations as mutations
from seedbox.config.benches.fuzz_mutations import Target
from wallet.chain.port import Block, BroadcastAnswer, BroadcastCode, ChainError, ChainTransaction
from wallet.chain.transport import Transport
from wallet.chain.tronpy_endpoint import TronpyEndpoint
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import ZERO_ADDRESS, BadAddress, parse_address, to_base58, to_hex
from wallet.domain.tron.blocks import number_of
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import OtherContract, Raw, decode_raw, decode_transaction, encode_raw, tx_id

# With a transaction: nobody is asked for the receipts of a block that has none.
_FULL = Block(
    3,
    bytes(32),
    bytes(32),
    0,
    ZERO_ADDRESS,
    b"",
    (ChainTransaction(bytes(32), b"", Raw(b"", b"", 0, 0, OtherContract(0, b"", b"")), (), ""),),
)


class _Canned(Transport):
    """Answers everything with the same bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__("http://node.example")
        self._data = data

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        return self._data


def chain_answer(data: bytes) -> None:
    endpoint = TronpyEndpoint(_Canned(data))
    questions: tuple[Callable[[], object], ...] = (
        endpoint.heights,
        lambda: _check_blocks(endpoint.blocks(1, 2)),
        lambda: endpoint.receipts(_FULL),
        lambda: endpoint.transaction(bytes(32), solid=True),
        lambda: endpoint.receipt(bytes(32), solid=False),
        lambda: endpoint.account(ZERO_ADDRESS),
        lambda: endpoint.resources(ZERO_ADDRESS),
        endpoint.parameters,
        lambda: endpoint.token_facts(DEVNET.assets.trc20_contract),
        lambda: endpoint.asset_facts(DEVNET.assets.trc10_id),
        lambda: endpoint.estimate_energy(ZERO_ADDRESS, ZERO_ADDRESS, b"what"),
        lambda: _check_broadcast(endpoint.broadcast(b"")),
    )
    for question in questions:
        try:
            question()
        except ChainError as problem:
            assert str(problem).isprintable(), "words that no page can show"


def _check_blocks(blocks: tuple[Block, ...]) -> None:
    assert [block.number for block in blocks] == [1, 2], "blocks that nobody asked for"
    assert all(number_of(block.id) == block.number for block in blocks), "an id that its header does not make"


def _check_broadcast(answer: BroadcastAnswer) -> None:
    assert answer.code in BroadcastCode, "a code that nobody knows"
    assert answer.message.isprintable(), "words that no page can show"


def chain_transaction(data: bytes) -> None:
    signed, _ = decode_transaction(data)
    raw = decode_raw(signed.raw_bytes)
    assert decode_raw(encode_raw(raw)) == raw, "bytes that mean something else the second time"
    assert len(tx_id(signed.raw_bytes)) == 32


def chain_address(data: bytes) -> None:
    address = parse_address(data.decode(errors="surrogateescape"))
    assert parse_address(to_base58(address)) == parse_address(to_hex(address)) == address, "two addresses for one"


CHAIN_TARGETS = (
    Target(
        "chain_answer",
        chain_answer,
        mutations.mutate_json,
        (),
        (b"raw_data_hex", b"block_header", b"constant_result", b"txID", b"result", b"Error", b"0x", b"contractRet"),
    ),
    Target("chain_transaction", chain_transaction, mutations.mutate_bytes, (BadMessage,), (b"\x0a\x84\x01", b"\x5a")),
    Target("chain_address", chain_address, mutations.mutate_bytes, (BadAddress,), (b"T", b"41", b"0x41", b"1")),
)
