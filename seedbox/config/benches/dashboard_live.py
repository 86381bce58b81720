"""Many live dashboards on one web process: how long news take to the browsers, and what it costs."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import linear_regression, median, quantiles
from typing import Any

from seedbox.config.benches import dashboard_box as box
from seedbox.config.benches.dashboard_cost import CORES, Family, Meter
from seedbox.config.benches.files import BenchFailed

PER_PROCESS = 500  # browsers
LOOKS = 30  # at the web process's memory
SECONDS_PER_MIN = 60
SETTLE_S = 10.0  # at most: the last messages are on their way
LOOK_AGAIN_S = 0.2
OTHERS_SHARE = 0.25  # of the machine, from which on lag is theirs as much as ours


def run(*, clients: int, seconds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Let each client watch twenty rows of its own, all of which change once a second."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="box")))
        environ = box.environment(folder, wallet_network="off")
        redis = stack.enter_context(box.broker(environ))
        say(f"making {clients:,} users with twenty torrents each")
        crowd = stack.enter_context(box.hand("seedbox.config.benches.dashboard_crowd", environ, str(clients)))
        watchers = crowd.hear()
        web = stack.enter_context(box.web(environ))
        say("opening their dashboards")
        browsers = []
        for number in range(processes := -(-clients // PER_PROCESS)):
            one = stack.enter_context(
                box.hand("seedbox.config.benches.dashboard_clients", environ, environ["SEEDBOX_PORT"])
            )
            one.tell(watchers[number::processes])
            browsers.append(one)
        if (watching := sum(one.hear()["watching"] for one in browsers)) != clients:
            raise BenchFailed(f"{watching} of {clients} dashboards opened")
        say(f"{clients:,} dashboards are open; everything changes once a second, for {seconds} s")
        crowd.tell(seconds)
        families = {
            "web": [web],
            "node": [crowd.family],
            "redis": [redis],
            "browsers": [one.family for one in browsers],
        }
        meter = Meter(families)
        memory_mib = _watch(web, seconds)
        cores = meter.cores()
        if cores["others"] > CORES * OTHERS_SHARE:
            say(f"others took {cores['others']} of {CORES} cores meanwhile: lag says little about us")
        published = crowd.hear()
        _settle(browsers, published["turns"] * clients)
        heard = []
        for one in browsers:
            one.tell("end")
            heard.append(one.hear())
    return _figures(clients, published, heard) | {
        "cpu": cores["web"],
        "cores": CORES,
        "cores_of": cores,
        "memory_mib": round(memory_mib[-1], 1),
        "memory_mib_per_min": round(_slope(memory_mib, seconds), 2),
        "memory_ratio": round(_growth(memory_mib), 3),
    }


def _settle(browsers: list[box.Hand], updates: int) -> None:
    """Wait until all is heard, or long enough."""
    deadline_s = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline_s:
        for one in browsers:
            one.tell("how many?")
        if sum(one.hear()["heard"] for one in browsers) >= updates:
            return
        time.sleep(LOOK_AGAIN_S)


def _watch(web: Family, seconds: int) -> list[float]:
    """Return the web process's memory from then to then."""
    began_s = time.monotonic()
    memory_mib = []
    for look in range(1, LOOKS + 1):
        time.sleep(max(began_s + seconds * look / LOOKS - time.monotonic(), 0))
        memory_mib.append(web.memory_mib())
    return memory_mib


def _growth(memory_mib: list[float]) -> float:
    third = len(memory_mib) // 3
    return median(memory_mib[-third:]) / median(memory_mib[:third])


def _slope(memory_mib: list[float], seconds: int) -> float:
    times_min = [seconds / SECONDS_PER_MIN * look / LOOKS for look in range(1, LOOKS + 1)]
    return linear_regression(times_min, memory_mib).slope


def _figures(clients: int, published: dict[str, Any], heard: list[dict[str, Any]]) -> dict[str, Any]:
    lags_ms = [lag for one in heard for lag in one["lags_ms"]]
    if not lags_ms:
        raise BenchFailed("no dashboard heard anything")
    cuts = quantiles(lags_ms, n=100, method="inclusive")
    merged = sum(one["merged"] for one in heard)
    return {
        "clients": clients,
        "lag_p50_ms": round(cuts[49], 1),
        "lag_p95_ms": round(cuts[94], 1),
        "lag_p99_ms": round(cuts[98], 1),
        "updates_per_s": round(published["turns"] / max(published["took_s"], published["turns"]), 2),
        "node_turn_ms": round(1_000 * published["turn_s"]),
        "unheard": published["turns"] * clients - len(lags_ms) - merged,
        "merged": merged,
        "lost": published["lost"],
        "unanswered": published["unanswered"],
        "dropped": sum(one["dropped"] for one in heard),
        "bytes_per_update": round(sum(one["characters"] for one in heard) / len(lags_ms)),
    }
