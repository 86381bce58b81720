"""The life of a node's market: a thread with a loop, in the worker that is the node, until told to stop."""

import asyncio
import errno
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import connections

from seedbox.domain.kept import kept
from seedbox.domain.lanes import MapPort, PortMapped, Report, Watch
from seedbox.services.lanes import LaneDesk
from speed.agent.due import Due
from speed.agent.floor import AgentFloor
from speed.agent.hub_threads import HubThreads
from speed.agent.side import Floor, KnownHub, Side, Then
from speed.agent.writing import Writing, told, utc_now
from speed.domain.messages import Message
from speed.services import beats, hubs, markets
from speed.services.markets import Terms, TrustedHub
from speed.services.speed_key import SpeedKey, SpeedKeyBroken, read_or_make
from speed.wire.hub_port import Answer, Hub, HubAway, HubRefused
from speed.wire.port import Door, Hearer, Identity, Link
from wallet.domain.hub import HubInfo
from wallet.domain.language import gettext_noop

TICK_S = 0.2
READ_TERMS_S = 1.0
BEAT_S = 3.0
LEARN_S = 30.0  # from one look at a hub's key, clock and fee to the next
WARN_AGAIN = timedelta(hours=1)  # of a hub that tells nothing, whatever its reasons
PORT_AGAIN_S = 10.0  # after the Speed port could not be opened
TRY_AGAIN_S = 2.0  # after the agent could not live
DRAIN_S = 3.0
JOIN_S = 8.0
NO_SUCH_ADDRESS = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
NO_PORT = gettext_noop(
    "The market can't listen at %(places)s (%(why)s). Free the address or choose another in NODE_SPEED_LISTEN."
)
OWN_HUB = TrustedHub(hub_id="", url="", exposure_limit_ubtt=0)

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentSettings:
    node_name: str
    folder: Path  # of the node's own files
    listen: tuple[str, ...]


@dataclass(frozen=True)
class Makers:
    """What the agent is put together from."""

    door: Callable[[Identity, Hearer], Door]
    hub: Callable[[TrustedHub, SpeedKey, Callable[[], str]], Hub]  # the last says where it is asked through by now
    sides: Callable[[Floor], Sequence[Side]]
    clock: Callable[[], datetime] = utc_now  # which a test may put forward


