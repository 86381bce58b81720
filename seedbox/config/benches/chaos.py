"""Kill -9 the processes of a real box at random moments, and see that nothing is lost and how soon all is well again.

Outside peers seed to the box and fetch from it all the while; torrents are added (by command, by a form, by magnet),
checked, stopped and removed just when something dies. Every process has its turns, some die in pairs, the supervisor
takes the whole box with it and is started again as systemd would. What the node had been sent and had not on its disk
when it died is measured at each death: no more than that may be fetched again.
"""

import itertools
import logging
import os
import random
import signal
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from seedbox.config.benches.chaos_box import SUPERVISOR, ChaosBox, is_alive, wait_for
from seedbox.config.benches.chaos_ear import Ear
from seedbox.config.benches.chaos_flow import ACT_LIMIT_S, LONG_SPEED_BYTES_PER_S, Flow
from seedbox.config.benches.files import BenchFailed
from seedbox.config.benches.seeding_box import free_port
from seedbox.domain.units import MIB
from seedbox.services.nodes import LEASE

NODE_ADDRESS = "127.0.35.1"
START_LIMIT_S = 180.0  # on a machine that is busy with others, too
RECOVERY_LIMIT_S = START_LIMIT_S  # of all that a dead supervisor starts again
LIVE_LIMIT_S = 60.0
LONGEST_PAUSE_S = 0.5  # between an action of a user, or a recovery, and the next death
HANG_S = LEASE.total_seconds() + 2
STORM_SIGNALS = 20
IN_FLIGHT_S = 1.5  # of downloading may be in sockets, in unfinished pieces and on the way to disk
SECONDS_PER_KILL = 3  # about

# Twenty deaths, the node most. Every process is among the first ten, so that a short bench kills each of them too.
FIRST_TEN: tuple[tuple[str, ...], ...] = (
    ("node",),
    (SUPERVISOR,),
    ("node", "redis"),
    ("node", "web"),
    ("web worker", "beat"),
    ("guardian", "wallet"),
)
OTHER_TEN: tuple[tuple[str, ...], ...] = (
    ("node",),
    ("node",),
    ("redis",),
    ("web worker",),
    ("node", "wallet"),
    ("redis", "web"),
    ("guardian", SUPERVISOR),
)
HANG, STORM = ("hang",), ("storm",)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--hangs", type=int, default=1, help="of the node, each longer than its lease")
    parser.add_argument("--storms", type=int, default=2, help="of polite signals to the node and web")
    parser.add_argument("--seed", type=int, default=1)


@dataclass
class Tally:
    """What is counted."""

    kills: Counter[str] = field(default_factory=Counter)
    recoveries_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    node_up_s: list[float] = field(default_factory=list)  # until the node runs; its downloads move a little later
    live_s: list[float] = field(default_factory=list)


