"""A TRON development chain: blocks, pending transactions, a faucet, reorgs. One process, one writer, no network.

Thread-safe: every method takes the chain's one lock. Nothing here waits: whoever serves the chain calls `mine(1)` every
few seconds, or only on demand.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from wallet.devnet import broadcasts, faucet, genesis, reorgs
from wallet.devnet.accounts import BURNED_SUN, Value, amount_of
from wallet.devnet.answers import BlockRef, BlockTransaction, BroadcastAnswer, Summary, Witness
from wallet.devnet.clock import Clock, wall_clock_ms
from wallet.devnet.parameters import Checks, Lags, Parameters
from wallet.devnet.parts import STALE_HEAD_MS, Parts
from wallet.devnet.production import make_block, push_again
from wallet.devnet.state_file import StateFile
from wallet.devnet.views import View
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import Signed

MAX_BLOCKS_AT_ONCE = 10_000
_PARAMETERS, _CHECKS, _LAGS = Parameters(), Checks(), Lags()


class Devnet:
    """The chain. With a path, everything but pending transactions survives a restart and a SIGKILL.

    Whatever changes the chain raises StateFileUnwritable if the file takes nothing more; nothing is changed then.
    """

    def __init__(
        self,
        *,
        state_path: Path | None = None,
        clock_ms: Callable[[], int] = wall_clock_ms,
        parameters: Parameters = _PARAMETERS,
        checks: Checks = _CHECKS,
        lags: Lags = _LAGS,
    ) -> None:
        """Open or begin a chain. Raises StateFileRefused.

        A chain whose head is older than half a day makes a block at once: times are judged by the head's.
        """
        self._lock = RLock()
        self._store = StateFile(state_path)
        self._parts = Parts(self._store, Clock(clock_ms), parameters, checks, lags)
        try:
            with self._store.being_opened():
                self._parts.begin_or_load()
            if self._parts.clock.now_ms() - self._parts.head.timestamp_ms > STALE_HEAD_MS:
                self.mine()
        except BaseException:
            self._store.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._store.close()

    def view(self, *, is_solid: bool, lags: Lags | None = None) -> View:
        """Return a view of the chain, at the chain's own lags or at fixed ones (for a second port that lags more)."""
        return View(self._lock, self._parts, is_solid=is_solid, lags=lags)

    def broadcast(self, signed: Signed) -> BroadcastAnswer:
        """Check a transaction as java-tron does, in its order and with its texts, and keep it as pending if it passes.

        Raw bytes that are no transaction answer CONTRACT_VALIDATE_ERROR, “No contract!”, as java-tron does.
        """
        with self._lock:
            return broadcasts.broadcast(self._parts, signed)

    def pending_ids(self) -> tuple[bytes, ...]:
        with self._lock:
            return self._parts.pending.ids()

    def pending_transaction(self, tx_id: bytes) -> BlockTransaction | None:
        with self._lock:
            return self._parts.pending.transaction(tx_id)

    def pending_size(self) -> int:
        return len(self._parts.pending)

    def parameters(self) -> Parameters:
        return self._parts.rules.parameters

    def witnesses(self) -> tuple[Witness, ...]:
        return genesis.WITNESSES

    # From here on: control, which no real chain offers.

    def mine(self, count: int = 1) -> tuple[BlockRef, ...]:
        """Make blocks now. Pending transactions go into the first ones that have room. At most 10,000 at once."""
        if not 1 <= count <= MAX_BLOCKS_AT_ONCE:
            raise ValueError(f"from 1 to {MAX_BLOCKS_AT_ONCE} blocks can be made at once")
        with self._writing() as parts:
            return tuple(
                make_block(parts, max(parts.clock.now_ms(), parts.head.timestamp_ms + 1)) for _ in range(count)
            )

    def faucet(
        self,
        address: Address,
        *,
        trx_sun: int = 0,
        assets: Mapping[int, int] | None = None,
        tokens: Mapping[Address, int] | None = None,
    ) -> tuple[bytes, ...]:
        """Pay from the faucet's account by real transactions; return their ids. They are pending until a block is made.

        Raises FaucetRefused; what was broadcast before that stays.
        """
        with self._lock:
            return faucet.pay(self._parts, address, trx_sun=trx_sun, assets=assets or {}, tokens=tokens or {})

    def reorg(
        self, depth: int, *, drop: bool | Collection[bytes] = False, is_forced: bool = False
    ) -> tuple[BlockRef, ...]:
        """Throw away the newest `depth` blocks and build a branch that is one longer; return its blocks.

        Transactions of the old blocks return to pending and go into the new ones where they are still valid (their
        reference may be gone). `drop` forgets all of them, or those named. Raises ReorgRefused past the solid block
        (the highest ever shown) unless forced.
        """
        with self._lock:
            reorgs.check_depth(self._parts, depth, is_forced=is_forced)
            with self._writing() as parts:
                return reorgs.reorg(parts, depth, drop=drop)

    def drop(self, tx_id: bytes) -> None:
        """Never include this transaction: it stays pending until it expires there. May be said before its broadcast."""
        with self._writing() as parts:
            parts.pending.dropped.add(tx_id)
            parts.save_settings()

    def set_clock_offset(self, offset_ms: int) -> None:
        """Let the chain's clock run this far before the wall clock (or behind). Survives a restart."""
        with self._writing() as parts:
            parts.clock.offset_ms = offset_ms
            parts.save_settings()

    def set_lags(self, lags: Lags) -> None:
        """Set what readers see. The solid block may so move backwards. Until the process ends."""
        with self._writing() as parts:
            parts.lags = lags
            parts.show_solid()
            parts.save_settings()

    def lags(self) -> Lags:
        return self._parts.lags

    def set_checks(self, checks: Checks) -> None:
        with self._lock:
            self._parts.checks = checks

    def reset(self) -> None:
        """Forget everything and begin again at block 0, with the same genesis."""
        with self._lock:
            with self._writing() as parts:
                parts.begin_again()
            self.mine()

    def summary(self) -> Summary:
        with self._lock:
            parts = self._parts
            genesis_id = self._store.id_of(0)
            solid = self._store.ref(parts.solid_number(parts.lags))
            assert genesis_id is not None
            assert solid is not None, "blocks have no gaps"
            return Summary(
                genesis_id=genesis_id,
                head=parts.head,
                solid=solid,
                lags=parts.lags,
                clock_ms=parts.clock.now_ms(),
                clock_offset_ms=parts.clock.offset_ms,
                pending=len(parts.pending),
                dropped=tuple(sorted(parts.pending.dropped)),
                burned_sun=amount_of(parts.state, BURNED_SUN),
                faucet=genesis.FAUCET,
            )

    def written_values(self) -> dict[bytes, Value]:
        """Return the whole state at the head, without what is pending, as it is in the state file. For tests."""
        with self._lock:
            return self._store.values()

    @contextmanager
    def _writing(self) -> Iterator[Parts]:
        """Change the chain wholly or not at all: if it cannot be written, memory follows the file again."""
        with self._lock:
            waiting = self._parts.pending.all()
            try:
                with self._store.writing():
                    yield self._parts
            except BaseException:
                self._parts.load()
                push_again(self._parts, waiting)
                raise
