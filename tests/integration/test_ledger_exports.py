"""Exports of the ledger: what spreadsheets, scripts and accountants' programs read, on both databases."""

import csv
import io
import json
import shutil
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import ASSET, BTT, fund, post, transfer, user
from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.services import ledger

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

FEES = own_account(ASSET, AccountKind.FEES)
TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)


@pytest.fixture
def names(db: None) -> tuple[str, str]:
    """Three days of books: the text of two users' accounts in an export, `user:ID`."""
    olga, sam = (user(User.objects.create(username=name).pk) for name in ("olga", "sam"))
    fund(olga, 5 * BTT)
    fund(own_account(Asset.TRX, AccountKind.TREASURY), 7)
    post(transfer(olga, sam, 1, memo='=HYPERLINK("http://192.0.2.7", "\N{COFFIN}")'))
    for days, amount_ubtt in ((1, 1_500_000), (2, 2)):
        at = NOW + timedelta(days=days)
        ledger.post_one(transfer(olga, sam, amount_ubtt, memo=f"day {days} \\"), now=at)
        ledger.post_one(transfer(sam, FEES, 1, kind=TransferKind.ADJUSTMENT), now=at)
    return f"user:{olga.ref}", f"user:{sam.ref}"


def export(form: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("ledger", "export", format=form, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def bean_check(tmp_path: Path, text: str) -> str:
    """Return what the real program says of a file: nothing if it proves it."""
    program = shutil.which("bean-check", path=str(Path(sys.executable).parent)) or shutil.which("bean-check")
    assert program, "bean-check is missing: it comes with the package beancount"
    file = tmp_path / "ledger.beancount"
    file.write_text(text)
    done = subprocess.run([program, "--no-cache", file], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode == 0) == (done.stdout + done.stderr == "")
    return done.stdout + done.stderr


class TestCsv:
    def test_has_every_transfer_with_exact_amounts(self, names: tuple[str, str]) -> None:
        rows = list(csv.DictReader(io.StringIO(export("csv"))))
        assert [row["amount"] for row in rows] == [
            "5.000000",
            "0.000007",
            "0.000001",
            "1.500000",
            "0.000001",
            "0.000002",
            "0.000001",
        ]
        assert (rows[0]["debit"], rows[0]["credit"], rows[0]["debit_balance"]) == ("chain", names[0], "-5.000000")
        assert (rows[1]["asset"], rows[1]["credit"]) == ("TRX", "treasury")
        assert (rows[3]["written_at"], rows[3]["event_at"]) == ("2024-11-24T12:00:00Z", "2024-11-23T12:00:00Z")

    def test_has_no_text_that_a_spreadsheet_would_run(self, names: tuple[str, str]) -> None:
        rows = list(csv.DictReader(io.StringIO(export("csv"))))
        assert rows[2]["memo"] == '\'=HYPERLINK("http://192.0.2.7", "\N{COFFIN}")'


class TestJsonLines:
    def test_are_one_object_each(self, names: tuple[str, str]) -> None:
        lines = [json.loads(line) for line in export("jsonl").splitlines()]
        assert len(lines) == 7
        assert lines[2]["memo"].startswith("=HYPERLINK")
        assert (lines[2]["hold"], lines[2]["credit_version"], lines[2]["credit_balance"]) == (None, 1, "0.000001")

    def test_of_one_user_tell_no_balance_of_another(self, names: tuple[str, str]) -> None:
        lines = [json.loads(line) for line in export("jsonl", user="olga").splitlines()]
        assert [line["amount"] for line in lines] == ["5.000000", "0.000001", "1.500000", "0.000002"]
        assert {line["credit_balance"] for line in lines if line["credit"] == names[1]} == {None}
        assert [line["debit_balance"] for line in lines if line["debit"] == names[0]] == [
            "4.999999",
            "3.499999",
            "3.499997",
        ]

    def test_of_one_asset_have_no_other(self, names: tuple[str, str]) -> None:
        assert [json.loads(line)["amount"] for line in export("jsonl", asset="trx").splitlines()] == ["0.000007"]

    def test_begin_and_end_with_the_days_that_are_asked_for(self, names: tuple[str, str]) -> None:
        one_day = export("jsonl", from_date=TOMORROW, to_date=TOMORROW).splitlines()
        assert [json.loads(line)["amount"] for line in one_day] == ["1.500000", "0.000001"]
        assert export("jsonl", from_date=TODAY + timedelta(days=3)) == ""
        assert export("jsonl", to_date=TODAY - timedelta(days=1)) == ""


class TestBeancount:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"asset": "trc20"},
            {"user": "sam"},
            {"from_date": TOMORROW},
            {"from_date": TOMORROW, "to_date": TOMORROW, "user": "olga"},
            {"to_date": TODAY - timedelta(days=9)},
        ],
        ids=str,
    )
    def test_is_proved_by_bean_check(self, names: tuple[str, str], tmp_path: Path, options: dict[str, Any]) -> None:
        assert bean_check(tmp_path, export("beancount", **options)) == ""

    def test_asserts_the_balance_of_every_account(self, names: tuple[str, str]) -> None:
        asserted = dict(line.split()[2:4] for line in export("beancount").splitlines() if " balance " in line)
        ids = [name.removeprefix("user:") for name in names]
        assert {place: Decimal(number) for place, number in asserted.items()} == {
            "Assets:BTT:Chain": Decimal(5),
            f"Liabilities:BTT:Users:U-{ids[0]}": Decimal("-3.499997"),
            f"Liabilities:BTT:Users:U-{ids[1]}": Decimal("-1.500001"),
            "Income:BTT:Fees": Decimal("-0.000002"),
            "Assets:TRX:Chain": Decimal("0.000007"),
            "Equity:TRX:Treasury": Decimal("-0.000007"),
        }

    def test_is_refused_by_bean_check_when_a_millionth_is_missing(self, names: tuple[str, str], tmp_path: Path) -> None:
        text = export("beancount")
        assert "Balance failed" in bean_check(tmp_path, text.replace("-0.000002 ~", "-0.000001 ~"))
        assert "does not balance" in bean_check(tmp_path, text.replace("  1.500000 BTT", "  1.500001 BTT"))


class TestTheCommand:
    def test_writes_a_file_that_is_whole_and_private(self, names: tuple[str, str], tmp_path: Path) -> None:
        file = tmp_path / "all.csv"
        assert export("csv", output=file) == ""
        assert len(file.read_text().splitlines()) == 8
        assert (file.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (0o600, [file])

    def test_says_that_there_is_no_such_user(self, names: tuple[str, str]) -> None:
        with pytest.raises(CommandError, match="there is no user nobody"):
            export("csv", user="nobody")

    def test_has_nothing_of_a_user_without_an_account(self, names: tuple[str, str]) -> None:
        User.objects.create(username="nina")
        assert export("jsonl", user="nina") == ""
