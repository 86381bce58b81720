"""A page that was cut off for a moment says what it has heard, and is sent what it missed or how everything stands."""

import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.test import Client
from redis import Redis

from seedbox.models import Holding, User
from seedbox.services.backlog import MAX_KEPT, MAX_KEPT_BYTES, missed
from seedbox.services.live import Publisher, list_changed, user_group
from seedbox.services.outbox import Outbox
from tests.box import wait_until
from tests.builders import NOW, make_holding, make_observation, make_torrent
from tests.sockets import Browser, Message, browser_of

pytestmark = pytest.mark.django_db(transaction=True)  # Channels closes a connection that is inside a transaction

MANY = 3_000  # messages
HEARS_S = 10.0
TOLD_EVERY = 10
# Tells a page, between what is said to it, which number stands in the backlog now.
TELL_WHAT_IS_KEPT = """
local kept = redis.call('HVALS', KEYS[1])[1] or '0'
redis.call('PUBLISH', ARGV[1], kept)
return kept
"""

Speaks = Callable[[int], Awaitable[None]]


@pytest.fixture
def holding(owner: User) -> Holding:
    holding = make_holding(owner, make_torrent())
    make_observation(holding.torrent)
    return holding


@pytest.fixture
def node_says(redis_client: Redis, holding: Holding) -> Iterator[Speaks]:
    """What the node does when the torrent has come to a speed."""
    publisher, said = Publisher(redis_url=settings.REDIS_URL), itertools.count(1)

    def turn(speed: int) -> None:
        holding.torrent.observation.down_bytes_per_s = speed
        publisher.watched(NOW)
        publisher.publish_rows([holding])
        is_kept(redis_client, holding.user_id, str(next(said)))

    yield sync_to_async(turn)
    publisher.close()


def is_kept(redis_client: Redis, user_id: int, *numbers: str) -> None:
    """Wait until these are the numbers of the last messages to the user: what is said goes out when its turn comes."""
    key = f"seedbox:live:numbers:{user_group(user_id)}"
    wait_until(lambda: set(redis_client.hvals(key)) == {number.encode() for number in numbers}, "messages to be kept")


async def hears_until_marked(browser: Browser) -> list[Message]:
    heard = [await browser.hear()]
    while heard[-1]["type"] != "watching":
        heard.append(await browser.hear())
    return heard


@pytest.fixture
def comes_back(owner: User, holding: Holding, node_says: Speaks) -> Callable[..., list[Message]]:
    """Open a page, cut it off at the speed 2, let things happen, and return what it hears when it comes back."""
    name, client = f"holding-{holding.pk}", Client()
    client.force_login(owner)

    async def scenario(happens: Callable[[], Awaitable[object]], *, another_watches: bool) -> list[Message]:
        async with browser_of(None, client=client) as browser, browser_of(None, client=client) as another:
            if another_watches:
                await another.say(watch=[name])
            await browser.say(watch=[name], mark=1)
            assert (await hears_until_marked(browser))[-1]["mark"] == 1
            await node_says(1)
            await browser.hear()
            await node_says(2)
            last = await browser.hear()
            await browser.leave()
            await happens()
            async with browser_of(None, client=client) as fresh:
                await fresh.say(watch=[name], since={last["stream"]: last["seq"], "0a1b2c3d/user-999999": 9}, mark=2)
                return await hears_until_marked(fresh)

    def play(happens: Callable[[], Awaitable[object]], *, another_watches: bool = False) -> list[Message]:
        return async_to_sync(scenario)(happens, another_watches=another_watches)

    return play


