"""A user's address comes from a public key that the signer has confirmed once; no other is ever shown."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from seedbox.models import User
from tests.at_once import at_once
from tests.builders import NOW, make_user
from tests.deposits import CAME
from tests.exchange import KeySigner
from wallet.domain.deposits import DepositFate
from wallet.domain.tron.derivation import seed_of
from wallet.models import ChainMovement, Deposit, DepositAddress, DepositKey, HaltReason, MovementSide
from wallet.services import deposit_addresses, halts
from wallet.services.deposit_addresses import address_for, confirm_key
from wallet.services.own_addresses import hot_address, is_own
from wallet.services.refusals import Refused
from wallet.signer.protocol import SignerStatus

INDEX_NOW = 28_296_000  # the seconds from 2024 to NOW

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


class TestAnAddress:
    def test_is_none_before_the_signer_has_confirmed_the_key(self, owner: User) -> None:
        with pytest.raises(Refused, match="waits for its signer"):
            address_for(owner.pk, now=NOW)
        assert not DepositAddress.objects.exists()

    def test_is_what_the_signer_derives_from_its_private_key(self, owner: User, stranger: User) -> None:
        signer = KeySigner()
        assert confirm_key(signer, now=NOW)
        found = [address_for(user.pk, now=NOW) for user in (owner, stranger)]
        assert [one.address for one in found] == [signer.confirm_address(one.index) for one in found]
        assert [one.index for one in found] == [INDEX_NOW, INDEX_NOW + 1]
        assert all(is_own(one.address) for one in found)
        assert hot_address() == signer.status().hot_address

    def test_stays_the_users_for_ever(self, owner: User) -> None:
        confirm_key(KeySigner(), now=NOW)
        first = address_for(owner.pk, now=NOW)
        assert address_for(owner.pk, now=NOW) == first
        owner.delete()
        assert DepositAddress.objects.get() == first

    def test_is_never_given_to_two(self) -> None:
        confirm_key(KeySigner(), now=NOW)
        users = [make_user(f"user{number}") for number in range(5)]
        addresses = {address_for(user.pk, now=NOW).address for user in users}
        assert len(addresses) == 5

    def test_that_has_received_something_before_it_was_anybodys_is_given_to_nobody(
        self, owner: User, stranger: User
    ) -> None:
        signer = KeySigner()
        confirm_key(signer, now=NOW)
        first, second = (signer.confirm_address(INDEX_NOW + number) for number in range(2))
        ChainMovement.objects.create(**CAME, side=MovementSide.IN, recipient=first)
        Deposit.objects.create(**CAME, address=second, fate=DepositFate.SMALL, written_at=NOW)
        found = [address_for(user.pk, now=NOW) for user in (owner, stranger)]
        expected = [INDEX_NOW + 2, INDEX_NOW + 3]
        assert [(one.index, one.address) for one in found] == [(n, signer.confirm_address(n)) for n in expected]

    def test_that_a_database_put_back_has_forgotten_is_given_to_nobody(self, owner: User, stranger: User) -> None:
        confirm_key(KeySigner(), now=NOW)
        address_for(owner.pk, now=NOW)
        with transaction.atomic():
            forgotten = address_for(stranger.pk, now=NOW + timedelta(minutes=1)).address
            transaction.set_rollback(True)  # the backup is from before
        users = [make_user(f"user{number}") for number in range(5)]
        given = {address_for(user.pk, now=NOW + timedelta(minutes=2)).address for user in users}
        assert forgotten not in given


@pytest.mark.usefixtures("committed_books")
class TestUsersWhoAskAtOnce:
    def test_get_addresses_of_their_own(self) -> None:
        confirm_key(KeySigner(), now=NOW)
        users = [make_user(f"user{number}") for number in range(6)] * 2  # each of them twice
        found = at_once(*[partial(address_for, user.pk, now=NOW) for user in users])
        made = list(DepositAddress.objects.order_by("index"))
        assert [one.index for one in made] == list(range(INDEX_NOW, INDEX_NOW + 6))
        assert set(found) == set(made)


class TestTheKey:
    def test_is_asked_for_once(self) -> None:
        assert confirm_key(KeySigner(), now=NOW)
        assert confirm_key(KeySigner(), now=NOW)
        assert DepositKey.objects.count() == 1

    def test_of_another_seed_than_before_halts(self) -> None:
        confirm_key(KeySigner(), now=NOW)
        confirm_key(KeySigner(seed=seed_of("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong")), now=NOW)
        assert [halt.reason for halt in halts.standing()] == [HaltReason.SIGNER]
        assert DepositKey.objects.get().xpub == KeySigner().account_xpub()

    def test_is_not_taken_from_a_signer_without_a_wallet(self) -> None:
        assert not confirm_key(Empty(), now=NOW)
        assert not deposit_addresses.is_ready()

    def test_is_not_taken_if_the_signer_derives_otherwise(self, owner: User) -> None:
        assert not confirm_key(Contradicting(), now=NOW)
        assert [halt.reason for halt in halts.standing()] == [HaltReason.SIGNER]
        with pytest.raises(Refused):
            address_for(owner.pk, now=NOW)


@dataclass
class Empty(KeySigner):
    """A signer before anybody has made keys."""

    def status(self) -> SignerStatus:
        return SignerStatus(False, "there are no keys yet", "devnet", None, None, 0, "", None, ())


@dataclass
class Contradicting(KeySigner):
    def confirm_address(self, index: int) -> str:
        return super().confirm_address(index + 1)
