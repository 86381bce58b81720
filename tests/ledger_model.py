"""What the ledger should do, said again in plain dictionaries, and random wishes to ask of both."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from random import Random

from tests.ledger import ASSET, CHAIN, TREASURY, kind_of
from wallet.domain.accounts import AccountName, user_account
from wallet.domain.items import EndHold, HoldEnd, HoldPurpose, Item, PlaceHold, Transfer, key_hash
from wallet.domain.kinds import TransferKind
from wallet.domain.posting import Code

NOBODYS_ID = 2**62  # of no hold and no transfer
FIRST_MONEY_UBTT = 1_000  # of each user: little, so that many wishes are too much
LARGEST_UBTT = 400
FORGOTTEN = {Code.NOT_FOUND, Code.CONFLICT, Code.HOLD_RUNS}


class What(Enum):
    """What a wish is for."""

    MOVE = "move"
    HOLD = "hold"
    TAKE = "take"  # posts a hold
    VOID = "void"
    EXPIRE = "expire"
    REVERSE = "reverse"


ENDS = {What.VOID: HoldEnd.VOIDED, What.EXPIRE: HoldEnd.EXPIRED}


Name = tuple[type[Item], str]  # of what was asked for: its key among those of its kind


@dataclass(frozen=True)
class Wish:
    """An item without the ids that only the database gives: `of` is the key of the hold or transfer that it means."""

    key: str
    what: What
    debit: AccountName
    credit: AccountName
    amount_ubtt: int
    of: str = ""
    runs_s: int = 0
    linked: bool = False

    @property
    def name(self) -> Name:
        return EndHold if self.what in ENDS else PlaceHold if self.what is What.HOLD else Transfer, self.key

    @property
    def meant(self) -> Name:
        return Transfer if self.what is What.REVERSE else PlaceHold, self.of

    def item(self, number: int, now: datetime) -> Item:
        """Return what is asked of the ledger; `number` is the id that `of` has got."""
        if self.what in ENDS:
            return EndHold(key=self.key, hold=number, end=ENDS[self.what], linked=self.linked)
        if self.what is What.HOLD:
            return PlaceHold(
                key=self.key,
                account=self.debit,
                amount_ubtt=self.amount_ubtt,
                purpose=HoldPurpose.BUDGET,
                cause="budget/1",
                expires_at=now + timedelta(seconds=self.runs_s),
                linked=self.linked,
            )
        return Transfer(
            key=self.key,
            debit=self.debit,
            credit=self.credit,
            amount_ubtt=self.amount_ubtt,
            kind=self._kind(),
            cause="tip/1",
            event_at=now,
            hold=number if self.what is What.TAKE else None,
            reverses=number if self.what is What.REVERSE else None,
            linked=self.linked,
        )

    def _kind(self) -> TransferKind:
        kind = TransferKind.REVERSAL if self.what is What.REVERSE else kind_of(self.debit, self.credit)
        assert kind is not None, f"no money moves from {self.debit} to {self.credit}"
        return kind


class Model:
    """The ledger, one wish at a time, with nothing shared and nothing fast."""

    def __init__(self, users: Sequence[AccountName]) -> None:
        self.balance = dict.fromkeys(users, FIRST_MONEY_UBTT) | {TREASURY: 0}
        self.balance[CHAIN] = -FIRST_MONEY_UBTT * len(users)
        self.held = dict.fromkeys(self.balance, 0)
        self.told: dict[Name, tuple[Wish, Code]] = {}
        self.holds: dict[str, tuple[AccountName, int, datetime]] = {}
        self.ends: dict[str, HoldEnd] = {}
        self.moved: dict[str, Wish] = {}
        self.undone: set[str] = set()

    def batch(self, wishes: Sequence[Wish], now: datetime, seen: set[Name] | None = None) -> list[Code]:
        """Return a code for each; `seen` is that whose ids the caller knew, unless said all there is."""
        self.seen = self.ids() if seen is None else seen
        return [code for group in _groups(wishes) for code in self._group(group, now)]

    def ids(self) -> set[Name]:
        return {*((PlaceHold, key) for key in self.holds), *((Transfer, key) for key in self.moved)}

    def codes(self) -> dict[bytes, str]:
        """Return what was told, by the hash of its key."""
        return {key_hash(key, kind): str(code) for (kind, key), (_, code) in self.told.items()}

    def _group(self, group: Sequence[Wish], now: datetime) -> list[Code]:
        before = {name: copy.copy(value) for name, value in vars(self).items()} if len(group) > 1 else {}
        answers = [self._one(wish, now) for wish in group]
        codes = [code for code, _ in answers]
        replays = [is_replay for _, is_replay in answers]
        if len(group) == 1 or set(codes) in ({Code.OK}, {Code.EXISTS}) or all(replays):
            return codes
        vars(self).update(before)
        if any(replays) or Code.EXISTS in codes:
            return [Code.CONFLICT] * len(group)
        codes = [Code.LINKED if code is Code.OK else code for code in codes]
        if not FORGOTTEN & set(codes):
            self.told |= {wish.name: (wish, code) for wish, code in zip(group, codes, strict=True)}
        return codes

    def _one(self, wish: Wish, now: datetime) -> tuple[Code, bool]:
        if wish.name in self.told:
            first, code = self.told[wish.name]
            is_same = replace(first, linked=False, runs_s=0) == replace(wish, linked=False, runs_s=0)
            return (Code.EXISTS if code is Code.OK else code, True) if is_same else (Code.CONFLICT, False)
        code = self._do(wish, now)
        if code not in FORGOTTEN:
            self.told[wish.name] = wish, code
        return code, False

    def _do(self, wish: Wish, now: datetime) -> Code:
        available = self.balance[wish.debit] - self.held[wish.debit]
        if wish.what is What.HOLD:
            if available < wish.amount_ubtt:
                return Code.INSUFFICIENT
            self.holds[wish.key] = wish.debit, wish.amount_ubtt, now + timedelta(seconds=wish.runs_s)
            self.held[wish.debit] += wish.amount_ubtt
            return Code.OK
        meant = self.moved if wish.what is What.REVERSE else self.holds
        if wish.of and not (wish.meant in self.seen and wish.of in meant):
            return Code.NOT_FOUND
        if wish.what in ENDS:
            return self._end(wish, now)
        if wish.what is What.TAKE:
            if problem := self._problem_of_taking(wish, now):
                return problem
            available += self.holds[wish.of][1]
        if wish.what is What.REVERSE:
            original = self.moved[wish.of]
            if wish.of in self.undone:
                return Code.REVERSED
            sides = original.credit, original.debit, original.amount_ubtt
            if original.what is What.REVERSE or sides != (wish.debit, wish.credit, wish.amount_ubtt):
                return Code.NOT_REVERSIBLE
        if wish.debit is not CHAIN and available < wish.amount_ubtt:
            return Code.INSUFFICIENT
        self.balance[wish.debit] -= wish.amount_ubtt
        self.balance[wish.credit] += wish.amount_ubtt
        self.moved[wish.key] = wish
        if wish.what is What.REVERSE:
            self.undone.add(wish.of)
        if wish.what is What.TAKE:
            self._release(wish.of, HoldEnd.POSTED)
        return Code.OK

    def _problem_of_taking(self, wish: Wish, now: datetime) -> Code | None:
        account, amount_ubtt, expires_at = self.holds[wish.of]
        if account != wish.debit:
            return Code.NOT_FOUND
        if wish.of in self.ends:
            return Code.HOLD_ENDED
        if expires_at <= now:
            return Code.HOLD_EXPIRED
        return Code.HOLD_TOO_SMALL if wish.amount_ubtt > amount_ubtt else None

    def _end(self, wish: Wish, now: datetime) -> Code:
        if wish.of in self.ends:
            return Code.EXISTS if self.ends[wish.of] is ENDS[wish.what] else Code.HOLD_ENDED
        if wish.what is What.EXPIRE and self.holds[wish.of][2] > now:
            return Code.HOLD_RUNS
        self._release(wish.of, ENDS[wish.what])
        return Code.OK

    def _release(self, hold: str, end: HoldEnd) -> None:
        account, amount_ubtt, _ = self.holds[hold]
        self.held[account] -= amount_ubtt
        self.ends[hold] = end


def _groups(wishes: Sequence[Wish]) -> Iterator[list[Wish]]:
    group: list[Wish] = []
    for wish in wishes:
        group.append(wish)
        if not wish.linked:
            yield group
            group = []


class Stream:
    """Wishes drawn by chance, the same for the same numbers; they mean holds and transfers of earlier batches."""

    def __init__(self, random: Random, users: Sequence[AccountName], prefix: str = "stream") -> None:
        self.random = random
        self._names = [*users, TREASURY]
        self._users = users
        self._prefix = prefix
        self._count = 0
        self._past: list[Wish] = []
        self._draws: list[Callable[[], Wish]] = (
            [self._move] * 6 + [self._hold] * 3 + [self._take] * 3 + [self._end] * 2 + [self._reverse] * 2
        ) + [self._again, self._reuse]

    def batch(self) -> list[Wish]:
        wishes = [self.wish() for _ in range(self.random.randint(1, 9))]
        if self.random.random() < 0.4:
            first = self.random.randrange(len(wishes))
            last = min(len(wishes) - 1, first + self.random.randint(1, 3))
            wishes[first:last] = [replace(wish, linked=True) for wish in wishes[first:last]]
        self._past += wishes
        return wishes

    def wish(self) -> Wish:
        return self.random.choice(self._draws)()

    def _key(self) -> str:
        self._count += 1
        return f"{self._prefix}/{self._count}"

    def _amount(self) -> int:
        return self.random.randint(1, LARGEST_UBTT)

    def _move(self) -> Wish:
        debit, credit = self.random.sample([*self._names, CHAIN], 2)
        if credit is CHAIN:  # nobody but a withdrawal leads there
            debit, credit = credit, debit
        return Wish(self._key(), What.MOVE, debit, credit, self._amount())

    def _hold(self) -> Wish:
        account = self.random.choice(self._users)
        return Wish(self._key(), What.HOLD, account, CHAIN, self._amount(), runs_s=self.random.randint(1, 20))

    def _meant(self, *whats: What) -> Wish | None:
        found = [wish for wish in self._past[-200:] if wish.what in whats]
        return self.random.choice(found[-20:]) if found else None

    def _take(self) -> Wish:
        hold = self._meant(What.HOLD)
        if hold is None:
            return self._hold()
        debit = hold.debit if self.random.random() < 0.95 else TREASURY
        credit = self.random.choice([name for name in self._names if name != debit])
        return Wish(self._key(), What.TAKE, debit, credit, self.random.randint(1, hold.amount_ubtt + 20), hold.key)

    def _end(self) -> Wish:
        hold = self._meant(What.HOLD)
        if hold is None:
            return self._hold()
        return Wish(self._key(), self.random.choice([What.VOID, What.EXPIRE]), hold.debit, CHAIN, 1, hold.key)

    def _reverse(self) -> Wish:
        moved = self._meant(What.MOVE, What.TAKE, What.REVERSE)
        if moved is None or moved.credit is CHAIN:  # nothing but a deposit comes from there
            return self._move()
        amount_ubtt = moved.amount_ubtt if self.random.random() < 0.9 else moved.amount_ubtt + 1
        return Wish(self._key(), What.REVERSE, moved.credit, moved.debit, amount_ubtt, moved.key)

    def _again(self) -> Wish:
        return replace(self._meant(*What) or self._move(), linked=False)

    def _reuse(self) -> Wish:
        """Ask for something else under a key that was used, maybe for something of another kind."""
        draw = self.random.choice([self._move, self._hold])
        return replace(draw(), key=(self._meant(*What) or self._move()).key)


def users_of(ids: Sequence[int]) -> list[AccountName]:
    return [user_account(ASSET, user_id) for user_id in ids]
