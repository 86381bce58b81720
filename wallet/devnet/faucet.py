"""Money for nothing: real transactions of the account that holds all there was at the beginning."""

from collections.abc import Iterator, Mapping

from wallet.devnet import genesis
from wallet.devnet.answers import Code
from wallet.devnet.broadcasts import MAX_EXPIRATION_MS, broadcast
from wallet.devnet.parts import Parts
from wallet.domain.tron.abi import BadAbi, transfer_call
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.keys import sign
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import (
    Contract,
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    encode_raw,
    tx_id,
)

LIFE_MS = 60_000
FEE_LIMIT_SUN = 100_000_000


class FaucetRefused(Exception):
    """The faucet has no such token, or not so much, or cannot pay this address: why stands in the text."""


def pay(
    parts: Parts, address: Address, *, trx_sun: int, assets: Mapping[int, int], tokens: Mapping[Address, int]
) -> tuple[bytes, ...]:
    """Broadcast what it takes; return the ids. Raises FaucetRefused."""
    return tuple(
        _paid(parts, contract) for contract in _contracts(address, trx_sun=trx_sun, assets=assets, tokens=tokens)
    )


def _contracts(
    address: Address, *, trx_sun: int, assets: Mapping[int, int], tokens: Mapping[Address, int]
) -> Iterator[Contract]:
    if trx_sun:
        yield TransferTrx(genesis.FAUCET, address, trx_sun)
    for asset_id, amount in assets.items():
        yield TransferAsset(genesis.FAUCET, address, asset_id, amount)
    for token, amount in tokens.items():
        try:
            yield TriggerContract(genesis.FAUCET, token, transfer_call(address, amount))
        except BadAbi as problem:
            raise FaucetRefused(str(problem)) from None


def _paid(parts: Parts, contract: Contract) -> bytes:
    head_ms, now_ms = parts.head.timestamp_ms, parts.clock.now_ms()
    block_id = parts.store.id_of(parts.solid_number(parts.lags))
    assert block_id is not None, "blocks have no gaps"
    reference, digest = ref_of(block_id, parts.solid_number(parts.lags))
    timestamp_ms = max(now_ms, head_ms)
    while True:
        raw = Raw(
            ref_block_bytes=reference,
            ref_block_hash=digest,
            expiration_ms=min(max(now_ms, head_ms) + LIFE_MS, head_ms + MAX_EXPIRATION_MS),
            timestamp_ms=timestamp_ms,
            contract=contract,
            fee_limit_sun=FEE_LIMIT_SUN if isinstance(contract, TriggerContract) else 0,
        )
        try:
            raw_bytes = encode_raw(raw)
        except BadMessage as problem:
            raise FaucetRefused(str(problem)) from None
        answer = broadcast(parts, Signed(raw_bytes, (sign(genesis.FAUCET_KEY, tx_id(raw_bytes)),)))
        if answer.code is Code.SUCCESS:
            return answer.tx_id
        if answer.code is not Code.DUP_TRANSACTION_ERROR:
            raise FaucetRefused(f"The faucet cannot pay: {answer.message}")
        timestamp_ms += 1  # the same payment was made in this millisecond
