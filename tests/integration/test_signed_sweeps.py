"""Gas and sweeps as the real signer sees them: what is asked of it, it signs."""

from pathlib import Path

import pytest

from seedbox.models import User
from tests.exchange import BTT, BTTOLD, SUN, TOKEN, Exchange
from tests.signers import HOT, found_signer
from wallet.domain.money import Asset
from wallet.models import Sweep
from wallet.services import sweeps

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


class TestTheRealSigner:
    @pytest.mark.parametrize(
        ("asset", "units", "made"),
        [
            (Asset.TRC20, 50_000_000 * BTT, [("gas", "final"), ("sweep", "final")]),
            (Asset.TRC10, 50_000 * BTTOLD, [("sweep", "final")]),
            (Asset.TRX, 50 * SUN, [("sweep", "final")]),
        ],
    )
    def test_signs_what_brings_a_deposit_home(
        self, owner: User, tmp_path: Path, asset: Asset, units: int, made: list[tuple[str, str]]
    ) -> None:
        exchange, signer = Exchange(), found_signer(tmp_path)  # of the same words
        exchange.scan_all()
        assert exchange.hot == HOT
        exchange.pay(exchange.hot, 1_000 * SUN, Asset.TRX)
        exchange.deposit(owner.pk, units, asset)
        for _ in range(3):
            sweeps.step(exchange.chain, signer, now=exchange.now)
            exchange.arrive()
        assert list(Sweep.objects.order_by("pk").values_list("purpose", "state")) == made
        account = exchange.chain.account(HOT)
        home = {
            Asset.TRC20: exchange.fake.books.amount(HOT, TOKEN),
            Asset.TRC10: account.assets.get(1_002_000),
            Asset.TRX: account.balance_sun - 1_000 * SUN,
        }
        assert home[asset] == units
        signer.close()
