"""A chain with people on it, fake or a real devnet over HTTP, behind the same few words."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tests.devnet import devnet_here, private_key
from wallet.chain.fake import FAUCET_KEY, FakeChain
from wallet.chain.fake_endpoint import FakeEndpoint
from wallet.chain.port import BroadcastAnswer, ChainEndpoint
from wallet.chain.transport import Transport
from wallet.chain.tronpy_endpoint import TronpyEndpoint
from wallet.domain.networks import DEVNET
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.keys import address_of_key, sign
from wallet.domain.tron.transactions import (
    Contract,
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    encode_raw,
    encode_transaction,
)

ASSETS = DEVNET.assets
FEE_LIMIT_SUN = 50_000_000
LIFE_MS = 60_000
TRX = 1_000_000  # sun
PATIENCE_S = 60.0  # on a slow machine


class ChainBox(ABC):
    """Blocks come on demand, and are solid two later. `rich_key` has plenty of everything."""

    endpoint: ChainEndpoint
    rich_key: bytes
    _tag = 0

    @property
    def rich(self) -> Address:
        return address_of_key(self.rich_key)

    @abstractmethod
    def mine(self, count: int = 1) -> None: ...

    @abstractmethod
    def reorg(self, depth: int, *, drop: Collection[bytes] = ()) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def signed(self, contract: Contract, key: bytes | None = None, *, life_ms: int = LIFE_MS) -> Signed:
        heights = self.endpoint.heights()
        ref_block_bytes, ref_block_hash = ref_of(heights.solid.id, heights.solid.number)
        self._tag += 1  # so that equal payments are two transactions
        raw_bytes = encode_raw(
            Raw(
                ref_block_bytes=ref_block_bytes,
                ref_block_hash=ref_block_hash,
                expiration_ms=heights.head.timestamp_ms + life_ms,
                timestamp_ms=heights.head.timestamp_ms + self._tag,
                contract=contract,
                fee_limit_sun=FEE_LIMIT_SUN if isinstance(contract, TriggerContract) else 0,
            )
        )
        signed = Signed(raw_bytes)
        return Signed(raw_bytes, (sign(key or self.rich_key, signed.tx_id),))

    def offer(self, contract: Contract, key: bytes | None = None, *, life_ms: int = LIFE_MS) -> BroadcastAnswer:
        return self.endpoint.broadcast(encode_transaction(self.signed(contract, key, life_ms=life_ms)))

    def send(self, contract: Contract, key: bytes | None = None) -> bytes:
        answer = self.offer(contract, key)
        assert answer.code == "SUCCESS", answer
        assert answer.tx_id
        return answer.tx_id

    def pay_trx(self, to: Address, amount_sun: int) -> bytes:
        return self.send(TransferTrx(self.rich, to, amount_sun))

    def pay_asset(self, to: Address, amount: int) -> bytes:
        return self.send(TransferAsset(self.rich, to, ASSETS.trc10_id, amount))

    def pay_token(self, to: Address, amount: int, key: bytes | None = None) -> bytes:
        owner = address_of_key(key or self.rich_key)
        return self.send(TriggerContract(owner, ASSETS.trc20_contract, transfer_call(to, amount)), key)

    def settle(self) -> int:
        """Make what is pending solid; return the number of the newest solid block."""
        self.mine(3)
        return self.endpoint.heights().solid.number


class FakeBox(ChainBox):
    def __init__(self) -> None:
        self.fake = FakeChain(solid_lag=2)
        self.endpoint = FakeEndpoint(self.fake)
        self.rich_key = FAUCET_KEY

    def mine(self, count: int = 1) -> None:
        self.fake.mine(count)

    def reorg(self, depth: int, *, drop: Collection[bytes] = ()) -> None:
        self.fake.reorg(depth, drop=drop)

    def close(self) -> None: ...


class DevnetBox(ChainBox):
    def __init__(self, *, with_second_port: bool = False) -> None:
        self._stack = ExitStack()
        self.rich_key = private_key("somebody rich")
        self.devnet = self._stack.enter_context(devnet_here(keys=[self.rich_key], with_second_port=with_second_port))
        self.endpoint = self.endpoint_at(self.devnet.url)
        self.settle()

    def endpoint_at(self, url: str, *, patience_s: float = PATIENCE_S) -> TronpyEndpoint:
        endpoint = TronpyEndpoint(Transport(url, quiet_s=patience_s, whole_answer_s=patience_s))
        self._stack.callback(endpoint.close)
        return endpoint

    def mine(self, count: int = 1) -> None:
        self.devnet.mine(count)

    def reorg(self, depth: int, *, drop: Collection[bytes] = ()) -> None:
        self.devnet.reorg(depth, drop=[tx_id.hex() for tx_id in drop])

    def close(self) -> None:
        self._stack.close()
