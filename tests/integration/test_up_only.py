"""The processes of a box, each started alone beside a shared PostgreSQL and Redis, as in containers."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
import pytest

from seedbox.config import children, env
from seedbox.config.env import BadEnvironment
from tests.box import Box, wait_until
from tests.builders import make_content, make_torrent_file
from tests.integration.test_live_without_redis import MortalRedis
from tests.servers import FOLDER

DATABASE = "one_by_one"
SECRET_KEY = "a secret that all processes share"


@pytest.fixture(scope="module")
def shared() -> Iterator[dict[str, str]]:
    """An empty database and a Redis, as services that are there before anything of ours starts."""
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    redis = MortalRedis(FOLDER / "one-by-one.sock")
    yield {
        "DATABASE_URL": urlsplit(server)._replace(path=f"/{DATABASE}").geturl(),
        "REDIS_URL": redis.url,
        "SEEDBOX_SECRET_KEY": SECRET_KEY,
    }
    redis.kill()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="module")
def boxes(shared: dict[str, str]) -> Iterator[dict[str, Box]]:
    """Start them at the same moment: whoever is first makes the tables."""
    with ExitStack() as stack:
        found = {name: Box(only=name, WALLET_NETWORK="devnet", **shared) for name in children.PROCESSES}
        folder = found["node"].data / "downloads"
        for box in found.values():
            stack.callback(shutil.rmtree, box.data, ignore_errors=True)
            stack.callback(box.stop)
            box.env["NODE_FOLDERS"] = str(folder)
        with ThreadPoolExecutor() as pool:
            list(pool.map(Box.start, found.values()))
        yield found


class TestProcessesThatStartAlone:
    def test_are_together_a_box_that_is_well(self, boxes: dict[str, Box]) -> None:
        wait_until(lambda: boxes["web"].health() == 200, "/healthz to be well")
        assert {name: bool(box.child_pid(name)) for name, box in boxes.items()} == dict.fromkeys(boxes, True)
        assert [boxes["web"].child_pid(name) for name in ("redis", "node", "wallet")] == [0, 0, 0]

    def test_do_what_a_box_does(self, boxes: dict[str, Box]) -> None:
        web = boxes["web"]
        content = make_content(web.data / "content", {"a.bin": 100_000})
        (web.data / "a.torrent").write_bytes(make_torrent_file(content / "a.bin"))
        assert web.manage("torrents", "add", str(web.data / "a.torrent"), "--user", "ada").returncode == 0
        list_it = ("torrents", "list", "--user", "ada", "--json")
        wait_until(lambda: '"downloading"' in web.manage(*list_it).stdout, "the node to take the torrent up")

    def test_say_how_they_are_for_health_checks(self, boxes: dict[str, Box]) -> None:
        wait_until(lambda: boxes["node"].manage("alive", "node").returncode == 0, "the node to be well")
        assert boxes["web"].manage("alive").returncode == 0
        elsewhere = Box(
            **{name: boxes["web"].env[name] for name in ("DATABASE_URL", "REDIS_URL", "SEEDBOX_SECRET_KEY")}
        )
        elsewhere.env["NODE_NAME"] = "elsewhere"
        answers = [elsewhere.manage("alive"), elsewhere.manage("alive", "node")]
        shutil.rmtree(elsewhere.data)
        assert [answer.returncode for answer in answers] == [1, 1]
        assert "does not answer" in answers[0].stderr
        assert "elsewhere does not run" in answers[1].stderr

    def test_may_not_start_twice(self, boxes: dict[str, Box]) -> None:
        again = boxes["wallet"].manage("up", "--only", "wallet")
        assert again.returncode == 1
        assert "in use by another box" in again.stderr


class TestAProcessThatStartsAlone:
    def test_needs_what_it_shares_with_the_others(self) -> None:
        with pytest.raises(BadEnvironment) as refusal:
            children.needs_shared_services(env.read({"REDIS_URL": "redis://cache/0"}))
        assert str(refusal.value).startswith("DATABASE_URL, SEEDBOX_SECRET_KEY: must be set")

    def test_is_refused_where_it_is_switched_off(self) -> None:
        with pytest.raises(BadEnvironment, match="has no wallet"):
            children.chosen(env.read({"WALLET_NETWORK": "off"}), only="wallet")

    def test_runs_the_very_command_of_the_whole_box(self) -> None:
        environment = env.read({"DATABASE_URL": "postgresql://db/box", "REDIS_URL": "redis://cache/0"})
        whole = children.children(environment)
        assert [children.chosen(environment, only=child.name) for child in whole] == [[child] for child in whole]
        assert {child.name for child in whole} == {*children.PROCESSES, "devnet", "signer"}  # commands of their own
