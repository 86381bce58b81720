"""Sealing, on both databases: everything once, in order, chained; and what is sealed is what stands in the tables."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from seedbox.models import User
from tests.builders import NOW, make_user
from tests.ledger import BTT, TREASURY, fund, lifted_guards, post, transfer, user
from wallet import models
from wallet.domain import merkle
from wallet.domain.kinds import TransferKind
from wallet.domain.seals import BEGINNING, seal_hash
from wallet.services import ledger, seals
from wallet.services.seals import read_seals, read_written, seal_new

pytestmark = pytest.mark.both_databases

LIMIT_S = 60
BATCHES, BATCH = 15, 40  # of each poster
POSTERS, SEALERS = 4, 2

# The text of wallet.domain.written, from the columns themselves.
SQL_LEAVES = """
SELECT t.id, sha256('\\x00'::bytea || convert_to('1|written|amount_ubtt=i' || t.amount_ubtt || '|asset=i' || t.asset
    || '|body_hash=s64:' || encode(t.body_hash, 'hex') || '|cause=s' || octet_length(t.cause) || ':' || t.cause
    || '|credit=i' || t.credit_id || '|credit_kind=i' || c.kind
    || '|credit_ref=s' || octet_length(c.ref) || ':' || c.ref
    || '|debit=i' || t.debit_id || '|debit_kind=i' || d.kind
    || '|debit_ref=s' || octet_length(d.ref) || ':' || d.ref
    || '|event_at=i' || (extract(epoch FROM t.event_at) * 1000000)::bigint
    || '|hold=i' || coalesce(t.hold_id, 0) || '|id=i' || t.id || '|key_hash=s32:' || encode(t.key_hash, 'hex')
    || '|kind=i' || t.kind || '|memo=s' || octet_length(t.memo) || ':' || t.memo
    || '|reverses=i' || coalesce(t.reverses_id, 0)
    || '|written_at=i' || (extract(epoch FROM t.written_at) * 1000000)::bigint, 'UTF8'))
FROM wallet_transfer t JOIN wallet_account d ON d.id = t.debit_id JOIN wallet_account c ON c.id = t.credit_id
ORDER BY t.id
"""
SQLITE_TEXTS = """
SELECT t.id, '1|written|amount_ubtt=i' || t.amount_ubtt || '|asset=i' || t.asset
    || '|body_hash=s64:' || lower(hex(t.body_hash)) || '|cause=s' || length(CAST(t.cause AS BLOB)) || ':' || t.cause
    || '|credit=i' || t.credit_id || '|credit_kind=i' || c.kind
    || '|credit_ref=s' || length(c.ref) || ':' || c.ref
    || '|debit=i' || t.debit_id || '|debit_kind=i' || d.kind
    || '|debit_ref=s' || length(d.ref) || ':' || d.ref
    || '|event_at=i' || (unixepoch(substr(t.event_at, 1, 19)) * 1000000 + substr(t.event_at || '.000000', 21, 6))
    || '|hold=i' || coalesce(t.hold_id, 0) || '|id=i' || t.id || '|key_hash=s32:' || lower(hex(t.key_hash))
    || '|kind=i' || t.kind || '|memo=s' || length(CAST(t.memo AS BLOB)) || ':' || t.memo
    || '|reverses=i' || coalesce(t.reverses_id, 0)
    || '|written_at=i' || (unixepoch(substr(t.written_at, 1, 19)) * 1000000 + substr(t.written_at || '.000000', 21, 6))
FROM wallet_transfer t JOIN wallet_account d ON d.id = t.debit_id JOIN wallet_account c ON c.id = t.credit_id
ORDER BY t.id
"""
SQL_SEALS = """
SELECT number, sha256(convert_to('1|seal|count=i' || count || '|first_id=i' || first_id || '|last_id=i' || last_id
    || '|number=i' || number || '|previous_hash=s64:' || encode(previous_hash, 'hex')
    || '|root=s64:' || encode(root, 'hex') || '|sealed_at=i' || (extract(epoch FROM sealed_at) * 1000000)::bigint
    || '|totals=s' || octet_length(w.totals) || ':' || w.totals, 'UTF8'))