class AgentLife:
    """The thread of one node's market. It ends when told to, and for no other reason."""

    def __init__(self, settings: AgentSettings, *, makers: Makers, desk: LaneDesk) -> None:
        self._settings = settings
        self._makers = makers
        self._desk = desk
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"speed-{settings.node_name}")
        self._end: Callable[[], object] | None = None
        self._complaint = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Say good-bye to everybody, write down what is to be kept, and end the thread; waits a few seconds."""
        self._stop.set()
        if end := self._end:
            end()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._live())
            except (SpeedKeyBroken, OSError) as problem:
                self._complain(f"the market of {self._settings.node_name!r} can't start yet: {problem}")
            except Exception:
                logger.exception("the market of %r met a mistake of ours and starts anew", self._settings.node_name)
            self._stop.wait(TRY_AGAIN_S)

    def _complain(self, sentence: str) -> None:
        if sentence != self._complaint:
            logger.error("%s", sentence)
        self._complaint = sentence

    async def _live(self) -> None:
        key = read_or_make(self._settings.folder)
        with (
            ThreadPoolExecutor(1, "speed-database") as database,
            HubThreads() as hub_threads,
        ):
            agent = Agent(
                self._settings, self._makers, self._desk, key, Writing(database, self._makers.clock), hub_threads
            )
            loop = asyncio.get_running_loop()
            self._end = lambda: loop.call_soon_threadsafe(agent.ended.set)
            try:
                if not self._stop.is_set():
                    await agent.live()
            finally:
                self._end = None
                database.submit(connections.close_all)


class Agent:
    """One run of the agent, in its loop's thread."""

    def __init__(
        self,
        settings: AgentSettings,
        makers: Makers,
        desk: LaneDesk,
        key: SpeedKey,
        writing: Writing,
        hub_threads: HubThreads,
    ) -> None:
        self.ended = asyncio.Event()
        self._settings = settings
        self._makers = makers
        self._desk = desk
        self._writing = writing
        self._floor = AgentFloor(
            node_name=settings.node_name,
            key=key,
            desk=desk,
            writing=writing,
            hub_threads=hub_threads,
            clock=makers.clock,
        )
        self._sides: Sequence[Side] = makers.sides(self._floor)
        self._hubs: dict[tuple[str, str], Hub] = {}  # by id and address
        self._warned = Due()  # of which hub
        self._identity: Identity | None = None
        self._listens_on: tuple[str, ...] = ()
        self._port_problem = ""
        self._port_mapping = ""
        self._due: dict[str, float] = {}
        self._has_terms = False
        self._being_written: set[str] = set()

    async def live(self) -> None:
        """Turn until `ended`."""
        loop = asyncio.get_running_loop()
        stop_hearing = self._desk.listen(lambda report: _in_loop(loop, self._take_report, report))
        writing = loop.create_task(self._writing.run())
        try:
            while not self.ended.is_set():
                await self._turn()
                await _event_or_pause(self.ended, TICK_S)
        finally:
            stop_hearing()
            await self._finish(writing)

    async def _turn(self) -> None:
        now = self._makers.clock()
        if self._is_due("terms", READ_TERMS_S):
            known = self._floor.terms
            work = partial(markets.terms_of, self._settings.node_name, now=now, known=known)
            self._write_once("terms", work, self._take_terms)
        if not self._has_terms:
            return
        self._learn_hubs()
        await self._care_for_port()
        for side in self._sides:
            told(side.tick, now)
        if self._is_due("beat", BEAT_S):
            self._beat(now)

    async def _finish(self, writing: "asyncio.Task[None]") -> None:
        now = self._makers.clock()
        for side in self._sides:
            told(side.finish, now)
        self._desk.ask(Watch())
        if self._floor.door:
            await self._floor.door.close()
        await self._writing.drain(DRAIN_S)
        await self._floor.finish()
        writing.cancel()

    def _is_due(self, what: str, pause_s: float) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._due.get(what, 0.0):
            return False
        self._due[what] = now_s + pause_s
        return True

    def _write_once(self, what: str, work: Callable[[], T], then: Then[T] | None = None) -> None:
        """Write it unless the last one is still waiting: while the database is away they would pile up."""
        if what in self._being_written:
            return
        self._being_written.add(what)

        def done(result: T, now: datetime) -> None:
            self._being_written.discard(what)
            if then is not None:
                then(result, now)

        self._floor.write(work, done, lambda _now: self._being_written.discard(what))

    def _take_terms(self, terms: Terms, now: datetime) -> None:
        self._floor.terms = terms
        if not self._has_terms:
            self._has_terms = True
            for side in self._sides:
                told(side.begin, now)

    # --- hubs

    def _learn_hubs(self) -> None:
        """Ask each hub for its key and its time: those that are trusted, and those that owe us something.

        While the node hides only its own, which is no other machine's; others' are asked as soon as it hides no more.
        """
        terms = self._floor.terms
        trusted = {bytes.fromhex(hub.hub_id) for hub in terms.hubs}
        self._floor.hubs = {hub_id: known for hub_id, known in self._floor.payers.items() if hub_id in trusted}
        foreign = [hub for hub in (*terms.hubs, *terms.owing) if hub.url and terms.shows_itself]
        for hub in (OWN_HUB, *foreign):  # ours has no row before it was heard of
            if self._is_due(f"hub {hub.hub_id} {hub.url}", LEARN_S):
                self._ask_about(hub)

    def _ask_about(self, hub: TrustedHub) -> None:
        where = hub.hub_id, hub.url  # an address that was changed is another hub, until it proves that it is not
        try:
            made = self._hubs.get(where) or self._makers.hub(hub, self._floor.key, self._floor.way_out)
        except ValueError as problem:  # its address is none
            if self._warned.is_due(hub.hub_id, WARN_AGAIN, self._makers.clock()):
                logger.error("the hub %s can't be asked: %s", hub.hub_id, problem)
            return
        self._hubs[where] = made
        self._floor.ask_this_hub(made, lambda hub: hub.info(), partial(self._learn, made))

    def _learn(self, hub: Hub, answer: Answer[HubInfo], now: datetime) -> None:
        if isinstance(answer, HubRefused | HubAway):
            if not hub.is_own and self._warned.is_due(hub.hub_id.hex(), WARN_AGAIN, now):
                logger.warning("the hub %s tells nothing of itself: %s", hub.hub_id.hex(), answer)
            return  # asked again; whoever needs it meanwhile is told that it is away
        self._floor.write(lambda: hubs.know(hub_key=answer.key, is_own=hub.is_own))
        known = KnownHub(hub, answer, answer.time_s - int(now.timestamp()))
        former = [hub_id for hub_id, other in self._floor.payers.items() if hub.is_own and other.hub.is_own]
        self._floor.payers |= dict.fromkeys((*former, answer.hub_id), known)

    # --- the Speed port

    async def _care_for_port(self) -> None:
        wants = any(side.wants_port for side in self._sides) and bool(self._floor.hubs)
        identity = Identity(
            private_key=self._floor.key.private_key,
            public_key=self._floor.key.public_key,
            hubs=frozenset(self._floor.hubs),
            data_ports=self._floor.terms.node.data_ports if self._floor.terms.node else (),
        )
        if self._floor.door and (not wants or identity != self._identity):
            await self._floor.door.close()
            self._floor.door, self._floor.port, self._listens_on = None, 0, ()
            self._desk.ask(MapPort(0))
        if wants and self._floor.door is None and self._is_due("port", PORT_AGAIN_S if self._port_problem else 0.0):
            await self._open_port(identity)

    async def _open_port(self, identity: Identity) -> None:
        door = self._makers.door(identity, self)
        try:
            self._listens_on = await _serve(door, self._settings.listen)
        except OSError as problem:
            facts = {"places": ", ".join(self._settings.listen), "why": problem.strerror or str(problem)}
            self._port_problem = kept(NO_PORT, facts)
            return
        self._port_problem = ""
        self._floor.door, self._identity = door, identity
        self._floor.port = int(self._listens_on[0].rpartition(":")[2])
        self._desk.ask(MapPort(self._floor.port))

    # --- what is heard

    def linked(self, link: Link) -> None:
        self._floor.add_link(link)
        for side in self._sides:
            told(side.linked, link, self._makers.clock())

    def heard(self, link: Link, message: Message) -> None:
        for side in self._sides:
            told(side.heard, link, message, self._makers.clock())

    def unlinked(self, link: Link, reason: str) -> None:
        logger.info("the market's connection with %s has ended: %s", link.address, reason)
        self._floor.drop_link(link)
        for side in self._sides:
            told(side.unlinked, link, self._makers.clock())

    def _take_report(self, report: Report) -> None:
        if isinstance(report, PortMapped):
            self._port_mapping = report.text
        if self._has_terms:
            for side in self._sides:
                told(side.report, report, self._makers.clock())

    def _beat(self, now: datetime) -> None:
        problems = {side.name: side.problem() for side in self._sides}
        counters = {name: figure for side in self._sides for name, figure in side.counters().items()}
        counters |= {"links": len(self._floor.links), "database_failures": self._writing.failed}
        listens_on, mapping, port_problem = self._listens_on, self._port_mapping, self._port_problem
        self._write_once(
            "beat",
            lambda: beats.beat(
                node_name=self._settings.node_name,
                now=now,
                speed_key=self._floor.key.public_key,
                listens_on=listens_on,
                port_mapping=mapping,
                selling_problem=problems.get("selling", ""),
                buying_problem=problems.get("buying", ""),
                problem=port_problem,
                counters=counters,
            ),
        )


def _in_loop(loop: asyncio.AbstractEventLoop, tell: Callable[[Report], None], report: Report) -> None:
    try:
        loop.call_soon_threadsafe(tell, report)
    except RuntimeError:  # the loop has ended between two reports
        logger.debug("a report of the engine came after the market had ended")


async def _serve(door: Door, listen: Sequence[str]) -> tuple[str, ...]:
    """Listen at all of these; on a machine without IPv6 at those that it has. Raises OSError."""
    try:
        return await door.serve(listen)
    except OSError as problem:
        rest = [place for place in listen if not place.startswith("[::]")]
        if problem.errno not in NO_SUCH_ADDRESS or not rest or len(rest) == len(listen):
            raise
        return await door.serve(rest)


async def _event_or_pause(event: asyncio.Event, pause_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), pause_s)
    except TimeoutError:
        return
