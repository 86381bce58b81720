"""Sweeps: what deposit addresses hold comes to the hot address when that is worth it, and the books do not move."""

import pytest

from seedbox.models import User
from tests.builders import NOW
from tests.exchange import BTT, BTTOLD, SUN, TOKEN, Exchange, credited
from wallet.chain.fake_endpoint import SWALLOWED, TIMED_OUT
from wallet.domain.money import Asset
from wallet.domain.tron.addresses import to_base58
from wallet.models import HaltReason, Sweep
from wallet.services import halts, reconciliation, sweeps, withdrawal_rules
from wallet.services.holdings_on_chain import holdings
from wallet.services.operators import Actor

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

WORTH = 50_000_000 * BTT


@pytest.fixture
def exchange(owner: User) -> Exchange:
    made = Exchange()
    made.scan_all()
    made.pay(made.hot, 1_000 * SUN, Asset.TRX)
    made.arrive()
    return made


def step(exchange: Exchange) -> int:
    return sweeps.step(exchange.chain, exchange.signer, now=exchange.now)


def states() -> list[tuple[str, str]]:
    return list(Sweep.objects.order_by("pk").values_list("purpose", "state"))


def differences() -> list[int]:
    return [row.difference for row in reconciliation.run(now=NOW)]


class TestASweep:
    def test_brings_trc20_with_gas_first_and_leaves_the_books_as_they_are(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.deposit(owner.pk, WORTH)
        step(exchange)
        assert states() == [("gas", "signed")]
        exchange.arrive()
        step(exchange)
        assert states() == [("gas", "final"), ("sweep", "signed")]
        exchange.arrive()
        step(exchange)
        assert states() == [("gas", "final"), ("sweep", "final")]
        assert exchange.fake.books.amount(exchange.hot, TOKEN) == WORTH
        assert holdings("devnet", exchange.cursor.height).of(to_base58(exchange.hot), Asset.TRC20) == WORTH
        assert credited(owner.pk) == 50_000_000_000_000
        assert differences() == [0, 0, 0]

    def test_brings_trc10_with_the_bandwidth_that_costs_nothing(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 50_000 * BTTOLD, Asset.TRC10)
        step(exchange)
        exchange.arrive()
        step(exchange)
        assert states() == [("sweep", "final")]
        assert exchange.fake.books.amount(exchange.hot, 1_002_000) == 50_000 * BTTOLD
        assert differences() == [0, 0, 0]

    def test_brings_trx_that_strangers_sent_once_nothing_beside_it_needs_it(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.pay(exchange.address(owner.pk), 40 * SUN, Asset.TRX)
        exchange.deposit(owner.pk, WORTH)
        step(exchange)
        assert list(Sweep.objects.values_list("asset", flat=True)) == [Asset.TRC20]  # it is the gas of this one
        exchange.arrive()
        left = exchange.chain.account(exchange.address(owner.pk)).balance_sun
        step(exchange)
        exchange.arrive()
        step(exchange)
        assert list(Sweep.objects.order_by("pk").values_list("asset", "state")) == [
            (Asset.TRC20, "final"),
            (Asset.TRX, "final"),
        ]
        assert 30 * SUN < left < 40 * SUN
        reserved = 270 * 1_000  # for the bytes; two fewer are charged
        assert exchange.chain.account(exchange.hot).balance_sun == 1_000 * SUN + left - reserved
        assert differences() == [0, 0, 0]

    def test_leaves_trx_that_is_less_than_ten_times_what_moving_it_burns(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 2_690_000, Asset.TRX)  # 270 bytes for 1,000 sun each, ten times, is 2.7
        assert step(exchange) == 0
        exchange.deposit(owner.pk, 10_000, Asset.TRX)
        assert step(exchange) == 1

    def test_is_not_made_for_what_costs_more_than_it_is_worth(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 1_000_000 * BTT)
        assert step(exchange) == 0

    def test_waits_until_the_hot_address_has_trx_for_gas(self, owner: User) -> None:
        exchange = Exchange()
        exchange.scan_all()
        exchange.deposit(owner.pk, WORTH)
        assert step(exchange) == 0
        exchange.pay(exchange.hot, 1_000 * SUN, Asset.TRX)
        exchange.arrive()
        assert step(exchange) == 1

    @pytest.mark.parametrize(("reserve_sun", "live"), [(1_000 * SUN, 0), (900 * SUN, 1)])
    def test_leaves_the_hot_address_what_withdrawals_need(
        self, exchange: Exchange, owner: User, reserve_sun: int, live: int
    ) -> None:
        rules = withdrawal_rules.current()
        rules.reserve_sun = reserve_sun
        rules.save()
        exchange.deposit(owner.pk, WORTH)
        assert step(exchange) == live

    def test_begins_with_the_most_valuable(self, exchange: Exchange, owner: User, stranger: User) -> None:
        exchange.deposit(owner.pk, WORTH)
        exchange.deposit(stranger.pk, 2 * WORTH)
        step(exchange)
        made = Sweep.objects.order_by("pk").values_list("address__user_id", flat=True)
        assert list(made) == [stranger.pk, owner.pk]

    def test_that_would_fail_leaves_the_others_alone(self, exchange: Exchange, owner: User, stranger: User) -> None:
        exchange.deposit(owner.pk, 2 * WORTH)
        exchange.deposit(stranger.pk, WORTH)
        exchange.fake.books.add(exchange.address(owner.pk), -1, TOKEN)  # less than what came, as if it were frozen
        step(exchange)
        assert list(Sweep.objects.values_list("address__user_id", flat=True)) == [stranger.pk]

    def test_is_sent_again_with_the_same_bytes_and_moves_once(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 50_000 * BTTOLD, Asset.TRC10)
        for endpoint in exchange.endpoints:
            endpoint.broadcast_faults.append(TIMED_OUT)
        step(exchange)
        step(exchange)
        step(exchange)
        exchange.arrive()
        step(exchange)
        assert states() == [("sweep", "final")]
        assert len(exchange.signer.signed) == 1

    def test_that_was_swallowed_is_dead_when_its_time_is_over_and_another_follows(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.deposit(owner.pk, 50_000 * BTTOLD, Asset.TRC10)
        exchange.endpoints[0].broadcast_faults.append(SWALLOWED)
        step(exchange)
        exchange.fake.mine(30)
        exchange.scan_all()
        step(exchange)
        exchange.arrive()
        step(exchange)
        assert states() == [("sweep", "dead"), ("sweep", "final")]

    def test_waits_for_a_signer_that_is_away_and_ends_when_it_refuses(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 50_000 * BTTOLD, Asset.TRC10)
        exchange.signer.is_away = True
        step(exchange)
        assert states() == [("sweep", "prepared")]
        exchange.signer.is_away = False
        exchange.signer.refuses = "I never do that."
        step(exchange)
        assert states()[0] == ("sweep", "dropped")
        assert Sweep.objects.earliest("pk").says == "I never do that."
        step(exchange)
        assert len(states()) == 1  # for a while nothing is asked of it again

    def test_whose_number_the_signer_knows_from_a_lost_database_is_followed_by_the_next(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.deposit(owner.pk, 50_000 * BTTOLD, Asset.TRC10)
        exchange.signer.conflicts = 2
        for _ in range(3):
            exchange.arrive()
            step(exchange)
        assert states() == [("sweep", "dead")] * 2 + [("sweep", "signed")]

    def test_is_not_signed_while_withdrawals_are_halted(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 50_000 * BTTOLD, Asset.TRC10)
        halts.halt(HaltReason.OPERATOR, "because", NOW)
        assert step(exchange) == 0
        halts.lift(halts.standing()[0].pk, actor=Actor(1, "ada"), reason="mended", now=NOW)
        assert step(exchange) == 1

    def test_that_failed_in_its_block_is_failed_and_its_fee_is_booked(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, WORTH)
        step(exchange)
        exchange.arrive()
        exchange.fake.execution.token_faults.append("REVERT")
        step(exchange)
        exchange.arrive()
        step(exchange)
        assert states() == [("gas", "final"), ("sweep", "failed")]
        assert differences() == [0, 0, 0]
