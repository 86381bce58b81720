"""The signer keeps which deposit addresses were given, and a database that was put back learns it from there."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from seedbox.models import User
from tests.exchange import BTT, Exchange
from tests.signers import PASSPHRASE, found_signer, signer_in
from wallet.domain.chain_words import SIGNER_FIRST
from wallet.domain.deposits import DepositFate
from wallet.domain.tron.addresses import parse_address, to_base58
from wallet.models import ChainCursor, Deposit, DepositAddress
from wallet.services import chain_rounds, given_addresses
from wallet.signer.protocol import ADDRESSES_AT_ONCE

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

    def test_that_a_database_put_back_has_forgotten_is_watched_before_blocks_are_read_however_many_there_are(
        self, tmp_path: Path
    ) -> None:
        exchange, signer = Exchange(), found_signer(tmp_path)
        assert signer.status().ready
        with signer.together():  # on the disk at once
            addresses = [signer.confirm_address(10 * number) for number in range(1, 2 * ADDRESSES_AT_ONCE + 2)]
        exchange.fake.pay_token(parse_address(addresses[-1]), 5_000 * BTT)
        exchange.fake.make_solid()
        chain_rounds.read(exchange.chain, signer, now=exchange.now)
        assert (Deposit.objects.get().address, DepositAddress.objects.count()) == (addresses[-1], len(addresses))
        signer.close()

    def test_keeps_blocks_unread_until_a_new_process_has_asked_the_signer(self, tmp_path: Path) -> None:
        exchange, before = Exchange(), found_signer(tmp_path, passphrase=True)
        before.unlock(PASSPHRASE)
        chain_rounds.read(exchange.chain, before, now=exchange.now)
        forgotten = before.confirm_address(10)
        before.close()
        given_addresses._compared.clear()
        signer = signer_in(tmp_path)
        exchange.fake.pay_token(parse_address(forgotten), 5_000 * BTT)
        exchange.fake.make_solid()
        assert chain_rounds.read(exchange.chain, signer, now=exchange.now) == 0
        assert ChainCursor.objects.get().trouble == SIGNER_FIRST
        signer.unlock(PASSPHRASE)
        assert chain_rounds.read(exchange.chain, signer, now=exchange.now) > 0
        assert (Deposit.objects.get().address, ChainCursor.objects.get().trouble) == (forgotten, "")
        signer.close()

    def test_that_the_signer_does_not_know_is_told_to_it_in_the_end(
        self, owner: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(given_addresses, "MOST_TOLD", 2)
        exchange, signer = Exchange(), found_signer(tmp_path)
        given = []
        for number in range(5):
            exchange.now += timedelta(seconds=30)
            given.append(exchange.address(owner.pk + number))
        told = []
        for _ in range(4):
            given_addresses.compare(signer, now=exchange.now)
            told.append(len(signer.addresses(0)))
        assert told == [2, 4, 5, 5]
        assert [signer.confirm_address(index) for index in signer.addresses(0)] == list(map(to_base58, given))
        signer.close()
