"""The market on an open page: from a node's beat to the socket, over the real channel layer."""

from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.utils import timezone

from seedbox.domain.states import State
from seedbox.models import Holding, User
from speed.domain.autobid_view import State as Bids
from speed.domain.deals import DealState
from speed.domain.rounds import round_at
from speed.models import BuyingDeal, SellingDeal
from speed.services import auto_runs, beats, screen
from tests.auto_story import tell
from tests.builders import NOW, make_holding, make_observation, make_torrent
from tests.earnings import pay_out
from tests.ledger import TREASURY, fund
from tests.market import set_market
from tests.market_rows import BTT, MIB, a_buying_deal, a_round, a_selling_deal
from tests.sockets import Browser, browser_of

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("committed_books", "redis_client")]

GIB = 1 << 30


def beat() -> None:
    beats.beat(
        node_name="local",
        now=NOW,
        speed_key=b"\x02" * 33,
        listens_on=[],
        port_mapping="",
        selling_problem="",
        buying_problem="",
        problem="",
        counters={},
    )


def let_it_buy(holding: Holding) -> BuyingDeal:
    set_market(buys=True)
    return a_buying_deal(holding)


async def hear_deals(browser: Browser) -> dict[str, Any]:
    """Return the deals in which the user buys, of what comes next."""
    return (await hear_lists(browser, until="buying"))["buying"]


async def hear_lists(browser: Browser, *, until: str) -> dict[str, dict[str, Any]]:
    """Return the lists of what comes next by name, up to one of them; "rows" are those that stand on the page."""
    heard: dict[str, dict[str, Any]] = {}
    while until not in heard:
        message = await browser.hear()
        heard[message.get("list") or message["type"]] = message.get("rows", {})
    return heard


