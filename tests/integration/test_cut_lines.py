"""A page whose line is cut at any point of any history shows the truth when it is back: nothing missing or doubled."""

import itertools
import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.test import Client
from hypothesis import Phase, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from redis import Redis

from seedbox.models import Holding, User
from seedbox.services import backlog, columns, snapshots, watchables
from seedbox.services.live import Publisher, list_changed, user_group
from seedbox.services.outbox import Outbox
from seedbox.services.rows import torrent_row
from seedbox.services.totals import Speeds
from seedbox.web import consumers
from tests.builders import NOW, make_holding, make_observation, make_torrent
from tests.open_page import OpenPage, Rows
from tests.servers import PROVE
from tests.sockets import Browser, Message

SAID_AT_ONCE = 3  # entries that the box says anew each time
EXAMPLES = 20

_numbers = itertools.count(1)

ALL = 99  # messages

acts = st.one_of(
    st.tuples(st.just("moves"), st.integers(0, 1)),  # the torrent of that number
    st.tuples(st.sampled_from(["moves", "goes"]), st.integers(0, 2)),
    st.tuples(st.sampled_from(["moves", "comes"]), st.just(0)),
    st.tuples(st.just("earns"), st.integers(1, SAID_AT_ONCE + 1)),  # so many entries
)


class Break(NamedTuple):
    """What happens before the line is cut and until it is whole again."""

    before: list[tuple[str, int]]
    heard: int  # messages, then come the answers of what the page asks because of them
    heard_after: int  # so many of these
    away: list[tuple[str, int]]
    is_forgotten: bool  # by Redis


few_acts = st.lists(acts, max_size=4)
breaks = st.builds(
    Break,
    before=few_acts,
    heard=st.sampled_from([ALL, ALL, 2, 5]),
    heard_after=st.integers(0, 9),
    away=few_acts,
    is_forgotten=st.sampled_from([False, False, False, True]),
)


class World:
    """A user's torrents as their node sees them, and a page of that user."""

    def __init__(self, redis: Redis) -> None:
        self.user = User.objects.create(username=f"olga-{next(_numbers)}")
        client = Client()
        client.force_login(self.user)
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        self._headers = ((b"origin", settings.PUBLIC_ORIGIN.encode()), (b"cookie", cookie.encode()))
        self._redis = redis
        self._publisher = Publisher(redis_url=settings.REDIS_URL)
        self._orders = Outbox(name="orders")
        self._holdings: list[Holding] = []
        self._entries: list[str] = []
        for _ in range(2):
            self.comes()
        self.page = OpenPage(connect=self.connect, render=sync_to_async(self.rendered))

    async def connect(self) -> Browser:
        browser = Browser(*self._headers)
        assert await browser.connects()
        return browser

    def rendered(self) -> Rows:
        """What the database knows, which is behind the node."""
        ids = list(self.user.holdings.values_list("pk", flat=True))
        said = snapshots.messages(user_id=self.user.pk, row_ids=ids, page_ids=())
        return dict(json.loads(said[0])["rows"]) if said else {}

    def truth(self) -> Rows:
        return {f"holding-{one.pk}": dict(torrent_row(one) | columns.cells(one)) for one in self._holdings}

    def said_entries(self, user_id: int) -> Iterator[Message]:
        if user_id == self.user.pk:
            yield {"type": "head", "list": "entries", "rows": {key: {} for key in self._entries[:SAID_AT_ONCE]}}

    def moves(self, number: int) -> None:
        if number < len(self._holdings):
            self._holdings[number].torrent.observation.down_bytes_per_s = next(_numbers)
            self.turns()

    def turns(self) -> None:
        """Say what has moved to who looks, as a node does every second."""
        self._publisher.watched(NOW)
        self._publisher.publish_rows(self._holdings)

    def comes(self, _number: int = 0) -> None:
        holding = make_holding(self.user, make_torrent(f"{next(_numbers)}.iso", files=[]))
        make_observation(holding.torrent)
        self._holdings.append(holding)
        list_changed(user_id=self.user.pk)

    def goes(self, number: int) -> None:
        if number < len(self._holdings):
            self._holdings.pop(number).delete()
            list_changed(user_id=self.user.pk)

    def earns(self, count: int) -> None:
        self._entries[:0] = [f"entry-{next(_numbers)}" for _ in range(count)]
        self._orders.post_and_wait(group=user_group(self.user.pk), text="changed entries")

    async def lets_come(self) -> None:
        """Let come to the page all that was said."""
        await self.page.is_answered()
        number = str(next(_numbers))
        self._publisher.publish_totals(self.user.pk, "local", Speeds(), busiest=number, now=NOW)
        await self.page.comes_until(lambda message: str(message).find(f"'busiest': '{number}'") > 0)

    async def fetches(self) -> None:
        if self.page.is_fetching_entries:
            self.page.entries, self.page.is_fetching_entries = list(self._entries), False

    async def act(self, acts: list[tuple[str, int]]) -> None:
        for act, number in acts:
            await sync_to_async(getattr(self, act))(number)

    async def hears(self, count: int) -> None:
        await self.lets_come()
        await self.page.hear(count)
        await self.fetches()

    async def breaks(self, one: Break) -> None:
        await self.act(one.before)
        await self.hears(one.heard)
        await self.hears(one.heard_after)
        await self.page.is_cut_off(hears=0)
        if one.is_forgotten:
            await sync_to_async(self._redis.flushall)()
        await self.act(one.away)
        await self.page.comes_back()

    async def ends(self) -> None:
        """Let the page come back and hear all there is to hear."""
        heard = 1
        while heard:
            await sync_to_async(self.turns)()
            await self.lets_come()
            heard = await self.page.hear()
            await self.fetches()

    async def closes(self) -> None:
        if self.page.browser:
            await self.page.is_cut_off(hears=0)
        await sync_to_async(self._publisher.close)()
        await sync_to_async(self._orders.close)()


@pytest.mark.django_db(transaction=True)  # Channels closes a connection that is inside a transaction
class TestALineThatIsCut:
    @limits(max_examples=EXAMPLES * PROVE, phases=[Phase.generate])  # the first that fails is told, not the smallest
    @given(history=st.lists(breaks, min_size=1, max_size=4), is_alone=st.booleans(), kept=st.sampled_from([1, 4]))
    def test_costs_the_page_nothing_and_nothing_comes_twice(
        self,
        redis_client: Redis,
        monkeypatch: pytest.MonkeyPatch,
        history: list[Break],
        is_alone: bool,
        kept: int,
    ) -> None:
        monkeypatch.setattr(consumers, "FRAMES_AT_ONCE", 10_000)  # nobody asks so much in real time
        monkeypatch.setattr(backlog, "MAX_KEPT", kept)
        world = World(redis_client)
        watchables.register("entries", world.said_entries)
        try:
            async_to_sync(self.play)(world, history, is_alone=is_alone)
        finally:
            watchables.forget("entries")

    async def play(self, world: World, history: list[Break], *, is_alone: bool) -> None:
        another = OpenPage(connect=world.connect, render=sync_to_async(world.rendered))
        if not is_alone:
            await another.opens()  # what the cut page shows stays watched
        await world.page.opens()
        try:
            for one in history:
                await world.breaks(one)
            await world.ends()
            assert world.page.rows == await sync_to_async(world.truth)()
            assert world.page.entries == world._entries
        finally:
            await world.closes()
            if another.browser:
                await another.is_cut_off(hears=0)
