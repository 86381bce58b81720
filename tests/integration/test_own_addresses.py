"""The install knows its own addresses, and what its own transactions have cost."""

import pytest

from tests.builders import NOW
from tests.deposits import a_row_of_each
from tests.ledger import balance, fund, post
from wallet.domain.money import Asset
from wallet.domain.posting import Code
from wallet.models import DepositAddress, InstallAddress, InstallRole
from wallet.services.network_fees import PAYER, fee_transfer
from wallet.services.own_addresses import cursor, hot_address, is_own, own_transaction

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


class TestAnOwnAddress:
    def test_is_a_users_or_the_installs(self) -> None:
        assert hot_address() is None
        DepositAddress.objects.create(network="devnet", user_id=1, index=0, address="TDeposit", made_at=NOW)
        InstallAddress.objects.create(network="devnet", role=InstallRole.HOT, address="THot", made_at=NOW)
        InstallAddress.objects.create(network="devnet", role=InstallRole.COLD, address="TCold", made_at=NOW)
        InstallAddress.objects.create(network="nile", role=InstallRole.HOT, address="TNile", made_at=NOW)
        assert [is_own(name) for name in ("TDeposit", "THot", "TCold", "TNile", "TOther")] == [True] * 3 + [False] * 2
        assert hot_address() == "THot"


class TestAnOwnTransaction:
    def test_is_found_up_to_the_cursor(self) -> None:
        assert cursor() is None
        a_row_of_each()
        found, reached = own_transaction("cd" * 32), cursor()
        assert found
        assert reached
        assert (found.block_number, found.has_failed, reached.height) == (1, False, 0)
        assert own_transaction("ef" * 32) is None


class TestANetworkFee:
    def test_is_booked_once_for_its_transaction(self) -> None:
        fund(PAYER, 1_000)
        fee = fee_transfer(network="devnet", tx_id="ab" * 32, amount_sun=345, block_at=NOW)
        assert [post(fee).code, post(fee).code] == [Code.OK, Code.EXISTS]
        assert balance(PAYER) == 655
        assert (PAYER.asset, fee.cause) == (Asset.TRX, f"network-fee/devnet/{'ab' * 32}")
