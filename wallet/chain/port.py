"""The chain as we see it: frozen values, few errors, and what an endpoint must be able to do.

ChainError
  ChainUnreachable   no answer in time: ask again later, or somebody else
    ChainBusy        the endpoint asks us to wait
  BadAnswer          an answer that is none: malformed, or not all that was asked for; ask again
  ChainLied          an answer that contradicts itself, another endpoint or what we know: an alarm, never money
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import Raw

MAX_BLOCKS = 100  # of one read: what java-tron gives at once
MAX_FEE_LIMIT_SUN = 15_000_000_000  # of one call, where a chain does not say otherwise


class ChainError(Exception):
    """The chain could not be read. The message names the endpoint; its words are kept, and said again to readers."""

    def __init__(self, endpoint: str, why: str) -> None:
        super().__init__(f"{endpoint}: {why}")
        self.endpoint = endpoint
        self.why = why


class ChainUnreachable(ChainError):
    """No answer in time. What was asked may have been done all the same."""


class ChainBusy(ChainUnreachable):
    """The endpoint has had enough of us for a while."""


class BadAnswer(ChainError):
    """An answer without use: malformed, too large, or less than was asked for."""


class CallFails(ChainError):
    """The contract call would fail on the chain, for the reason that it gives."""


class ChainLied(ChainError):
    """An answer that cannot be true: hashes, numbers or another endpoint contradict it. Stop and tell a person."""


class OtherNetwork(ChainLied):
    """The endpoint is of another network than ours."""


@dataclass(frozen=True, slots=True)
class BlockRef:
    number: int
    id: bytes
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Heights:
    head: BlockRef
    solid: BlockRef  # cannot be taken back any more


@dataclass(frozen=True, slots=True)
class ChainTransaction:
    tx_id: bytes  # the SHA-256 of raw_bytes, computed here
    raw_bytes: bytes
    raw: Raw
    signatures: tuple[bytes, ...]
    contract_ret: str  # SUCCESS, REVERT, OUT_OF_ENERGY …; empty while it is in no block


@dataclass(frozen=True, slots=True)
class Block:
    """A block whose number, parent, id, Merkle root and transaction ids were all recomputed and agree."""

    number: int
    id: bytes
    parent_id: bytes
    timestamp_ms: int
    witness: Address
    header: bytes  # BlockHeader.raw: its SHA-256 makes the id
    transactions: tuple[ChainTransaction, ...]

    @property
    def ref(self) -> BlockRef:
        return BlockRef(self.number, self.id, self.timestamp_ms)


@dataclass(frozen=True, slots=True)
class Log:
    address: Address  # of the contract that wrote it
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class InternalTransfer:
    """What a contract has paid while it ran."""

    sender: Address
    recipient: Address
    amount: int
    asset_id: int | None  # None is TRX
    rejected: bool  # it was undone


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction in a block. No hash covers it: what it says is one endpoint's word."""

    tx_id: bytes
    block_number: int
    failed: bool  # the whole transaction: a contract call that reverted or ran out
    contract_result: str  # SUCCESS, REVERT …; empty for what calls no contract
    fee_sun: int  # all that its owner has paid in TRX
    net_fee_sun: int = 0
    net_usage_bytes: int = 0
    energy_fee_sun: int = 0
    energy_usage: int = 0
    logs: tuple[Log, ...] = ()
    internal: tuple[InternalTransfer, ...] = ()
    message: str = ""  # why it failed

    @property
    def succeeded(self) -> bool:
        return not self.failed and self.contract_result in ("", "SUCCESS")


@dataclass(frozen=True, slots=True)
class ChainAccount:
    """An account as it stands at the endpoint's head, what is pending included."""

    address: Address
    exists: bool
    balance_sun: int = 0
    assets: Mapping[int, int] = field(default_factory=dict)  # TRC-10 id: amount
    is_contract: bool = False


@dataclass(frozen=True, slots=True)
class Resources:
    free_bandwidth_left: int = 0  # bytes of today
    staked_bandwidth_left: int = 0
    energy_left: int = 0


@dataclass(frozen=True, slots=True)
class ChainParameters:
    """What the chain charges now."""

    transaction_fee_sun: int  # for each byte
    energy_fee_sun: int  # for each unit of energy
    create_account_fee_sun: int  # in place of bandwidth when the recipient is new
    new_account_fee_sun: int  # on top of that
    memo_fee_sun: int = 0
    multi_sign_fee_sun: int = 0
    max_fee_limit_sun: int = MAX_FEE_LIMIT_SUN


