"""A buyer's own audit of the rounds that its bids were in: asked for an hour later, page by page, and judged."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from seedbox.domain.kept import told
from seedbox.models import User
from seedbox.services import audit
from speed.domain.messages import Audit, Error, ErrorCode
from speed.models import AvoidedSeller, Cause, Round, SeenRound, Verdict
from speed.services import audits, avoided, rounds
from tests.builders import make_user
from tests.buying import Stall, Taker
from tests.cheats import Bookkeeper, Forger, Nepotist, Secretive
from tests.market_rows import BTT, a_round
from tests.trade import Trade

pytestmark = pytest.mark.django_db

AN_HOUR = timedelta(minutes=62)


def deal_with(taker: Taker, stall: Stall) -> None:
    """Let a deal run for two rounds and be over, and an hour go by."""
    taker.bid()
    taker.connect(stall)
    taker.run(14, stall)
    stall.answers = False
    taker.run(10)  # what was said is written by then
    taker.floor.now += AN_HOUR


def verdicts() -> set[str]:
    return {seen.verdict for seen in SeenRound.objects.exclude(salt="")}


def said(*words: str) -> str:
    out = io.StringIO()
    call_command("speed", *words, stdout=out)
    return out.getvalue()


class TestOurOwnSellers:
    def test_rounds_are_right_for_our_own_buyer_whatever_it_bids_meanwhile(self, owner: User) -> None:
        trade = Trade(owner, make_user("bert"))
        trade.run(9)
        for spend in (4 * BTT, 2 * BTT):  # within one round
            trade.taker.bid(spend=spend)
            trade.run(3)
        trade.run(22)
        trade.shop.now = trade.taker.floor.now = trade.shop.now + AN_HOUR
        trade.run(6)
        assert Round.objects.filter(bids=1).count() >= SeenRound.objects.count() >= 3
        assert SeenRound.objects.filter(verdict=Verdict.RIGHT).count() >= 2
        assert not SeenRound.objects.filter(verdict__in=[Verdict.WRONG, Verdict.NOT_SHOWN]).exists()

    def test_round_is_not_held_twice_by_a_seller_that_starts_anew_in_it(self, owner: User) -> None:
        trade = Trade(owner, make_user("bert"))
        trade.run(12)
        held = Round.objects.latest("number").number
        trade.seller.begin(trade.shop.now)
        trade.run(0.4)
        assert Round.objects.latest("number").number == held
        assert {seen.number for seen in trade.taker.rounds()} <= {held - 1, held}


class TestASeller:
    def test_that_keeps_the_rule_is_found_right_and_asked_once_for_each_round(self, taker: Taker) -> None:
        stall = Bookkeeper(1)
        deal_with(taker, stall)
        taker.run(8, stall)
        assert verdicts() == {Verdict.RIGHT}
        assert stall.audits == SeenRound.objects.count() >= 2

    @pytest.mark.parametrize(
        ("kind", "sentence"), [(Nepotist, "The shares of 1 of 2 bids"), (Forger, "whose hash was given")]
    )
    def test_that_cheats_is_found_out_and_left_alone_for_seven_days(
        self, taker: Taker, kind: type[Bookkeeper], sentence: str
    ) -> None:
        stall = kind(1)
        deal_with(taker, stall)
        taker.run(8, stall)
        assert verdicts() == {Verdict.WRONG}
        assert sentence in told(SeenRound.objects.earliest("pk").finding)
        held = AvoidedSeller.objects.get(peer_key=stall.key.public_key.hex(), cause=Cause.WRONG_ROUND)
        assert taker.row(stall).state in ("ending", "closed")
        taker.floor.now += timedelta(minutes=5)
        stall.answers, before = True, len(stall.bids)
        taker.run(4, stall)
        assert len(stall.bids) == before
        taker.floor.now = held.until + timedelta(seconds=1)
        taker.run(10, stall)
        assert len(stall.bids) > before

    def test_that_shows_nothing_is_asked_twice_and_bid_for_further(self, taker: Taker) -> None:
        stall = Secretive(1)
        deal_with(taker, stall)
        for _ in range(8):
            taker.run(1.2, stall)
            taker.floor.now += timedelta(minutes=11)
        assert Verdict.NOT_SHOWN in verdicts()
        assert Verdict.WRONG not in verdicts()
        assert not AvoidedSeller.objects.exists()

    def test_that_does_not_answer_is_not_waited_for(self, taker: Taker) -> None:
        stall = Stall(1)
        deal_with(taker, stall)
        for _ in range(3):
            taker.run(1.2, stall)
            taker.floor.now += timedelta(minutes=2)
            taker.run(0.4, stall)
            taker.floor.now += timedelta(minutes=11)
        assert Verdict.NOT_SHOWN in verdicts()

    def test_that_is_busy_is_asked_later(self, taker: Taker) -> None:
        stall = Stall(1)
        deal_with(taker, stall)
        taker.run(1.2, stall)
        assert len(stall.link.take(Audit)) == 1
        taker.hear(stall, Error(ErrorCode.TOO_MANY, "Not now."))
        taker.run(5, stall)
        assert stall.link.take(Audit) == []
        taker.floor.now += timedelta(minutes=11)
        taker.run(0.4, stall)
        assert len(stall.link.take(Audit)) == 1

    def test_that_has_left_is_called_where_it_was_called_before(self, taker: Taker) -> None:
        stall = Bookkeeper(1)
        deal_with(taker, stall)
        taker.disconnect(stall)
        taker.floor.dialled.clear()
        taker.run(0.6)
        assert taker.floor.dialled == [stall.link.endpoint]
        assert taker.buyer.wants_port
        taker.connect(stall)
        taker.floor.now += timedelta(seconds=31)
        taker.run(4, stall)
        assert Verdict.RIGHT in verdicts()

    def test_that_stays_away_for_a_day_has_shown_nothing(self, taker: Taker) -> None:
        stall = Bookkeeper(1)
        deal_with(taker, stall)
        taker.disconnect(stall)
        taker.floor.now += timedelta(hours=23)
        taker.run(0.4)
        assert verdicts() == {Verdict.NOT_SHOWN}


class TestItsUser:
    def test_reads_on_the_page_and_in_the_shell_what_was_found(self, taker: Taker, client: Client) -> None:
        stall = Nepotist(1)
        taker.floor.now = timezone.now()  # pages go by true time
        deal_with(taker, stall)
        client.force_login(taker.user)
        address = reverse("market_buying", args=[taker.row(stall).pk])
        assert "to come" in client.get(address).content.decode()
        assert "to come" in said("audit", "--user", taker.user.username)
        taker.run(8, stall)
        AvoidedSeller.objects.update(until=timezone.now() + timedelta(days=1))  # the page goes by the real clock
        page = client.get(address).content.decode()
        assert "The shares of 1 of 2 bids are not what they should have been." in page
        assert "This seller was found to cheat." in page
        with pytest.raises(CommandError, match="rounds were wrong"):
            said("audit", "--user", taker.user.username)

    def test_reads_it_as_json_for_a_program(self, taker: Taker) -> None:
        stall = Bookkeeper(1)
        deal_with(taker, stall)
        taker.run(8, stall)
        found = json.loads(said("audit", "--user", taker.user.username, "--json"))
        assert sum(of_deal["right"] for of_deal in found) == SeenRound.objects.filter(verdict=Verdict.RIGHT).count() > 1
        assert not any(of_deal["wrong"] for of_deal in found)


class TestTheOperator:
    KEY = "02" + "ab" * 32

    def test_lets_the_box_bid_with_a_seller_again_that_was_found_to_cheat(self, taker: Taker) -> None:
        stall = Nepotist(1)
        deal_with(taker, stall)
        taker.run(8, stall)
        taker.floor.now += timedelta(minutes=5)
        stall.answers, before = True, len(stall.bids)
        taker.run(4, stall)
        assert len(stall.bids) == before
        key = stall.key.public_key.hex()
        assert avoided.rows(now=taker.floor.now)[0]["where"] == f"last seen at {stall.address}/32"
        assert avoided.forgive(key, origin=audit.command_line(), now=taker.floor.now)
        assert not avoided.forgive(key, origin=audit.command_line(), now=taker.floor.now)
        taker.run(10, stall)
        assert len(stall.bids) > before

    def test_does_so_for_good_though_rounds_of_before_come_out_wrong_later(self, taker: Taker) -> None:
        stall = Nepotist(1)
        deal_with(taker, stall)
        heard = SeenRound.objects.exclude(salt="")
        audits.judge("local", stall.key.public_key, stall.records[heard[0].number], now=taker.floor.now)
        key = stall.key.public_key.hex()
        assert avoided.forgive(key, origin=audit.command_line(), now=taker.floor.now)
        taker.run(8, stall)
        assert (verdicts(), heard.count() > 1) == ({Verdict.WRONG}, True)
        assert not avoided.avoided(now=taker.floor.now)
        stall.answers = True
        taker.run(14, stall)
        stall.answers = False
        taker.run(10)
        taker.floor.now += AN_HOUR
        taker.run(8, stall)
        assert avoided.avoided(now=taker.floor.now)

    def test_does_so_on_the_page_where_no_other_user_sees_it(self, client: Client, owner: User, admin: User) -> None:
        avoided.avoid(self.KEY, cause=Cause.WRONG_ROUND, text="A sum was wrong.", now=timezone.now())
        market, forgive = reverse("market"), reverse("market_forgive", args=[self.KEY])
        client.force_login(owner)
        assert forgive not in client.get(market).content.decode()
        client.force_login(admin)
        page = client.get(market).content.decode()
        assert ("A sum was wrong. No bids until" in page, forgive in page) == (True, True)
        page = client.post(forgive, follow=True).content.decode()
        assert ("left alone no longer" in page, forgive in page) == (True, False)
        assert audit.read_all(act="setting_changed").lines[0].says == f"Seller {self.KEY}: left alone no longer."
        assert client.post(forgive).status_code == 404

    def test_is_heard_by_a_node_whose_clock_is_behind(self) -> None:
        now, ahead = timezone.now(), timedelta(seconds=30)
        avoided.avoid(self.KEY, cause=Cause.WRONG_ROUND, text="A sum was wrong.", now=now)
        with transaction.atomic():
            assert avoided.let_in_at(self.KEY, now=now) is None
            assert avoided.forgive(self.KEY, origin=audit.command_line(), now=now + ahead)
            assert avoided.let_in_at(self.KEY, now=now) == now + ahead

    def test_does_so_in_the_shell(self) -> None:
        avoided.avoid(self.KEY, cause=Cause.STARVES_UNPAID, text="It starves.", now=timezone.now())
        assert said("avoided").startswith(f"{self.KEY}  It starves. No bids until")
        assert said("avoided", "--forgive", self.KEY) == ""
        with pytest.raises(CommandError, match="is left alone: its key stands in the list"):
            said("avoided", "--forgive", self.KEY)


class TestARoundThatWasHeldTwice:
    def test_by_a_clock_that_was_set_back_is_shown_to_nobody(self) -> None:
        number, later = 1_000, datetime.fromtimestamp(1_000 * 10 + 4_000, tz=UTC)
        for _ in range(2):
            a_round(number, demand=3)
        assert rounds.served("local", number, now=later) is not None
        a_round(number, demand=4)
        assert rounds.served("local", number, now=later) is None
