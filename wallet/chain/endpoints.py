"""Several endpoints as one chain: what two of them say alike is believed, and what they say differently is an alarm."""

import contextlib
import itertools
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from wallet.chain.membership import Member
from wallet.chain.port import (
    BadAnswer,
    Block,
    BlockRef,
    BroadcastAnswer,
    BroadcastCode,
    ChainAccount,
    ChainEndpoint,
    ChainError,
    ChainLied,
    ChainParameters,
    ChainTransaction,
    ChainUnreachable,
    Heights,
    OtherNetwork,
    Receipt,
    Resources,
)
from wallet.domain import chain_words as words
from wallet.domain.networks import Network
from wallet.domain.tron.addresses import Address

NEEDED = 2  # that must say the same
READERS = 4  # of receipts at once: fewer than a transport has connections
TOLERATED_BACK_BLOCKS = 27  # one round of witnesses: behind one address there may be servers of different age
WHOLE = words.WHOLE  # in place of an endpoint's name, when it is about all of them
KNOWS = frozenset({BroadcastCode.SUCCESS, BroadcastCode.DUP_TRANSACTION_ERROR})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """A row of the operator's page."""

    name: str
    ok: bool
    problem: str  # the newest one in a sentence, empty while all is well
    head: int | None
    solid: int | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one endpoint knows of a transaction among its solid blocks, which reach at least up to `solid`."""

    endpoint: str
    solid: BlockRef
    found: bool


class Chain:
    """The chain through all endpoints of this install. Safe for threads. Raises port.ChainError.

    An endpoint that does not answer is left alone for a while; one of another network is never listened to.
    """

    def __init__(
        self, endpoints: Sequence[ChainEndpoint], network: Network, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if len(endpoints) < NEEDED:
            raise ValueError(f"{NEEDED} endpoints are needed, here are {len(endpoints)}")
        self.network = network
        self._members = [Member(endpoint, clock) for endpoint in endpoints]
        self._genesis_id = network.genesis_id
        self._agreed: BlockRef | None = None
        self._facts_agree = False
        self._turns = itertools.count()
        # Of a devnet that stands for two: what it has said already it need not say again.
        self._is_one_server = network.name == "devnet" and len({endpoint.server for endpoint in endpoints}) == 1

    def check(self) -> None:
        """Compare genesis, asset and token of every endpoint that answers with the network's; raises ChainLied."""
        self._enough(self._every(self._check_facts))
        self._facts_agree = True

    def solid_agreement(self) -> BlockRef:
        """Return the highest solid block that two endpoints have, with the same id at all that have it.

        Raises ChainLied if they differ or the height went far back, BadAnswer while it is a little behind what was
        agreed before, ChainUnreachable if fewer than two answer.
        """
        if not self._facts_agree:
            self.check()
        tops = self._enough(self._every(lambda member: member.heights().solid))
        tops.sort(key=lambda top: top[1].number, reverse=True)
        agreed = tops[NEEDED - 1][1]
        for member, top in tops:
            low = min(top.number, agreed.number)
            ours = agreed if low == agreed.number else self._ref_at(tops[NEEDED - 1][0], low)
            theirs = top if low == top.number else self._ref_at(member, low)
            if ours.id != theirs.id:
                says = words.ONE_NOT_OTHER
                facts = {"one": tops[NEEDED - 1][0].name, "other": member.name, "height": low}
                raise ChainLied(WHOLE, says % facts)
        return self._remember(agreed)

    def genesis(self) -> BlockRef:
        """Return block 0, which is the network's; what stands in it is nobody's to read: real ones are hand-made."""
        return self._first(lambda member: self._ref_at(member, 0))

    def heights(self) -> Heights:
        """Return heights that two endpoints have reached: to show and to count down, not to decide by."""
        if self._is_one_server:
            return self._first(Member.heights)
        tops = [heights for _, heights in self._every(Member.heights)]
        if not tops:
            raise ChainUnreachable(WHOLE, words.NONE_ANSWERS)
        tops.sort(key=lambda heights: heights.solid.number, reverse=True)
        return tops[min(NEEDED, len(tops)) - 1]

    def blocks(self, first: int, last: int, *, solid: bool = True) -> tuple[Block, ...]:
        """Return verified blocks; a second endpoint has the same last one, and so all before it, if they are solid."""
        source, blocks = self._first_with(lambda member: member.endpoint.blocks(first, last, solid=solid))
        if solid and not self._is_one_server:
            confirmed = self._first(lambda member: self._ref_at(member, last), besides=source)
            if confirmed.id != blocks[-1].id:
                raise ChainLied(source.name, words.DIFFERENT_BLOCK % {"block": last})
        return blocks

    def receipts(self, block: Block, *, solid: bool = True) -> tuple[Receipt, ...]:
        """Return a block's receipts; two endpoints say the same if it is solid."""
        source, receipts = self._first_with(lambda member: member.endpoint.receipts(block, solid=solid))
        if solid and not self._is_one_server:
            second = self._first(lambda member: member.endpoint.receipts(block, solid=solid), besides=source)
            if any(_essence(one) != _essence(two) for one, two in zip(receipts, second, strict=True)):
                says = words.DIFFERENT_RECEIPTS
                raise ChainLied(source.name, says % {"block": block.number})
        return receipts

    def receipts_of(self, blocks: Sequence[Block]) -> Generator[tuple[Receipt, ...], None, None]:
        """Yield the receipts of many solid blocks in their order, several asked for at once: most of it is waiting.

        Raises ChainError at the first block whose receipts can't be had. To be closed when it is not used up.
        """
        if not blocks:
            return
        readers = ThreadPoolExecutor(min(READERS, len(blocks)), thread_name_prefix="receipts")
        try:
            yield from readers.map(self.receipts, blocks)
        finally:
            readers.shutdown(cancel_futures=True)

    def transaction(self, tx_id: bytes, *, solid: bool) -> ChainTransaction | None:
        """Return the transaction if any endpoint has it; not `solid` finds also what is pending."""
        return self._any(lambda member: member.endpoint.transaction(tx_id, solid=solid))

    def receipt(self, tx_id: bytes, *, solid: bool) -> Receipt | None:
        """Return a receipt; if it is solid, one that two endpoints have alike."""
        if not solid or self._is_one_server:
            return self._any(lambda member: member.endpoint.receipt(tx_id, solid=solid))
        # All are asked: one that stays behind for ever must not keep the others from being believed.
        answers = self._enough(self._every(lambda member: member.endpoint.receipt(tx_id, solid=True)))
        found = [(member, receipt) for member, receipt in answers if receipt is not None]
        if len(found) < NEEDED:
            return None
        source, receipt = found[0]
        if any(_essence(receipt) != _essence(other) for _, other in found[1:]):
            says = words.DIFFERENT_RECEIPT
            raise ChainLied(source.name, says % {"tx_id": tx_id.hex()})
        return receipt

    def sightings(self, tx_id: bytes) -> tuple[Sighting, ...]:
        """Ask every endpoint for its solid height and then for the transaction: what a dead proof rests on.

        Who does not answer is not in the result. Raises as `solid_agreement` does: the blocks must be the same.
        """
        self.solid_agreement()
        return tuple(sighting for _, sighting in self._every(lambda member: _look_for(member, tx_id)))

    def broadcast(self, signed_bytes: bytes) -> tuple[BroadcastAnswer, ...]:
        """Hand the bytes to one endpoint after the other until one accepts or knows them; return all answers.

        Never raises for what endpoints do. Each call begins with another endpoint: one may swallow what it accepts. Who
        gave no answer lately comes last.
        """
        answers: list[BroadcastAnswer] = []
        turn = next(self._turns) % len(self._members)
        in_turn = self._members[turn:] + self._members[:turn]
        for member in sorted(in_turn, key=lambda member: member.comes_last):
            answers.append(self._broadcast_to(member, signed_bytes))
            if answers[-1].code in KNOWS:
                break
        return tuple(answers)

    def account(self, address: Address) -> ChainAccount:
        return self._first(lambda member: member.endpoint.account(address))

    def resources(self, address: Address) -> Resources:
        return self._first(lambda member: member.endpoint.resources(address))

    def parameters(self) -> ChainParameters:
        return self._first(lambda member: member.endpoint.parameters())

    def token_balance(self, contract: Address, owner: Address) -> int:
        return self._first(lambda member: member.endpoint.token_balance(contract, owner))

    def estimate_energy(self, owner: Address, contract: Address, data: bytes) -> int:
        return self._first(lambda member: member.endpoint.estimate_energy(owner, contract, data))

    def health(self) -> tuple[EndpointHealth, ...]:
        """Ask every endpoint that does not rest, and return how all are. Raises nothing."""
        for member in self._members:
            with contextlib.suppress(ChainError):
                self._ask(member, Member.heights)
        return tuple(
            EndpointHealth(
                name=member.name,
                ok=not member.trouble,
                problem=member.trouble,
                head=member.seen.head.number if member.seen else None,
                solid=member.seen.solid.number if member.seen else None,
            )
            for member in self._members
        )

    def close(self) -> None:
        """Let go of all connections; they are opened again when they are needed."""
        for member in self._members:
            member.endpoint.close()

    def _ask(self, member: Member, question: Callable[[Member], T]) -> T:
        """Ask one endpoint that is known to be of our network; raises ChainError."""
        return member.ask(self._check_genesis, question)

    def _check_genesis(self, member: Member) -> None:
        found = member.endpoint.genesis_id()
        if self._genesis_id is None:
            self._genesis_id = found
        if found != self._genesis_id:
            says = words.OTHER_NETWORK
            raise OtherNetwork(member.name, says % {"network": self.network.name, "block": found.hex()})

    def _check_facts(self, member: Member) -> None:
        network, endpoint = self.network, member.endpoint
        token = endpoint.token_facts(network.assets.trc20_contract)
        if (token.decimals, token.symbol) != (network.trc20_decimals, network.trc20_symbol):
            says = words.TOKEN_NAMED
            raise ChainLied(member.name, says % {"symbol": token.symbol, "decimals": token.decimals})
        if network.trc20_total is not None and token.total != network.trc20_total:
            says = words.TOKEN_SUPPLY
            raise ChainLied(member.name, says % {"total": token.total})
        asset = endpoint.asset_facts(network.assets.trc10_id)
        if asset is None and network.trc10_symbol:
            says = words.NO_TOKEN
            raise ChainLied(member.name, says % {"token": network.assets.trc10_id})
        if asset is not None and asset.decimals != network.trc10_decimals:
            says = words.TOKEN_DECIMALS
            raise ChainLied(member.name, says % {"token": network.assets.trc10_id, "decimals": asset.decimals})

    def _ref_at(self, member: Member, number: int) -> BlockRef:
        ref = member.endpoint.block_ref(number, solid=True)
        if ref is None:
            raise BadAnswer(member.name, words.NOT_SOLID_YET % {"block": number})
        return ref

    def _remember(self, agreed: BlockRef) -> BlockRef:
        before = self._agreed
        if before is not None and agreed.number < before.number:
            went_back = words.WENT_BACK % {
                "before": before.number,
                "now": agreed.number,
            }
            if before.number - agreed.number > TOLERATED_BACK_BLOCKS:
                raise ChainLied(WHOLE, went_back)
            raise BadAnswer(WHOLE, went_back)
        if before is not None and agreed.number == before.number and agreed.id != before.id:
            raise ChainLied(WHOLE, words.BECAME_OTHER % {"block": agreed.number})
        self._agreed = agreed
        return agreed

    def _every(self, question: Callable[[Member], T]) -> list[tuple[Member, T]]:
        """Ask all; return who answered with what. Raises ChainLied."""
        answers = []
        for member in self._members:
            with contextlib.suppress(ChainUnreachable, BadAnswer):
                answers.append((member, self._ask(member, question)))
        return answers

    def _enough(self, answers: list[tuple[Member, T]]) -> list[tuple[Member, T]]:
        if len(answers) < NEEDED:
            why = "; ".join(f"{member.name}: {member.problem}" for member in self._members if member.problem)
            raise ChainUnreachable(WHOLE, words.FEW_ANSWER % {"count": len(answers), "needed": NEEDED, "why": why})
        return answers

    def _first(self, question: Callable[[Member], T], *, besides: Member | None = None) -> T:
        return self._first_with(question, besides=besides)[1]

    def _first_with(self, question: Callable[[Member], T], *, besides: Member | None = None) -> tuple[Member, T]:
        """Return the first endpoint that answers, with its answer; raises ChainLied, or what the last one raised."""
        problem: ChainError | None = None
        for member in self._members:
            if member is besides:
                continue
            try:
                return member, self._ask(member, question)
            except (ChainUnreachable, BadAnswer) as raised:
                problem = raised
        assert problem is not None  # there are two members at least
        raise problem

    def _any(self, question: Callable[[Member], T | None]) -> T | None:
        """Return the first answer that is not None; None if one endpoint at least has said so."""
        problem: ChainError | None = None
        nothing = 0
        for member in self._members:
            try:
                if (found := self._ask(member, question)) is not None:
                    return found
                nothing += 1
            except (ChainUnreachable, BadAnswer) as raised:
                problem = raised
        if problem is not None and not nothing:
            raise problem
        return None

    def _broadcast_to(self, member: Member, signed_bytes: bytes) -> BroadcastAnswer:
        try:
            answer = self._ask(member, lambda asked: asked.endpoint.broadcast(signed_bytes))
        except ChainError as problem:
            answer = BroadcastAnswer(member.name, BroadcastCode.UNKNOWN, problem.why)
        member.note_broadcast(answered=answer.code is not BroadcastCode.UNKNOWN)
        if answer.names_another:
            says = words.CALLS_OTHERWISE
            member.doubt(says % {"message": answer.message})
        return answer


def _look_for(member: Member, tx_id: bytes) -> Sighting:
    solid = member.heights().solid  # before the question: the answer is then at least of that height
    found = member.endpoint.transaction(tx_id, solid=True) is not None
    return Sighting(member.name, solid, found)


def _essence(receipt: Receipt) -> Receipt:
    """Return what all endpoints must say alike: whether internal payments and texts are kept is up to each of them."""
    return replace(receipt, internal=(), message="")
