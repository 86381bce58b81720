"""Many who write in the books at the same moment, on real connections of their own."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

import pytest
from django.db import connection

from seedbox.models import User
from tests.at_once import at_once
from tests.builders import NOW
from tests.ledger import BTT, CHAIN, balance, fund, place_hold, post, transfer, user, void
from tests.ledger_model import FIRST_MONEY_UBTT, What, users_of
from tests.ledger_truth import Truth, read_truth
from tests.ledger_witness import Witness
from tests.ledger_worker import Nursery, begin_books, run_stream
from tests.servers import ON_SQLITE, PROVE
from wallet.domain.items import Item, key_hash
from wallet.domain.items import Transfer as TransferItem
from wallet.domain.kinds import TransferKind
from wallet.domain.posting import Outcome
from wallet.models import Account, Hold, Transfer
from wallet.services import ledger

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("committed_books")]

THREADS = 12 if ON_SQLITE else 64  # SQLite lets one write at a time, and who waits looks again ever more seldom
BATCHES = min(30 * PROVE, 1_000)
SEEDS = range(1, min(PROVE, 10) + 1)


def people(count: int) -> list[int]:
    made = User.objects.bulk_create([User(username=f"user{number}") for number in range(count)])
    return [one.pk for one in made]


def codes(outcomes: list[object]) -> Counter[str]:
    return Counter(str(one.code) if isinstance(one, Outcome) else repr(one) for one in outcomes)


def post_all_at_once(items: list[Item]) -> list[object]:
    return at_once(*(partial(post, item) for item in items))


class TestTheLastMoney:
    def test_is_spent_once(self) -> None:
        olga, *others = people(9)
        for turn in range(3):
            fund(user(olga), BTT)
            wishes: list[Item] = [transfer(user(olga), user(other), BTT) for other in others]
            assert codes(post_all_at_once(wishes)) == {"ok": 1, "insufficient": 7}
            assert sum(balance(user(other)) for other in others) == (turn + 1) * BTT
        read_truth()

    def test_is_held_or_spent(self) -> None:
        olga, sam = people(2)
        fund(user(olga), BTT)
        outcomes = post_all_at_once([place_hold(user(olga), BTT), transfer(user(olga), user(sam), BTT)] * 4)
        assert codes(outcomes).keys() <= {"ok", "exists", "insufficient"}
        assert codes(outcomes)["ok"] == 1
        read_truth()


class TestOneKey:
    def test_has_one_effect_and_all_get_the_same_answer(self) -> None:
        olga, sam = people(2)
        fund(user(olga), BTT)
        outcomes = post_all_at_once([transfer(user(olga), user(sam), BTT)] * 12)
        assert codes(outcomes) == {"ok": 1, "exists": 11}
        assert len({outcome.transfer_id for outcome in outcomes if isinstance(outcome, Outcome)}) == 1
        assert (balance(user(olga)), balance(user(sam))) == (0, BTT)

    def test_for_different_wishes_of_different_people_is_one_of_theirs(self) -> None:
        ids = people(8)
        for name in users_of(ids):
            fund(name, BTT)
        pairs = zip(users_of(ids[::2]), users_of(ids[1::2]), strict=True)
        outcomes = post_all_at_once([transfer(payer, payee, BTT, key="the-same") for payer, payee in pairs])
        assert codes(outcomes) == {"ok": 1, "conflict": 3}
        read_truth()


class TestAHold:
    def test_ends_once_however_many_want_to_end_it(self) -> None:
        olga, sam = people(2)
        fund(user(olga), BTT)
        for _ in range(3):
            hold = post(place_hold(user(olga), 1_000)).hold_id
            assert hold
            takes: list[Item] = [transfer(user(olga), user(sam), 600, hold=hold) for _ in range(4)]
            found = codes(post_all_at_once([*takes, *(void(hold) for _ in range(4))]))
            assert found["ok"] == 1
            assert found in ({"ok": 1, "hold_ended": 7}, {"ok": 1, "hold_ended": 4, "exists": 3})
        assert Account.objects.get(kind=2, ref=str(olga)).held_ubtt == 0
        read_truth()


class TestAReversal:
    def test_happens_once(self) -> None:
        olga, sam = people(2)
        fund(user(olga), 10 * BTT)
        first = post(transfer(user(olga), user(sam), BTT)).transfer_id
        fund(user(sam), 10 * BTT)
        again: dict[str, Any] = {"kind": TransferKind.REVERSAL, "reverses": first}
        outcomes = post_all_at_once([transfer(user(sam), user(olga), BTT, **again) for _ in range(8)])
        assert codes(outcomes) == {"ok": 1, "reversed": 7}
        assert balance(user(olga)) == 10 * BTT


class TestTwoWhoPayEachOther:
    def test_in_opposite_order_from_many_threads_never_wait_for_ever(self) -> None:
        olga, sam = users_of(people(2))
        for name in (olga, sam):
            fund(name, BTT)

        def pay(number: int) -> list[Outcome]:
            there, back = transfer(olga, sam, number + 1), transfer(sam, olga, number + 1)
            return ledger.post([there, back] if number % 2 else [back, there], now=NOW)

        outcomes = at_once(*(partial(pay, number) for number in range(THREADS)))
        assert codes([one for both in outcomes if isinstance(both, list) for one in both]) == {"ok": 2 * THREADS}
        assert (balance(olga), balance(sam)) == (BTT, BTT)
        assert read_truth().balance[CHAIN] == -2 * BTT


class TestAThousandPayers:
    def test_lose_nothing_on_the_way_into_one_account(self) -> None:
        payee, *payers = users_of(people(1_001))
        deposits = [transfer(CHAIN, name, 10, kind=TransferKind.DEPOSIT) for name in payers]
        assert all(outcome.is_done for outcome in ledger.post(deposits, now=NOW))
        workers = 4 if ON_SQLITE else 16

        def pay(number: int) -> Counter[str]:
            wishes = [transfer(payer, payee, 7) for payer in payers[number::workers]]
            return codes([one for at in range(0, len(wishes), 4) for one in ledger.post(wishes[at : at + 4], now=NOW)])

        outcomes = at_once(*(partial(pay, number) for number in range(workers)))
        assert all(isinstance(counts, Counter) and counts.keys() == {"ok"} for counts in outcomes), outcomes
        assert balance(payee) == 7_000
        read_truth()


class TestNewAccounts:
    def test_are_opened_once_by_many_who_need_them(self) -> None:
        ids = people(6)
        outcomes = post_all_at_once([transfer(CHAIN, user(ids[number % 6]), 1) for number in range(24)])
        assert codes(outcomes) == {"ok": 24}
        assert (Account.objects.count(), Transfer.objects.count()) == (7, 24)


class Told:
    """What several workers were answered, and what the books must then contain."""

    def __init__(self, witnesses: list[Witness]) -> None:
        self._witnesses = {str(witness.job["prefix"]): witness for witness in witnesses}
        self._lock = Lock()
        self.lines: list[tuple[Any, str, int | None]] = []
        self.done = 0

    def hear(self, said: dict[str, Any]) -> None:
        assert "busy" not in said, said
        with self._lock:
            self.done += "done" in said
            if "batch" in said:
                wishes = self._witnesses[said["worker"]].batches[said["batch"]]
                self.lines += zip(wishes, said["codes"], said["ids"], strict=True)

    def check(self, truth: Truth) -> None:
        """Fail unless the books follow from the answers: what was said to be done, once, and nothing else."""
        done = [(wish, number) for wish, code, number in self.lines if code == "ok"]
        ids = {wish.name: number for wish, number in done}
        assert len(ids) == len(done), "one key was done twice"
        for wish, code, number in self.lines:
            assert code != "exists" or wish.name not in ids or ids[wish.name] == number, f"{wish.name} has two results"
        change: Counter[Any] = Counter(dict.fromkeys(truth.balance, 0))
        held: Counter[Any] = Counter(dict.fromkeys(truth.held, 0))
        holds = {wish.key: wish for wish, _ in done if wish.what is What.HOLD}
        for wish, _ in done:
            if wish.what is What.HOLD:
                held[wish.debit] += wish.amount_ubtt
            if wish.what in (What.TAKE, What.VOID, What.EXPIRE):
                placed = holds[wish.of]  # under a key that was used again it may be another than the wish had in mind
                held[placed.debit] -= placed.amount_ubtt
            if wish.what in (What.MOVE, What.TAKE, What.REVERSE):
                change[wish.debit] -= wish.amount_ubtt
                change[wish.credit] += wish.amount_ubtt
        first = {name: FIRST_MONEY_UBTT if name.ref else 0 for name in truth.balance}
        first[CHAIN] = -sum(first.values())
        assert truth.balance == {name: first[name] + change[name] for name in truth.balance}
        assert truth.held == held
        for wish, number in done:
            kind, key = wish.name
            assert truth.codes[key_hash(key, kind)] == "ok"
            assert number
            assert (Transfer if kind is TransferItem else Hold).objects.filter(pk=number).exists()


class TestRandomSchedules:
    """Two workers ask for the same under the same keys, two more for something of their own, all on five accounts."""

    @pytest.mark.parametrize("seed", SEEDS)
    def test_of_several_processes_do_what_each_was_told(self, process_environment: dict[str, str], seed: int) -> None:
        witnesses, told = self.begin(seed)
        name = str(connection.settings_dict["NAME"]) if ON_SQLITE else ""
        with Nursery(process_environment, database=name) as nursery:
            pids = [nursery.start(**witness.job) for witness in witnesses]
            while told.done < len(witnesses):
                told.hear(nursery.listen())
            for pid in pids:
                list(nursery.wait(pid))
        told.check(read_truth())

    @pytest.mark.parametrize("seed", SEEDS)
    def test_of_several_threads_do_what_each_was_told(self, seed: int) -> None:
        witnesses, told = self.begin(seed)
        for outcome in at_once(*(self.run(witness, told) for witness in witnesses)):
            assert outcome is None
        told.check(read_truth())

    def begin(self, seed: int) -> tuple[list[Witness], Told]:
        users = begin_books(people(5))
        seeds = {"same": seed, "other": seed + 1_000, "third": seed + 2_000}
        witnesses = [Witness(seed=seeds[one], users=users, batches=BATCHES, prefix=one) for one in seeds]
        return [witnesses[0], *witnesses], Told(witnesses)

    def run(self, witness: Witness, told: Told) -> Callable[[], None]:
        return lambda: run_stream(witness.job, lambda said: told.hear({"worker": witness.job["prefix"], **said}))
