"""How fast the codec is: a transaction to its bytes and id, and back."""

import time

from wallet.domain.tron import abi
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import (
    Contract,
    Raw,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    decode_raw,
    encode_raw,
    tx_id,
)

COUNT = 30_000
_OWNER, _TO, _TOKEN = (Address(b"\x41" + bytes([number]) * 20) for number in (1, 2, 3))


def measure() -> dict[str, int]:
    """Return how many transactions a second one process encodes and names, and how many it reads."""
    contracts: list[Contract] = [
        TransferTrx(_OWNER, _TO, 1_000_000),
        TransferAsset(_OWNER, _TO, 1_002_000, 5_000_000),
        TriggerContract(_OWNER, _TOKEN, abi.transfer_call(_TO, 10**18)),
    ]
    raws = [
        Raw(b"\x00\x01", bytes(range(8)), 1_700_000_060_000, 1_700_000_000_000 + number, contracts[number % 3])
        for number in range(COUNT)
    ]
    began_s = time.perf_counter()
    written = [encode_raw(raw) for raw in raws]
    ids = {tx_id(raw_bytes) for raw_bytes in written}
    written_s = time.perf_counter() - began_s
    assert len(ids) == COUNT
    began_s = time.perf_counter()
    assert [decode_raw(raw_bytes) for raw_bytes in written] == raws
    return {
        "codec_per_s": round(COUNT / written_s),
        "codec_read_per_s": round(COUNT / (time.perf_counter() - began_s)),
    }