FROM wallet_seal, LATERAL (
    SELECT string_agg(key || '=' || value, ',' ORDER BY key::int) AS totals FROM jsonb_each_text(wallet_seal.totals)
) w ORDER BY number
"""


def leaves_by_sql() -> dict[int, bytes]:
    """Hash all transfers as the database sees them; SQLite has no SHA-256, but it writes the texts."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(SQL_LEAVES, None)
            return {number: bytes(leaf) for number, leaf in cursor.fetchall()}
        cursor.execute(SQLITE_TEXTS, None)
        return {number: merkle.leaf_hash(text.encode()) for number, text in cursor.fetchall()}


def check_the_chain() -> list[int]:
    """Check every seal against the transfers that it covers and against the one before; return the ids covered."""
    link, covered = BEGINNING, []
    for number, row in enumerate(models.Seal.objects.order_by("number"), 1):
        transfers = read_written(first_id=row.first_id, last_id=row.last_id)
        assert (row.number, bytes(row.previous_hash), row.count) == (number, link.hash, len(transfers))
        assert (transfers[0].id, transfers[-1].id) == (row.first_id, row.last_id)
        assert merkle.root([transfer.leaf() for transfer in transfers]) == bytes(row.root)
        assert row.totals == {"2": str(sum(transfer.amount_ubtt for transfer in transfers))}
        seal = seals.as_written(row)
        assert seal_hash(seal.text()) == bytes(row.hash)
        covered += [transfer.id for transfer in transfers]
        link = seal.link()
    return covered


