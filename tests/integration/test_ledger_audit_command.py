"""The command `ledger audit`, and the moment at which an audit sees the books, on both databases."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.builders import NOW
from tests.ledger import BTT, TREASURY, fund, lifted_guards
from wallet.models import AuditRun, Transfer
from wallet.services import audit, seals
from wallet.services.snapshot import read, snapshot

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def data_folder(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    fund(TREASURY, BTT)
    seals.seal_new(now=NOW)
    return tmp_path


def run(**options: Any) -> str:
    out = io.StringIO()
    call_command("ledger", "audit", stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def spoil() -> None:
    with lifted_guards(), connection.cursor() as cursor:
        cursor.execute("UPDATE wallet_transfer SET memo = 'for you'")


class TestTheCommand:
    def test_says_what_it_saw_and_keeps_it(self, data_folder: Path) -> None:
        run()
        seal = (data_folder / audit.SEAL_FILE).read_text().strip()
        assert run().splitlines() == [
            "1 transfers, 2 accounts, 0 holds, 0 channels, 1 seals",
            "0 transfers are not sealed yet",
            f"newest seal, to be noted elsewhere: {seal}",
            "everything fits",
        ]
        assert list(AuditRun.objects.values_list("transfers", "findings", "seal")) == [(1, 0, seal)] * 2

    def test_ends_with_an_error_that_names_the_first_wrong_row(self, data_folder: Path) -> None:
        spoil()
        where = f"transfer {Transfer.objects.get().pk}: is not what was asked for, or an account of it was renamed"
        with pytest.raises(CommandError) as problem:
            run()
        assert (problem.value.returncode, str(problem.value)) == (
            1,
            f"2 things in the books do not fit; the first: {where}",
        )
        assert AuditRun.objects.get().first_finding == where
        assert not (data_folder / audit.SEAL_FILE).exists()

    def test_prints_json(self, data_folder: Path) -> None:
        printed = json.loads(run(json=True))
        assert (printed["transfers"], printed["findings"], printed["newest_seal"][:2]) == (1, [], "1:")

    def test_prints_json_of_what_it_finds_too(self, data_folder: Path) -> None:
        spoil()
        out = io.StringIO()
        with pytest.raises(CommandError):
            call_command("ledger", "audit", "--json", stdout=out)
        assert [one["table"] for one in json.loads(out.getvalue())["findings"]] == ["transfer", "seal"]

    def test_compares_with_a_seal_that_somebody_noted(self, data_folder: Path) -> None:
        with pytest.raises(CommandError, match="seal 3: stands with whoever noted it and is gone"):
            call_command("ledger", "audit", "--seal", f"3:{'ab' * 32}", stdout=io.StringIO())
        with pytest.raises(CommandError, match="This is no seal: write its number"):
            call_command("ledger", "audit", "--seal", "3:ab", stdout=io.StringIO())


def _post_and_hang_up() -> None:
    try:
        fund(TREASURY, BTT)
    finally:
        connection.close()


class TestASnapshot:
    def test_stays_as_it_was_while_others_post(self, committed_books: None) -> None:
        fund(TREASURY, BTT)
        with snapshot(), ThreadPoolExecutor(1) as elsewhere:
            before = read("SELECT COUNT(*) FROM wallet_transfer")
            elsewhere.submit(_post_and_hang_up).result()
            assert read("SELECT COUNT(*) FROM wallet_transfer") == before == [(1,)]
        assert audit.audit().transfers == 2
