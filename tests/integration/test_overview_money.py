"""Money and deals on the overview: figures that equal the ledger's, and whose they are."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import Client
from django.urls import reverse

from seedbox.config.telling import Crier
from seedbox.domain.states import State
from seedbox.models import Holding, User
from seedbox.services.totals import Speeds
from speed.models import SellingDeal
from speed.services import news, trading
from tests.builders import NOW, make_holding, make_observation, make_torrent, signed_in
from tests.ledger import ASSET, BTT, fund, place_hold, post, user
from tests.market_rows import MIB, a_buying_deal, a_selling_deal
from tests.rollups import Moved, Traders, moved
from tests.sockets import Browser, browser_of
from wallet.domain.money import format_btt
from wallet.models import ChainCursor, MovementKind, PendingDeposit
from wallet.models.halt import HaltReason
from wallet.services import halts, purse

NETWORK = "devnet"
UNITS_OF_TRC20 = 10**12  # for one µBTT


def tile(client: Client, name: str) -> str:
    return client.get(reverse("overview_tile", args=[name])).content.decode()


def a_sold_holding(owner: User, **fields: Any) -> Holding:
    torrent = make_torrent("film.iso", size_bytes=100 * MIB)
    make_observation(torrent, state=State.SEEDING, up_bytes_per_s=5 * MIB, done_bytes=100 * MIB)
    return make_holding(owner, torrent, **fields)


def a_deposit_on_its_way(user_id: int, amount_ubtt: int, *, index: int = 0) -> None:
    ChainCursor.objects.get_or_create(
        network=NETWORK,
        defaults={
            "genesis_id": "00",
            "first_height": 0,
            "height": 5,
            "block_id": "00",
            "block_at": NOW,
            "moved_at": NOW,
        },
    )
    PendingDeposit.objects.create(
        network=NETWORK,
        tx_id="ab" * 32,
        kind=MovementKind.TRC20,
        index=index,
        block_number=6,
        block_at=NOW,
        asset=ASSET,
        user_id=user_id,
        amount=amount_ubtt * UNITS_OF_TRC20,
        seen_at=NOW,
        solid_at=NOW + timedelta(minutes=1),
    )


@pytest.mark.django_db
class TestTheBalance:
    def test_is_the_ledgers_with_what_is_on_its_way(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 1_000 * BTT)
        assert post(place_hold(user(owner.pk), 250 * BTT)).is_done
        a_deposit_on_its_way(owner.pk, 75_500_000_001)
        a_deposit_on_its_way(stranger.pk, 80_000 * BTT, index=1)
        row = purse.purse_row(owner.pk)
        assert {name: row[name] for name in ("available", "held", "in_channels", "on_its_way")} == {
            "available": "750",
            "held": "250",
            "in_channels": "0",
            "on_its_way": "75,500.000001",
        }
        page = tile(signed_in(owner), "balance")
        assert all(f'data-cell="{name}">{row[name]}<' in page for name in ("available", "held", "on_its_way"))

    def test_leads_to_what_waits(self, owner: User, admin: User) -> None:
        a_deposit_on_its_way(owner.pk, 75_000 * BTT)
        assert "1 deposit is on its way" in tile(signed_in(owner), "next")
        halts.halt(HaltReason.OPERATOR, "because", NOW)
        assert "Withdrawals" not in tile(signed_in(owner), "next")  # this user has none that could wait
        assert "Withdrawals are halted" in tile(signed_in(admin), "next")
        assert "on its way" not in tile(signed_in(admin), "next")


@pytest.mark.django_db
class TestWhatTradingBrought:
    def test_adds_up_to_the_ledgers_transfers_for_anybody_on_any_day(self) -> None:
        draw, traders = Random(8), Traders()
        for _ in range(25):
            traders.act(draw)
        every = list(moved())
        for one in traders.users:
            now = NOW + timedelta(days=draw.randrange(10, 60), hours=draw.randrange(24))
            today_at = now.replace(hour=0, minute=0, second=0, microsecond=0)
            found = purse.income(one.pk, now=now)
            tomorrow_at = today_at + timedelta(days=1)
            assert found.today == self.traded(every, one.pk, today_at, tomorrow_at)
            assert found.month == self.traded(every, one.pk, today_at.replace(day=1), tomorrow_at)
            for back, day in enumerate(reversed(found.days)):
                day_at = today_at - timedelta(days=back)
                assert day == self.traded(every, one.pk, day_at, day_at + timedelta(days=1))
            row = purse.income_row(found)
            assert row["month_earned"] == format_btt(found.month.earned_ubtt)
            net_ubtt = found.month.earned_ubtt - found.month.spent_ubtt
            assert str(row["month_net"]).lstrip("+") == format_btt(net_ubtt)

    def traded(self, every: list[Moved], user_id: int, since: datetime, until: datetime) -> purse.Traded:
        rows = [row for row in every if row.user_id == user_id and since <= row.at < until]
        return purse.Traded(sum(row.earned_ubtt for row in rows), sum(row.spent_ubtt for row in rows))


@pytest.mark.django_db
class TestDeals:
    def test_are_shown_to_those_whom_they_concern(self, owner: User, stranger: User, admin: User) -> None:
        holding = a_sold_holding(owner)
        sold = a_selling_deal(holding.torrent, earned_ubtt=2 * BTT, redeemed_ubtt=2 * BTT)
        bought = a_buying_deal(holding, deal_id="d2" * 16, channel_id="c2" * 16)
        page = tile(signed_in(owner), "deals")
        assert reverse("market_selling", args=[sold.pk]) in page
        assert reverse("market_buying", args=[bought.pk]) in page
        assert 'data-cell="earned">2<' in page
        for other in (stranger, admin):
            page = tile(signed_in(other), "deals")
            assert "Nobody pays you now" in page
            assert "film.iso" not in page

    def test_of_a_torrent_that_runs_for_others_only_tell_nothing(self, owner: User, stranger: User) -> None:
        a_selling_deal(a_sold_holding(owner).torrent)
        make_holding(stranger, Holding.objects.get().torrent, runs=False)
        assert not trading.deals(stranger.pk).selling
        assert trading.split_row(stranger.pk, Speeds())["up_paid"] == "0 B/s"

    def test_split_what_moves_into_what_is_paid_for_and_the_rest(self, owner: User) -> None:
        holding = a_sold_holding(owner)
        a_selling_deal(holding.torrent, speed_bytes_per_s=2 * MIB)
        a_selling_deal(holding.torrent, deal_id="d2" * 16, channel_id="c2" * 16, state="paused")  # granted before that
        a_buying_deal(holding, deal_id="d3" * 16, channel_id="c3" * 16, speed_bytes_per_s=9 * MIB)
        row = trading.split_row(owner.pk, Speeds(down_bytes_per_s=3 * MIB, up_bytes_per_s=5 * MIB))
        assert [row[part] for part in trading.PARTS] == ["2.00 MiB/s", "3.00 MiB/s", "3.00 MiB/s", "0 B/s"]
        page = tile(signed_in(owner), "speeds")
        assert 'data-cell="up_paid">2.00 MiB/s<' in page
        assert 'data-cell="up_free">3.00 MiB/s<' in page


@pytest.mark.both_databases
@pytest.mark.usefixtures("committed_books", "redis_client")
class TestAnOpenOverview:
    def test_follows_deals_and_money_of_its_user_and_nobody_elses(self, owner: User, stranger: User) -> None:
        deal = a_selling_deal(a_sold_holding(owner).torrent)
        row = f"selling-{deal.pk}"

        def go_on() -> None:
            SellingDeal.objects.filter(pk=deal.pk).update(
                cumulative_ubtt=5 * BTT, earned_ubtt=5 * BTT, redeemed_ubtt=5 * BTT, speed_bytes_per_s=4 * MIB
            )
            news.tell()

        async def hear(browser: Browser) -> tuple[dict[str, Any], dict[str, str]]:
            rows, versions = await browser.hear(), await browser.hear()
            return rows["rows"], versions["versions"]

        async def scenario() -> None:
            async with browser_of(owner) as own, browser_of(stranger) as other:
                for browser in (own, other):
                    await browser.say(watch=["trading"])
                rows, versions = await hear(own)
                assert rows["split"]["up_paid"] == "2.00 MiB/s"
                assert row not in (await hear(other))[0]
                await sync_to_async(go_on)()
                then, same = await hear(own)
                assert (then["split"]["up_paid"], then[row]["earned"]) == ("4.00 MiB/s", "5")
                assert same == versions
                assert await other.hears_nothing()
                for browser in (own, other):
                    await browser.say(watch=["purse"])
                    assert (await hear(browser))[0]["purse"]["available"] == "0"
                await sync_to_async(fund)(user(owner.pk), 12 * BTT)
                assert (await hear(own))[0]["purse"]["available"] == "12"
                assert await other.hears_nothing()

        async_to_sync(scenario)()

    def test_shows_what_came_in_today_anew_when_the_day_ends(self, owner: User) -> None:
        crier, evening = Crier(), NOW.replace(hour=23, minute=59)

        async def scenario() -> None:
            async with browser_of(owner) as own:
                await own.say(watch=["purse"])
                assert "income" in (await own.hear())["rows"]
                assert "tile-income" in (await own.hear())["versions"]
                for minutes in range(2):
                    assert await own.hears_nothing()
                    await sync_to_async(crier.tell)(now=evening + timedelta(minutes=minutes))
                assert "income" in (await own.hear())["rows"]

        async_to_sync(scenario)()
