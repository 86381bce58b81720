"""The decision on a batch: from what the locked accounts hold to an outcome for each item. Pure, in arrival order.

A later item sees what earlier ones did. An item that does not fit is refused alone, with its group if it is linked;
everything else goes on. Nothing here reads a clock or a database.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.items import EndHold, HoldEnd, Item, PlaceHold, Transfer, body_hash, hash_of_key
from wallet.domain.kinds import DESPITE_FREEZE
from wallet.domain.money import MAX_AMOUNT_UBTT

Hashed = tuple[Item, bytes, bytes]  # with the hashes of its key and its body


class Code(StrEnum):
    """What became of an item."""

    OK = "ok"
    EXISTS = "exists"  # done before under this key; the ids are those of then
    INSUFFICIENT = "insufficient"  # the account does not have that much available
    FROZEN = "frozen"  # an operator has frozen the account
    OVERFLOW = "overflow"  # a balance would leave ±2⁶²
    NOT_FOUND = "not_found"  # no such account, hold or transfer
    CONFLICT = "conflict"  # the key was used for another item of its kind
    HOLD_ENDED = "hold_ended"  # posted, voided or expired already; `end` says which
    HOLD_EXPIRED = "hold_expired"  # its time is over
    HOLD_RUNS = "hold_runs"  # it can't expire before its time
    HOLD_TOO_SMALL = "hold_too_small"
    REVERSED = "reversed"  # already, and only once
    NOT_REVERSIBLE = "not_reversible"  # a reversal, or not the mirror of what it names
    LINKED = "linked"  # refused with its group
    LIMIT = "limit"  # a limit of whoever asked the ledger; decided and kept by them, under the locks of the batch


# Malformed or meant for something that is not there: the caller mends it under the same key. All other refusals are
# kept, so that a late duplicate can't succeed after its caller was told no.
FORGOTTEN = frozenset({Code.NOT_FOUND, Code.CONFLICT, Code.HOLD_RUNS})


@dataclass(slots=True)
class Account:
    """A locked account, with what the items before have changed."""

    id: int
    name: AccountName
    balance_ubtt: int
    held_ubtt: int
    version: int  # counts its entries
    is_frozen: bool

    @property
    def available_ubtt(self) -> int:
        return self.balance_ubtt - self.held_ubtt


@dataclass(slots=True)
class Hold:
    """A hold that items name; `end` is none while it runs."""

    id: int
    account: AccountName
    amount_ubtt: int
    expires_at: datetime | None
    end: HoldEnd | None


@dataclass(slots=True)
class Original:
    """A transfer that is to be reversed."""

    id: int
    debit_id: int
    credit_id: int
    amount_ubtt: int
    is_reversal: bool
    is_reversed: bool


@dataclass(slots=True)
class Outcome:
    """What became of an item; ids are there once it is written."""

    code: Code
    transfer_id: int | None = None
    hold_id: int | None = None
    end: HoldEnd | None = None
    is_replay: bool = False  # answered from what was decided under this key before

    @property
    def is_done(self) -> bool:
        return self.code is Code.OK or self.code is Code.EXISTS


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier batch decided under a key."""

    body_hash: bytes
    outcome: Outcome


@dataclass(slots=True)
class Books:
    """What the database said under its locks."""

    accounts: dict[AccountName, Account]
    known: dict[bytes, Known]
    holds: dict[int, Hold] = field(default_factory=dict)
    originals: dict[int, Original] = field(default_factory=dict)


@dataclass(slots=True)
class Line:
    """A transfer to be written, with both accounts as it leaves them."""

    item: Transfer
    outcome: Outcome
    key_hash: bytes
    body_hash: bytes
    debit_id: int
    credit_id: int
    debit_version: int
    credit_version: int
    debit_balance_ubtt: int
    credit_balance_ubtt: int


@dataclass(slots=True)
class Answer:
    """What is kept under the key of an item that is no transfer: a hold, its end, a refusal."""

    item: Item
    outcome: Outcome
    key_hash: bytes
    body_hash: bytes


@dataclass(slots=True)
class EndedHold:
    hold: Hold
    end: HoldEnd
    posted_ubtt: int
    outcome: Outcome


@dataclass(slots=True)
class Decision:
    outcomes: list[Outcome] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    ended: list[EndedHold] = field(default_factory=list)
    changed: dict[int, Account] = field(default_factory=dict)
    replays: list[tuple[Outcome, Outcome]] = field(default_factory=list)  # of a key in this batch: answer, first


def hashed(items: Sequence[Item]) -> list[Hashed]:
    """Return the items with the hashes of their keys and bodies, which may be made before anything is locked."""
    return [(item, hash_of_key(item), body_hash(item)) for item in items]


