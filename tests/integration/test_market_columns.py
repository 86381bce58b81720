"""What the market adds to the list of torrents: earned, price and uplift, each holder's own."""

from datetime import timedelta
from math import log

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from seedbox.config import joints
from seedbox.models import Holding, HoldingColumn, User
from seedbox.services import screen_choices
from seedbox.web import list_choice
from speed.domain.autobid_view import State
from speed.models import SellingDeal
from speed.services import list_columns, rollups
from speed.services.list_columns import EARNED, PRICE, UPLIFT
from tests.auto_rows import a_run, an_auto_bid
from tests.builders import NOW, make_holding, make_node, make_observation, make_torrent
from tests.earnings import pay_out
from tests.ledger import BTT, TREASURY, fund
from tests.market_rows import a_buying_deal, a_selling_deal
from wallet.services import seals

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(owner: User, stranger: User) -> tuple[Holding, Holding]:
    """One torrent that two people hold."""
    fund(TREASURY, 1_000 * BTT)
    torrent = make_torrent("debian.iso")
    make_observation(torrent)
    return make_holding(owner, torrent), make_holding(stranger, torrent)


def values(name: str) -> dict[int, int]:
    return dict(HoldingColumn.objects.filter(name=name).values_list("holding_id", "value"))


def a_deal(holding: Holding, number: int, **fields: object) -> SellingDeal:
    ids = {"deal_id": f"{number:02x}" * 16, "channel_id": f"{number + 100:02x}" * 16}
    return a_selling_deal(holding.torrent, **ids | fields)


class TestEarned:
    def test_is_each_holders_share_of_all_deals_to_the_ubtt(self, shared: tuple[Holding, Holding]) -> None:
        own, others = shared
        pay_out(a_deal(own, 1), 2_000_001, at=NOW)
        pay_out(a_deal(own, 2), 500_000, at=NOW)
        others.delete()
        pay_out(a_deal(own, 3), 10, at=NOW)
        list_columns.fill()
        assert values(EARNED) == {own.pk: 1_000_000 + 250_000 + 10}

    def test_is_the_same_from_the_sums_that_are_kept_and_from_what_is_behind_them(
        self, shared: tuple[Holding, Holding]
    ) -> None:
        own, others = shared
        pay_out(a_deal(own, 1), 2_000, at=NOW)
        seals.seal_new(now=NOW)
        assert rollups.catch_up(NOW) > 0
        pay_out(a_deal(own, 2), 600, at=NOW + timedelta(days=40))
        list_columns.fill()
        assert values(EARNED) == {own.pk: 1_300, others.pk: 1_300}

    def test_stays_with_the_node_that_sold_it(self, shared: tuple[Holding, Holding]) -> None:
        own, others = shared
        elsewhere = make_holding(own.user, make_torrent("debian.iso", node=make_node("attic")))
        pay_out(a_deal(own, 1), 600, at=NOW)
        pay_out(a_deal(elsewhere, 2), 77, at=NOW)
        list_columns.fill()
        assert values(EARNED) == {own.pk: 300, others.pk: 300, elsewhere.pk: 77}


class TestAPrice:
    def test_is_that_of_the_newest_deal_that_brought_something(self, shared: tuple[Holding, Holding]) -> None:
        own, others = shared
        for number, price, accepted in ((1, 5, 1), (2, 7, 1), (3, 0, 1), (4, 9, 0)):
            a_deal(own, number, price_ubtt_per_gib=price * BTT, accepted_bytes=accepted, covered_bytes=0)
        list_columns.fill()
        assert values(PRICE) == {own.pk: 7 * BTT, others.pk: 7 * BTT}

    def test_at_which_a_user_bought_is_told_to_that_user_alone(self, shared: tuple[Holding, Holding]) -> None:
        own, others = shared
        a_buying_deal(own, price_ubtt_per_gib=30 * BTT)
        list_columns.fill()
        assert values(PRICE) == {own.pk: 30 * BTT}
        a_deal(own, 1, price_ubtt_per_gib=4 * BTT)
        list_columns.fill()
        assert values(PRICE) == {own.pk: 30 * BTT, others.pk: 4 * BTT}


class TestAnUplift:
    @pytest.mark.parametrize(("pairs", "percent"), [([log(2)] * 6, 100), ([log(0.96)] * 8, -4), ([log(3)] * 5, None)])
    def test_is_what_a_torrents_own_unpaid_blocks_tell(
        self, shared: tuple[Holding, Holding], pairs: list[float], percent: int | None
    ) -> None:
        own, _ = shared
        a_run(an_auto_bid(own, own.torrent.node.name, now=NOW), State.BIDDING, "why", pairs=pairs)
        list_columns.fill()
        assert values(UPLIFT) == ({} if percent is None else {own.pk: percent})


class TestFilling:
    def test_again_changes_nothing_and_asks_as_often_for_many_as_for_few(
        self, shared: tuple[Holding, Holding], django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        own, _ = shared
        for number in range(1, 20):
            holding = make_holding(own.user, make_torrent(f"t{number}"))
            pay_out(a_deal(holding, number), 100, at=NOW)
        assert list_columns.fill() == 19 + 19
        with django_assert_max_num_queries(18):
            assert list_columns.fill() == 0


class TestAFigure:
    def test_is_exact_and_has_its_unit(self) -> None:
        assert list_columns.show_earned(1_234_500_001) == "1,234.500001 BTT"
        assert list_columns.show_price(20 * BTT) == "20 BTT/GiB"
        assert [list_columns.show_uplift(percent) for percent in (1_250, 0, -4)] == ["+1,250 %", "+0 %", "\u22124 %"]


class TestTheList:
    def test_shows_them_with_money_and_without_it_none_whatever_was_chosen(
        self, shared: tuple[Holding, Holding]
    ) -> None:
        own, _ = shared
        pay_out(a_deal(own, 1), 5 * BTT, at=NOW)
        list_columns.fill()
        screen_choices.choose(["earned", "price", "size"], user_id=own.user_id, screen=list_choice.COLUMNS)
        client = Client()
        client.force_login(own.user)
        content = client.get(reverse("torrents")).content.decode()
        assert ">2.5 BTT<" in content
        assert ">20 BTT/GiB<" in content
        joints.join("off")
        try:
            content = client.get(reverse("torrents")).content.decode()
        finally:
            joints.join(settings.WALLET_NETWORK)
        assert not [word for word in ("BTT", "Earned", "Price", "Uplift") if word in content]
        assert 'id="sort-size"' in content
