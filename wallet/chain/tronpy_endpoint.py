"""An endpoint of the real chain, or of a devnet, over HTTP: tronpy's words on a transport with limits.

tronpy asks for accounts, prices and tokens. Whatever has a hash is asked for here and made anew: ids, roots and
transaction ids that an endpoint gives are only held against our own. tronpy builds and signs nothing: it would sign any
id that an endpoint gives it.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from tronpy import Tron
from tronpy.exceptions import ApiError, NotFound, UnknownError, ValidationError
from tronpy.providers import HTTPProvider

from wallet.chain import calls, shapes
from wallet.chain.port import (
    BadAnswer,
    Block,
    BlockRef,
    BroadcastAnswer,
    BroadcastCode,
    CallFails,
    ChainAccount,
    ChainError,
    ChainLied,
    ChainParameters,
    ChainTransaction,
    Heights,
    Receipt,
    Resources,
    TokenFacts,
)
from wallet.chain.runs import Run, Runs
from wallet.chain.transport import TooLarge, Transport, said
from wallet.chain.verification import block_of, check_range, check_receipts, check_run, transaction_of
from wallet.domain import chain_words as words
from wallet.domain.tron.abi import (
    DECIMALS,
    NAME,
    SYMBOL,
    TOTAL_SUPPLY,
    BadAbi,
    balance_of_call,
    decode_text,
    decode_uint,
)
from wallet.domain.tron.addresses import ZERO_ADDRESS, Address, to_base58
from wallet.domain.tron.blocks import block_id
from wallet.domain.tron.json_forms import BadShape, integer_of, mapping_of, sequence_of
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import decode_transaction

MAX_DECIMALS = 77  # of a token: 10 to more has no room in 256 bits
KEPT_ANSWERS = 4
NOT_OFFERED = "does not support"  # what endpoints say that have no estimate

Json = Mapping[str, Any]


class _Provider(HTTPProvider):  # type: ignore[misc]  # tronpy has no types
    """What tronpy speaks through: our transport, which has limits, and no keys that it brings along itself."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def make_request(self, method: str, params: Any = None) -> Any:
        return self._transport.ask(method, params or {})