@dataclass(frozen=True, slots=True)
class TokenFacts:
    name: str
    symbol: str
    decimals: int
    total: int  # in its smallest unit


class BroadcastCode(StrEnum):
    """An endpoint's answer to a broadcast. None proves that the transaction is, or will never be, in a block."""

    SUCCESS = "SUCCESS"
    SIGERROR = "SIGERROR"
    CONTRACT_VALIDATE_ERROR = "CONTRACT_VALIDATE_ERROR"
    CONTRACT_EXE_ERROR = "CONTRACT_EXE_ERROR"
    BANDWITH_ERROR = "BANDWITH_ERROR"  # sic
    DUP_TRANSACTION_ERROR = "DUP_TRANSACTION_ERROR"
    TAPOS_ERROR = "TAPOS_ERROR"
    TOO_BIG_TRANSACTION_ERROR = "TOO_BIG_TRANSACTION_ERROR"
    TRANSACTION_EXPIRATION_ERROR = "TRANSACTION_EXPIRATION_ERROR"
    SERVER_BUSY = "SERVER_BUSY"
    NO_CONNECTION = "NO_CONNECTION"
    NOT_ENOUGH_EFFECTIVE_CONNECTION = "NOT_ENOUGH_EFFECTIVE_CONNECTION"
    BLOCK_UNSOLIDIFIED = "BLOCK_UNSOLIDIFIED"
    OTHER_ERROR = "OTHER_ERROR"
    UNKNOWN = "UNKNOWN"  # no answer, garbage, a code that nobody knows, another transaction's id: anything may be true


@dataclass(frozen=True, slots=True)
class BroadcastAnswer:
    endpoint: str
    code: BroadcastCode
    message: str = ""
    tx_id: bytes | None = None  # what the endpoint calls it
    names_another: bool = False  # that is not what its bytes make: the endpoint lies, and the code is UNKNOWN


class ChainEndpoint(Protocol):
    """One server of the chain. All methods but `broadcast` raise ChainError; all have a limit in size and in time."""

    @property
    def name(self) -> str:
        """Return what a person knows it by; never a secret that its address may carry."""

    @property
    def server(self) -> str:
        """Return what stands behind it. Endpoints of one server can only repeat each other."""

    def genesis_id(self) -> bytes: ...

    def heights(self) -> Heights: ...

    def block_ref(self, number: int, *, solid: bool = True) -> BlockRef | None:
        """Return what it holds at that height without the transactions, None above its height."""

    def blocks(self, first: int, last: int, *, solid: bool = True) -> tuple[Block, ...]:
        """Return all blocks from first to last, at most MAX_BLOCKS.

        Number, parent, id, Merkle root and transaction ids are recomputed. Raises BadAnswer if the last ones are
        missing, ChainLied for any other difference.
        """

    def receipts(self, block: Block, *, solid: bool = True) -> tuple[Receipt, ...]:
        """Return one receipt for each of the block's transactions, in their order.

        Raises BadAnswer when there are fewer, ChainLied when they belong to others.
        """

    def transaction(self, tx_id: bytes, *, solid: bool) -> ChainTransaction | None:
        """Return the transaction; not `solid` finds also what is pending."""

    def receipt(self, tx_id: bytes, *, solid: bool) -> Receipt | None:
        """Return its receipt once it is in a block; `solid` once that block is."""

    def account(self, address: Address) -> ChainAccount: ...

    def resources(self, address: Address) -> Resources: ...

    def parameters(self) -> ChainParameters: ...

    def token_balance(self, contract: Address, owner: Address) -> int: ...

    def token_facts(self, contract: Address) -> TokenFacts:
        """Return what the contract says of itself. Raises CallFails if it is none."""

    def asset_facts(self, asset_id: int) -> TokenFacts | None: ...

    def estimate_energy(self, owner: Address, contract: Address, data: bytes) -> int:
        """Return what the call would use now. Raises CallFails if it would fail."""

    def broadcast(self, signed_bytes: bytes) -> BroadcastAnswer:
        """Hand a signed transaction in. Never raises for what the endpoint does: doubt is BroadcastCode.UNKNOWN."""

    def close(self) -> None:
        """Let go of connections. Whoever asks again opens new ones."""