def decide(wishes: Sequence[Hashed], books: Books, *, now: datetime) -> Decision:
    """Decide on each item in turn; `books` is used up. The caller writes what the decision says, or nothing."""
    batch = _Batch(books, now)
    for group in _groups(wishes):
        if len(group) == 1:
            batch.decide_one(*group[0])
        else:
            batch.decide_group(group)
    return batch.decision


def _groups(wishes: Sequence[Hashed]) -> Iterator[list[Hashed]]:
    group: list[Hashed] = []
    for wish in wishes:
        group.append(wish)
        if not wish[0].linked:
            yield group
            group = []


class _Batch:
    def __init__(self, books: Books, now: datetime) -> None:
        self.decision = Decision()
        self._books = books
        self._now = now
        self._before: dict[int, tuple[Account, int, int, int]] | None = None  # while a group is decided

    def decide_one(self, item: Item, key: bytes, body: bytes) -> Outcome:
        outcome = self._replay(key, body)
        if outcome is None:
            outcome = self._do(item, key, body)
            self._remember(item, outcome, key, body)
        self.decision.outcomes.append(outcome)
        return outcome

    def decide_group(self, group: list[Hashed]) -> None:
        """Decide on linked items: all are done, or none. What was done before counts only if all of it was."""
        decision = self.decision
        marks = [len(decision.outcomes), len(decision.lines), len(decision.answers), len(decision.ended)]
        self._before = {}
        outcomes = [self.decide_one(*wish) for wish in group]
        before, self._before = self._before, None
        codes = {outcome.code for outcome in outcomes}
        if codes in ({Code.OK}, {Code.EXISTS}) or all(outcome.is_replay for outcome in outcomes):
            return
        del decision.outcomes[marks[0] :], decision.lines[marks[1] :], decision.answers[marks[2] :]
        for ended in decision.ended[marks[3] :]:
            ended.hold.end = None
        del decision.ended[marks[3] :]
        for account, balance_ubtt, held_ubtt, version in before.values():
            account.balance_ubtt, account.held_ubtt, account.version = balance_ubtt, held_ubtt, version
        for (item, key, _), outcome in zip(group, outcomes, strict=True):
            self._undo(item, key, outcome)
        mixes = Code.EXISTS in codes or any(outcome.is_replay for outcome in outcomes)
        # A group is one wish: where one item can be mended and asked again under its key, so can all of them.
        is_kept = not mixes and not codes & FORGOTTEN
        for (item, key, body), outcome in zip(group, outcomes, strict=True):
            code = Code.CONFLICT if mixes else Code.LINKED if outcome.code is Code.OK else outcome.code
            refused = Outcome(code, end=outcome.end)
            if is_kept:
                self._remember(item, refused, key, body)
            decision.outcomes.append(refused)

    def _undo(self, item: Item, key: bytes, outcome: Outcome) -> None:
        if outcome.is_replay or outcome.code is Code.CONFLICT:  # the key keeps the answer that it had
            return
        self._books.known.pop(key, None)
        if isinstance(item, Transfer) and item.reverses is not None and outcome.code is Code.OK:
            self._books.originals[item.reverses].is_reversed = False

    def _replay(self, key: bytes, body: bytes) -> Outcome | None:
        known = self._books.known.get(key)
        if known is None:
            return None
        if known.body_hash != body:
            return Outcome(Code.CONFLICT)
        first = known.outcome
        code = Code.EXISTS if first.code is Code.OK else first.code
        outcome = Outcome(code, first.transfer_id, first.hold_id, first.end, is_replay=True)
        self.decision.replays.append((outcome, first))
        return outcome

    def _remember(self, item: Item, outcome: Outcome, key: bytes, body: bytes) -> None:
        if outcome.code in FORGOTTEN:
            return
        self._books.known[key] = Known(body, outcome)
        if outcome.code is not Code.OK or not isinstance(item, Transfer):
            self.decision.answers.append(Answer(item, outcome, key, body))

    def _do(self, item: Item, key: bytes, body: bytes) -> Outcome:
        if isinstance(item, Transfer):
            return self._transfer(item, key, body)
        if isinstance(item, PlaceHold):
            return self._place(item)
        return self._end(item)

    def _transfer(self, item: Transfer, key: bytes, body: bytes) -> Outcome:
        accounts = self._books.accounts
        debit, credit = accounts.get(item.debit), accounts.get(item.credit)
        if debit is None or credit is None:
            return Outcome(Code.NOT_FOUND)
        hold = original = None
        if item.hold is not None:
            hold = self._books.holds.get(item.hold)
            if problem := self._problem_of_hold(item, debit, hold):
                return problem
        if item.reverses is not None:
            original = self._books.originals.get(item.reverses)
            if problem := _problem_of_reversal(item, debit, credit, original):
                return problem
        if debit.is_frozen and item.kind not in DESPITE_FREEZE:
            return Outcome(Code.FROZEN)
        amount_ubtt = item.amount_ubtt
        if debit.name.kind is AccountKind.CHAIN:
            if debit.balance_ubtt - amount_ubtt < -MAX_AMOUNT_UBTT:
                return Outcome(Code.OVERFLOW)
        elif debit.available_ubtt + (hold.amount_ubtt if hold else 0) < amount_ubtt:
            return Outcome(Code.INSUFFICIENT)
        if credit.balance_ubtt + amount_ubtt > MAX_AMOUNT_UBTT:
            return Outcome(Code.OVERFLOW)
        self._change(debit)
        self._change(credit)
        debit.balance_ubtt -= amount_ubtt
        debit.version += 1
        credit.balance_ubtt += amount_ubtt
        credit.version += 1
        outcome = Outcome(Code.OK)
        if hold is not None:
            self._end_hold(hold, HoldEnd.POSTED, amount_ubtt, debit, outcome)
        if original is not None:
            original.is_reversed = True
        line = Line(
            item,
            outcome,
            key,
            body,
            debit.id,
            credit.id,
            debit.version,
            credit.version,
            debit.balance_ubtt,
            credit.balance_ubtt,
        )
        self.decision.lines.append(line)
        return outcome

    def _problem_of_hold(self, item: Transfer, debit: Account, hold: Hold | None) -> Outcome | None:
        if hold is None or hold.account != debit.name:
            return Outcome(Code.NOT_FOUND)
        if hold.end is not None:
            return Outcome(Code.HOLD_ENDED, end=hold.end)
        if hold.expires_at is not None and hold.expires_at <= self._now:
            return Outcome(Code.HOLD_EXPIRED)
        return Outcome(Code.HOLD_TOO_SMALL) if item.amount_ubtt > hold.amount_ubtt else None

    def _place(self, item: PlaceHold) -> Outcome:
        account = self._books.accounts.get(item.account)
        if account is None:
            return Outcome(Code.NOT_FOUND)
        if item.expires_at is not None and item.expires_at <= self._now:
            return Outcome(Code.HOLD_EXPIRED)
        if account.is_frozen:
            return Outcome(Code.FROZEN)
        if account.available_ubtt < item.amount_ubtt:
            return Outcome(Code.INSUFFICIENT)
        self._change(account)
        account.held_ubtt += item.amount_ubtt
        return Outcome(Code.OK)

    def _end(self, item: EndHold) -> Outcome:
        hold = self._books.holds.get(item.hold)
        account = self._books.accounts.get(hold.account) if hold else None
        if hold is None or account is None:
            return Outcome(Code.NOT_FOUND)
        if hold.end is item.end:
            return Outcome(Code.EXISTS, hold_id=hold.id, end=hold.end)
        if hold.end is not None:
            return Outcome(Code.HOLD_ENDED, hold_id=hold.id, end=hold.end)
        if item.end is HoldEnd.EXPIRED and (hold.expires_at is None or hold.expires_at > self._now):
            return Outcome(Code.HOLD_RUNS)
        self._change(account)
        outcome = Outcome(Code.OK, hold_id=hold.id, end=item.end)
        self._end_hold(hold, item.end, 0, account, outcome)
        return outcome

    def _end_hold(self, hold: Hold, end: HoldEnd, posted_ubtt: int, account: Account, outcome: Outcome) -> None:
        hold.end = end
        account.held_ubtt -= hold.amount_ubtt
        outcome.hold_id, outcome.end = hold.id, end
        self.decision.ended.append(EndedHold(hold, end, posted_ubtt, outcome))

    def _change(self, account: Account) -> None:
        self.decision.changed[account.id] = account
        if self._before is not None and account.id not in self._before:
            self._before[account.id] = (account, account.balance_ubtt, account.held_ubtt, account.version)


def _problem_of_reversal(item: Transfer, debit: Account, credit: Account, original: Original | None) -> Outcome | None:
    if original is None:
        return Outcome(Code.NOT_FOUND)
    if original.is_reversed:
        return Outcome(Code.REVERSED)
    mirrors = (original.credit_id, original.debit_id, original.amount_ubtt) == (debit.id, credit.id, item.amount_ubtt)
    return None if mirrors and not original.is_reversal else Outcome(Code.NOT_REVERSIBLE)
