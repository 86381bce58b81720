"""The sums of days, files of one's own entries and searches are what the ledger's transfers say, on both databases."""

import csv
import gc
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbox.models import User
from tests.builders import NOW
from tests.emptying import undone
from tests.ledger import ASSET, BTT, CHAIN, TREASURY, transfer, user
from tests.servers import PROVE
from wallet.domain.beancount import number
from wallet.domain.kinds import TransferKind
from wallet.domain.money import MAX_AMOUNT_UBTT, format_btt
from wallet.models import Account, Transfer
from wallet.services import day_sums, ledger, own_export, screen, statements, wanted
from wallet.services.entry_rows import MINUS, Row
from wallet.services.export_lines import Side
from wallet.services.wanted import EVERYTHING, Wanted

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

DAY = timedelta(days=1)
WISHES = (
    EVERYTHING,
    Wanted(kind=TransferKind.TIP),
    Wanted(counterparty="sam"),
    Wanted(text="film"),
    Wanted(text="2.000001"),
    Wanted(counterparty="the chain", written_from=NOW + DAY),
    Wanted(written_before=NOW + 2 * DAY, kind=TransferKind.DEPOSIT),
)
Moves = list[tuple[int, int, str, bool]]  # hours after the one before, µBTT, memo, whether it comes
MOVES = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from([1, 2_000_001, 5 * BTT, 1 << 40]),
        st.sampled_from(["", "film 1"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def account_of(person: User) -> Account:
    account = statements.account_of(person.pk, ASSET)
    assert account
    return account


def move(owner: User, stranger: User, moves: Moves) -> None:
    """Let Olga get so much from the chain, or give it to Sam, who had nothing to do with it before."""
    at = NOW
    deposit(owner, 1 << 50, at)
    for hours, amount_ubtt, memo, comes in moves:
        at += timedelta(hours=hours)
        if comes:
            deposit(owner, amount_ubtt, at, memo=memo)
        else:
            tip = transfer(user(owner.pk), user(stranger.pk), amount_ubtt, event_at=at, memo=memo)
            assert ledger.post_one(tip, now=at).is_done


def deposit(owner: User, amount_ubtt: int, at: datetime, memo: str = "") -> None:
    item = transfer(CHAIN, user(owner.pk), amount_ubtt, kind=TransferKind.DEPOSIT, event_at=at, memo=memo)
    assert ledger.post_one(item, now=at).is_done


def meets(one: Transfer, wish: Wanted, account: Account) -> bool:
    """Say in plain Python whether an entry is wanted."""
    other = "sam" if one.debit_id == account.pk else "the chain"
    word = wish.text
    return (
        (wish.kind is None or one.kind == wish.kind)
        and (not wish.counterparty or wish.counterparty == other)
        and (not word or word in one.memo or (word == "2.000001" and one.amount_ubtt == 2_000_001))
        and (wish.written_from is None or one.written_at >= wish.written_from)
        and (wish.written_before is None or one.written_at < wish.written_before)
    )


def truth(account: Account, wish: Wanted) -> list[Transfer]:
    everything = Transfer.objects.filter(Q(debit=account) | Q(credit=account)).order_by("pk")
    return [one for one in everything if meets(one, wish, account)]


def by_day(account: Account, found: list[Transfer]) -> Mapping[object, tuple[int, int]]:
    sums: dict[object, list[int]] = {}
    for one in found:
        sums.setdefault(one.written_at.astimezone(UTC).date(), [0, 0])[one.debit_id == account.pk] += one.amount_ubtt
    return {day: (came, went) for day, (came, went) in sums.items()}


def rows_of(person: User, form: str, wish: Wanted = EVERYTHING) -> str:
    return "".join(own_export.pieces(account_of(person), person.pk, wanted=wish, form=form))


class TestEntriesOfAnyHistory:
    @given(moves=MOVES)
    @settings(max_examples=4 * PROVE)
    def test_add_up_to_the_sums_of_their_days_and_are_in_the_file_whatever_the_filters(
        self, owner: User, stranger: User, moves: Moves
    ) -> None:
        with undone():
            move(owner, stranger, moves)
            account = account_of(owner)
            for wish in WISHES:
                expected = truth(account, wish)
                page = statements.read(account, wanted=wish, limit=1_000)
                assert [entry.id for entry in page.entries] == [one.pk for one in reversed(expected)]
                days = [day_sums.day_of(entry.written_at) for entry in page.entries]
                sums = day_sums.of_days(account, days, shown=(account.version, account.version), wanted=wish)
                assert {day: (one.in_ubtt, one.out_ubtt) for day, one in sums.items()} == by_day(account, expected)
                lines = [json.loads(line) for line in rows_of(owner, "jsonl", wish).splitlines()]
                assert [(line["transfer"], line["amount"]) for line in lines] == [
                    (one.pk, number(one.amount_ubtt)) for one in expected
                ]


class TestADaysSums:
    def test_are_exact_where_64_bits_are_too_few(self, owner: User) -> None:
        whole = MAX_AMOUNT_UBTT - 1
        deposit(owner, whole, NOW)
        for _ in range(2):
            for sides in ((user(owner.pk), TREASURY), (TREASURY, user(owner.pk))):
                assert ledger.post_one(transfer(*sides, whole, kind=TransferKind.ADJUSTMENT), now=NOW).is_done
        (found,) = day_sums.of_days(account_of(owner), [NOW.date()], shown=(5, 5)).values()
        assert (found.in_ubtt, found.out_ubtt, found.net_ubtt) == (3 * whole, 2 * whole, whole)

    def test_of_all_entries_that_come_at_once_are_brought_with_them(self, owner: User, stranger: User) -> None:
        move(owner, stranger, [(0, 3 * BTT, "", False), (24, BTT, "", True), (48, 2 * BTT, "", False)])
        rows, _holds, head = (cast("dict[str, Row]", said["rows"]) for said in screen.messages(owner.pk)[:3])
        days = {row["day"]: (row["came"], row["went"]) for name, row in rows.items() if name != "money"}
        first = f"+{format_btt(1 << 50)}"
        moved = [(first, f"{MINUS}3"), ("+1", ""), ("", f"{MINUS}2")]
        assert days == {str((NOW + back * DAY).date()): row for back, row in zip((0, 1, 3), moved, strict=True)}
        assert {row["day"] for row in head.values()} <= rows.keys()

    def test_are_left_out_where_there_is_too_much_to_add_up(
        self, owner: User, stranger: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        move(owner, stranger, [(24, BTT, "", True), (24, BTT, "", True), (0, BTT, "", False)])
        monkeypatch.setattr(day_sums, "MAX_SUMMED", 3)
        days = [(NOW + count * DAY).date() for count in range(3)]
        sums = day_sums.of_days(account_of(owner), days, shown=(4, 4))
        assert {day: (one.in_ubtt, one.out_ubtt) for day, one in sums.items()} == {days[2]: (BTT, BTT)}


class TestAFileOfOnesOwnEntries:
    def test_shows_ones_own_balances_and_no_others_and_runs_nothing_in_a_spreadsheet(
        self, owner: User, stranger: User
    ) -> None:
        move(owner, stranger, [(1, BTT, "=cmd()", False)])
        (line,) = csv.DictReader(io.StringIO(rows_of(stranger, "csv")))
        assert (line["amount"], line["credit_balance"], line["debit_balance"]) == ("1.000000", "1.000000", "")
        assert line["memo"] == "'=cmd()"

    def test_asserts_the_balance_of_the_ledger_when_it_is_whole_and_its_own_sum_when_not(
        self, owner: User, stranger: User
    ) -> None:
        move(owner, stranger, [(30, BTT, "", False)])
        balances = [line for line in rows_of(owner, "beancount").splitlines() if " balance " in line]
        assert any(f"{number(BTT - (1 << 50))} ~ 0 BTT" in line for line in balances)
        balances = [
            line
            for line in rows_of(owner, "beancount", Wanted(kind=TransferKind.TIP)).splitlines()
            if " balance " in line
        ]
        assert any(f"{number(BTT)} ~ 0 BTT" in line for line in balances)

    def test_keeps_nobody_in_mind_where_its_end_says_nothing_of_them(
        self, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(own_export, "CHUNK", 2)
        for number_of_person in range(9):
            move(owner, User.objects.create(username=f"friend-{number_of_person}"), [(1, BTT, "", False)])
        most = dict.fromkeys(("csv", "beancount"), 0)
        for form in most:
            for _ in own_export.pieces(account_of(owner), owner.pk, wanted=EVERYTHING, form=form):
                most[form] = max(most[form], sum(type(one) is Side for one in gc.get_objects()))
        assert most["csv"] <= 4 < most["beancount"]


class TestALongStatement:
    def test_is_read_with_as_many_questions_at_its_end_as_at_its_beginning(
        self, owner: User, stranger: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wanted, "PROBES", 3)
        move(owner, stranger, [(5, BTT, "", n % 2 == 0) for n in range(40)])
        account = account_of(owner)
        asked = []
        for before in (None, 20, 6):
            with CaptureQueriesContext(connection) as queries:
                page = statements.read(account, before=before, limit=5)
            assert "OFFSET" not in str(queries.captured_queries)
            asked.append(len(queries))
            days = [day_sums.day_of(entry.written_at) for entry in page.entries]
            with CaptureQueriesContext(connection) as queries:
                day_sums.of_days(account, days, shown=(account.version, account.version))
            assert len(queries) <= 2 * 2 * 5 + 2  # twice both sides in five steps, and the sums
        assert asked[1] == asked[2]