def run(*, kills: int, hangs: int, storms: int, seed: int, say: Callable[[str], None]) -> dict[str, object]:
    """Return the figures; raises BenchFailed when something does not come back, or is lost for good."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    chance = random.Random(seed)
    tally = Tally()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="box")))
        box = ChaosBox(folder, port=free_port(), node_listen=f"{NODE_ADDRESS}:{free_port(NODE_ADDRESS)}")
        flow = stack.enter_context(closing(Flow(box, folder, chance=chance)))
        stack.callback(box.stop)
        box.start()
        wait_for(lambda: box.health().get("well"), "the box to be well", limit_s=START_LIMIT_S)
        flow.begin(long_bytes=max(kills * SECONDS_PER_KILL * LONG_SPEED_BYTES_PER_S, MIB))
        ear = stack.enter_context(Ear(url=box.url, cookie=box.cookie))
        users = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="user"))
        maltreatment = Maltreatment(box, flow, ear, tally, chance)
        for names in _orders(kills, hangs, storms, chance):
            try:
                flow.tend()
                ear.watch([item.row["id"] for item in flow.present if item.row])
                acting = users.submit(flow.action())
                time.sleep(chance.uniform(0, LONGEST_PAUSE_S))
                maltreatment.carry_out(names)
                acting.result(ACT_LIMIT_S)
            except (BenchFailed, TimeoutError) as problem:
                raise BenchFailed(f"after {names}: {problem}\n{box.said}") from None
            say(f"{sum(tally.kills.values())}: {', '.join(names)}: {maltreatment.said}")
        try:
            flow.finish()
        except BenchFailed as problem:
            raise BenchFailed(f"{problem}: {flow.unfinished()}\n{box.said}") from None
        complaints = flow.lost()
        for complaint in [*complaints, *flow.wrong_hashes]:
            say(complaint)
        return _figures(tally, flow, lost=len(complaints))


def _orders(kills: int, hangs: int, storms: int, chance: random.Random) -> Iterable[tuple[str, ...]]:
    """Shuffle half decks until so many have died; the rest comes somewhere between."""
    orders: list[tuple[str, ...]] = []
    left = kills
    halves = itertools.cycle((FIRST_TEN, OTHER_TEN))
    while left > 0:
        half = next(halves)
        for names in chance.sample(half, len(half)):
            if left > 0:
                orders.append(names[:left])
                left -= len(names)
    for extra in (*[HANG] * hangs, *[STORM] * storms):
        orders.insert(chance.randrange(len(orders) + 1), extra)
    return orders


class Maltreatment:
    """Kills, hangs and storms, and the wait until all is well again."""

    def __init__(self, box: ChaosBox, flow: Flow, ear: Ear, tally: Tally, chance: random.Random) -> None:
        self.said = ""
        self._box = box
        self._flow = flow
        self._ear = ear
        self._tally = tally
        self._chance = chance

    def carry_out(self, names: tuple[str, ...]) -> None:
        if names == HANG:
            self._hang()
        elif names == STORM:
            self._storm(self._chance.choice(("node", "web")))
        else:
            self._kill(names)

    def _kill(self, names: tuple[str, ...]) -> None:
        before = {name: wait_for_pid(self._box, name) for name in names}
        sent = self._flow.sent_bytes()
        node = self._box.pid("node")
        killed_s, killed_at_s = time.monotonic(), time.time()
        for name, pid in before.items():
            os.kill(pid, signal.SIGKILL)
            self._tally.kills[name] += 1
        if SUPERVISOR in names:
            self._box.reap()
        if {"node", SUPERVISOR} & set(names):
            wait_for(lambda: not is_alive(node), "the node to be dead", limit_s=RECOVERY_LIMIT_S)
            self._flow.measure()
        if SUPERVISOR in names:
            self._box.start()
            names = (SUPERVISOR,)
        self.said = self._until_well(names, before, killed_s, killed_at_s, sent)

    def _until_well(
        self,
        names: tuple[str, ...],
        before: dict[str, int],
        killed_s: float,
        killed_at_s: float,
        sent: dict[str, int],
    ) -> str:
        well = Wellness(self._box, self._flow, killed_at_s, sent)
        recoveries_s: dict[str, float] = {}

        def look() -> bool:
            self._flow.settle_if_due()
            for name in names:
                if name not in recoveries_s and self._is_another(name, before[name]) and well.is_well(name):
                    recoveries_s[name] = time.monotonic() - killed_s
                    self._tally.recoveries_s[name].append(recoveries_s[name])
            return len(recoveries_s) == len(names)

        wait_for(look, f"{', '.join(names)} to be well", limit_s=RECOVERY_LIMIT_S)
        if well.node_up_at_s:
            self._tally.node_up_s.append(well.node_up_at_s - killed_s)
        recovered_s = time.monotonic()
        wait_for(lambda: self._ear.has_heard_since(recovered_s), "an open page to be live", limit_s=LIVE_LIMIT_S)
        self._tally.live_s.append(time.monotonic() - killed_s)
        told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in recoveries_s.items())
        return f"{told}, live {self._tally.live_s[-1]:.2f} s"

    def _is_another(self, name: str, before: int) -> bool:
        return self._box.pid(name) not in (0, before)

    def _hang(self) -> None:
        """Stop the node for longer than its lease: everybody sees it, nobody takes it over, and it goes on."""
        node = wait_for_pid(self._box, "node")
        os.kill(node, signal.SIGSTOP)
        time.sleep(HANG_S)
        is_seen = self._box.health().get("well") is False
        sent = self._flow.sent_bytes()
        os.kill(node, signal.SIGCONT)
        resumed_s = time.monotonic()
        well = Wellness(self._box, self._flow, 0, sent)
        wait_for(lambda: well.is_well("node") and self._box.health().get("well"), "the node", limit_s=RECOVERY_LIMIT_S)
        self._tally.recoveries_s["hang"].append(time.monotonic() - resumed_s)
        if self._box.pid("node") != node or not is_seen:
            raise BenchFailed("a node that hung was not seen, or did not go on")
        self.said = f"{self._tally.recoveries_s['hang'][-1]:.2f} s"

    def _storm(self, name: str) -> None:
        """Ask a process to stop again and again: it is started again once it has."""
        pid = wait_for_pid(self._box, name)
        sent = self._flow.sent_bytes()
        asked_s, asked_at_s = time.monotonic(), time.time()
        for _ in range(STORM_SIGNALS):
            if is_alive(pid):
                os.kill(pid, signal.SIGTERM)
            time.sleep(self._chance.uniform(0, 0.02))
        wait_for(lambda: not is_alive(pid), f"{name} to end", limit_s=RECOVERY_LIMIT_S)
        if name == "node":
            self._flow.measure()
        self.said = f"{name}: " + self._until_well((name,), {name: pid}, asked_s, asked_at_s, sent)


@dataclass
class Wellness:
    """What must be true of a process after its kill."""

    box: ChaosBox
    flow: Flow
    killed_at_s: float
    sent: dict[str, int]
    node_up_at_s: float = 0.0  # monotonic

    def is_well(self, name: str) -> bool:
        match name:
            case "node":
                if not self.box.ask("node")["started_at_s"] > self.killed_at_s:
                    return False
                self.node_up_at_s = self.node_up_at_s or time.monotonic()
                self.flow.tend()
                return self.flow.progresses(self.sent)
            case "web" | "web worker":
                page = self.box.page()
                return page is not None and page.is_success
            case "redis":
                return bool(self.box.health().get("redis"))
            case "wallet":
                return bool(self.box.ask("ping", worker="wallet"))
            case "supervisor":
                return self.is_well("web") and bool(self.box.health().get("well")) and self.is_well("node")
            case _:
                return True


def wait_for_pid(box: ChaosBox, name: str) -> int:
    wait_for(lambda: box.pid(name), f"{name} to run", limit_s=RECOVERY_LIMIT_S)
    return box.pid(name)


def _figures(tally: Tally, flow: Flow, *, lost: int) -> dict[str, object]:
    every = [seconds for name, values in tally.recoveries_s.items() if name != "hang" for seconds in values]
    ends = len(flow.unflushed_at_ends)
    return {
        "kills": sum(tally.kills.values()),
        "refetched_bytes": flow.refetched_bytes,
        "lost_torrents": lost,
        "wrong_hashes": len(flow.wrong_hashes),
        "recovery_p95_s": _p95(every),
        "recovery_p95_s_of": {name: _p95(values) for name, values in sorted(tally.recoveries_s.items())},
        "node_up_p95_s": _p95(tally.node_up_s),
        "live_again_p95_s": _p95(tally.live_s),
        "kills_of": dict(sorted(tally.kills.items())),
        "unflushed_bytes": flow.unflushed_bytes,
        "refetch_limit_bytes": flow.refetch_limit_bytes,
        "duplicate_bytes": flow.duplicate_bytes,
        "ratio_refetched": round(flow.refetched_bytes / flow.unflushed_bytes, 3) if flow.unflushed_bytes else None,
        "refetched_per_kill_bytes": flow.refetched_bytes // ends if ends else 0,
        "unflushed_worst_bytes": max(flow.unflushed_at_ends, default=0),
        "unflushed_limit_bytes": flow.in_flight_limit_bytes(IN_FLIGHT_S),
        "torrents": len(flow.items),
        "removed": sum(item.is_dropped for item in flow.items),
        "fetched_by_others": flow.fetched_by_others,
        "fetched_over_utp": flow.fetched_over_utp,  # of those
    }


def _p95(values: list[float]) -> float | None:
    if len(values) < 2:
        return round(values[0], 2) if values else None
    return round(quantiles(values, n=20, method="inclusive")[-1], 2)
