"""From the engine to the browser: what a node shows of what somebody looks at, and only of that."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from seedbox.engine import port
from seedbox.models import Holding, User
from seedbox.node import screen
from seedbox.services import columns, holdings
from seedbox.services.columns import MoreColumn
from tests.builders import NOW, make_holding, make_node, make_torrent
from tests.sockets import Browser, Message, browser_of
from tests.sources import make_metainfo
from tests.turns import TurnedNode, seen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]

SOURCE = make_metainfo(tracker="http://127.0.0.1:1/announce")
KEY = SOURCE.info_hash_v1


@pytest.fixture
def node() -> Iterator[TurnedNode]:
    node = TurnedNode()
    yield node
    node.stop()


@pytest.fixture
def holding(node: TurnedNode, owner: User) -> Holding:
    holding = holdings.add(user=owner, source=SOURCE, now=NOW, peers=["127.0.0.1:5"])
    node.turn(times=2)
    return holding


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async_to_sync(scenario)()


async def hear_until(browser: Browser, matches: Callable[[Message], bool]) -> Message:
    while not matches(message := await browser.hear()):
        pass
    return message


@asynccontextmanager
async def page_of(node: TurnedNode, owner: User, holding: Holding) -> AsyncIterator[Browser]:
    """Open a torrent's page and wait until its node knows."""
    async with browser_of(owner) as browser:
        await browser.say(watch=[f"detail-{holding.pk}"])
        await hear_until(browser, lambda message: message.get("list") == f"log-{holding.pk}")
        await sync_to_async(node.turn)(times=2)
        yield browser


def is_change(message: Message) -> bool:
    return bool(message["type"] == "changed")


class TestANode:
    def test_shows_a_row_as_it_changes_before_the_database_knows(
        self, node: TurnedNode, owner: User, holding: Holding
    ) -> None:
        name = f"holding-{holding.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[name])
                await browser.hear()
                await sync_to_async(node.turn)(after_s=1)
                await hear_until(browser, lambda message: "stream" in message)
                node.engine.deliver(KEY, 25_000)
                await sync_to_async(node.turn)(after_s=1)
                change = await browser.hear()
                assert change["rows"][name]["progress"] == "50.0 %"
                assert (await sync_to_async(seen)(holding)).done_bytes == 0

        play(scenario)

    def test_shows_what_another_app_has_written_meanwhile(
        self, node: TurnedNode, owner: User, holding: Holding
    ) -> None:
        name = f"holding-{holding.pk}"
        columns.register(MoreColumn("weight", "Weight", lambda grams: f"{grams} g"))

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[name])
                assert (await browser.hear())["rows"][name]["x-weight"] == "\N{EN DASH}"
                await sync_to_async(node.turn)(after_s=1)
                await sync_to_async(columns.write)("weight", {holding.pk: 12})
                await sync_to_async(node.turn)(after_s=1)
                change = await hear_until(browser, lambda message: message["rows"][name].get("x-weight") == "12 g")
                assert change["rows"] == {name: {"x-weight": "12 g"}}

        try:
            play(scenario)
        finally:
            columns.forget("weight")

    def test_leaves_rows_of_another_nodes_torrents_to_that_node(
        self, node: TurnedNode, owner: User, holding: Holding
    ) -> None:
        elsewhere = make_holding(owner, make_torrent("elsewhere.iso", node=make_node("other")))
        names = {f"holding-{one.pk}" for one in (holding, elsewhere)}

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=sorted(names))
                assert (await browser.hear())["rows"].keys() == names
                await sync_to_async(node.turn)(after_s=1)
                said = await hear_until(browser, lambda message: "stream" in message)
                assert said["rows"].keys() == {f"holding-{holding.pk}"}

        play(scenario)

    def test_asks_its_engine_for_details_of_open_pages_only(
        self, node: TurnedNode, owner: User, holding: Holding
    ) -> None:
        async def scenario() -> None:
            await sync_to_async(node.turn)()
            assert not node.commands(port.WatchTorrents)
            async with browser_of(owner) as browser:
                await browser.say(watch=[f"detail-{holding.pk}"])
                await browser.hear()  # the snapshot: now it is watched
                await sync_to_async(node.turn)(times=2)
                peers = await hear_until(browser, lambda message: message.get("list") == f"peers-{holding.pk}")
                assert peers["rows"].keys() == {"127.0.0.1:5"}
                node.engine.deliver(KEY, 50_000)
                node.engine.fail(KEY, "The disk is full.")
                await sync_to_async(node.turn)()
                files = await hear_until(browser, lambda message: f"file-{holding.pk}-0" in message.get("rows", {}))
                assert files["rows"][f"file-{holding.pk}-0"]["complete"] == 1
                log = await hear_until(browser, lambda message: message.get("list") == f"log-{holding.pk}")
                assert "The disk is full." in str(log["rows"])

        play(scenario)
        assert node.commands(port.WatchTorrents) == [port.WatchTorrents(frozenset({KEY}))]


@pytest.fixture
def many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make any torrent one whose files are too many to send."""
    monkeypatch.setattr(screen, "MAX_FILES_SENT", 0)


@pytest.mark.usefixtures("many_files")
class TestAPageOfTooManyFilesToSend:
    def test_is_let_fetch_them(self, node: TurnedNode, owner: User, holding: Holding) -> None:
        async def scenario() -> None:
            async with page_of(node, owner, holding) as page:
                node.engine.deliver(KEY, 50_000)
                await sync_to_async(node.turn)()
                change = await hear_until(page, is_change)
                assert change["what"] == f"torrent-{holding.pk}"

        play(scenario)

    def test_is_let_fetch_them_again_when_their_figures_are_in_the_database(
        self, node: TurnedNode, owner: User, holding: Holding
    ) -> None:
        async def scenario() -> None:
            async with page_of(node, owner, holding) as page:
                node.engine.deliver(KEY, 10_000)
                await sync_to_async(node.turn)()
                await hear_until(page, is_change)
                node.engine.deliver(KEY, 15_000)
                await sync_to_async(node.turn)(after_s=1)
                assert KEY in node.loop.ward.files
                await hear_until(page, is_change)
                await sync_to_async(node.turn)(after_s=6)
                assert KEY not in node.loop.ward.files
                await hear_until(page, is_change)

        play(scenario)
