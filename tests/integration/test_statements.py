"""A user's statement: pages of entries, filters, holds and balances, on both databases."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import ASSET, BTT, TREASURY, fund, place_hold, post, transfer, user, void
from wallet.domain.accounts import AccountName, channel_account
from wallet.domain.items import HoldPurpose
from wallet.domain.kinds import TransferKind
from wallet.models import Account, Channel
from wallet.services import ledger, parties, statements
from wallet.services.statements import Page
from wallet.services.wanted import Wanted

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

HOUR = timedelta(hours=1)
CHANNEL = "3f2a9c1d" * 4


def account_of(person: User) -> Account:
    account = statements.account_of(person.pk, ASSET)
    assert account
    return account


def read(person: User, *, before: int | None = None, limit: int = 50, **wanted: Any) -> Page:
    return statements.read(account_of(person), wanted=Wanted(**wanted), before=before, limit=limit)


def versions(page: Page) -> list[int]:
    return [entry.version for entry in page.entries]


def post_at(at: datetime, debit: AccountName, credit: AccountName, amount_ubtt: int, **fields: Any) -> int:
    outcome = ledger.post_one(transfer(debit, credit, amount_ubtt, event_at=at, **fields), now=at)
    assert outcome.transfer_id
    return outcome.transfer_id


@pytest.fixture
def tips(owner: User, stranger: User) -> list[int]:
    """Olga has 100 BTT and sends Sam 1, 2, … 9 BTT, one each hour; Sam sends 5 back in the middle."""
    fund(user(owner.pk), 100 * BTT)
    sent = [
        post_at(NOW + n * HOUR, user(owner.pk), user(stranger.pk), n * BTT, memo=f"for film {n}", cause=f"tip/{n}")
        for n in range(1, 10)
    ]
    post_at(NOW + 9.5 * HOUR, user(stranger.pk), user(owner.pk), 5 * BTT, memo="change")
    return sent


@pytest.mark.usefixtures("tips")
class TestAStatement:
    def test_shows_both_directions_with_the_balance_after_each(self, owner: User, stranger: User) -> None:
        page = read(owner, limit=3)
        assert [
            (entry.is_credit, entry.amount_ubtt, entry.balance_ubtt, entry.counterparty, entry.memo)
            for entry in page.entries
        ] == [
            (True, 5 * BTT, 60 * BTT, "sam", "change"),
            (False, -9 * BTT, 55 * BTT, "sam", "for film 9"),
            (False, -8 * BTT, 64 * BTT, "sam", "for film 8"),
        ]
        assert [entry.balance_ubtt for entry in read(stranger, limit=2).entries] == [40 * BTT, 45 * BTT]

    def test_is_read_page_by_page_to_its_first_entry(self, owner: User) -> None:
        first = read(owner, limit=5)
        second = read(owner, limit=5, before=first.before)
        last = read(owner, limit=5, before=second.before)
        assert [*versions(first), *versions(second), *versions(last)] == list(range(11, 0, -1))
        assert last.before is None
        assert (last.entries[-1].kind, last.entries[-1].counterparty) == (TransferKind.DEPOSIT, "the chain")
        assert read(owner, before=1) == Page([], None)

    def test_page_stays_as_it_was_when_entries_are_added(self, owner: User, stranger: User) -> None:
        first = read(owner, limit=4)
        post(transfer(user(stranger.pk), user(owner.pk), BTT))
        assert versions(read(owner, limit=4, before=first.before)) == [7, 6, 5, 4]

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"kind": TransferKind.DEPOSIT}, [1]),
            ({"counterparty": "SAM"}, list(range(11, 1, -1))),
            ({"counterparty": "The chain"}, [1]),
            ({"counterparty": "nobody of that name"}, []),
            ({"text": "FILM 7"}, [8]),
            ({"text": "tip/3"}, [4]),
            ({"text": "\N{MINUS SIGN}6 BTT"}, [7]),
            ({"text": "6.0"}, [7]),
            ({"text": "tip rec"}, [11]),
            ({"text": "chain"}, [1]),
            ({"text": "SA"}, list(range(11, 1, -1))),
            ({"text": "100%"}, []),
            ({"written_from": NOW + 8 * HOUR}, [11, 10, 9]),
            ({"written_before": NOW + 2 * HOUR}, [2, 1]),
            ({"written_from": NOW + 2 * HOUR, "written_before": NOW + 4 * HOUR}, [4, 3]),
            ({"written_from": NOW + 20 * HOUR}, []),
            ({"written_before": NOW - HOUR}, []),
            ({"text": "film", "written_from": NOW + 9 * HOUR, "counterparty": "sam"}, [10]),
        ],
    )
    def test_can_be_filtered(self, owner: User, wanted: dict[str, Any], found: list[int]) -> None:
        assert versions(read(owner, **wanted)) == found

    def test_that_is_filtered_has_pages_too(self, owner: User) -> None:
        first = read(owner, limit=2, text="film")
        assert versions(first) == [10, 9]
        assert versions(read(owner, limit=20, text="film", before=first.before)) == [8, 7, 6, 5, 4, 3, 2]

    def test_search_looks_at_so_many_entries_and_says_how_far_it_came(
        self, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(statements, "MAX_LOOKED_AT", 4)
        monkeypatch.setattr(statements, "CHUNK", 3)
        page = read(owner, text="film 2")
        assert (page.entries, page.before, page.searched_back_to) == ([], 8, NOW + 7 * HOUR)
        page = read(owner, text="film 2", before=page.before)
        page = read(owner, text="film 2", before=page.before)
        assert (versions(page), page.before, page.searched_back_to) == ([3], None, None)

    def test_names_a_counterparty_who_is_gone_without_a_name(self, owner: User, stranger: User) -> None:
        User.objects.filter(pk=stranger.pk).delete()
        assert read(owner).entries[0].counterparty == parties.GONE

    def test_page_reads_two_ranges_of_the_accounts_own_indexes(self, owner: User) -> None:
        account = account_of(owner)
        with CaptureQueriesContext(connection) as asked:
            statements.read(account, before=9, limit=4)
        plans = [plan(query["sql"]) for query in asked.captured_queries if "_version" in query["sql"]]
        assert len(plans) == 2
        for side, found in zip(("debit", "credit"), plans, strict=True):
            on_postgresql = f"wallet_transfer_{side}_version_once"
            on_sqlite = f"{side}_id=? AND {side}_version>? AND {side}_version<?"
            assert (on_postgresql if connection.vendor == "postgresql" else on_sqlite) in found
            assert "scan on wallet_transfer " not in found.lower() and "scan wallet_transfer" not in found.lower()


def plan(statement: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # a table of ten rows is read whole otherwise
        cursor.execute(f"EXPLAIN {'' if connection.vendor == 'postgresql' else 'QUERY PLAN '}{statement}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


class TestABalance:
    def test_counts_what_is_held_and_what_is_in_open_channels_apart(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 10 * BTT)
        fund(user(stranger.pk), 1)
        opened = transfer(
            user(owner.pk), channel_account(ASSET, CHANNEL), 4 * BTT, kind=TransferKind.CHANNEL_OPENED, cause="deal/1"
        )
        assert post(opened).is_done
        channel = Channel.objects.create(
            id=CHANNEL,
            account=Account.objects.get(ref=CHANNEL),
            payer=account_of(owner),
            payee=account_of(stranger),
            amount_ubtt=4 * BTT,
            redeemed_ubtt=BTT,
            fee_ppm=0,
            opened_at=NOW,
            expires_at=NOW + HOUR,
        )
        post(place_hold(user(owner.pk), 2 * BTT))
        found = statements.balance(account_of(owner))
        assert (found.available_ubtt, found.held_ubtt, found.in_channels_ubtt) == (4 * BTT, 2 * BTT, 3 * BTT)
        assert statements.balance(account_of(stranger)).in_channels_ubtt == 0
        assert read(owner).entries[0].counterparty == "channel 3f2a9c1d"
        assert (
            versions(read(owner, counterparty="channel")) == versions(read(owner, counterparty="Channel 3f2a")) == [2]
        )
        Channel.objects.filter(pk=channel.pk).update(end="expired", ended_at=NOW)
        assert statements.balance(account_of(owner)).in_channels_ubtt == 0

    def test_names_the_holds_that_run(self, owner: User) -> None:
        fund(user(owner.pk), 10 * BTT)
        assert statements.running_holds(account_of(owner)) == []
        ended = post(place_hold(user(owner.pk), BTT)).hold_id
        post(place_hold(user(owner.pk), 3 * BTT, purpose=HoldPurpose.WITHDRAWAL, cause="withdrawal/1", expires_at=None))
        assert ended
        post(void(ended))
        (hold,) = statements.running_holds(account_of(owner))
        assert (hold.amount_ubtt, hold.purpose, hold.cause, hold.expires_at) == (
            3 * BTT,
            HoldPurpose.WITHDRAWAL,
            "withdrawal/1",
            None,
        )


class TestAnEntry:
    def test_is_seen_by_each_of_its_two_users_with_own_figures(
        self, owner: User, stranger: User, admin: User, tips: list[int]
    ) -> None:
        seen = [statements.detail(person.pk, tips[0]) for person in (owner, stranger)]
        entries = [detail.entry for detail in seen if detail]
        assert [(entry.version, entry.balance_ubtt, entry.counterparty) for entry in entries] == [
            (2, 99 * BTT, "sam"),
            (1, BTT, "olga"),
        ]
        assert statements.detail(admin.pk, tips[0]) is None
        assert statements.detail(owner.pk, tips[-1] + 1_000_000) is None

    def test_knows_what_it_takes_back_and_what_took_it_back(self, owner: User, admin: User) -> None:
        fund(TREASURY, 5 * BTT)
        grant = post(transfer(TREASURY, user(owner.pk), BTT, kind=TransferKind.GRANT)).transfer_id
        assert grant
        back = post(
            transfer(user(owner.pk), TREASURY, BTT, kind=TransferKind.REVERSAL, reverses=grant, cause="act/1")
        ).transfer_id
        first, second = statements.detail(owner.pk, grant), statements.detail(owner.pk, back or 0)
        assert first and second
        assert (first.reversed_by_id, second.reverses_id) == (back, grant)
