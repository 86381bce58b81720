"""What other apps let pages watch is read when it has changed: once, however often it changes meanwhile."""

import threading
from collections.abc import Callable, Iterator

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from redis import Redis

from seedbox.models import User
from seedbox.services import watchables
from seedbox.services.encoding import encode
from seedbox.services.live import user_group
from seedbox.services.watches import WatchReader
from seedbox.web.consumers import TRY_LATER, LiveConsumer
from tests.box import wait_until
from tests.sockets import Browser, Message, browser_of

READ_LIMIT_S = 20.0

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


class Shelf:
    """A kind with one value, in a database that can be slow."""

    def __init__(self) -> None:
        self.value = 0
        self.reads = 0
        self.happens: Callable[[], object] = bool  # while it is read
        self.answers = threading.Event()
        self.answers.set()

    def messages(self, user_id: int) -> list[Message]:
        value = self.value
        self.reads += 1
        self.happens()
        assert self.answers.wait(READ_LIMIT_S)
        return [{"type": "versions", "versions": {"shelf": value}}]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()
    watchables.register("shelf", shelf.messages)
    yield shelf
    shelf.answers.set()
    watchables.forget("shelf")


async def tell(owner: User, *texts: str) -> None:
    layer = get_channel_layer()
    assert layer is not None
    for text in texts:
        await layer.group_send(user_group(owner.pk), {"type": "live.text", "text": text})


async def hear_value(browser: Browser) -> int:
    return int((await browser.hear())["versions"]["shelf"])


class TestAKindThatChangesOftenWhileItIsRead:
    def test_is_read_once_more_and_nothing_else_waits_for_it(self, owner: User, shelf: Shelf) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["shelf"])
                assert await hear_value(browser) == 0
                shelf.answers.clear()
                await tell(owner, "changed shelf")
                await sync_to_async(wait_until, thread_sensitive=False)(lambda: shelf.reads == 2, "the slow read")
                shelf.value = 1
                await tell(owner, *["changed shelf"] * 50, encode({"type": "changed", "what": "torrents"}))
                assert (await browser.hear())["what"] == "torrents"
                await browser.say(resync=[])
                assert (await browser.hear())["type"] == "alive"
                shelf.answers.set()
                assert [await hear_value(browser) for _ in range(2)] == [0, 1]
                assert await browser.hears_nothing()

        async_to_sync(scenario)()
        assert shelf.reads == 3

    def test_is_not_read_when_the_page_shows_it_no_more(self, owner: User, shelf: Shelf) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["shelf"])
                await browser.hear()
                await browser.say(watch=[], mark=1)
                await browser.hear()
                await tell(owner, "changed shelf")
                assert await browser.hears_nothing()

        async_to_sync(scenario)()
        assert shelf.reads == 1


class TestAKindThatCannotBeRead:
    def test_lets_the_page_try_again_later(self, owner: User, shelf: Shelf) -> None:
        def fail(user_id: int) -> list[Message]:
            raise OSError("the disk is gone")

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["shelf"])
                await browser.hear()
                watchables.register("shelf", fail)
                await tell(owner, "changed shelf")
                assert await browser.close_code() == TRY_LATER

        async_to_sync(scenario)()


class TestARenewalThatHasMissedSomething:
    def test_asks_the_nodes_after_it_has_read_what_they_would_overwrite(
        self, redis_client: Redis, owner: User, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(LiveConsumer, "renewal_s", 0.05)
        node, name = WatchReader(redis_url=settings.REDIS_URL), f"shelf-{owner.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["shelf"])
                await browser.hear()
                shelf.happens = node.read  # a node that answers at once
                redis_client.flushall()
                await browser.hear()
                await browser.hears_nothing()
                assert name in (await sync_to_async(node.read)()).asked

        async_to_sync(scenario)()
        node.close()
        assert shelf.reads == 2
