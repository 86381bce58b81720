"""A browser that reads slowly, or not at all: what waits for it stays small, and it misses nothing in the end."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from seedbox.models import Holding, User
from seedbox.services.encoding import encode
from seedbox.services.live import user_group
from seedbox.services.watches import WatchReader
from seedbox.web import outgoing
from seedbox.web.consumers import NORMAL, LiveConsumer
from seedbox.web.outgoing import MAX_WAITING
from tests.builders import make_holding, make_observation, make_torrent
from tests.sockets import Browser, Message, browser_of

CHANGES = 3 * MAX_WAITING

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


@pytest.fixture
def holding(owner: User) -> Holding:
    holding = make_holding(owner, make_torrent(size_bytes=1000))
    make_observation(holding.torrent)
    return holding


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async_to_sync(scenario)()


async def watch(holding: Holding, *browsers: Browser) -> None:
    for browser in browsers:
        await browser.say(watch=[f"holding-{holding.pk}"])
        await browser.hear()


async def change(holding: Holding, quick: Browser) -> None:
    """Let the row change often, until a browser beside has heard it all."""
    layer = get_channel_layer()
    assert layer is not None
    for seq in range(1, CHANGES + 1):
        rows = {f"holding-{holding.pk}": {"peers": str(seq)}}
        text = encode({"type": "rows", "stream": "e/user", "seq": seq, "rows": rows})
        await layer.group_send(user_group(holding.user_id), {"type": "live.text", "text": text})
    while (await quick.hear())["seq"] != CHANGES:
        pass


def cell(message: Message, holding: Holding) -> object:
    rows = [one["rows"] for one in message.get("messages", [message]) if one["type"] == "rows"]
    return rows[-1][f"holding-{holding.pk}"]["peers"]


class TestABrowserThatReadsSlowly:
    def test_gets_what_it_missed_as_few_messages_without_a_gap(self, owner: User, holding: Holding) -> None:
        async def scenario() -> None:
            async with browser_of(owner, takes=1) as slow, browser_of(owner) as quick:
                await watch(holding, slow, quick)
                await change(holding, quick)
                numbers: list[int] = []
                heard = 0
                while not numbers or numbers[-1] < CHANGES:
                    message, heard = await slow.hear(), heard + 1
                    first, last = message.get("streams", {}).get("e/user") or [message["seq"]] * 2
                    numbers += range(first, last + 1)
                assert numbers == list(range(1, CHANGES + 1))
                assert cell(message, holding) == str(CHANGES)
                assert heard <= MAX_WAITING + 4

        play(scenario)

    def test_starts_anew_with_how_everything_stands_when_it_missed_too_much(
        self, owner: User, holding: Holding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outgoing, "MAX_MERGED_CHARS", -1_000_000)  # nothing that has to be merged fits
        name = f"holding-{holding.pk}"
        reader = WatchReader(redis_url=settings.REDIS_URL)
        before = LiveConsumer.seats.begun_anew

        async def scenario() -> None:
            async with browser_of(owner, takes=1) as slow, browser_of(owner) as quick:
                await watch(holding, slow, quick)
                assert name in (await sync_to_async(reader.read)()).asked
                await change(holding, quick)
                while (await slow.hear())["type"] != "anew":
                    pass
                assert (await slow.hear())["rows"][name]["name"] == "debian.iso"
                await slow.say(resync=[])
                await slow.hear()
                assert name in (await sync_to_async(reader.read)()).asked  # the node says it whole once more

        play(scenario)
        reader.close()
        assert LiveConsumer.seats.begun_anew == before + 1  # the metrics say so


class TestABrowserThatReadsNothing:
    def test_is_given_up_and_nothing_is_kept_for_it(
        self, owner: User, holding: Holding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(LiveConsumer, "stuck_s", 0.05)

        async def scenario() -> None:
            layer: Any = get_channel_layer()
            async with browser_of(owner, takes=1) as deaf:
                await deaf.say(watch=[f"holding-{holding.pk}"])
                for _ in range(3):
                    await deaf.say(resync=[])
                await deaf.is_given_up()
                assert not layer.groups
                assert not layer.channels

        play(scenario)


class TestABrowserThatSaysNothing:
    def test_is_given_up_when_it_does_not_even_answer_the_close(
        self, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("renewal_s", "silent_s", "stuck_s"):
            monkeypatch.setattr(LiveConsumer, name, 0.05)
        before = LiveConsumer.seats.taken

        async def scenario() -> None:
            async with browser_of(owner) as asleep:
                assert await asleep.close_code() == NORMAL
                await asleep.is_given_up()
                assert LiveConsumer.seats.taken == before

        play(scenario)

    def test_is_kept_while_it_asks_whether_we_live(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LiveConsumer, "renewal_s", 0.05)
        monkeypatch.setattr(LiveConsumer, "silent_s", 3.0)

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                began_s = time.monotonic()
                while time.monotonic() - began_s < 3.5:
                    await browser.say(resync=[])
                    assert (await browser.hear())["type"] == "alive"
                    assert await browser.hears_nothing()

        play(scenario)


class TestABrowserThatLeavesWhileMessagesCome:
    def test_leaves_nothing_behind(self, owner: User) -> None:
        async def scenario() -> None:
            layer: Any = get_channel_layer()
            for _ in range(3):
                async with browser_of(owner):
                    (waiting,) = layer.channels.values()
                    for _ in range(100):
                        waiting.put_nowait(layer.channel_layer.serialize({"type": "live.text", "text": "{}"}))
                assert not layer.channels
                assert not layer.groups

        play(scenario)
