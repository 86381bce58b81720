"""A view on the fake chain with faults of its own: what an endpoint may get wrong, by mistake or on purpose."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from wallet.chain.fake import PARAMETERS, FakeChain
from wallet.chain.fake_execution import ENERGY_TO_HOLDER, ENERGY_TO_NEW_HOLDER, FREE_BANDWIDTH_BYTES, USED_BANDWIDTH
from wallet.chain.port import (
    BadAnswer,
    Block,
    BlockRef,
    BroadcastAnswer,
    BroadcastCode,
    CallFails,
    ChainAccount,
    ChainBusy,
    ChainError,
    ChainLied,
    ChainParameters,
    ChainTransaction,
    ChainUnreachable,
    Heights,
    Receipt,
    Resources,
    TokenFacts,
)
from wallet.chain.verification import check_range, check_receipts, check_run
from wallet.domain.tron.abi import decode_transfer_call
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import decode_transaction


@dataclass(frozen=True, slots=True)
class BroadcastFault:
    """What the next broadcast does. Whether the chain gets it and what is answered are two things."""

    answer: BroadcastCode = BroadcastCode.UNKNOWN
    accepted: bool = False
    included: bool = True  # an accepted one that is not stays away from all blocks
    tx_id: bytes | None = None  # another transaction's, as the answer has it


SWALLOWED = BroadcastFault(BroadcastCode.SUCCESS, accepted=True, included=False)
TIMED_OUT = BroadcastFault()
ACCEPTED_BUT_TIMED_OUT = BroadcastFault(accepted=True)
WRONG_ID = BroadcastFault(accepted=True, tx_id=bytes(32))


class BlockFault(StrEnum):
    """What is wrong with the blocks of an answer."""

    EMPTY = "empty"
    MISSING = "missing"  # the one in the middle
    CUT = "cut"  # the last one
    DOUBLED = "doubled"
    UNORDERED = "unordered"


class Problem(StrEnum):
    """What an endpoint does in place of answering."""

    AWAY = "away"
    BUSY = "busy"
    GARBAGE = "garbage"
    LIE = "lie"  # what no honest endpoint could say


_PROBLEMS: dict[Problem, tuple[type[ChainError], str]] = {
    Problem.AWAY: (ChainUnreachable, "no answer in time"),
    Problem.BUSY: (ChainBusy, "asks us to wait"),
    Problem.GARBAGE: (BadAnswer, "the answer is no JSON"),
    Problem.LIE: (ChainLied, "the answer contradicts itself"),
}


class FakeEndpoint:
    """An endpoint of the port. Faults are attributes that tests set; all are off at first."""

    def __init__(self, chain: FakeChain, name: str = "fake") -> None:
        self.chain = chain  # another one of the same network makes this endpoint a liar with right hashes
        self._name = name
        self.problem: Problem | None = None  # of every read, until it is taken away
        self.receipts_problem: Problem | None = None  # the same of receipts alone
        self.problems: deque[Problem] = deque()  # of the next reads, one each
        self.broadcast_faults: deque[BroadcastFault] = deque()
        self.block_fault: BlockFault | None = None
        self.genesis: bytes | None = None
        self.lag = 0  # blocks that it is behind, also with what is solid
        self.hides: set[bytes] = set()  # transactions that it does not know, wherever they are
        self.short_receipts = False
        self.forged_receipts: dict[bytes, Receipt] = {}
        self.remembers_refused = False  # and calls them doubled when they come again
        self.reads = 0
        self._refused: set[bytes] = set()

    @property
    def name(self) -> str:
        return self._name

    @property
    def server(self) -> str:
        return self._name

    def genesis_id(self) -> bytes:
        self._read()
        return self.genesis or self._at(0).id

    def heights(self) -> Heights:
        self._read()
        return Heights(self._at(self._top(solid=False)).ref, self._at(self._top(solid=True)).ref)

    def block_ref(self, number: int, *, solid: bool = True) -> BlockRef | None:
        self._read()
        return self._at(number).ref if number <= self._top(solid=solid) else None

    def blocks(self, first: int, last: int, *, solid: bool = True) -> tuple[Block, ...]:
        check_range(first, last)
        self._read()
        found = [self._at(number) for number in range(first, min(last, self._top(solid=solid)) + 1)]
        return check_run(self.name, first, last, _with_fault(found, self.block_fault))

    def receipts(self, block: Block, *, solid: bool = True) -> tuple[Receipt, ...]:
        self._read(self.receipts_problem)
        if block.number > self._top(solid=solid):
            raise BadAnswer(self.name, f"block {block.number} is not there yet")
        found = [self.forged_receipts.get(one.tx_id, one) for one in self.chain.receipts(block.number)]
        return check_receipts(self.name, block, found[:-1] if self.short_receipts else found)

    def transaction(self, tx_id: bytes, *, solid: bool) -> ChainTransaction | None:
        self._read()
        if tx_id in self.hides:
            return None
        found = self.chain.find(tx_id)
        if found is None or found[1].block_number > self._top(solid=solid):
            return None if solid else self.chain.find_pending(tx_id)
        return found[0]

    def receipt(self, tx_id: bytes, *, solid: bool) -> Receipt | None:
        self._read()
        found = self.chain.find(tx_id)
        if found is None or tx_id in self.hides or found[1].block_number > self._top(solid=solid):
            return None
        return self.forged_receipts.get(tx_id, found[1])

    def account(self, address: Address) -> ChainAccount:
        self._read()
        books = self.chain.books
        return ChainAccount(
            address=address,
            exists=books.exists(address),
            balance_sun=books.amount(address),
            assets=books.assets(address),
            is_contract=address in self.chain.execution.tokens,
        )

    def resources(self, address: Address) -> Resources:
        self._read()
        return Resources(FREE_BANDWIDTH_BYTES - self.chain.books.amount(address, USED_BANDWIDTH))

    def parameters(self) -> ChainParameters:
        self._read()
        return PARAMETERS

    def token_balance(self, contract: Address, owner: Address) -> int:
        self._read()
        return self.chain.books.amount(owner, contract)

    def token_facts(self, contract: Address) -> TokenFacts:
        self._read()
        if contract not in self.chain.execution.tokens:
            raise CallFails(self.name, "there is no such contract")
        return TokenFacts("BitTorrent", "BTT", 18, 990 * 10**30)

    def asset_facts(self, asset_id: int) -> TokenFacts | None:
        self._read()
        if asset_id != self.chain.network.assets.trc10_id:
            return None
        return TokenFacts("BitTorrent", "BTT", 6, 990 * 10**15)

    def estimate_energy(self, owner: Address, contract: Address, data: bytes) -> int:
        self._read()
        transfer = decode_transfer_call(data)
        if transfer is None or contract not in self.chain.execution.tokens:
            raise CallFails(self.name, "no such function")
        if transfer[0] in self.chain.refused_receivers:
            raise CallFails(self.name, "the token does not serve this receiver")
        if self.chain.books.amount(owner, contract) < transfer[1]:
            raise CallFails(self.name, "transfer amount exceeds balance")
        return ENERGY_TO_HOLDER if self.chain.books.amount(transfer[0], contract) else ENERGY_TO_NEW_HOLDER

    def broadcast(self, signed_bytes: bytes) -> BroadcastAnswer:
        if self.problem is not None:
            return BroadcastAnswer(self.name, BroadcastCode.UNKNOWN, _PROBLEMS[self.problem][1])
        try:
            tx_id = decode_transaction(signed_bytes)[0].tx_id
        except BadMessage as problem:
            return BroadcastAnswer(self.name, BroadcastCode.OTHER_ERROR, str(problem))
        if self.broadcast_faults:
            fault = self.broadcast_faults.popleft()
            if fault.accepted:
                self.chain.accept(signed_bytes, included=fault.included)
            elif self.remembers_refused:
                self._refused.add(tx_id)
            named = None if fault.answer is BroadcastCode.UNKNOWN else tx_id
            return BroadcastAnswer(
                self.name, fault.answer, "as the test wants it", fault.tx_id or named, fault.tx_id is not None
            )
        if tx_id in self._refused:
            return BroadcastAnswer(self.name, BroadcastCode.DUP_TRANSACTION_ERROR, "Transaction already exists.", tx_id)
        code, message = self.chain.accept(signed_bytes)
        if code is not BroadcastCode.SUCCESS and self.remembers_refused:
            self._refused.add(tx_id)
        return BroadcastAnswer(self.name, code, message, tx_id)

    def close(self) -> None: ...

    def _read(self, own_problem: Problem | None = None) -> None:
        self.reads += 1
        problem = own_problem or self.problem or (self.problems.popleft() if self.problems else None)
        if problem is not None:
            kind, why = _PROBLEMS[problem]
            raise kind(self.name, why)

    def _top(self, *, solid: bool) -> int:
        return max((self.chain.solid if solid else self.chain.head).number - self.lag, 0)

    def _at(self, number: int) -> Block:
        block = self.chain.block(number)
        assert block is not None, f"the fake chain has no block {number}"
        return replace(block, id=self.genesis) if self.genesis and number == 0 else block


def _with_fault(blocks: list[Block], fault: BlockFault | None) -> Sequence[Block]:
    middle = len(blocks) // 2
    match fault:
        case None:
            return blocks
        case BlockFault.EMPTY:
            return []
        case BlockFault.MISSING:
            return blocks[:middle] + blocks[middle + 1 :]
        case BlockFault.CUT:
            return blocks[:-1]
        case BlockFault.DOUBLED:
            return [*blocks[: middle + 1], *blocks[middle:]]
        case BlockFault.UNORDERED:
            return blocks[::-1]
