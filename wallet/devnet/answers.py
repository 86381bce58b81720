"""What the chain answers: plain frozen values. Amounts are whole numbers of the smallest unit, addresses 21 bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from wallet.devnet.parameters import Lags
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import Raw, Signed


class Code(IntEnum):
    """The codes of a broadcast, with java-tron's names (one misspelled there, so here too) and numbers."""

    SUCCESS = 0
    SIGERROR = 1
    CONTRACT_VALIDATE_ERROR = 2
    CONTRACT_EXE_ERROR = 3
    BANDWITH_ERROR = 4
    DUP_TRANSACTION_ERROR = 5
    TAPOS_ERROR = 6
    TOO_BIG_TRANSACTION_ERROR = 7
    TRANSACTION_EXPIRATION_ERROR = 8
    SERVER_BUSY = 9
    NO_CONNECTION = 10
    NOT_ENOUGH_EFFECTIVE_CONNECTION = 11
    BLOCK_UNSOLIDIFIED = 12
    OTHER_ERROR = 20


@dataclass(frozen=True, slots=True)
class BroadcastAnswer:
    """What java-tron says to a broadcast. SUCCESS means accepted to pending, not included."""

    code: Code
    message: str  # plain text; "" on success
    tx_id: bytes


@dataclass(frozen=True, slots=True)
class BlockRef:
    number: int
    id: bytes  # 32 bytes
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class BlockTransaction:
    """One transaction, in a block or pending."""

    tx_id: bytes
    signed: Signed
    raw: Raw
    contract_ret: str  # SUCCESS, REVERT, OUT_OF_ENERGY; "" while pending
    block: BlockRef | None  # None while pending


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    id: bytes
    timestamp_ms: int
    parent_id: bytes
    tx_trie_root: bytes
    witness: Address
    version: int
    witness_signature: bytes  # 65 bytes; b"" for block 0
    transactions: tuple[BlockTransaction, ...]

    @property
    def ref(self) -> BlockRef:
        return BlockRef(self.number, self.id, self.timestamp_ms)


@dataclass(frozen=True, slots=True)
class Log:
    contract: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Info:
    """The receipt of a transaction that is in a block."""

    tx_id: bytes
    block: BlockRef
    fee_sun: int  # all fees together
    net_usage_bytes: int  # paid from free bandwidth
    net_fee_sun: int  # bandwidth that was burned for, or the price of making an account
    contract: Address | None  # of contract calls only, and so are the five below
    energy_usage: int = 0
    energy_fee_sun: int = 0
    result: str = ""  # SUCCESS, REVERT, OUT_OF_ENERGY
    returned: bytes = b""  # what the call returned, or the revert reason
    message: str = ""  # resMessage: why it failed
    logs: tuple[Log, ...] = ()

    @property
    def is_failed(self) -> bool:
        return self.result not in ("", "SUCCESS")


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may sign for an account. Id 0 is the owner's, 2 and above are active ones."""

    id: int
    name: str
    threshold: int
    keys: tuple[tuple[Address, int], ...]  # with their weights
    operations: bytes = b""  # 32 bytes, a bit for each contract type; active permissions only

    def weight_of(self, key: Address) -> int:
        return next((weight for address, weight in self.keys if address == key), 0)


@dataclass(frozen=True, slots=True)
class AccountAnswer:
    address: Address
    balance_sun: int
    created_ms: int
    latest_operation_ms: int
    free_net_usage_bytes: int  # as stored at the latest use, not recovered since
    is_contract: bool
    owner: Permission
    actives: tuple[Permission, ...]
    assets: Mapping[int, int]  # TRC-10 id -> amount; ids once held stay, also with 0


@dataclass(frozen=True, slots=True)
class Resources:
    free_net_used_bytes: int  # recovered up to the head
    free_net_limit_bytes: int
    total_net_limit: int
    total_net_weight: int
    total_energy_limit: int
    total_energy_weight: int


@dataclass(frozen=True, slots=True)
class Asset:
    """One TRC-10 token."""

    id: int
    issuer: Address
    name: str
    abbr: str
    decimals: int
    total_supply: int
    description: str
    url: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class TokenContract:
    """One TRC-20 token. Its ABI is `tokens.ABI`, the same for all."""

    address: Address
    origin: Address
    name: str
    symbol: str
    decimals: int
    total_supply: int
    bytecode: bytes
    code_hash: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """What a constant call gave."""

    returned: bytes
    energy_used: int
    is_reverted: bool
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class SignWeight:
    """How far the signatures of a transaction reach."""

    permission: Permission | None  # None: the account or the permission is not there
    approved: tuple[Address, ...]
    current_weight: int
    code: (
        str  # ENOUGH_PERMISSION, NOT_ENOUGH_PERMISSION, SIGNATURE_FORMAT_ERROR, COMPUTE_ADDRESS_ERROR, PERMISSION_ERROR
    )
    message: str


@dataclass(frozen=True, slots=True)
class Witness:
    address: Address
    url: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Involvement:
    """A transaction of an address (as owner, recipient, contract, or a party of a log), with its receipt."""

    position: int  # within the block
    transaction: BlockTransaction
    info: Info


@dataclass(frozen=True, slots=True)
class Summary:
    """The state of the chain in one look."""

    genesis_id: bytes
    head: BlockRef  # of all blocks, whatever the lags show
    solid: BlockRef
    lags: Lags
    clock_ms: int
    clock_offset_ms: int
    pending: int
    dropped: tuple[bytes, ...]  # transactions that no block will include
    burned_sun: int
    faucet: Address