@pytest.mark.django_db
class TestSealing:
    def test_seals_nothing_of_an_empty_ledger(self) -> None:
        assert seal_new(now=NOW) == 0
        assert not models.Seal.objects.exists()

    def test_covers_everything_once_in_seals_of_a_thousand_at_most(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 10_000)
        assert seal_new(now=NOW) == 1
        assert seal_new(now=NOW + timedelta(seconds=1)) == 0
        wishes = [transfer(user(owner.pk), user(stranger.pk), 1, memo="für {dich} „|id=i9|“ \\") for _ in range(2_300)]
        ledger.post(wishes, now=NOW)
        assert seal_new(now=NOW + timedelta(seconds=2)) == 2_300
        assert [seal.count for seal in read_seals(first=1, last=9)] == [1, 1_000, 1_000, 300]
        assert check_the_chain() == list(models.Transfer.objects.order_by("pk").values_list("pk", flat=True))

    def test_does_not_mind_ids_that_were_rolled_back(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        with transaction.atomic():
            fund(user(owner.pk), BTT)
            transaction.set_rollback(True)
        fund(user(owner.pk), BTT)
        assert seal_new(now=NOW) == 2
        assert len(check_the_chain()) == 2

    def test_shows_a_changed_row_and_a_renamed_account(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        post(transfer(user(owner.pk), user(stranger.pk), 5))
        seal_new(now=NOW)
        check_the_chain()
        changes = {
            "UPDATE wallet_transfer SET memo = 'other' WHERE amount_ubtt = 5": "UPDATE wallet_transfer SET memo = ''",
            f"UPDATE wallet_account SET ref = '9' WHERE ref = '{stranger.pk}'": (
                f"UPDATE wallet_account SET ref = '{stranger.pk}' WHERE ref = '9'"
            ),
        }
        for change, back in changes.items():
            with lifted_guards(), connection.cursor() as cursor:
                cursor.execute(change)
            with pytest.raises(AssertionError):
                check_the_chain()
            with lifted_guards(), connection.cursor() as cursor:
                cursor.execute(back)
            check_the_chain()

    def test_hashes_what_sql_hashes(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        post(transfer(user(owner.pk), user(stranger.pk), 5, memo="für {dich} „|id=i9|“ \\"))
        for at in (NOW + timedelta(microseconds=1), NOW.replace(year=1969)):
            fund(TREASURY, 5)
            post(transfer(TREASURY, user(owner.pk), 5, event_at=at, kind=TransferKind.GRANT))
        seal_new(now=NOW + timedelta(microseconds=999_999))
        assert {one.id: one.leaf() for one in read_written(first_id=1, last_id=2**62)} == leaves_by_sql()
        assert len(leaves_by_sql()) == 6
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(SQL_SEALS, None)
                hashes = {number: bytes(hash_) for number, hash_ in cursor.fetchall()}
            assert hashes == {seal.number: seal.hash() for seal in read_seals(first=1, last=9)}


class TestSealingWhileOthersPost:
    def test_leaves_nothing_out_and_seals_nothing_twice(self, committed_books: None) -> None:
        users = [make_user(f"user{number}") for number in range(POSTERS)]
        for one in users:
            fund(user(one.pk), BTT)
        posting = threading.Event()
        problems: list[Exception] = []
        sealed: list[int] = []

        def post_all(number: int) -> None:
            debit, credit = user(users[number].pk), user(users[number - 1].pk)
            for turn in range(BATCHES):
                wishes = [transfer(debit, credit, 1) for _ in range(BATCH)]
                with transaction.atomic():
                    ledger.post(wishes, now=NOW)
                    transaction.set_rollback(turn % 5 == 4)  # leaves holes in the ids of PostgreSQL

        def seal_on(_: int) -> None:
            while not posting.is_set():
                sealed.append(seal_new(now=NOW))

        def guarded(work: Callable[[int], None], number: int) -> None:
            try:
                work(number)
            except Exception as problem:
                problems.append(problem)
            finally:
                connection.close()

        posters = [threading.Thread(target=guarded, args=(post_all, number)) for number in range(POSTERS)]
        sealers = [threading.Thread(target=guarded, args=(seal_on, number)) for number in range(SEALERS)]
        for thread in (*posters, *sealers):
            thread.start()
        for thread in posters:
            thread.join(LIMIT_S)
        posting.set()
        for thread in sealers:
            thread.join(LIMIT_S)
        assert not problems
        sealed.append(seal_new(now=NOW))
        expected = POSTERS + POSTERS * (BATCHES - BATCHES // 5) * BATCH
        assert check_the_chain() == list(models.Transfer.objects.order_by("pk").values_list("pk", flat=True))
        assert sum(sealed) == models.Transfer.objects.count() == expected
        assert models.Seal.objects.count() > 2

    def test_seals_nothing_behind_a_transfer_that_is_not_committed(self, committed_books: None) -> None:
        olga, sam, tim, uma = (user(make_user(name).pk) for name in ("olga", "sam", "tim", "uma"))
        for account in (olga, sam, tim, uma):
            fund(account, BTT)
        assert seal_new(now=NOW) == 4
        has_posted, may_commit = threading.Event(), threading.Event()

        def post_slowly() -> None:
            with transaction.atomic():
                post(transfer(olga, sam, 1))
                has_posted.set()
                may_commit.wait(LIMIT_S)
            connection.close()

        slow = threading.Thread(target=post_slowly)
        slow.start()
        assert has_posted.wait(LIMIT_S)
        if connection.vendor == "postgresql":  # SQLite lets nobody else write meanwhile
            post(transfer(tim, uma, 1))
        try:
            assert seal_new(now=NOW) == 0
        finally:
            may_commit.set()
            slow.join(LIMIT_S)
        assert seal_new(now=NOW) == (2 if connection.vendor == "postgresql" else 1)
        assert check_the_chain() == list(models.Transfer.objects.order_by("pk").values_list("pk", flat=True))