class TronpyEndpoint:
    """A server of java-tron's HTTP API. Safe for threads."""

    def __init__(self, transport: Transport, *, name: str = "") -> None:
        self._transport = transport
        self._runs = Runs(transport)
        self._name = name or transport.name
        self._tron = Tron(_Provider(transport), conf={})  # without a configuration of its own it shares one with all

    @property
    def name(self) -> str:
        return self._name

    @property
    def server(self) -> str:
        return self._transport.name

    def close(self) -> None:
        self._transport.close()

    def genesis_id(self) -> bytes:
        ref = self.block_ref(0, solid=False)
        if ref is None:
            raise BadAnswer(self.name, words.NO_GENESIS)
        return ref.id

    def heights(self) -> Heights:
        solid, head = (self._ref({"detail": False}, solid=solid) for solid in (True, False))
        if head is None or solid is None:
            raise BadAnswer(self.name, words.NO_HEAD)
        if solid.number > head.number:  # behind one address there may be servers of different age: no lie, and no use
            raise BadAnswer(
                self.name,
                words.SOLID_ABOVE_HEAD % {"solid": solid.number, "head": head.number},
            )
        return Heights(head, solid)

    def block_ref(self, number: int, *, solid: bool = True) -> BlockRef | None:
        ref = self._ref({"id_or_num": str(number), "detail": False}, solid=solid)
        if ref is not None and ref.number != number:
            raise ChainLied(self.name, words.GAVE_OTHER_BLOCK % {"block": number, "other": ref.number})
        return ref

    def blocks(self, first: int, last: int, *, solid: bool = True) -> tuple[Block, ...]:
        check_range(first, last)
        blocks: list[Block] = []
        path = _root(solid) + "getblockbylimitnext"
        with contextlib.closing(self._runs.answers(path, first, last)) as runs:
            for run in runs:
                # Each by itself: of an endpoint that lags, what is missing in one answer may be there in the next.
                blocks += check_run(self.name, run.first, run.last, self._blocks_in(path, run))
        return check_run(self.name, first, last, blocks)

    def receipts(self, block: Block, *, solid: bool = True) -> tuple[Receipt, ...]:
        if not block.transactions:
            return ()
        path = _root(solid) + "gettransactioninfobyblocknum"
        try:
            raw = self._transport.post(path, {"num": block.number, "visible": False})
        except TooLarge:  # a stranger can fill a block with calls that return much
            return check_receipts(self.name, block, self._receipts_one_by_one(block, solid=solid))
        key = sha256(raw).digest()
        receipts = _READ.get(key)
        if receipts is None:
            with self._shaped():
                listed = sequence_of(self._transport.read(path, raw), "transaction infos", shapes.MAX_TRANSACTIONS)
                receipts = tuple(shapes.receipt_of(one) for one in listed)
            _READ.put(key, receipts)
        return check_receipts(self.name, block, receipts)

    def _receipts_one_by_one(self, block: Block, *, solid: bool) -> list[Receipt]:
        """Return receipts up to the first that is missing."""
        found: list[Receipt] = []
        for transaction in block.transactions:
            receipt = self.receipt(transaction.tx_id, solid=solid)
            if receipt is None:
                break
            found.append(receipt)
        return found

    def transaction(self, tx_id: bytes, *, solid: bool) -> ChainTransaction | None:
        answer = self._ask(_root(solid) + "gettransactionbyid", {"value": tx_id.hex()})
        with self._shaped():
            if not mapping_of(answer, "transaction"):
                return None
            transaction = transaction_of(*shapes.transaction_of(answer))
        if transaction.tx_id != tx_id:
            raise ChainLied(self.name, words.GAVE_OTHER_TRANSACTION % {"tx_id": tx_id.hex()})
        return transaction

    def receipt(self, tx_id: bytes, *, solid: bool) -> Receipt | None:
        answer = self._ask(_root(solid) + "gettransactioninfobyid", {"value": tx_id.hex()})
        with self._shaped():
            if not mapping_of(answer, "transaction info"):
                return None
            receipt = shapes.receipt_of(answer)
        if receipt.tx_id != tx_id:
            raise ChainLied(self.name, words.GAVE_OTHER_RECEIPT % {"tx_id": tx_id.hex()})
        return receipt

    def account(self, address: Address) -> ChainAccount:
        answer = self._through_tronpy(lambda: self._tron.get_account(to_base58(address)), missing={})
        with self._shaped():
            return shapes.account_of(answer, address)

    def resources(self, address: Address) -> Resources:
        answer = self._through_tronpy(lambda: self._tron.get_account_resource(to_base58(address)), missing={})
        with self._shaped():
            return shapes.resources_of(answer)

    def parameters(self) -> ChainParameters:
        answer = self._through_tronpy(self._tron.get_chain_parameters)
        with self._shaped():
            return shapes.parameters_of(answer)

    def token_balance(self, contract: Address, owner: Address) -> int:
        with self._shaped():
            return decode_uint(self._call(contract, balance_of_call(owner)))

    def token_facts(self, contract: Address) -> TokenFacts:
        with self._shaped():
            name, symbol = (said(decode_text(self._call(contract, call))) for call in (NAME, SYMBOL))
            decimals, total = (decode_uint(self._call(contract, call)) for call in (DECIMALS, TOTAL_SUPPLY))
        if decimals > MAX_DECIMALS:
            raise BadAnswer(
                self.name,
                words.TOO_MANY_DECIMALS % {"most": MAX_DECIMALS, "decimals": decimals},
            )
        return TokenFacts(name, symbol, decimals, total)

    def asset_facts(self, asset_id: int) -> TokenFacts | None:
        answer = self._through_tronpy(lambda: self._tron.get_asset(asset_id))
        with self._shaped():
            fields = mapping_of(answer, "asset")
            if not fields:
                return None
            if shapes.asset_id_of(str(fields.get("id")), "id") != asset_id:
                raise ChainLied(self.name, words.GAVE_OTHER_TOKEN % {"token": asset_id})
            name, symbol = said(fields.get("name", "")), said(fields.get("abbr", ""))
            decimals, total = (integer_of(fields.get(field), field) for field in ("precision", "total_supply"))
            return TokenFacts(name, symbol, decimals, total)

    def estimate_energy(self, owner: Address, contract: Address, data: bytes) -> int:
        question = calls.question(owner, contract, data)
        answer = self._ask("wallet/estimateenergy", question)
        with self._shaped():
            problem = calls.problem_of(answer)
            if problem and NOT_OFFERED in problem:
                answer = self._ask("wallet/triggerconstantcontract", question)
                problem = calls.problem_of(answer)
                energy = calls.energy_of(answer, "energy_used")
            else:
                energy = calls.energy_of(answer, "energy_required")
        if problem:
            raise self._refused(problem)
        return energy

    def broadcast(self, signed_bytes: bytes) -> BroadcastAnswer:
        try:
            tx_id = decode_transaction(signed_bytes)[0].tx_id
        except BadMessage as problem:
            return BroadcastAnswer(self.name, BroadcastCode.OTHER_ERROR, str(problem))
        try:
            answer = self._ask("wallet/broadcasthex", {"transaction": signed_bytes.hex()})
            with self._shaped():
                return self._broadcast_answer(mapping_of(answer, "broadcast"), tx_id)
        except ChainError as problem:
            return BroadcastAnswer(self.name, BroadcastCode.UNKNOWN, problem.why)

    def _broadcast_answer(self, answer: Json, tx_id: bytes) -> BroadcastAnswer:
        code, message = shapes.name_of(answer.get("code")), shapes.words_of(answer.get("message", ""))
        named = shapes.hash_of(answer["txid"], "txid") if answer.get("txid") else None
        if named is not None and named != tx_id:
            return BroadcastAnswer(
                self.name,
                BroadcastCode.UNKNOWN,
                words.CALLS_IT % {"named": named.hex()},
                named,
                names_another=True,
            )
        accepted = answer.get("result", False)
        if accepted is True and code in ("", BroadcastCode.SUCCESS):
            return BroadcastAnswer(self.name, BroadcastCode.SUCCESS, message, tx_id)
        if accepted is False and code in _REFUSALS:
            return BroadcastAnswer(self.name, BroadcastCode(code), message, named)
        return BroadcastAnswer(
            self.name,
            BroadcastCode.UNKNOWN,
            words.NEITHER % {"answer": said(dict(answer))},
            named,
        )

    def _ref(self, question: Json, *, solid: bool) -> BlockRef | None:
        answer = self._ask(_root(solid) + "getblock", question)
        with self._shaped():
            if not mapping_of(answer, "block"):
                return None
            header, claimed_id = shapes.header_of(answer)
            if block_id(header) != claimed_id:
                raise ChainLied(self.name, words.OTHER_ID % {"block": header.number})
            return BlockRef(header.number, claimed_id, header.timestamp_ms)

    def _blocks_in(self, path: str, run: Run) -> list[Block]:
        answer = self._transport.read(path, run.answer)
        with self._shaped():
            listed = sequence_of(mapping_of(answer, "blocks").get("block"), "block", run.last - run.first + 2)
            parts = [shapes.block_parts(one) for one in listed]
        return [
            block_of(self.name, header, transactions, claimed_id=claimed) for header, claimed, transactions in parts
        ]

    def _call(self, contract: Address, data: bytes) -> bytes:
        """Return what a contract answers without changing anything. Raises CallFails, BadShape."""
        answer = self._ask("wallet/triggerconstantcontract", calls.question(ZERO_ADDRESS, contract, data))
        if problem := calls.problem_of(answer):
            raise self._refused(problem)
        return calls.result_of(answer)

    def _refused(self, problem: str) -> CallFails | BadAnswer:
        """Tell a call that would fail from an endpoint that tries none, for which another one is asked."""
        return (BadAnswer if NOT_OFFERED in problem else CallFails)(self.name, problem)

    def _ask(self, path: str, question: Json) -> Any:
        return self._tron.provider.make_request(path, {"visible": False, **question})

    def _through_tronpy(self, call: Callable[[], Any], *, missing: Any = None) -> Any:
        """Return what tronpy reads; it takes an answer's shape for granted, so a strange one raises anything."""
        try:
            answer = call()
        except ChainError:
            raise
        except NotFound:
            return missing
        except (ApiError, UnknownError, ValidationError, LookupError, TypeError, ValueError, AttributeError) as problem:
            raise BadAnswer(self.name, words.UNREADABLE % {"problem": type(problem).__name__}) from None
        return answer

    @contextlib.contextmanager
    def _shaped(self) -> Iterator[None]:
        """Let a wrong shape be the endpoint's fault."""
        try:
            yield
        except shapes.OtherId as problem:
            raise ChainLied(self.name, str(problem)) from None
        except (BadShape, BadMessage, BadAbi) as problem:
            raise BadAnswer(self.name, said(problem)) from None


class _Read:
    """The newest answers with receipts, read. Two endpoints are asked for each, and mostly answer the same bytes."""

    def __init__(self) -> None:
        self._receipts: OrderedDict[bytes, tuple[Receipt, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: bytes) -> tuple[Receipt, ...] | None:
        return self._receipts.get(digest)

    def put(self, digest: bytes, receipts: tuple[Receipt, ...]) -> None:
        with self._lock:
            self._receipts[digest] = receipts
            if len(self._receipts) > KEPT_ANSWERS:
                self._receipts.popitem(last=False)


_READ = _Read()
_REFUSALS = frozenset(BroadcastCode) - {BroadcastCode.SUCCESS, BroadcastCode.UNKNOWN}


def _root(solid: bool) -> str:  # noqa: FBT001 # it is no switch: there are two roots
    return "walletsolidity/" if solid else "wallet/"
