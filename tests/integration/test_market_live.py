"""The market on an open page: from a node's beat to the socket, over the real channel layer."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from seedbox.models import Holding, User
from speed.models import BuyingDeal
from speed.services import beats
from tests.builders import NOW, make_holding
from tests.market import set_market
from tests.market_rows import a_buying_deal
from tests.sockets import Browser, browser_of

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("committed_books", "redis_client")]


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
    while (message := await browser.hear()).get("list") != "buying":
        pass
    return dict(message["rows"])


class TestAnOpenMarket:
    def test_follows_each_deal_of_its_user_and_nobody_elses(self, owner: User, stranger: User) -> None:
        deal = let_it_buy(make_holding(owner))
        row = f"buying-{deal.pk}"

        def pay_more() -> None:
            BuyingDeal.objects.filter(pk=deal.pk).update(cumulative_ubtt=5_000_000)
            beat()

        async def scenario() -> None:
            async with browser_of(owner) as own, browser_of(stranger) as other:
                for browser in (own, other):
                    await browser.say(watch=["market"])
                assert await hear_deals(other) == {}
                assert (await hear_deals(own))[row]["paid"] == "3"
                await sync_to_async(pay_more)()
                assert (await hear_deals(own))[row]["paid"] == "5"

        async_to_sync(scenario)()
