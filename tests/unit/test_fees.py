"""What sending costs, worked out by hand from the chain's prices."""

from dataclasses import replace

from wallet.domain.fees import Means, Prices, fee_limit_sun, fee_ubtt, network_cost, worst_cost_sun

PRICES = Prices(byte_sun=1_000, energy_sun=100, create_account_sun=100_000, new_account_sun=1_000_000)
NOTHING = Means(free_bandwidth=0, staked_bandwidth=0, energy=0)
FREE = replace(NOTHING, free_bandwidth=600)


def cost_sun(means: Means, *, size_bytes: int = 282, creates_account: bool = False, energy: int = 0) -> int:
    cost = network_cost(
        prices=PRICES, means=means, size_bytes=size_bytes, creates_account=creates_account, energy=energy
    )
    return cost.total_sun


class TestTheNetworksCost:
    def test_is_nothing_while_free_bandwidth_is_left(self) -> None:
        assert cost_sun(FREE) == 0

    def test_is_for_all_bytes_when_a_few_are_missing(self) -> None:
        assert cost_sun(replace(NOTHING, free_bandwidth=281)) == 282_000

    def test_of_a_new_account_is_not_paid_by_free_bandwidth(self) -> None:
        assert cost_sun(FREE, creates_account=True) == 1_100_000
        assert cost_sun(replace(NOTHING, staked_bandwidth=300), creates_account=True) == 1_000_000

    def test_of_a_contract_is_the_energy_that_is_not_staked(self) -> None:
        assert cost_sun(replace(FREE, energy=4_650), size_bytes=345, energy=14_650) == 1_000_000
        assert cost_sun(replace(FREE, energy=20_000), size_bytes=345, energy=14_650) == 0

    def test_is_planned_for_as_if_nothing_were_free(self) -> None:
        assert worst_cost_sun(prices=PRICES, size_bytes=345, creates_account=False, energy=29_650) == 3_310_000


class TestAFee:
    def test_is_rounded_up(self) -> None:
        assert fee_ubtt(flat_ubtt=5, ubtt_per_trx=3, cost_sun=1) == 6
        assert fee_ubtt(flat_ubtt=5, ubtt_per_trx=0, cost_sun=1_000_000) == 5
        assert fee_ubtt(flat_ubtt=0, ubtt_per_trx=2_000_000, cost_sun=282_000) == 564_000

    def test_limit_leaves_room_for_a_dearer_contract(self) -> None:
        assert fee_limit_sun(energy=14_650, energy_price_sun=100) == 2_197_500
        assert fee_limit_sun(energy=1, energy_price_sun=1) == 2
