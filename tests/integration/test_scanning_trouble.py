"""When the chain can't be read: it is said, it waits, and what lasts or can't be true halts withdrawals."""

from datetime import timedelta

import pytest

from seedbox.models import User
from tests.exchange import BTT, Exchange, credited
from wallet.chain.fake_endpoint import Problem
from wallet.models import ChainCursor, HaltReason
from wallet.services import chain_rounds, halts, scanning

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def exchange(owner: User) -> Exchange:
    made = Exchange()
    made.scan_all()
    return made


def reasons() -> list[str]:
    return [halt.reason for halt in halts.standing()]


class TestAnEndpointThatIsAway:
    @pytest.mark.parametrize("problem", [Problem.AWAY, Problem.BUSY, Problem.GARBAGE])
    def test_is_waited_for_and_halts_only_when_it_lasts(
        self, exchange: Exchange, owner: User, problem: Problem
    ) -> None:
        exchange.fake.pay_token(exchange.address(owner.pk), 5_000 * BTT)
        exchange.fake.make_solid()
        exchange.endpoints[1].problem = problem
        for _ in range(6):  # a minute each
            assert exchange.scan() == 0
        assert exchange.cursor.trouble
        assert not halts.is_halted()
        exchange.scan()
        assert reasons() == [HaltReason.LAG]
        exchange.endpoints[1].problem = None
        exchange.scan_all()
        assert credited(owner.pk) == 5_000_000_000
        assert (exchange.cursor.trouble, exchange.cursor.trouble_since) == ("", None)
        assert reasons() == [HaltReason.LAG]  # a person lifts it

    def test_after_a_day_without_a_look_is_waited_for_from_anew(self, exchange: Exchange) -> None:
        exchange.now += timedelta(days=1)
        exchange.endpoints[1].problem = Problem.AWAY
        exchange.scan()
        assert not halts.is_halted()

    def test_before_and_after_a_day_without_a_look_has_not_lasted(self, exchange: Exchange) -> None:
        exchange.endpoints[1].problem = Problem.AWAY
        exchange.scan()
        exchange.now += timedelta(days=1)
        exchange.scan()
        assert not halts.is_halted()
        assert exchange.cursor.trouble_since == exchange.now

    def test_is_said_once_although_nothing_was_ever_read(self, owner: User, caplog: pytest.LogCaptureFixture) -> None:
        exchange = Exchange()
        for endpoint in exchange.endpoints:
            endpoint.problem = Problem.AWAY
        exchange.scan()
        caplog.clear()
        exchange.scan()
        assert not [one for one in caplog.records if one.name == scanning.__name__]
        assert not ChainCursor.objects.exists()

    def test_is_named_on_the_operators_page(self, exchange: Exchange) -> None:
        exchange.endpoints[1].problem = Problem.AWAY
        chain_rounds.read(exchange.chain, exchange.signer, now=exchange.now)
        assert [(one["name"], one["ok"]) for one in exchange.cursor.endpoints] == [("first", True), ("second", False)]


class TestAnEndpointThatLies:
    def test_halts_at_once(self, exchange: Exchange) -> None:
        exchange.endpoints[0].problem = Problem.LIE
        exchange.scan()
        assert reasons() == [HaltReason.LIED]


class TestARound:
    def test_begins_by_itself_once_there_is_a_key(self, owner: User) -> None:
        exchange = Exchange(confirms=False)
        assert exchange.scan() == 0
        assert not ChainCursor.objects.exists()
        exchange.signer.is_away = True
        assert chain_rounds.read(exchange.chain, exchange.signer, now=exchange.now) == 0
        exchange.signer.is_away = False
        exchange.fake.mine(20)
        assert chain_rounds.read(exchange.chain, exchange.signer, now=exchange.now) == 18

    def test_leaves_a_long_backlog_to_the_next(self, exchange: Exchange) -> None:
        exchange.fake.mine(700)
        assert chain_rounds.read(exchange.chain, exchange.signer, now=exchange.now) == 500
        assert chain_rounds.read(exchange.chain, exchange.signer, now=exchange.now) == 198