class TestAPageThatComesBack:
    def test_is_sent_nothing_when_nothing_was_said(self, comes_back: Callable[..., list[Message]]) -> None:
        async def nothing() -> None:
            """As most short breaks are."""

        assert [message["type"] for message in comes_back(nothing)] == ["watching"]

    def test_is_sent_what_it_missed_also_of_who_began_to_speak(
        self,
        comes_back: Callable[..., list[Message]],
        redis_client: Redis,
        node_says: Speaks,
        owner: User,
        holding: Holding,
    ) -> None:
        async def happens() -> None:
            await node_says(3)
            await sync_to_async(list_changed)(user_id=owner.pk)
            await sync_to_async(is_kept)(redis_client, owner.pk, "3", "1")

        row, change, _ = comes_back(happens)
        assert row["rows"] == {f"holding-{holding.pk}": {"down": "3 B/s", "eta": "4 d 1 h"}}
        assert change["what"] == "torrents"

    @pytest.mark.parametrize("forgotten", ["kept", "numbers", "watched"])
    def test_begins_anew_when_redis_does_not_know_any_more(
        self, comes_back: Callable[..., list[Message]], redis_client: Redis, node_says: Speaks, forgotten: str
    ) -> None:
        async def happens() -> None:
            await node_says(3)
            for key in redis_client.keys(f"seedbox:live:{forgotten}*"):
                redis_client.delete(key)

        self.begins_anew(comes_back(happens))

    def test_begins_anew_when_it_missed_too_much(
        self, comes_back: Callable[..., list[Message]], redis_client: Redis, node_says: Speaks, owner: User
    ) -> None:
        async def happens() -> None:
            for speed in range(MAX_KEPT + 1):
                await node_says(10 + speed)

        self.begins_anew(comes_back(happens, another_watches=True))
        assert redis_client.llen(f"seedbox:live:kept:{user_group(owner.pk)}") == MAX_KEPT

    def begins_anew(self, heard: list[Message]) -> None:
        anew, row, mark = heard
        assert anew == {"type": "anew"}
        assert "stream" not in row
        assert row["type"] == "rows"
        assert mark["type"] == "watching"


class TestAMessage:
    def test_that_is_large_is_not_kept_but_counted(self, redis_client: Redis) -> None:
        outbox = Outbox(name="test")
        for text in ("small", "x" * MAX_KEPT_BYTES, "small"):
            assert outbox.post_message_and_wait(group="user-7", message={"type": text})
        outbox.close()
        assert redis_client.llen("seedbox:live:kept:user-7") == 1
        assert list(redis_client.hgetall("seedbox:live:numbers:user-7").values()) == [b"3"]
        for key in ("kept", "numbers"):
            assert redis_client.ttl(f"seedbox:live:{key}:user-7") > 0

    def test_is_kept_and_goes_out_in_one_step(self, redis_client: Redis) -> None:
        layer: Any = get_channel_layer()
        with redis_client.pubsub() as page:  # type: ignore[no-untyped-call]  # of redis
            page.psubscribe("*__group__user-7")
            assert page.get_message(timeout=HEARS_S), "Redis does not say that it listens"
            outbox = Outbox(name="test")
            script = redis_client.register_script(TELL_WHAT_IS_KEPT)
            tell = partial(script, ["seedbox:live:numbers:user-7"], ["told__group__user-7"])
            for number in range(MANY):
                assert outbox.post_message(group="user-7", message={"type": "rows"})
                if number % TOLD_EVERY == 0:
                    tell()
            wait_until(lambda: int(tell()) == MANY, "messages to be kept")
            outbox.close()
            last_heard, told = 0, list[int]()
            while told[-1:] != [MANY]:
                heard = page.get_message(timeout=HEARS_S)
                assert heard, "nothing more is heard"
                if heard["channel"] == b"told__group__user-7":
                    told.append(int(heard["data"]))
                    assert told[-1] == last_heard  # neither kept before it went out, nor out before it was kept
                elif heard["type"] == "pmessage":
                    last_heard = json.loads(layer.deserialize(heard["data"])["text"])["seq"]
        assert len(set(told)) > 2  # it was looked at in between

    @pytest.mark.parametrize(
        ("since", "expected"),
        [
            ({"a": 5, "b": 1}, []),
            ({"a": 4, "b": 1}, ["a5"]),
            ({"a": 3, "b": 1}, ["a4", "a5"]),
            ({"a": 4}, ["b1", "a5"]),  # of a stream that began meanwhile
            ({"a": 2, "b": 1}, None),  # a3 is not kept any more
            ({"b": 1}, None),
            ({"a": 6, "b": 1}, None),  # the numbers are of another life of Redis
            ({"a": 5, "b": 1, "c": 1}, None),
        ],
    )
    def test_was_missed_if_its_number_is_higher(self, since: dict[str, int], expected: list[str] | None) -> None:
        assert missed(["a 4 a4", "b 1 b1", "a 5 a5"], last={"a": 5, "b": 1}, since=since) == expected
