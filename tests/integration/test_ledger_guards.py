"""What the database itself refuses, by whatever way somebody comes."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from seedbox.models import User
from tests.builders import NOW
from tests.deposits import a_row_of_each
from tests.hub import a_row_of_each_of_the_hub
from tests.ledger import ASSET, BTT, CHAIN, balance, fund, lifted_guards, place_hold, post, transfer, user, void
from tests.servers import ON_SQLITE
from tests.withdrawals import a_row_of_each_withdrawal
from wallet.domain.accounts import AccountKind
from wallet.models import Account, ActKind, Answer, Attempt, Channel, EndedHold, Hold, OperatorAct, Seal, Transfer
from wallet.services import liabilities

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

WRITTEN_ONCE = (
    *("transfer", "hold", "endedhold", "answer", "seal", "operatoract", "liabilitysnapshot", "liabilityleaf"),
    *("depositkey", "depositaddress", "installaddress", "deposit", "owntransaction", "reconciliation"),
    *("attemptevent", "withdrawalrules", "retiredaddress", "hubkey", "hubrules"),
)
ENDED_ONCE = ("chainmovement", "halt")  # of these, what ends them is added once
# The last of these change, and stay.
GUARDED = (
    *(*WRITTEN_ONCE, *ENDED_ONCE, "account", "channel", "chaincursor", "sweep", "withdrawal", "attempt"),
    *("speedkey", "receiptversion"),
)
# Tables of which a row may be changed and deleted: what an audit found can be found again, what is pending seen again.
FREE = (
    *("kindrollup", "rollupcursor", "auditrun", "pendingdeposit", "addressbookentry", "withdrawaldesk"),
    *("pairingcode", "hubcall", "hubnonce", "huboffer"),
)
COLUMNS = {
    "transfer": "memo",
    "hold": "cause",
    "endedhold": "ended_at",
    "answer": "code",
    "seal": "sealed_at",
    "operatoract": "reason",
    "liabilitysnapshot": "users",
    "liabilityleaf": "place",
    "depositkey": "xpub",
    "depositaddress": "address",
    "installaddress": "address",
    "retiredaddress": "retired_at",
    "deposit": "fate",
    "owntransaction": "result",
    "reconciliation": "difference",
    "attemptevent": "message",
    "withdrawalrules": "flat_fee_ubtt",
    "hubkey": "key",
    "hubrules": "fee_ppm",
    "account": "ref",
    "channel": "payer_key",
}


@pytest.fixture
def books(owner: User, stranger: User) -> Iterator[None]:
    """A row in every table."""
    olga, sam = user(owner.pk), user(stranger.pk)
    fund(olga, 5 * BTT)
    number = post(transfer(olga, sam, BTT)).transfer_id
    post(transfer(olga, sam, 9 * BTT))
    hold = post(place_hold(olga, BTT)).hold_id
    assert hold
    post(void(hold))
    mine, theirs = (Account.objects.get(kind=AccountKind.USER, ref=name.ref) for name in (olga, sam))
    account = Account.objects.create(asset=ASSET, kind=AccountKind.CHANNEL, ref="ab" * 16, created_at=NOW)
    channel = Channel.objects.create(
        id="ab" * 16, account=account, payer=mine, payee=theirs, amount_ubtt=1, fee_ppm=0, opened_at=NOW, expires_at=NOW
    )
    digest = hashlib.sha256(b"").digest()
    ids: dict[str, Any] = {"number": 1, "first_id": number, "last_id": number, "count": 1, "totals": {}}
    Seal.objects.create(root=digest, previous_hash=digest, hash=digest, sealed_at=NOW, **ids)
    liabilities.take_snapshot(ASSET, NOW)
    OperatorAct.objects.create(at=NOW, kind=ActKind.FROZE, actor_id=1, actor_name="ada", account=mine, reason="because")
    a_row_of_each()
    a_row_of_each_withdrawal()
    a_row_of_each_of_the_hub(channel)
    yield


def refused(statement: str) -> str:
    """Run a statement that must fail, and return why."""
    with pytest.raises(DatabaseError) as problem, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(problem.value)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM wallet_{table}")
        return int(cursor.fetchone()[0])


@pytest.mark.usefixtures("books")
class TestARowThatIsWritten:
    @pytest.mark.parametrize("table", WRITTEN_ONCE)
    def test_is_never_changed(self, table: str) -> None:
        assert "never changed or deleted" in refused(f"UPDATE wallet_{table} SET {COLUMNS[table]} = {COLUMNS[table]}")

    @pytest.mark.parametrize("table", GUARDED)
    def test_is_never_deleted(self, table: str) -> None:
        before = count(table)
        assert "never changed or deleted" in refused(f"DELETE FROM wallet_{table}")
        assert count(table) == before > 0

    @pytest.mark.parametrize("table", GUARDED)
    def test_is_never_deleted_with_all_others(self, table: str) -> None:
        if ON_SQLITE:  # has no TRUNCATE, but a way to delete a row by writing another in its place
            why = refused(f"INSERT OR REPLACE INTO wallet_{table} SELECT * FROM wallet_{table}")
        else:
            why = refused(f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE wallet_{table} CASCADE")
        assert "deleted" in why

    @pytest.mark.parametrize(
        ("table", "changes", "end"),
        [
            ("chainmovement", ["amount = '7'", "tx_id = 'x'", "recipient = ''"], "transfer_id = 5"),
            (
                "halt",
                ["detail = 'x'", "reason = 'audit'"],
                "lifted_at = halted_at, lifted_by_id = 1, lifted_by_name = 'ada', lifted_why = 'mended'",
            ),
        ],
    )
    def test_ends_once_and_changes_in_nothing_else(self, table: str, changes: list[str], end: str) -> None:
        for change in changes:
            assert "never changed" in refused(f"UPDATE wallet_{table} SET {change}")
            assert "never changed" in refused(f"UPDATE wallet_{table} SET {change}, {end}")
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE wallet_{table} SET {end}")
        assert "never changed" in refused(f"UPDATE wallet_{table} SET {end}")

    def test_is_not_changed_by_the_models_either(self) -> None:
        for model in (Transfer, Hold, EndedHold, Answer, Seal, OperatorAct):
            row: Any = model._default_manager.first()
            with pytest.raises(DatabaseError), transaction.atomic():
                row.save()
            with pytest.raises(DatabaseError), transaction.atomic():
                row.delete()


@pytest.mark.usefixtures("books")
class TestWhatIsSigned:
    @pytest.mark.parametrize(
        "change",
        [
            "attempt SET raw_bytes = reference_id",
            "attempt SET tx_id = 'another', state = 'signed'",
            "attempt SET expiration_ms = 1",
            "attempt SET number = 2",
            "withdrawal SET amount_ubtt = 2",
            "withdrawal SET fee_ubtt = 2, state = 'sending'",
            "withdrawal SET address = 'TY'",
            "withdrawal SET user_id = 2",
        ],
    )
    def test_and_for_whom_stays_what_it_was(self, change: str) -> None:
        assert "never changed" in refused(f"UPDATE wallet_{change}")

    def test_moves_on_in_its_state(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE wallet_attempt SET state = 'signed', number = number")
        assert Attempt.objects.get().state == "signed"

    def test_is_one_at_a_time(self) -> None:
        one = Attempt.objects.get()
        one.pk, one.number, one.tx_id = None, 2, "cd" * 32
        with pytest.raises(IntegrityError), transaction.atomic():
            one.save(force_insert=True)


@pytest.mark.usefixtures("books")
class TestWhatTheHubHasPromised:
    @pytest.mark.parametrize(
        "change",
        [
            "receiptversion SET amount_ubtt = 2",
            "receiptversion SET receipt = NULL",
            "speedkey SET daily_limit_ubtt = 2",
            "speedkey SET revoked_at = NULL",
        ],
    )
    def test_stays_what_it_was(self, change: str) -> None:
        assert "never changed" in refused(f"UPDATE wallet_{change}")


@pytest.mark.usefixtures("books")
class TestAnAccount:
    @pytest.mark.parametrize("change", ["asset = 1", "kind = 10", "kind = 9, ref = ''", "ref = '1000000'"])
    def test_stays_whose_it_is(self, change: str) -> None:
        before = set(Account.objects.values_list("pk", "asset", "kind", "ref"))
        one = "(SELECT min(id) FROM wallet_account WHERE kind = 2)"
        assert "never changed" in refused(f"UPDATE wallet_account SET {change}, held_ubtt = 0 WHERE id = {one}")
        assert set(Account.objects.values_list("pk", "asset", "kind", "ref")) == before

    def test_may_be_written_with_the_name_that_it_has(self) -> None:
        account = Account.objects.filter(kind=AccountKind.USER).earliest("pk")
        account.is_frozen = True
        account.save()
        assert Account.objects.get(pk=account.pk).is_frozen


class TestTheGuards:
    def test_stand_at_every_table(self) -> None:
        """A migration that remakes a table in SQLite loses its triggers, and must make them again."""
        with connection.cursor() as cursor:
            if ON_SQLITE:
                cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            else:
                cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
            found = {name for (name,) in cursor.fetchall() if name.startswith("wallet_")}
        if ON_SQLITE:
            expected = {f"wallet_{table}_kept" for table in (*WRITTEN_ONCE, *ENDED_ONCE)}
            expected |= {f"wallet_{table}_not_deleted" for table in GUARDED}
        else:
            expected = {f"wallet_{table}_{what}" for table in GUARDED for what in ("kept", "not_truncated")}
        expected.add("wallet_account_name_kept")
        assert expected <= found

    def test_are_known_for_every_table_there_is(self) -> None:
        tables = {name for name in connection.introspection.table_names() if name.startswith("wallet_")}
        assert tables == {f"wallet_{table}" for table in GUARDED + FREE}, (
            "guard the new one, or say above that it is free"
        )


def new_transfer(**fields: Any) -> dict[str, Any]:
    account = {kind: Account.objects.get(kind=kind).pk for kind in (AccountKind.CHAIN, AccountKind.USER)}
    digest = hashlib.sha256(b"new").digest()
    defaults = {
        "asset": ASSET,
        "kind": 1,
        "debit_id": account[AccountKind.CHAIN],
        "credit_id": account[AccountKind.USER],
        "amount_ubtt": 1,
        "debit_version": 9,
        "credit_version": 9,
        "debit_balance_ubtt": 1,
        "credit_balance_ubtt": 1,
        "event_at": NOW,
        "written_at": NOW,
        "key_hash": digest[:16],
        "body_hash": digest,
        "cause": "tip/1",
    }
    return defaults | fields


class TestNumbersOutOfBounds:
    @pytest.fixture(autouse=True)
    def olga(self, owner: User) -> None:
        fund(user(owner.pk), BTT)

    @pytest.mark.parametrize(
        "change",
        [
            "balance_ubtt = -1",
            "held_ubtt = balance_ubtt + 1",
            "held_ubtt = -1",
            "balance_ubtt = 4611686018427387905",
            "asset = 9",
            "kind = 0",
            "balance_ubtt = NULL",
        ],
    )
    def test_are_refused_on_an_account(self, change: str) -> None:
        assert refused(f"UPDATE wallet_account SET {change} WHERE kind = 2")
        assert Account.objects.get(kind=AccountKind.USER).balance_ubtt == BTT

    def test_are_refused_even_on_the_outside_world(self) -> None:
        assert refused("UPDATE wallet_account SET balance_ubtt = -4611686018427387905 WHERE kind = 1")
        assert balance(CHAIN) == -BTT

    @pytest.mark.parametrize(
        "fields",
        [
            {"amount_ubtt": 0},
            {"amount_ubtt": -1},
            {"amount_ubtt": 2**62 + 1},
            {"debit_version": 1},
            {"credit_version": 1},
            {"amount_ubtt": None},
        ],
        ids=str,
    )
    def test_are_refused_on_a_transfer(self, fields: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.create(**new_transfer(**fields))
        assert Transfer.objects.count() == 1

    def test_are_refused_as_the_same_account_on_both_sides(self) -> None:
        fields = new_transfer()
        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.create(**fields | {"credit_id": fields["debit_id"]})

    @pytest.mark.parametrize("same", ["key_hash", "reverses_id"])
    def test_are_refused_as_a_second_of_what_happens_once(self, same: str) -> None:
        first = Transfer.objects.create(**new_transfer(reverses_id=77))
        digest = hashlib.sha256(b"another").digest()
        again = {"debit_version": 10, "credit_version": 10, "key_hash": digest[:16], "reverses_id": 78}
        with pytest.raises(IntegrityError), transaction.atomic():
            Transfer.objects.create(**new_transfer(**again | {same: getattr(first, same)}))

    def test_are_refused_on_a_hold(self) -> None:
        account = Account.objects.get(kind=AccountKind.USER)
        for fields in ({"amount_ubtt": 0}, {"amount_ubtt": 2**62 + 1}, {"expires_at": None}):
            good = {"amount_ubtt": 1, "expires_at": NOW, "purpose": 2, "cause": "budget/1", "placed_at": NOW}
            with pytest.raises(IntegrityError), transaction.atomic():
                Hold.objects.create(account=account, **good | fields)


AMOUNTS = {
    "account": ("balance_ubtt", "held_ubtt", "version"),
    "transfer": ("amount_ubtt", "debit_balance_ubtt", "credit_balance_ubtt", "debit_version", "credit_version"),
    "hold": ("amount_ubtt",),
    "endedhold": ("posted_ubtt",),
    "channel": ("amount_ubtt", "redeemed_ubtt"),
}


class TestAFraction:
    """PostgreSQL rounds what is put into a whole number; SQLite would keep it."""

    @pytest.mark.usefixtures("books")
    @pytest.mark.parametrize(("table", "column"), [(table, column) for table in AMOUNTS for column in AMOUNTS[table]])
    def test_stays_out_of_every_amount(self, table: str, column: str) -> None:
        if ON_SQLITE:
            with lifted_guards():
                assert "_whole" in refused(f"UPDATE wallet_{table} SET {column} = {column} + 0.5")
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT data_type FROM information_schema.columns WHERE table_name = %s AND column_name = %s",
                [f"wallet_{table}", column],
            )
            assert cursor.fetchone() == ("bigint",)
