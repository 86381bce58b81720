"""The install knows its own addresses, and what its own transactions have cost."""

import pytest

from seedbox.models import User
from tests.builders import NOW
from tests.exchange import BTTOLD, SUN, Exchange
from tests.ledger import balance, fund, post
from wallet.domain.money import Asset
from wallet.domain.posting import Code
from wallet.models import DepositAddress, InstallAddress, InstallRole, Sweep
from wallet.services import sweeps
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
    def test_is_found_up_to_the_cursor(self, owner: User) -> None:
        assert cursor() is None
        exchange = Exchange()
        exchange.pay(exchange.hot, SUN, Asset.TRX)
        exchange.deposit(owner.pk, 50_000 * BTTOLD, Asset.TRC10)
        sweeps.step(exchange.chain, exchange.signer, now=exchange.now)
        tx_id = Sweep.objects.get().tx_id
        exchange.fake.make_solid()
        assert own_transaction(tx_id) is None  # it is in a solid block, behind the cursor
        before = exchange.cursor.height
        exchange.scan_all()
        found, reached = own_transaction(tx_id), cursor()
        assert found
        assert reached
        assert before < found.block_number <= reached.height
        assert not found.has_failed
        assert own_transaction("ef" * 32) is None


class TestANetworkFee:
    def test_is_booked_once_for_its_transaction(self) -> None:
        fund(PAYER, 1_000)
        fee = fee_transfer(network="devnet", tx_id="ab" * 32, amount_sun=345, block_at=NOW)
        assert [post(fee).code, post(fee).code] == [Code.OK, Code.EXISTS]
        assert balance(PAYER) == 655
        assert (PAYER.asset, fee.cause) == (Asset.TRX, f"network-fee/devnet/{'ab' * 32}")
