"""This month's fees, which are added up once and then followed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from seedbox.models import User
from tests.ledger import BTT, balance, fund, transfer, user
from wallet.domain.accounts import AccountKind, AccountName, channel_account, own_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.services import channels, ledger
from wallet.services.fees_taken import Fees, MonthsSums, fees_of_month
from wallet.services.operator_rows import fee_rows

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

CHANNEL = "ab" * 16
FEES = own_account(Asset.TRC20, AccountKind.FEES)
IN_FLIGHT = own_account(Asset.TRC20, AccountKind.IN_FLIGHT)
FUEL, CHAIN_OF_TRX = (own_account(Asset.TRX, kind) for kind in (AccountKind.NETWORK_FEES, AccountKind.CHAIN))
OCTOBER, NOVEMBER = datetime(2024, 10, 31, 23, 59, tzinfo=UTC), datetime(2024, 11, 1, tzinfo=UTC)


def paid(debit: AccountName, credit: AccountName, amount_ubtt: int, kind: TransferKind, at: datetime) -> None:
    assert ledger.post_one(transfer(debit, credit, amount_ubtt, kind=kind, event_at=at), now=at).is_done


@pytest.fixture
def payer(owner: User, stranger: User) -> AccountName:
    """Somebody with an open channel, money on its way out, and TRX for the chain's costs."""
    fund(user(owner.pk), 100 * BTT)
    fund(FUEL, 50 * BTT)
    channels.open_channel(
        channel_id=CHANNEL,
        payer=user(owner.pk),
        payee=user(stranger.pk),
        payer_key="02" * 33,
        payee_key="03" * 33,
        amount_ubtt=20 * BTT,
        fee_ppm=0,
        expires_at=datetime(2024, 11, 3, tzinfo=UTC),
        now=OCTOBER,
    )
    paid(user(owner.pk), IN_FLIGHT, 30 * BTT, TransferKind.WITHDRAWAL, OCTOBER)
    return user(owner.pk)


def take(amount_ubtt: int, at: datetime) -> None:
    paid(channel_account(Asset.TRC20, CHANNEL), FEES, amount_ubtt, TransferKind.FEE, at)


@pytest.mark.usefixtures("payer")
class TestTheFeesOfAMonth:
    def test_are_those_that_were_booked_since_its_first_moment_each_kind_by_itself(self) -> None:
        take(1_000, OCTOBER)
        paid(FUEL, CHAIN_OF_TRX, 345, TransferKind.NETWORK_FEE, OCTOBER)
        for amount_ubtt in (20, 7):
            take(amount_ubtt, NOVEMBER)
        paid(IN_FLIGHT, FEES, 500, TransferKind.WITHDRAWAL_FINAL, NOVEMBER)
        paid(FUEL, CHAIN_OF_TRX, 27, TransferKind.NETWORK_FEE, NOVEMBER)
        found = fees_of_month(NOVEMBER, MonthsSums())
        assert found == [
            Fees(Asset.TRC20, hub_ubtt=27, withdrawals_ubtt=500),
            Fees(Asset.TRX, network_ubtt=27),
        ]
        assert balance(FEES) == 1_527

    def test_follow_what_is_new_and_begin_anew_with_the_next_month(self) -> None:
        months = MonthsSums()
        take(5, OCTOBER)
        assert fees_of_month(OCTOBER, months)[0].hub_ubtt == 5
        take(6, OCTOBER)
        assert fees_of_month(OCTOBER, months)[0].hub_ubtt == 11
        take(40, NOVEMBER)
        assert fees_of_month(NOVEMBER, months)[0].hub_ubtt == 40
        take(2, NOVEMBER)
        assert fees_of_month(NOVEMBER, months)[0].hub_ubtt == 42

    def test_are_found_by_a_few_looks_and_not_added_up_again(
        self, django_assert_max_num_queries: Callable[[int], Any]
    ) -> None:
        for number in range(1, 17):
            take(number, OCTOBER if number <= 9 else NOVEMBER)
        months = MonthsSums()
        with django_assert_max_num_queries(12):
            assert fees_of_month(NOVEMBER, months)[0].hub_ubtt == sum(range(10, 17))
        with django_assert_max_num_queries(3):
            fees_of_month(NOVEMBER, months)

    def test_are_zero_before_there_is_any(self) -> None:
        assert fees_of_month(NOVEMBER, MonthsSums()) == [Fees(Asset.TRC20), Fees(Asset.TRX)]

    def test_stand_on_the_page_with_their_units(self) -> None:
        now = datetime.now(UTC)
        take(1_250_000, now)
        assert [(row["name"], row["amount"], row["unit"]) for row in fee_rows(now)] == [
            ("Hub fees", "1.25", "BTT"),
            ("Withdrawal fees", "0", "BTT"),
            ("Paid to the network", "0", "TRX"),
        ]
