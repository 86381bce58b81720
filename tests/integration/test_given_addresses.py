"""The signer keeps which deposit addresses were given, and a database that was put back learns it from there."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from seedbox.models import User
from tests.exchange import BTT, Exchange
from tests.signers import found_signer, signer_in
from wallet.domain.deposits import DepositFate
from wallet.domain.tron.addresses import parse_address
from wallet.models import Deposit, DepositAddress
from wallet.services import chain_rounds, given_addresses

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given_addresses, "_compared", {})


class TestAGivenAddress:
    def test_is_kept_by_the_signer(self, owner: User, tmp_path: Path) -> None:
        exchange, signer = Exchange(), found_signer(tmp_path)  # of the same words
        exchange.address(owner.pk)
        given_addresses.compare(signer, now=exchange.now)
        entries = signer.status().entries
        given_addresses.compare(signer, now=exchange.now)
        assert signer.status().entries == entries
        signer.close()
        again = signer_in(tmp_path)
        again.status()
        assert again.addresses(0) == [DepositAddress.objects.get().index]
        again.close()

    def test_that_a_database_put_back_has_forgotten_is_watched_again(
        self, owner: User, stranger: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exchange = Exchange()
        exchange.address(owner.pk)
        with transaction.atomic():
            exchange.now += timedelta(hours=1)
            forgotten = exchange.address(stranger.pk)
            given_addresses.compare(exchange.signer, now=exchange.now)
            transaction.set_rollback(True)  # the backup is from before
        monkeypatch.setattr(given_addresses, "_compared", {})
        exchange.now += timedelta(hours=1)
        assert exchange.address(stranger.pk) != forgotten  # before anybody has asked the signer
        chain_rounds.read(exchange.chain, exchange.signer, now=exchange.now)
        exchange.fake.pay_token(forgotten, 5_000 * BTT)
        exchange.arrive()
        came = Deposit.objects.get()
        assert (parse_address(came.address), came.fate) == (forgotten, DepositFate.SUSPENSE)
        assert DepositAddress.objects.count() == 3
