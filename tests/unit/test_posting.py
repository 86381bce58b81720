"""The decision on a batch, without a database: every code, and that what is refused leaves no trace."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import NOW
from tests.ledger import CHAIN, TREASURY, place_hold, transfer, user, void
from wallet.domain import posting
from wallet.domain.accounts import AccountName
from wallet.domain.items import HoldEnd, HoldPurpose, Item, body_hash, hash_of_key
from wallet.domain.kinds import TransferKind
from wallet.domain.money import MAX_AMOUNT_UBTT
from wallet.domain.posting import Account, Books, Code, Decision, Hold, Known, Original, Outcome, hashed

OLGA, SAM, TIM = user(1), user(2), user(3)
LATER = NOW + timedelta(hours=1)


def decide(items: Sequence[Item], kept: Books, *, now: datetime) -> Decision:
    return posting.decide(hashed(items), kept, now=now)


def books(money: dict[AccountName, int] | None = None, **more: Any) -> Books:
    """Return books in which Olga has 100, of which 30 are held under hold 7; hold 8 has ended."""
    balances = {OLGA: 100, SAM: 0, TIM: 0, CHAIN: -100} | (money or {})
    accounts = {
        name: Account(number, name, balance, 30 if name == OLGA else 0, 5, is_frozen=False)
        for number, (name, balance) in enumerate(balances.items(), 1)
    }
    holds = {7: Hold(7, OLGA, 30, LATER, None), 8: Hold(8, OLGA, 30, LATER, HoldEnd.VOIDED)}
    originals = {20: Original(20, 2, 1, 10, is_reversal=False, is_reversed=False)}  # Sam paid Olga 10
    return Books(accounts, {}, holds, originals, **more)


def codes(items: Sequence[Item], kept: Books | None = None, now: Any = NOW) -> list[Code]:
    return [outcome.code for outcome in decide(items, kept or books(), now=now).outcomes]


def reversal(amount_ubtt: int = 10, **fields: Any) -> Item:
    return transfer(OLGA, SAM, amount_ubtt, **{"kind": TransferKind.REVERSAL, "reverses": 20} | fields)


def expire(hold: int) -> Item:
    return void(hold, end=HoldEnd.EXPIRED)


def frozen(name: AccountName) -> Books:
    kept = books()
    kept.accounts[name].is_frozen = True
    return kept


class TestATransfer:
    def test_changes_both_sides_and_counts_an_entry_on_each(self) -> None:
        kept = books()
        line = decide([transfer(OLGA, SAM, 70)], kept, now=NOW).lines[0]
        assert (line.debit_balance_ubtt, line.debit_version) == (30, 6)
        assert (line.credit_balance_ubtt, line.credit_version) == (70, 6)
        assert kept.accounts[OLGA].available_ubtt == 0

    @pytest.mark.parametrize(
        ("item", "code"),
        [
            (transfer(OLGA, SAM, 70), Code.OK),
            (transfer(OLGA, SAM, 71), Code.INSUFFICIENT),
            (transfer(SAM, OLGA, 1), Code.INSUFFICIENT),
            (transfer(user(9), OLGA, 1), Code.NOT_FOUND),
            (transfer(OLGA, user(9), 1), Code.NOT_FOUND),
            (transfer(CHAIN, SAM, 10**9), Code.OK),
            (transfer(CHAIN, SAM, MAX_AMOUNT_UBTT - 100), Code.OK),
            (transfer(CHAIN, SAM, MAX_AMOUNT_UBTT - 99), Code.OVERFLOW),
            (transfer(CHAIN, OLGA, MAX_AMOUNT_UBTT - 100), Code.OK),
        ],
    )
    def test_is_done_where_there_is_as_much_available(self, item: Item, code: Code) -> None:
        assert codes([item]) == [code]

    def test_never_lets_a_balance_leave_its_bounds(self) -> None:
        kept = books({SAM: MAX_AMOUNT_UBTT, CHAIN: -MAX_AMOUNT_UBTT})
        assert codes([transfer(OLGA, SAM, 1), transfer(CHAIN, TIM, 1)], kept) == [Code.OVERFLOW] * 2

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({}, Code.FROZEN),
            ({"hold": 7}, Code.FROZEN),
            ({"kind": TransferKind.ADJUSTMENT}, Code.OK),
            ({"kind": TransferKind.REVERSAL, "reverses": 20}, Code.OK),
        ],
    )
    def test_leaves_a_frozen_account_only_as_a_correction(self, fields: dict[str, Any], code: Code) -> None:
        assert codes([transfer(OLGA, SAM, 10, **fields)], frozen(OLGA)) == [code]

    def test_reaches_a_frozen_account(self) -> None:
        assert codes([transfer(OLGA, SAM, 10)], frozen(SAM)) == [Code.OK]

    def test_sees_what_came_before_it(self) -> None:
        items = [transfer(OLGA, SAM, 50), transfer(SAM, TIM, 50), transfer(SAM, TIM, 1), transfer(TIM, OLGA, 50)]
        assert codes(items) == [Code.OK, Code.OK, Code.INSUFFICIENT, Code.OK]

    def test_of_a_payer_with_money_for_seven_of_ten_is_done_seven_times(self) -> None:
        assert codes([transfer(OLGA, SAM, 10) for _ in range(10)]) == [Code.OK] * 7 + [Code.INSUFFICIENT] * 3

    def test_of_one_who_has_nothing_hinders_nobody_else_in_a_thousand(self) -> None:
        items = [transfer(*((TIM, SAM) if number % 10 else (CHAIN, OLGA)), 1) for number in range(1_000)]
        assert codes(items).count(Code.OK) == 100
        assert codes(items)[1] is Code.INSUFFICIENT


class TestAHold:
    @pytest.mark.parametrize(
        ("item", "code"),
        [
            (place_hold(OLGA, 70), Code.OK),
            (place_hold(OLGA, 71), Code.INSUFFICIENT),
            (place_hold(user(9), 1), Code.NOT_FOUND),
            (place_hold(OLGA, 1, expires_at=NOW), Code.HOLD_EXPIRED),
            (place_hold(OLGA, 1, expires_at=None, purpose=HoldPurpose.WITHDRAWAL), Code.OK),
            (transfer(OLGA, SAM, 30, hold=7), Code.OK),
            (transfer(OLGA, SAM, 29, hold=7), Code.OK),
            (transfer(OLGA, SAM, 31, hold=7), Code.HOLD_TOO_SMALL),
            (transfer(TIM, SAM, 1, hold=7), Code.NOT_FOUND),
            (transfer(OLGA, SAM, 1, hold=99), Code.NOT_FOUND),
            (transfer(OLGA, SAM, 1, hold=8), Code.HOLD_ENDED),
            (void(7), Code.OK),
            (void(8), Code.EXISTS),
            (void(99), Code.NOT_FOUND),
            (expire(7), Code.HOLD_RUNS),
            (expire(8), Code.HOLD_ENDED),
        ],
    )
    def test_is_placed_posted_and_ended_as_it_allows(self, item: Item, code: Code) -> None:
        assert codes([item]) == [code]

    @pytest.mark.parametrize(
        ("item", "code"),
        [
            (transfer(OLGA, SAM, 30, hold=7), Code.HOLD_EXPIRED),
            (expire(7), Code.OK),
            (void(7), Code.OK),
        ],
    )
    def test_is_over_at_its_time_even_when_nobody_has_cleaned_up(self, item: Item, code: Code) -> None:
        assert codes([item], now=LATER) == [code]

    def test_expires_once_however_often_and_with_whatever_clock_that_is_asked(self) -> None:
        kept = books()
        assert codes([expire(7)], kept, NOW - timedelta(days=1)) == [Code.HOLD_RUNS]
        assert codes([expire(7), expire(7)], kept, LATER) == [Code.OK, Code.EXISTS]
        assert codes([expire(7), transfer(OLGA, SAM, 5, hold=7)], kept, NOW) == [Code.EXISTS, Code.HOLD_ENDED]
        assert kept.accounts[OLGA].held_ubtt == 0

    def test_without_a_time_never_expires(self) -> None:
        kept = books()
        kept.holds[7].expires_at = None
        assert codes([expire(7), transfer(OLGA, SAM, 30, hold=7)], kept, LATER) == [Code.HOLD_RUNS, Code.OK]

    def test_of_a_frozen_account_can_end_and_none_can_begin(self) -> None:
        assert codes([place_hold(OLGA, 1), void(7)], frozen(OLGA)) == [Code.FROZEN, Code.OK]

    @pytest.mark.parametrize("first", [transfer(OLGA, SAM, 5, hold=7), void(7)], ids=["posted", "voided"])
    def test_ends_once_and_says_how(self, first: Item) -> None:
        outcomes = decide([first, transfer(OLGA, SAM, 5, hold=7), expire(7)], books(), now=NOW).outcomes
        how = outcomes[0].end
        assert [(outcome.code, outcome.end) for outcome in outcomes[1:]] == [(Code.HOLD_ENDED, how)] * 2

    def test_gives_back_what_it_does_not_post(self) -> None:
        kept = books()
        assert codes([transfer(OLGA, SAM, 5, hold=7), transfer(OLGA, SAM, 96)], kept) == [Code.OK, Code.INSUFFICIENT]
        assert (kept.accounts[OLGA].balance_ubtt, kept.accounts[OLGA].held_ubtt) == (95, 0)

    def test_keeps_its_money_from_being_spent(self) -> None:
        items: list[Item] = [place_hold(OLGA, 70), transfer(OLGA, SAM, 1), transfer(OLGA, SAM, 30, hold=7)]
        assert codes(items) == [Code.OK, Code.INSUFFICIENT, Code.OK]


class TestAReversal:
    @pytest.mark.parametrize(
        ("item", "code"),
        [
            (reversal(), Code.OK),
            (reversal(9), Code.NOT_REVERSIBLE),
            (reversal(reverses=21), Code.NOT_FOUND),
            (transfer(SAM, OLGA, 10, kind=TransferKind.REVERSAL, reverses=20), Code.NOT_REVERSIBLE),
        ],
    )
    def test_mirrors_what_it_names(self, item: Item, code: Code) -> None:
        assert codes([item]) == [code]

    def test_happens_once(self) -> None:
        assert codes([reversal(), reversal()]) == [Code.OK, Code.REVERSED]

    def test_is_not_reversed(self) -> None:
        kept = books()
        kept.originals[20].is_reversal = True
        assert codes([reversal()], kept) == [Code.NOT_REVERSIBLE]

    def test_is_refused_when_the_receiver_has_spent_it(self) -> None:
        assert codes([transfer(OLGA, TIM, 65), reversal()]) == [Code.OK, Code.INSUFFICIENT]


class TestAKey:
    def test_used_again_in_a_batch_is_answered_with_the_first(self) -> None:
        item = transfer(OLGA, SAM, 10)
        decision = decide([item, replace(item, event_at=LATER)], books(), now=NOW)
        assert [outcome.code for outcome in decision.outcomes] == [Code.OK, Code.EXISTS]
        assert len(decision.lines) == 1
        assert decision.replays == [(decision.outcomes[1], decision.outcomes[0])]

    def test_used_for_something_else_is_a_conflict_and_stays_with_the_first(self) -> None:
        item, hold, end = transfer(OLGA, SAM, 10), place_hold(OLGA, 1), void(7)
        others: list[Item] = [replace(item, amount_ubtt=11), replace(hold, amount_ubtt=2), replace(end, hold=8)]
        assert codes([item, hold, end, *others]) == [*[Code.OK] * 3, *[Code.CONFLICT] * 3]
        assert codes([item, hold, end, *others, item, hold, end])[-3:] == [Code.EXISTS] * 3

    def test_belongs_to_what_it_is_asked_for(self) -> None:
        items: list[Item] = [transfer(OLGA, SAM, 10, key="k"), place_hold(OLGA, 1, key="k"), void(7, key="k")]
        decision = decide([*items, *items], books(), now=NOW)
        assert [outcome.code for outcome in decision.outcomes] == [*[Code.OK] * 3, *[Code.EXISTS] * 3]
        assert [id(first) for _, first in decision.replays] == [id(outcome) for outcome in decision.outcomes[:3]]

    @pytest.mark.parametrize("code", [Code.INSUFFICIENT, Code.FROZEN, Code.LINKED, Code.HOLD_ENDED, Code.EXISTS])
    def test_that_was_refused_before_stays_refused(self, code: Code) -> None:
        kept, item = books(), transfer(OLGA, SAM, 10)
        kept.known[hash_of_key(item)] = Known(body_hash(item), Outcome(code))
        decision = decide([item], kept, now=NOW)
        assert (decision.outcomes[0].code, decision.lines, decision.answers) == (code, [], [])

    def test_of_what_was_not_there_can_be_used_again(self) -> None:
        item = transfer(OLGA, user(9), 10)
        kept = books()
        assert codes([item, replace(item, credit=SAM)], kept) == [Code.NOT_FOUND, Code.OK]

    def test_of_a_refusal_is_kept_with_it(self) -> None:
        decision = decide([transfer(OLGA, SAM, 71), transfer(OLGA, user(9), 1), expire(7)], books(), now=NOW)
        assert [answer.outcome.code for answer in decision.answers] == [Code.INSUFFICIENT]


GROUPS: dict[str, tuple[list[Item], list[Code]]] = {
    "all fit": ([transfer(OLGA, SAM, 60), transfer(SAM, TIM, 60)], [Code.OK, Code.OK]),
    "the last does not": ([transfer(OLGA, SAM, 60), transfer(SAM, TIM, 61)], [Code.LINKED, Code.INSUFFICIENT]),
    "the first does not": ([transfer(OLGA, SAM, 71), transfer(OLGA, TIM, 1)], [Code.INSUFFICIENT, Code.LINKED]),
    "a hold is placed": ([place_hold(OLGA, 60), transfer(SAM, TIM, 1)], [Code.LINKED, Code.INSUFFICIENT]),
    "a hold is posted": ([transfer(OLGA, SAM, 5, hold=7), transfer(TIM, SAM, 1)], [Code.LINKED, Code.INSUFFICIENT]),
    "a hold is voided": ([void(7), transfer(TIM, SAM, 1)], [Code.LINKED, Code.INSUFFICIENT]),
    "something is reversed": ([reversal(), transfer(TIM, OLGA, 1)], [Code.LINKED, Code.INSUFFICIENT]),
    "an account is missing": ([transfer(OLGA, SAM, 5), transfer(OLGA, user(9), 1)], [Code.LINKED, Code.NOT_FOUND]),
    "a hold runs": ([transfer(OLGA, SAM, 71), expire(7)], [Code.INSUFFICIENT, Code.HOLD_RUNS]),
    "a hold was voided": ([void(8), transfer(OLGA, SAM, 5)], [Code.CONFLICT, Code.CONFLICT]),
    "all was so before": ([void(8), void(8)], [Code.EXISTS, Code.EXISTS]),
}


def linked(items: Sequence[Item]) -> list[Item]:
    return [*(replace(item, linked=True) for item in items[:-1]), items[-1]]


def traces(decision: Decision, kept: Books) -> tuple[object, ...]:
    return decision.lines, decision.ended, kept.accounts, kept.holds, kept.originals


class TestLinkedItems:
    @pytest.mark.parametrize(("items", "expected"), GROUPS.values(), ids=GROUPS)
    def test_are_done_all_or_none_and_leave_no_trace(self, items: list[Item], expected: list[Code]) -> None:
        kept, before = books(), books()
        decision = decide(linked(items), kept, now=NOW)
        assert [outcome.code for outcome in decision.outcomes] == expected
        if not decision.outcomes[0].is_done:
            assert traces(decision, kept) == ([], [], before.accounts, before.holds, before.originals)

    @pytest.mark.parametrize(("items", "expected"), GROUPS.values(), ids=GROUPS)
    def test_are_answered_the_same_when_asked_again(self, items: list[Item], expected: list[Code]) -> None:
        again = [Code.EXISTS if code is Code.OK else code for code in expected]
        kept = books()
        assert codes([*linked(items), *linked(items)], kept) == [*expected, *again]
        assert codes(linked(items), kept) == again

    @pytest.mark.parametrize(("items", "expected"), GROUPS.values(), ids=GROUPS)
    def test_that_fail_are_in_nobodys_way(self, items: list[Item], expected: list[Code]) -> None:
        rest: list[Item] = [transfer(OLGA, SAM, 30, hold=7), reversal(), place_hold(OLGA, 60)]
        if not {Code.OK, Code.EXISTS} & set(expected):
            assert codes([*linked(items), *rest])[-3:] == [Code.OK] * 3

    def test_that_can_be_mended_can_be_asked_for_again_under_their_keys(self) -> None:
        items = linked([transfer(OLGA, SAM, 5), transfer(OLGA, TIM, 5)])
        kept = books()
        missing = kept.accounts.pop(TIM)
        assert codes(items, kept) == [Code.LINKED, Code.NOT_FOUND]
        kept.accounts[TIM] = missing
        assert codes(items, kept) == [Code.OK, Code.OK]

    def test_that_were_refused_stay_refused(self) -> None:
        items = linked([transfer(OLGA, SAM, 5), transfer(TIM, SAM, 1)])
        kept = books()
        assert codes(items, kept) == [Code.LINKED, Code.INSUFFICIENT]
        kept.accounts[TIM].balance_ubtt = 10
        assert codes(items, kept) == [Code.LINKED, Code.INSUFFICIENT]
        assert codes(items[1:], kept) == [Code.INSUFFICIENT]

    def test_of_which_one_was_done_before_are_a_conflict_that_changes_nothing(self) -> None:
        done, new = transfer(OLGA, SAM, 5), transfer(OLGA, TIM, 5)
        assert codes([done, *linked([done, new]), new]) == [Code.OK, Code.CONFLICT, Code.CONFLICT, Code.OK]

    def test_with_one_key_twice_are_a_conflict(self) -> None:
        item = transfer(OLGA, SAM, 5)
        assert codes(linked([item, item])) == [Code.CONFLICT] * 2
        assert codes([*linked([item, replace(item, amount_ubtt=6)]), item]) == [Code.LINKED, Code.CONFLICT, Code.OK]

    def test_answer_for_a_key_that_was_first_used_in_the_same_batch(self) -> None:
        items = [transfer(OLGA, SAM, 5), transfer(OLGA, TIM, 5)]
        decision = decide([*items, *linked(items)], books(), now=NOW)
        assert [outcome.code for outcome in decision.outcomes[2:]] == [Code.EXISTS] * 2
        assert len(decision.lines) == 2

    def test_come_in_any_number_beside_each_other(self) -> None:
        good = [linked([transfer(OLGA, SAM, 1), transfer(SAM, TIM, 1), transfer(TIM, OLGA, 1)]) for _ in range(20)]
        bad = [linked([transfer(OLGA, SAM, 9), transfer(SAM, TREASURY, 1)]) for _ in range(20)]
        items = [item for pair in zip(good, bad, strict=True) for group in pair for item in group]
        kept = books()
        assert codes(copy.deepcopy(items), kept).count(Code.OK) == 60
        assert kept.accounts[OLGA].balance_ubtt == 100
        assert [kept.accounts[name].version for name in (OLGA, SAM, TIM)] == [45, 45, 45]
