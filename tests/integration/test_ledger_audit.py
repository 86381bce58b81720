"""What somebody with the database's highest rights does to the books is found and named, on both databases."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import ASSET, BTT, TREASURY, fund, lifted_guards, place_hold, post, transfer, user, void
from wallet.domain.accounts import AccountKind, channel_account, own_account
from wallet.domain.kinds import TransferKind
from wallet.models import Account, Answer, Channel, Hold, Transfer
from wallet.services import audit, seals
from wallet.services.audit import SEAL_FILE
from wallet.services.audit_seals import BadNotedSeal, NotedSeal, parse_noted_seal

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

CHANNEL = "c0ffee"


@pytest.fixture
def books(db: None) -> list[int]:
    """Books with a bit of everything, sealed twice; returns the ids of eight tips from one user to another."""
    olga, sam = (user(User.objects.create(username=name).pk) for name in ("olga", "sam"))
    fund(olga, 100 * BTT)
    tips = [post(transfer(olga, sam, BTT + n, memo=f"tip {n} \N{COFFIN}")).transfer_id or 0 for n in range(4)]
    seals.seal_new(now=NOW)
    tips += [post(transfer(olga, sam, BTT + n)).transfer_id or 0 for n in range(4, 8)]
    hold = post(place_hold(olga, 10 * BTT)).hold_id
    part = transfer(olga, own_account(ASSET, AccountKind.IN_FLIGHT), 4 * BTT, hold=hold, kind=TransferKind.WITHDRAWAL)
    assert post(part).is_done
    assert post(void(post(place_hold(olga, BTT)).hold_id or 0)).is_done
    assert post(place_hold(olga, 2 * BTT)).is_done
    tip = Transfer.objects.get(pk=tips[0])
    assert post(transfer(sam, olga, tip.amount_ubtt, kind=TransferKind.REVERSAL, reverses=tip.pk)).is_done
    _open_a_channel(olga, sam)
    seals.seal_new(now=NOW + timedelta(seconds=1))
    return tips


def _open_a_channel(olga: Any, sam: Any) -> None:
    account = channel_account(ASSET, CHANNEL)
    assert post(transfer(olga, account, 5 * BTT, kind=TransferKind.CHANNEL_OPENED)).is_done
    assert post(transfer(account, sam, 3 * BTT, kind=TransferKind.VOUCHER)).is_done
    fees = own_account(ASSET, AccountKind.FEES)
    assert post(transfer(account, fees, 1, kind=TransferKind.FEE)).is_done
    by_ref = {found.ref: found for found in Account.objects.all()}
    Channel.objects.create(
        id=CHANNEL,
        account=by_ref[CHANNEL],
        payer=by_ref[olga.ref],
        payee=by_ref[sam.ref],
        payer_key="02" * 33,
        payee_key="03" * 33,
        amount_ubtt=5 * BTT,
        redeemed_ubtt=3 * BTT + 1,
        fee_ppm=0,
        opened_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )


class TestBooksThatAreWell:
    def test_have_no_findings(self, books: list[int]) -> None:
        report = audit.audit()
        assert report.findings == []
        assert (report.transfers, report.accounts, report.holds, report.channels) == (14, 6, 3, 1)
        assert (report.seals, report.unsealed) == (2, 0)

    def test_name_clearing_accounts_that_are_not_zero(self, books: list[int]) -> None:
        (one,) = audit.audit().uncleared
        assert (one.account, one.amount) == ("in flight (BTT)", "4 BTT")
        assert one.since.startswith("2024-11-23")

    def test_may_have_transfers_that_are_not_sealed_yet(self, books: list[int]) -> None:
        fund(TREASURY, BTT)
        report = audit.audit()
        assert (report.finding_count, report.unsealed) == (0, 1)

    def test_may_be_empty(self) -> None:
        report = audit.audit()
        assert (report.finding_count, report.transfers, report.newest_seal) == (0, 0, "")


KEY_OF = "(SELECT key_hash FROM wallet_transfer WHERE id = {})"
Tamper = Callable[[list[int]], Any]
# What is done to the books, and how the first finding begins; {0} … are the ids of the tips, {last} is the newest.
TAMPERED: dict[str, tuple[Tamper, str]] = {
    "an amount": (
        lambda tips: change("transfer", "amount_ubtt = amount_ubtt + 1", tips[2]),
        r"transfer {2}: says 96999997 µ for user \d+ \(BTT\); amounts up to here make 96999996",
    ),
    "a kind": (
        lambda tips: change("transfer", "kind = 12", tips[2]),
        r"transfer {2}: of kind 12 must not go from user \d+ \(BTT\) to user \d+ \(BTT\)",
    ),
    "a memo": (lambda tips: change("transfer", "memo = 'thanks'", tips[2]), "transfer {2}: is not what was asked for"),
    "a cause": (lambda tips: change("transfer", "cause = 'tip/2'", tips[5]), "transfer {5}: is not what was asked for"),
    "a balance in a line": (
        lambda tips: change("transfer", "credit_balance_ubtt = credit_balance_ubtt + 1", tips[2]),
        "transfer {2}: says 3000004 µ for user .* make 3000003",
    ),
    "a time": (
        lambda tips: change("transfer", "event_at = '2024-11-23 12:00:01'", tips[2]),
        r"seal 1: has another root: a transfer from \d+ to {3} was changed",
    ),
    "a key": (lambda tips: change("transfer", "key_hash = body_hash", tips[2]), "seal 1: has another root"),
    "a receiver": (
        lambda tips: change("transfer", f"credit_id = {_id(AccountKind.FEES)}, credit_version = 9", tips[2]),
        r"transfer {2}: of kind 11 must not go from user \d+ \(BTT\) to fees \(BTT\)",
    ),
    "a line that is gone": (
        lambda tips: delete("transfer", tips[2]),
        r"transfer {3}: version 4 of user \d+ \(BTT\) before this is gone",
    ),
    "the last line gone": (
        lambda tips: delete("transfer", Transfer.objects.latest("id").pk),
        rf"account \d+: channel {CHANNEL} \(BTT\) knows of 1 more transfers than there are",
    ),
    "a line put in behind": (
        lambda tips: copy_line(tips[7], "(SELECT MAX(id) + 1 FROM wallet_transfer)"),
        "transfer {last}: versions 13 to 108 of user",
    ),
    "a line put in before all": (lambda tips: copy_line(tips[7], "-5"), "transfer -5: versions 1 to 108 of user"),
    "lines swapped": (lambda tips: swap(tips[1], tips[2]), "transfer {1}: version 3 of user"),
    "a balance": (
        lambda tips: change("account", "balance_ubtt = 7", _id(AccountKind.FEES)),
        r"account \d+: fees \(BTT\) says 7 µ; its transfers add up to 1",
    ),
    "money held": (
        lambda tips: change("account", "held_ubtt = 0", _debit_of(tips[0])),
        r"account \d+: user \d+ \(BTT\) says that 0 µ are held; its running holds add up to 2000000",
    ),
    "a name": (lambda tips: change("account", "ref = '77'", _debit_of(tips[0])), r"transfer \d+: .* was renamed"),
    "an account gone": (
        lambda tips: delete("account", _debit_of(tips[0])),
        r"account \d+: is gone; transfer \d+ is the first that names it",
    ),
    "a hold": (lambda tips: change("hold", "amount_ubtt = 1999999", _running_hold()), r"hold \d+: is not what was"),
    "a hold gone": (
        lambda tips: delete("hold", _running_hold()),
        r"answer \d+: says that hold \d+ was placed, which is not there",
    ),
    "a hold that runs again": (
        lambda tips: force("DELETE FROM wallet_endedhold WHERE transfer_id IS NULL"),
        r"answer \d+: says that hold \d+ ended, which it did not",
    ),
    "a hold posted twice": (
        lambda tips: change("transfer", "hold_id = (SELECT MIN(id) FROM wallet_hold)", tips[3]),
        "transfer {3}: is not what was asked for",
    ),
    "what a hold posted": (
        lambda tips: force("UPDATE wallet_endedhold SET posted_ubtt = posted_ubtt + 1 WHERE posted_ubtt > 0"),
        r"endedhold \d+: posts 4000001 µ by transfer \d+, which posts another",
    ),
    "what a channel paid": (
        lambda tips: force("UPDATE wallet_channel SET redeemed_ubtt = redeemed_ubtt - 1"),
        f"channel {CHANNEL}: says 3000000 µ were redeemed; its transfers make 3000001",
    ),
    "what a channel had": (
        lambda tips: force("UPDATE wallet_channel SET amount_ubtt = amount_ubtt + 1"),
        f"channel {CHANNEL}: says 5000001 µ were put in; its transfers make 5000000",
    ),
    "an end of a channel": (
        lambda tips: force("UPDATE wallet_channel SET \"end\" = 'closed', ended_at = opened_at"),
        f"channel {CHANNEL}: has ended with 1999999 µ, not 0",
    ),
    "a root": (
        lambda tips: force("UPDATE wallet_seal SET root = previous_hash WHERE number = 1"),
        "seal 1: has another root",
    ),
    "a fork": (
        lambda tips: force("UPDATE wallet_seal SET previous_hash = root WHERE number = 2"),
        "seal 2: is not chained to the seal before it",
    ),
    "totals": (
        lambda tips: force("UPDATE wallet_seal SET totals = '{{}}' WHERE number = 2".replace("{{}}", "{}")),
        "seal 2: has other totals than its transfers",
    ),
    "a seal gone": (
        lambda tips: force("DELETE FROM wallet_seal WHERE number = 1"),
        r"transfer \d+: comes before seal 2; no seal covers this",
    ),
    "a key used twice": (
        lambda tips: change("answer", f"key_hash = {KEY_OF.format(tips[0])}", _answer()),
        r"answer \d+: says that its key was carried out, which transfer {0} has too",
    ),
}  # fmt: skip


def change(table: str, what: str, row_id: int) -> None:
    force(f"UPDATE wallet_{table} SET {what} WHERE id = %s", row_id)


def delete(table: str, row_id: int) -> None:
    force(f"DELETE FROM wallet_{table} WHERE id = %s", row_id)


def force(statement: str, *params: Any) -> None:
    with lifted_guards(), connection.cursor() as cursor:
        cursor.execute(statement, params)


def copy_line(like: int, new_id: str) -> None:
    columns = [str(field.column) for field in Transfer._meta.concrete_fields]
    values = {
        "id": new_id,
        "debit_version": "debit_version + 100",
        "credit_version": "credit_version + 100",
        "key_hash": "body_hash",
    }
    taken = ", ".join(values.get(column, column) for column in columns)
    force(f"INSERT INTO wallet_transfer ({', '.join(columns)}) SELECT {taken} FROM wallet_transfer WHERE id = %s", like)


def swap(one: int, other: int) -> None:
    for now_id, then in ((one, -1), (other, one), (-1, other)):
        change("transfer", f"id = {then}", now_id)


def _id(kind: AccountKind) -> int:
    return Account.objects.get(kind=kind).pk


def _debit_of(transfer_id: int) -> int:
    return Transfer.objects.get(pk=transfer_id).debit_id


def _running_hold() -> int:
    return Hold.objects.get(ended__isnull=True).pk


def _answer() -> int:
    return Answer.objects.latest("id").pk


class TestBooksThatWereTamperedWith:
    @pytest.mark.parametrize("what", TAMPERED)
    def test_name_the_first_wrong_row(self, books: list[int], what: str) -> None:
        tamper, first = TAMPERED[what]
        with transaction.atomic():
            tamper(books)
            last = Transfer.objects.latest("id").pk
            report = audit.audit()
            transaction.set_rollback(True)  # or the database itself complains of keys that lead nowhere
        pattern = re.sub(r"\{(\w+)\}", lambda found: str(last if found[1] == "last" else books[int(found[1])]), first)
        assert re.match(pattern, str(next(iter(report.findings), "nothing")))

    def test_are_told_from_one_that_was_mended(self, books: list[int]) -> None:
        with transaction.atomic():
            change("account", "balance_ubtt = balance_ubtt + 1", _id(AccountKind.FEES))
            report = audit.audit()
            transaction.set_rollback(True)
        assert report.finding_count == 2  # the account, and the sum of all
        assert audit.audit().finding_count == 0


class TestATailThatWasCutOff:
    """Whoever takes the last transfers away with their seals, and sets the accounts back, leaves books that fit."""

    @pytest.fixture
    def noted(self, db: None) -> NotedSeal:
        olga = user(User.objects.create(username="olga").pk)
        fund(olga, BTT)
        seals.seal_new(now=NOW)
        before = list(Account.objects.values_list("balance_ubtt", "version", "id"))
        fund(olga, BTT)
        seals.seal_new(now=NOW)
        noted = parse_noted_seal(audit.audit().newest_seal)
        delete("transfer", Transfer.objects.latest("id").pk)
        force("DELETE FROM wallet_seal WHERE number = 2")
        for balance_ubtt, version, account_id in before:
            change("account", f"balance_ubtt = {balance_ubtt}, version = {version}", account_id)
        return noted

    def test_is_seen_by_a_seal_that_somebody_noted(self, noted: NotedSeal) -> None:
        assert audit.audit().findings == []
        (finding,) = audit.audit(noted=noted).findings
        assert str(finding) == "seal 2: stands with whoever noted it and is gone, with what followed; the newest is 1"

    def test_is_seen_by_the_data_folder(self, noted: NotedSeal, tmp_path: Path) -> None:
        (tmp_path / SEAL_FILE).write_text(f"{noted}\n")
        run = audit.run(data_folder=tmp_path, now=NOW)
        assert (run.findings, run.first_finding[:21]) == (1, "seal 2: stands in led")
        assert (tmp_path / SEAL_FILE).read_text() == f"{noted}\n"

    def test_and_grown_anew_has_another_hash(self, noted: NotedSeal) -> None:
        fund(TREASURY, BTT)
        seals.seal_new(now=NOW)
        (finding,) = audit.audit(noted=noted).findings
        assert str(finding) == "seal 2: stands with whoever noted it with another hash: history was written anew"


class TestAnAuditThatFindsNothing:
    def test_notes_the_newest_seal_outside_the_database(self, books: list[int], tmp_path: Path) -> None:
        run = audit.run(data_folder=tmp_path, now=NOW)
        assert (run.findings, run.transfers, run.seal[:2]) == (0, 14, "2:")
        assert (tmp_path / SEAL_FILE).read_text() == f"{run.seal}\n"
        assert [file.name for file in tmp_path.iterdir()] == [SEAL_FILE]

    def test_is_not_repeated_on_the_same_day(self, db: None, tmp_path: Path) -> None:
        hours = (0, 1, 23, 24, 25)
        runs = [audit.run_if_due(data_folder=tmp_path, now=NOW + timedelta(hours=hour)) for hour in hours]
        assert [run is not None for run in runs] == [True, False, False, True, False]

    def test_says_so_where_the_note_is_unreadable(self, books: list[int], tmp_path: Path) -> None:
        (tmp_path / SEAL_FILE).write_text("nothing to see here")
        assert "somebody changed it" in audit.run(data_folder=tmp_path, now=NOW).first_finding


class TestANotedSeal:
    @pytest.mark.parametrize("text", ["", "1", "1:", "0:" + "00" * 32, "1:abc", "x:" + "00" * 32, "1:" + "00" * 31])
    def test_is_refused_when_it_is_none(self, text: str) -> None:
        with pytest.raises(BadNotedSeal):
            parse_noted_seal(text)
