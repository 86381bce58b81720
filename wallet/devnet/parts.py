"""The parts of a chain, put together: what is in memory follows from the state file, always."""

import json
from dataclasses import asdict

from wallet.devnet import genesis
from wallet.devnet.answers import BlockRef
from wallet.devnet.clock import Clock
from wallet.devnet.execution import Candidate, Rules
from wallet.devnet.parameters import Checks, Lags, Parameters
from wallet.devnet.pending import Pending
from wallet.devnet.state import State
from wallet.devnet.state_file import StateFile, StateFileUnreadable
from wallet.devnet.written import block_of
from wallet.domain.tron.blocks import block_id, header_hash, ref_of
from wallet.domain.tron.keys import sign

REFERENCES = 65_536  # newest blocks that a transaction may name: as many as two bytes can tell apart
UNDO_BLOCKS = 256  # newest blocks that can be undone, and looked behind
STALE_HEAD_MS = 12 * 3_600_000  # a head this old is followed by a block at once, or wall-clock expirations are too far


class Parts:
    def __init__(self, store: StateFile, clock: Clock, parameters: Parameters, checks: Checks, lags: Lags) -> None:
        self.store = store
        self.clock = clock
        self.rules = Rules(parameters, genesis.ASSETS, genesis.CONTRACTS, genesis.GENESIS_MS)
        self.checks = checks
        self.lags = lags
        self.pending = Pending()
        self.state = State()
        self.references: dict[bytes, bytes] = {}
        self.head = BlockRef(0, bytes(32), 0)
        self.branch = 0  # how many reorgs there were: blocks of another branch have other witnesses, so other ids
        self.highest_shown_solid = 0

    def begin_or_load(self) -> None:
        if self.store.height() is None:
            with self.store.writing():
                self._begin()
        self.load()

    def _begin(self) -> None:
        """Write block 0."""
        header = genesis.genesis_header()
        signature = sign(genesis.WITNESS_KEYS[0], header_hash(header))
        self.store.add_block(block_of(header, block_id(header), signature, ()), (), (), {})
        self.store.forget_layers([0])
        self.store.put_values(dict(genesis.genesis_values()))
        self.save_settings()

    def begin_again(self) -> None:
        """Forget all blocks and settings but the lags. To be called within `store.writing()`."""
        self.store.remove_all()
        self.pending = Pending()
        self.clock.offset_ms = 0
        self.branch = self.highest_shown_solid = 0
        self._begin()
        self.load()

    def load(self) -> None:
        """Make memory follow the state file. Pending transactions are not in it."""
        height = self.store.height()
        if height is None or self.store.id_of(0) != block_id(genesis.genesis_header()):
            raise StateFileUnreadable(StateFileUnreadable.__doc__)
        self.state = State(self.store.values())
        self.state.height = height
        for number, layer in self.store.layers():
            self.state.adopt(number, layer)
        self.references = {}
        for number, known in reversed(self.store.newest_ids(REFERENCES)):
            self.remember(number, known)
        head = self.store.ref(height)
        assert head is not None, "the highest block is there"
        self.head = head
        self._load_settings()
        self.show_solid()

    def save_settings(self) -> None:
        settings = {
            "clock_offset_ms": self.clock.offset_ms,
            "lags": asdict(self.lags),
            "branch": self.branch,
            "highest_shown_solid": self.highest_shown_solid,
            "dropped": [tx_id.hex() for tx_id in self.pending.dropped],
        }
        self.store.set_setting("chain", json.dumps(settings))

    def _load_settings(self) -> None:
        settings = json.loads(self.store.setting("chain") or "{}")
        self.clock.offset_ms = settings["clock_offset_ms"]
        self.branch = settings["branch"]
        self.highest_shown_solid = settings["highest_shown_solid"]
        self.pending.dropped = {bytes.fromhex(tx_id) for tx_id in settings["dropped"]}

    def head_number(self, lags: Lags) -> int:
        """Return the newest block that is shown."""
        return max(self.head.number - lags.head, self.state.lowest_height(), 0)

    def solid_number(self, lags: Lags) -> int:
        number = self.head.number - lags.solid
        if lags.solid_held_at is not None:
            number = min(number, lags.solid_held_at)
        return max(number, self.state.lowest_height(), 0)

    def show_solid(self) -> None:
        """Note how high the solid block was ever shown: no reorg goes below, unless forced."""
        self.highest_shown_solid = max(self.highest_shown_solid, self.solid_number(self.lags))

    def remember(self, number: int, known: bytes) -> None:
        reference, digest = ref_of(known, number)
        self.references[reference] = digest

    def forget_reference(self, number: int) -> None:
        """Undo `remember` of a block that is thrown away: the two bytes name an older block again."""
        older = self.store.id_of(number - REFERENCES)
        reference = (number & 0xFFFF).to_bytes(2)
        if older is None:
            self.references.pop(reference, None)
        else:
            self.references[reference] = older[8:16]

    def knows_reference(self, candidate: Candidate) -> bool:
        return self.references.get(candidate.raw.ref_block_bytes) == candidate.raw.ref_block_hash
