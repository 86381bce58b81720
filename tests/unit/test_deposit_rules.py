"""What becomes of value that has come, and when it is worth to move it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import (
    MINIMUM_UBTT,
    DepositFate,
    Place,
    format_units,
    judge,
    split,
    to_units,
)
from wallet.domain.money import MAX_AMOUNT_UBTT, Asset
from wallet.domain.sweeping import Prices, Sender, cost_of, is_worth

UNIT = 10**12


class TestWhatHasCome:
    @given(units=st.integers(0, 2**256 - 1), asset=st.sampled_from(Asset))
    def test_is_split_without_a_unit_lost(self, units: int, asset: Asset) -> None:
        amount_ubtt, remainder = split(units, asset)
        assert to_units(amount_ubtt, asset) + remainder == units
        assert 0 <= remainder < to_units(1, asset)

    @pytest.mark.parametrize(
        ("units", "asset", "text"),
        [
            (1, Asset.TRC20, "0.000000000000000001"),
            (1_234_500_000_000_000_000_000, Asset.TRC20, "1,234.5"),
            (-(10**18), Asset.TRC20, "\N{MINUS SIGN}1"),
            (0, Asset.TRC20, "0"),
            (1_000, Asset.TRC10, "0.001"),
            (100_000_000, Asset.TRX, "100"),
        ],
    )
    def test_is_written_exactly(self, units: int, asset: Asset, text: str) -> None:
        assert format_units(units, asset) == text

    @pytest.mark.parametrize(
        ("asset", "units", "place", "user_id", "fate", "kind"),
        [
            (Asset.TRC20, 1_000_000_000 * UNIT, Place.USER, 7, DepositFate.CREDITED, AccountKind.USER),
            (Asset.TRC20, 1_000_000_000 * UNIT - 1, Place.USER, 7, DepositFate.SMALL, None),
            (Asset.TRC10, 1_000_000, Place.USER, 7, DepositFate.CREDITED, AccountKind.USER),
            (Asset.TRC10, 999_999, Place.USER, 7, DepositFate.SMALL, None),
            (Asset.TRX, 1, Place.USER, 7, DepositFate.OPERATOR, AccountKind.NETWORK_FEES),
            (Asset.TRX, 5, Place.NOBODY, None, DepositFate.OPERATOR, AccountKind.NETWORK_FEES),
            (Asset.TRC20, UNIT, Place.INSTALL, None, DepositFate.OPERATOR, AccountKind.TREASURY),
            (Asset.TRC20, UNIT - 1, Place.INSTALL, None, DepositFate.SMALL, None),
            (Asset.TRC20, UNIT, Place.NOBODY, None, DepositFate.SUSPENSE, AccountKind.SUSPENSE),
            (Asset.TRC20, (MAX_AMOUNT_UBTT + 1) * UNIT, Place.USER, 7, DepositFate.LARGE, None),
        ],
    )
    def test_goes_where_its_address_says(
        self, asset: Asset, units: int, place: Place, user_id: int | None, fate: DepositFate, kind: AccountKind | None
    ) -> None:
        found = judge(asset=asset, units=units, place=place, user_id=user_id)
        assert (found.fate, found.credit and found.credit.kind) == (fate, kind)

    def test_is_recorded_only_when_a_contract_has_paid_it(self) -> None:
        found = judge(asset=Asset.TRC10, units=10**9, place=Place.USER, user_id=7, is_internal=True)
        assert (found.fate, found.credit, found.amount_ubtt) == (DepositFate.INTERNAL, None, 0)

    def test_has_a_minimum_that_is_worth_the_same_in_both(self) -> None:
        assert MINIMUM_UBTT[Asset.TRC20] == 1_000 * MINIMUM_UBTT[Asset.TRC10]

    def test_has_a_fate_with_a_label(self) -> None:
        assert all(fate.label for fate in DepositFate)


PRICES = Prices(byte_sun=1_000, energy_sun=100, activation_sun=1_100_000)
RICH = Sender(exists=True, balance_sun=10**9, free_bytes=600)
NEW = Sender(exists=False, balance_sun=0, free_bytes=0)


class TestTheCostOfASweep:
    def test_of_trc10_is_nothing_with_free_bandwidth(self) -> None:
        cost = cost_of(asset=Asset.TRC10, prices=PRICES, sender=RICH, hot_free_bytes=0)
        assert (cost.total_sun, cost.gas_sun, cost.fee_limit_sun) == (0, 0, 0)

    def test_of_trc10_without_is_its_bytes_and_gas_for_them(self) -> None:
        sender = Sender(exists=True, balance_sun=100_000, free_bytes=299)
        cost = cost_of(asset=Asset.TRC10, prices=PRICES, sender=sender, hot_free_bytes=0)
        assert (cost.burn_sun, cost.gas_sun, cost.gas_fee_sun) == (300_000, 200_000, 270_000)

    def test_of_trc20_is_energy_of_which_half_more_is_allowed(self) -> None:
        cost = cost_of(asset=Asset.TRC20, prices=PRICES, sender=RICH, hot_free_bytes=600, energy=14_651)
        assert (cost.burn_sun, cost.fee_limit_sun, cost.gas_sun) == (1_465_100, 2_197_650, 0)

    def test_of_a_new_address_activates_it_first(self) -> None:
        cost = cost_of(asset=Asset.TRC20, prices=PRICES, sender=NEW, hot_free_bytes=600, energy=10_000)
        assert (cost.gas_sun, cost.gas_fee_sun, cost.total_sun) == (1_850_000, 1_100_000, 2_450_000)

    def test_of_a_new_address_that_needs_nothing_still_activates_it(self) -> None:
        free = Prices(byte_sun=0, energy_sun=0, activation_sun=1_100_000)
        assert cost_of(asset=Asset.TRC20, prices=free, sender=NEW, hot_free_bytes=600, energy=10_000).gas_sun == 1

    def test_of_an_address_with_energy_is_no_energy(self) -> None:
        sender = Sender(exists=True, balance_sun=0, free_bytes=600, free_energy=20_000)
        cost = cost_of(asset=Asset.TRC20, prices=PRICES, sender=sender, hot_free_bytes=600, energy=14_650)
        assert (cost.total_sun, cost.gas_sun) == (0, 0)

    def test_is_a_tenth_of_the_worth_at_most(self) -> None:
        assert is_worth(asset=Asset.TRC20, amount_ubtt=3_000_000_000_000, cost_sun=1_000_000)  # 3,000,000 BTT for 1 TRX
        assert not is_worth(asset=Asset.TRC20, amount_ubtt=2_999_999_999_999, cost_sun=1_000_000)
        assert is_worth(asset=Asset.TRC10, amount_ubtt=3_000_000_000, cost_sun=1_000_000)
