"""A TRON development chain: blocks, pending transactions, a faucet, reorgs. One process, one writer, no network.

Thread-safe: every method takes the chain's one lock. Nothing here waits: whoever serves the chain calls `mine(1)` every
few seconds, or only on demand.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from wallet.devnet.answers import BlockRef, BlockTransaction, BroadcastAnswer, Summary, Witness
from wallet.devnet.parameters import Checks, Lags, Parameters
from wallet.devnet.views import View
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import Signed


class ReorgRefused(Exception):
    """A reorg cannot go this deep: there are not so many blocks, or it would undo a solid one (say force)."""


class FaucetRefused(Exception):
    """The faucet has no such asset or contract, or not so much, or the address is one it cannot pay."""


class Devnet:
    """The chain. With a path, everything but pending transactions survives a restart and a SIGKILL."""

    def __init__(
        self,
        *,
        state_path: Path | None = None,
        clock_ms: Callable[[], int] | None = None,  # the wall clock by default; tests hand in theirs
        parameters: Parameters = Parameters(),
        checks: Checks = Checks(),
        lags: Lags = Lags(),
    ) -> None:
        """Open or begin a chain. Raises StateFileInUse and StateFileUnreadable (see state_file)."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def view(self, *, is_solid: bool, lags: Lags | None = None) -> View:
        """Return a view of the chain, at the chain's own lags or at fixed ones (for a second port that lags more)."""
        raise NotImplementedError

    def broadcast(self, signed: Signed) -> BroadcastAnswer:
        """Check a transaction as java-tron does, in its order and with its texts, and keep it as pending if it passes.

        Raw bytes that are no transaction answer CONTRACT_VALIDATE_ERROR, “No contract!”, as a real node does.
        """
        raise NotImplementedError

    def pending_ids(self) -> tuple[bytes, ...]:
        raise NotImplementedError

    def pending_transaction(self, tx_id: bytes) -> BlockTransaction | None:
        raise NotImplementedError

    def pending_size(self) -> int:
        raise NotImplementedError

    def parameters(self) -> Parameters:
        raise NotImplementedError

    def witnesses(self) -> tuple[Witness, ...]:
        raise NotImplementedError

    # From here on: control, which no real node offers.

    def mine(self, count: int = 1) -> tuple[BlockRef, ...]:
        """Make blocks now. Pending transactions go into the first ones that have room. At most 10,000 at once."""
        raise NotImplementedError

    def faucet(
        self,
        address: Address,
        *,
        trx_sun: int = 0,
        assets: Mapping[int, int] | None = None,
        tokens: Mapping[Address, int] | None = None,
    ) -> tuple[bytes, ...]:
        """Pay from the faucet's account by real transactions; return their ids. They are pending until a block is made.

        Raises FaucetRefused; what was already broadcast then stays.
        """
        raise NotImplementedError

    def reorg(
        self, depth: int, *, drop: bool | Collection[bytes] = False, is_forced: bool = False
    ) -> tuple[BlockRef, ...]:
        """Throw away the newest `depth` blocks and build a branch that is one longer; return its blocks.

        Transactions of the old blocks return to pending and go into the new ones where they are still valid (their
        reference may be gone). `drop` forgets all of them, or those named. Raises ReorgRefused past the solid block
        (the highest ever shown) unless forced.
        """
        raise NotImplementedError

    def drop(self, tx_id: bytes) -> None:
        """Never include this transaction: it stays pending until it expires there. May be said before its broadcast."""
        raise NotImplementedError

    def set_clock_offset(self, offset_ms: int) -> None:
        """Let the chain's clock run this far before the wall clock (or behind). Survives a restart."""
        raise NotImplementedError

    def set_lags(self, lags: Lags) -> None:
        """Set what readers see. The solid block may so move backwards. Survives a restart."""
        raise NotImplementedError

    def lags(self) -> Lags:
        raise NotImplementedError

    def set_checks(self, checks: Checks) -> None:
        raise NotImplementedError

    def reset(self) -> None:
        """Forget everything and begin again at block 0, with the same genesis."""
        raise NotImplementedError

    def summary(self) -> Summary:
        raise NotImplementedError
