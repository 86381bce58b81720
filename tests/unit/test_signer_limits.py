"""The limits that a signer starts with, beside those that the web starts with: both written by hand."""

import pytest

from wallet.domain.money import UBTT_PER_BTT
from wallet.services.withdrawal_rules import DEFAULTS
from wallet.signer.policy import TRC10, TRC20
from wallet.signer.rules import DEFAULT

BTT_PER_BTTOLD = 1_000
UNITS_PER_UBTT = 10**12


class TestTheLimitsThatASignerStartsWith:
    @pytest.mark.parametrize(("asset", "units"), [(TRC20, UNITS_PER_UBTT), (TRC10, 1 / BTT_PER_BTTOLD)])
    def test_are_those_of_the_web_and_twice_as_much_over_time(self, asset: str, units: float) -> None:
        limit = DEFAULT.limits[asset]
        assert limit.per_transaction == DEFAULTS["most_ubtt"] * units == 100_000_000 * UBTT_PER_BTT * units
        assert limit.per_hour == 2 * DEFAULTS["all_hour_ubtt"] * units
        assert limit.per_day == 2 * DEFAULTS["all_day_ubtt"] * units
