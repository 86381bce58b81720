"""Channels by chance: whatever is asked in whatever order, ledger and model answer the same, and the books fit."""

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbox.models import User
from tests.channel_model import FIRST_MONEY_UBTT, Asker, stored
from tests.ledger import ASSET, balance, fund
from tests.servers import PROVE
from wallet.domain.accounts import AccountKind, own_account
from wallet.services import audit

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

STEPS = 40


class TestAnySchedule:
    @settings(max_examples=12 * PROVE)
    @given(seed=st.integers(0, 2**32))
    def test_of_opening_paying_and_ending_does_what_the_model_does(
        self, owner: User, stranger: User, seed: int
    ) -> None:
        with transaction.atomic():
            asker = Asker(seed, payer=owner.pk, payee=stranger.pk)
            payer, payee = asker.accounts
            fund(payer, FIRST_MONEY_UBTT)
            for _ in range(STEPS):
                asker.step()
                model = asker.model
                assert (balance(payer), balance(payee)) == (model.payer_ubtt, model.payee_ubtt)
                assert balance(own_account(ASSET, AccountKind.FEES)) == model.fees_ubtt
                assert stored() == model.channels
            assert not audit.audit().findings
            transaction.set_rollback(True)