class TestAnOpenMarket:
    def test_follows_each_deal_of_its_user_and_nobody_elses(self, owner: User, stranger: User) -> None:
        deal = let_it_buy(make_holding(owner))
        row = f"buying-{deal.pk}"

        def pay_more() -> None:
            BuyingDeal.objects.filter(pk=deal.pk).update(cumulative_ubtt=5_000_000)
            beat()

        def end() -> None:
            set_market(buys=False)
            beat()
            BuyingDeal.objects.filter(pk=deal.pk).update(is_closed=True, state=DealState.CLOSED)
            beat()

        async def scenario() -> None:
            async with browser_of(owner) as own, browser_of(stranger) as other:
                for browser in (own, other):
                    await browser.say(watch=["market"])
                assert await hear_deals(other) == {}
                assert (await hear_deals(own))[row]["paid"] == "3"
                before = await hear_versions(own)
                await sync_to_async(pay_more)()
                assert (await hear_deals(own))[row]["paid"] == "5"
                then = await hear_versions(own)
                assert then[screen.DEALS] != before[screen.DEALS]  # so that open pages of one fetch its tables
                assert then[screen.ROUNDS] == before[screen.ROUNDS]
                await sync_to_async(end)()
                ended = (await hear_deals(own))[row]
                assert ended["state"] == "Ended"  # the last one: nothing concerns its user any more

        async_to_sync(scenario)()

    def test_follows_sales_offers_and_rounds_of_a_holders_torrents_and_shows_them_to_nobody_else(
        self, owner: User, stranger: User
    ) -> None:
        torrent = make_torrent("film.iso", size_bytes=GIB, files=[("film.iso", GIB)])
        make_holding(owner, torrent)
        make_observation(torrent, state=State.SEEDING, done_bytes=GIB, peers=3, seeds=1)
        set_market(sells=True, upload_bytes_per_s=10 * MIB, ask_ubtt_per_gib=5 * BTT)
        deal = a_selling_deal(torrent, sent_bytes=160 * MIB, accepted_bytes=159 * MIB, covered_bytes=158 * MIB)
        row, offer = f"selling-{deal.pk}", f"offer-{torrent.pk}"

        def go_on() -> None:
            went_on = {"sent_bytes": 200 * MIB, "accepted_bytes": 190 * MIB, "owed_ubtt": 4_000_000}
            SellingDeal.objects.filter(pk=deal.pk).update(**went_on, earned_ubtt=2_000_000, redeemed_ubtt=2_000_000)
            a_round(round_at(NOW.timestamp()), demand=3)
            beat()

        async def scenario() -> None:
            async with browser_of(owner) as own, browser_of(stranger) as other:
                for browser in (own, other):
                    await browser.say(watch=["market"])
                first = await hear_lists(own, until="offers")
                assert facts_of(first["selling"][row]) == ["160 MiB", "159 MiB", "0.125", "2.00 MiB of 13.0 MiB"]
                assert (first["offers"][offer]["ask"], first["offers"][offer]["earned"]) == ("5 BTT/GiB", "0")
                assert first["rows"]["market-local"]["price"] == "none yet"
                await hear_lists(other, until="versions")

                await sync_to_async(go_on)()

                then = await hear_lists(own, until="offers")
                assert facts_of(then["selling"][row]) == ["200 MiB", "190 MiB", "1", "42.0 MiB of 13.0 MiB"]
                assert then["selling"][row] == then["rows"][row]
                assert then["offers"][offer]["earned"] == "2"
                assert then["rows"]["market-local"]["price"] != "none yet"
                assert await other.hears_nothing()

        async_to_sync(scenario)()
        assert not screen.messages(stranger.pk)[1]["rows"]

    def test_tells_who_bids_by_itself_that_there_is_a_newer_story_and_nobody_else(
        self, owner: User, stranger: User
    ) -> None:
        told = tell(make_holding(owner), now=NOW, minutes=1)
        set_market(buys=True)

        def go_on() -> None:
            auto_runs.say([told.bid.pk], state=Bids.TOO_DEAR, sentence="All ask too much.", now=NOW)
            beat()

        async def scenario() -> None:
            async with browser_of(owner) as own, browser_of(stranger) as other:
                for browser in (own, other):
                    await browser.say(watch=["market"])
                await hear_lists(other, until="versions")
                first = await hear_versions(own)
                story, of_all = f"story-{told.bid.torrent_id}", "auto-torrents"
                assert set(first) == {story, of_all, screen.DEALS, screen.ROUNDS}
                await sync_to_async(beat)()
                assert await hear_versions(own) == first
                await sync_to_async(go_on)()
                then = await hear_versions(own)
                assert then[story] != first[story] and then[of_all] == first[of_all]
                assert await other.hears_nothing()

        async_to_sync(scenario)()


async def hear_versions(browser: Browser) -> dict[str, str]:
    while (message := await browser.hear())["type"] != "versions":
        pass
    return dict(message["versions"])


class TestAnOpenPageOfEarnings:
    def test_follows_what_its_user_is_credited_and_nobody_else(self, owner: User, stranger: User) -> None:
        fund(TREASURY, 100 * BTT)
        deal = a_selling_deal(make_holding(owner).torrent)

        async def scenario() -> None:
            async with browser_of(owner) as own, browser_of(stranger) as other:
                for browser in (own, other):
                    await browser.say(watch=["earning"])
                    assert (await browser.hear())["rows"]["earning"]["total"] == "0"
                await sync_to_async(partial(pay_out, deal, 7 * BTT, at=NOW))()
                assert (await own.hear())["rows"]["earning"]["total"] == "7"
                assert await other.hears_nothing()

        async_to_sync(scenario)()

    def test_is_told_to_read_its_chart_anew(self, owner: User) -> None:
        fund(TREASURY, 100 * BTT)
        deal = a_selling_deal(make_holding(owner).torrent)

        async def scenario() -> None:
            async with browser_of(owner) as own:
                await own.say(watch=["earnings"])
                assert (await own.hear())["versions"] == {"earnings": "0-0"}
                await sync_to_async(partial(pay_out, deal, 7 * BTT, at=timezone.now()))()
                assert (await own.hear())["versions"] == {"earnings": "7000000-0"}

        async_to_sync(scenario)()


def facts_of(row: dict[str, Any]) -> list[str]:
    return [row[name] for name in ("sent", "accepted", "owed", "exposure")]
