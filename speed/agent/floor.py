"""The floor of one running agent: where its sides meet links, hubs, the database and the engine."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from datetime import datetime
from typing import TypeVar

from django.db import close_old_connections

from seedbox.domain.lanes import Order, Watch
from seedbox.services.lanes import LaneDesk
from speed.agent.hub_threads import HubThreads
from speed.agent.side import KnownHub, Otherwise, Then
from speed.agent.writing import Writing, told
from speed.services.markets import NO_NODE, Terms
from speed.services.speed_key import SpeedKey
from speed.wire.hub_port import Answer, Hub, HubAway, HubRefused
from speed.wire.port import DialFailed, Door, Link

T = TypeVar("T")

logger = logging.getLogger(__name__)


class AgentFloor:
    """See `side.Floor`. It lives as long as its loop."""

    def __init__(
        self,
        *,
        node_name: str,
        key: SpeedKey,
        desk: LaneDesk,
        writing: Writing,
        hub_threads: HubThreads,
        clock: Callable[[], datetime],
    ) -> None:
        self.node_name = node_name
        self.key = key
        self.terms = Terms()
        self.hubs: dict[bytes, KnownHub] = {}
        self.payers: dict[bytes, KnownHub] = {}
        self.door: Door | None = None
        self.port = 0
        self._links: dict[Link, None] = {}
        self._desk = desk
        self._writing = writing
        self._hub_threads = hub_threads
        self._clock = clock
        self._watch = Watch()
        self._errands: set[asyncio.Task[None]] = set()
        self._markets: set[str] = set()  # endpoints

    @property
    def links(self) -> Collection[Link]:
        return self._links.keys()

    def add_link(self, link: Link) -> None:
        self._links[link] = None

    def drop_link(self, link: Link) -> None:
        self._links.pop(link, None)

    def ask(self, order: Order) -> None:
        self._desk.ask(order)

    def watch_sells(self, places: Mapping[str, frozenset[str]]) -> None:
        self._change_watch(Watch(sells=dict(places), buys=self._watch.buys))

    def watch_buys(self, places: Mapping[str, frozenset[str]]) -> None:
        self._change_watch(Watch(sells=self._watch.sells, buys=dict(places)))

    def _change_watch(self, watch: Watch) -> None:
        if watch != self._watch:
            self._watch = watch
            self._desk.ask(watch)

    def write(
        self,
        work: Callable[[], T],
        then: Then[T] | None = None,
        otherwise: Otherwise | None = None,
    ) -> None:
        self._writing.add(work, then, otherwise)

    def ask_hub(
        self,
        hub_id: bytes,
        work: Callable[[Hub], T],
        then: Then[Answer[T]],
    ) -> None:
        known = self.payers.get(hub_id)
        if known is None:
            self._run(self._answer(then, HubAway("This hub has not told its key yet.")))
        else:
            self.ask_this_hub(known.hub, work, then)

    def ask_this_hub(self, hub: Hub, work: Callable[[Hub], T], then: Then[Answer[T]]) -> None:
        """As `ask_hub`, also one that is not known yet."""
        self._run(self._ask_hub(hub, work, then))

    def way_out(self) -> str:
        """Return the device or address that others' hubs are asked through, "" for any; for all threads.

        Raises HubAway while the node hides, for a hub sees who asks it.
        """
        terms = self.terms
        if terms.node is None or terms.node.hides:
            raise HubAway(terms.obstacle or NO_NODE)
        return terms.node.interface

    def know_market(self, endpoint: str) -> None:
        self._markets.add(endpoint)

    def dial(self, endpoint: str, then: Callable[[DialFailed], None]) -> None:
        self._run(self._dial(endpoint, then))

    async def finish(self) -> None:
        """Wait for nothing more."""
        for errand in self._errands:
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)

    def _run(self, errand: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _answer(self, then: Callable[[HubAway, datetime], None], problem: HubAway) -> None:
        told(then, problem, self._clock())

    async def _ask_hub(self, hub: Hub, work: Callable[[Hub], T], then: Then[Answer[T]]) -> None:
        answer: Answer[T]
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._hub_threads.of(hub), _asked, hub, work)
        except (HubRefused, HubAway) as problem:
            answer = problem
        except Exception as problem:  # of the own hub, for instance its database's: asking again is harmless
            logger.exception("a hub could not be asked")
            answer = HubAway(f"It could not be asked ({type(problem).__name__}).")
        told(then, answer, self._clock())

    async def _dial(self, endpoint: str, then: Callable[[DialFailed], None]) -> None:
        try:
            if self.door is None:
                raise DialFailed("The market is closed.")
            node = self.terms.node
            way_out = node.interface if node else ""  # where the engine's peers go out
            await self.door.dial(endpoint, interface=way_out, is_market=endpoint in self._markets)
        except DialFailed as problem:
            told(then, problem)


def _asked(hub: Hub, work: Callable[[Hub], T]) -> T:
    try:
        return work(hub)
    finally:
        close_old_connections()  # the own hub's, in this thread
