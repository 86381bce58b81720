"""A withdrawal on an open page: every step it takes comes over the socket, to its user and nobody else."""

from functools import partial

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from seedbox.models import User
from seedbox.services.node_tidings import STEPS
from seedbox.web.rights import DEMOTED
from tests.sockets import browser_of
from tests.withdrawals import World
from wallet.models import HaltReason
from wallet.services import halts, news, withdrawals
from wallet.services.news import Listener

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("committed_books", "redis_client")]


class TestAnOpenPage:
    def test_follows_a_withdrawal_step_by_step(self, world: World, owner: User, stranger: User) -> None:
        asked = world.request(owner.pk)
        row = f"withdrawal-{asked.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as browser, browser_of(stranger) as spy:
                await spy.say(watch=["withdrawals"])
                await browser.say(watch=["withdrawals"])
                shown = await browser.hear()
                assert shown["rows"][row]["state_words"] == "In the queue, number 1"
                assert (await browser.hear())["what"] == "withdrawal-log"
                seen: list[str] = []
                for state in ("On its way", "In a block", "Arrived"):
                    await sync_to_async(world.tick)({"On its way": 1, "In a block": 1, "Arrived": 6}[state])
                    while not seen or seen[-1] != state:
                        heard = await browser.hear()
                        if heard["type"] == "rows":
                            seen.append(heard["rows"][row]["state_words"])
                assert list(dict.fromkeys(seen)) == ["On its way", "In a block", "Arrived"]
                assert heard["rows"][row]["final_state"] == "done" and heard["rows"][row]["tx_id"]
                assert await spy.hears_nothing()

        async_to_sync(scenario)()

    def test_says_no_more_that_withdrawals_rest_once_ones_own_has_ended(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        halts.halt(HaltReason.OPERATOR, "ada: a look at it first", world.now)
        end_it = partial(withdrawals.cancel, world.signer, user_id=owner.pk, withdrawal_id=asked.pk, now=world.now)

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[STEPS])
                before = (await browser.hear())["versions"]["tile-next"]
                while not await browser.hears_nothing():  # of the halt it may be told once more
                    assert (await browser.hear())["versions"]["tile-next"] == before
                await sync_to_async(end_it)()
                while (await browser.hear())["versions"]["tile-next"] == before:
                    pass

        async_to_sync(scenario)()

    def test_of_an_operator_is_told_that_the_desk_has_changed(self, world: World, owner: User, admin: User) -> None:
        async def scenario() -> None:
            async with browser_of(admin) as boss, browser_of(owner) as spy:
                await spy.say(watch=["desk"])
                await boss.say(watch=["desk"])
                assert [(await boss.hear())["what"] for _ in range(2)] == ["desk", "withdrawal-log"]  # at first
                await sync_to_async(world.request)(owner.pk)
                assert [(await boss.hear())["what"] for _ in range(2)] == ["desk", "withdrawal-log"]
                assert await spy.hear() == {"type": "shut", "code": DEMOTED}  # and nothing else

        async_to_sync(scenario)()


class TestTheDesk:
    def test_is_news_at_every_step_and_halt_and_not_when_nothing_has_changed(self, world: World, owner: User) -> None:
        told: list[str] = []
        news.listen("a test", Listener(deposits=print, reserves=print, desk=lambda: told.append("desk")))
        try:
            for happens in (
                partial(world.request, owner.pk),
                world.step,
                partial(halts.halt, HaltReason.OPERATOR, "ada: a look at it first", world.now),
            ):
                told.clear()
                happens()
                assert told, happens
            told.clear()
            world.step()
            assert not told
        finally:
            news.stop_listening("a test")
