"""Reading the chain. A view ends at a height: the head's also shows what is pending, the solid one ends `lag` earlier."""

from collections.abc import Sequence

from wallet.devnet.answers import (
    AccountAnswer,
    Asset,
    Block,
    BlockRef,
    BlockTransaction,
    Call,
    Contract,
    Info,
    Involvement,
    Resources,
    SignWeight,
)
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import AnyContract, Signed


class NoContract(LookupError):
    """Smart contract is not exist."""


class CallReverted(Exception):
    """REVERT opcode executed"""

    def __init__(self, returned: bytes) -> None:
        super().__init__("REVERT opcode executed")
        self.returned = returned


class View:
    """The chain up to a height. Get one from `Devnet.view`; it follows the chain and can be kept. Thread-safe."""

    def tip(self) -> BlockRef:
        """Return the newest block of this view."""
        raise NotImplementedError

    def block(self, number: int) -> Block | None:
        raise NotImplementedError

    def block_by_id(self, block_id: bytes) -> Block | None:
        raise NotImplementedError

    def blocks(self, first: int, end: int) -> list[Block]:
        """Return the blocks from `first` up to, not including, `end` that exist. At most 100, else ValueError."""
        raise NotImplementedError

    def transaction(self, tx_id: bytes) -> BlockTransaction | None:
        """Return a transaction of a block; the head's view (without a head lag) knows pending ones too."""
        raise NotImplementedError

    def info(self, tx_id: bytes) -> Info | None:
        """Return the receipt of a transaction once it is in a block of this view."""
        raise NotImplementedError

    def infos(self, number: int) -> list[Info]:
        """Return the receipts of a block, in its order."""
        raise NotImplementedError

    def history(
        self, address: Address, *, limit: int, before: tuple[int, int] | None = None, is_oldest_first: bool = False
    ) -> list[Involvement]:
        """Return transactions that touch an address, newest first unless told otherwise.

        `before` is (block number, position) of the last one of the page before this.
        """
        raise NotImplementedError

    def account(self, address: Address) -> AccountAnswer | None:
        raise NotImplementedError

    def resources(self, address: Address) -> Resources | None:
        raise NotImplementedError

    def token_balance(self, contract: Address, holder: Address) -> int:
        raise NotImplementedError

    def allowance(self, contract: Address, owner: Address, spender: Address) -> int:
        raise NotImplementedError

    def assets(self) -> Sequence[Asset]:
        raise NotImplementedError

    def asset(self, asset_id: int) -> Asset | None:
        raise NotImplementedError

    def contracts(self) -> Sequence[Contract]:
        raise NotImplementedError

    def contract(self, address: Address) -> Contract | None:
        raise NotImplementedError

    def constant_call(self, *, owner: Address, contract: Address, data: bytes, call_value_sun: int = 0) -> Call:
        """Run a call and forget what it wrote. Raises NoContract."""
        raise NotImplementedError

    def estimate_energy(self, *, owner: Address, contract: Address, data: bytes, call_value_sun: int = 0) -> int:
        """Return the energy that a call needs. Raises NoContract and CallReverted."""
        raise NotImplementedError

    def why_not(self, contract: AnyContract) -> str | None:
        """Return why a contract cannot be built now, in java-tron's words without the prefix, or None if it can."""
        raise NotImplementedError

    def sign_weight(self, signed: Signed) -> SignWeight:
        """Weigh the signatures of a transaction (getsignweight, getapprovedlist)."""
        raise NotImplementedError
