"""`manage.py up` as people run it: real redis, node, wallet worker and web."""

import base64
import json
import os
import shlex
import shutil
import signal
import socket
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis

from seedbox.config import env
from tests.box import ROOT, Box, wait_until
from tests.signers import found_in, secrets_of
from wallet.signer import key_files, keystore
from wallet.signer.keystore import Purpose
from wallet.signer.signer import Place

LIMIT_S = 60.0
STOP_LIMIT_S = 10.0


class NewBox(Box):
    """One that makes its tables itself."""

    begins_with_tables = False


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with NewBox(WALLET_NETWORK="devnet") as box:
        yield box
        box.stop()  # in order, with all that a box can have


@pytest.fixture(scope="module")
def neighbour() -> Iterator[Box]:
    """A second box on the machine, deep in folders, whose first admin has no password yet."""
    box = NewBox()
    box.env["SEEDBOX_DATA"] = str(box.data / ("d" * 60) / ("e" * 60))
    del box.env["SEEDBOX_ADMIN_PASSWORD"]
    try:
        box.start()
        yield box
    finally:
        box.__exit__(None, None, None)
        shutil.rmtree(env.read(box.env).redis_socket.parent, ignore_errors=True)


@pytest.fixture
def fresh() -> Iterator[Box]:
    """A box that has not been started yet."""
    box = NewBox()
    yield box
    box.__exit__(None, None, None)


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if pid and found.exists() else []


def dump_of(box: Box) -> bytes:
    """Return all rows of all tables as text, once the wallet has the address that pays."""

    def dump() -> str:
        with closing(sqlite3.connect(box.data / "seedbox.sqlite3")) as database:
            found = "\n".join(database.iterdump())
        return found if 'INSERT INTO "wallet_installaddress"' in found else ""

    return wait_until(dump, "the signer's address to be known", LIMIT_S).encode()


def tasks_of(box: Box, count: int) -> bytes:
    """Return the next tasks of the wallet's queue as they go to the broker, and what they hold."""
    found: list[bytes] = []
    with closing(socket.socket(socket.AF_UNIX)) as broker, broker.makefile() as said:
        broker.settimeout(LIMIT_S)
        broker.connect(str(env.read(box.env).redis_socket))
        broker.sendall(b"MONITOR\r\n")
        while len(found) < 2 * count:
            words = shlex.split(said.readline())
            if words[-3:-1] == ["LPUSH", "wallet"]:
                found += [words[-1].encode(), base64.b64decode(json.loads(words[-1])["body"])]
    return b"\n".join(found)


class TestARunningBox:
    def test_answers(self, box: Box) -> None:
        wait_until(lambda: box.health() == 200, "/healthz to be well", LIMIT_S)

    @pytest.mark.parametrize("name", ["redis", "devnet", "signer", "node", "wallet", "web"])
    def test_brings_back_a_killed(self, box: Box, name: str) -> None:
        killed = wait_until(lambda: box.child_pid(name), f"{name} to run", LIMIT_S)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: box.child_pid(name) not in (0, killed), f"{name} to be back", LIMIT_S)
        wait_until(lambda: box.health() == 200, "/healthz to be well again", LIMIT_S)

    def test_brings_back_a_beat_that_died_under_its_worker(self, box: Box) -> None:
        worker = wait_until(lambda: box.child_pid("wallet"), "the wallet worker to run", LIMIT_S)
        beat = wait_until(lambda: children_of(worker), "beat to run", LIMIT_S)[0]
        os.kill(beat, signal.SIGKILL)
        wait_until(lambda: box.child_pid("wallet") not in (0, worker), "another worker", LIMIT_S)
        wait_until(lambda: children_of(box.child_pid("wallet")), "another beat", LIMIT_S)

    def test_tells_no_child_the_admins_password(self, box: Box) -> None:
        children = box.processes() - {box.pid}
        assert children
        for pid in children:
            assert box.admin_password not in Path(f"/proc/{pid}/environ").read_text()

    def test_keeps_the_secrets_of_its_wallet_from_all_that_it_writes(self, box: Box) -> None:
        place = Place(box.data / "signer", box.data / "signer.key")
        wait_until(place.keys.exists, "the keys to be made", LIMIT_S)
        kept = keystore.load(place.keys)
        words = kept.opened(key_files.read(place.key_file)[str(kept.wrap)])[Purpose.PHRASE].reveal().decode()
        written = {Path("what it said"): box.said.encode()}
        written |= {path: path.read_bytes() for path in box.data.rglob("*") if path.is_file()}
        written[Path("a dump of the database")] = dump_of(box)
        written[Path("tasks with what they are given")] = tasks_of(box, 5)
        for pid in box.processes():
            for name in ("environ", "cmdline"):
                written[Path(f"/proc/{pid}/{name}")] = Path(f"/proc/{pid}/{name}").read_bytes()
        assert len(words.split()) == 24
        assert found_in(written, secrets_of(words)) == []

    def test_tells_its_signer_nothing_of_the_database(self, box: Box) -> None:
        signer = wait_until(lambda: box.child_pid("signer"), "the signer to run", LIMIT_S)
        environ = Path(f"/proc/{signer}/environ").read_text().split("\0")
        assert {"DATABASE_URL=", "REDIS_URL="} < set(environ)

    def test_shows_its_data_to_nobody_else(self, box: Box) -> None:
        assert stat.S_IMODE(box.data.stat().st_mode) == 0o700

    def test_keeps_its_redis_off_the_network(self, box: Box) -> None:
        with Redis.from_url(env.read(box.env).effective_redis_url, decode_responses=True) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("save") == {"save": ""}

    def test_keeps_its_data_folder_to_itself(self, box: Box) -> None:
        second = box.manage("up")
        assert second.returncode == 1
        assert f"in use by another box (pid {box.pid})" in second.stderr
        assert "Traceback" not in second.stderr

    def test_has_company_on_the_same_machine(self, box: Box, neighbour: Box) -> None:
        assert box.child_pid("web") and neighbour.child_pid("web")
        assert box.child_pid("wallet") and not neighbour.child_pid("wallet")  # there WALLET_NETWORK is off

    def test_finds_a_short_place_for_its_redis_socket_when_the_data_folder_is_deep(self, neighbour: Box) -> None:
        socket_path = env.read(neighbour.env).redis_socket
        assert stat.S_ISSOCK(socket_path.stat().st_mode)
        assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700

    def test_showed_the_generated_password_and_keeps_it(self, neighbour: Box) -> None:
        kept = env.read(neighbour.env).data / "admin-password.txt"
        said = neighbour.wait_for_line("Sign in as ada")
        assert f"Sign in as ada with the password {kept.read_text().strip()}" in said
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The URL of a new database on the PostgreSQL of this run."""
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE box_of_its_own")
        yield urlsplit(server)._replace(path="/box_of_its_own").geturl()
        connection.execute("DROP DATABASE box_of_its_own WITH (FORCE)")


class TestABoxOnServersThatAreThere:
    def test_keeps_its_data_in_postgresql_and_starts_no_redis(self, empty_database: str) -> None:
        with Box(DATABASE_URL=empty_database, REDIS_URL=os.environ["REDIS_URL"], NODE_NAME="servers") as box:
            assert box.health() == 200
            assert not box.child_pid("redis")
            assert not (box.data / "seedbox.sqlite3").exists()
            with psycopg.connect(empty_database) as connection:
                assert connection.execute("SELECT username, role FROM seedbox_user").fetchall() == [("ada", "admin")]


class TestAKilledBox:
    def test_leaves_no_orphan_starts_again_on_its_data_and_then_stops_when_asked(self, fresh: Box) -> None:
        fresh.start()
        fresh.wait_for_line("Sign in as ada")
        fresh.stop(signal.SIGKILL)
        fresh.start()  # waits for the lock, which the last leftover would hold
        asked = time.monotonic()
        assert fresh.stop(signal.SIGINT) == 0
        assert time.monotonic() - asked < STOP_LIMIT_S
        assert fresh.processes() == set()
        assert "did not stop" not in fresh.said
        assert "Sign in as" not in fresh.said


class TestAFirstStart:
    def test_goes_on_where_one_was_killed_before_it_had_written_its_secret(self, fresh: Box) -> None:
        secret = fresh.data / "secret_key"
        secret.touch(0o600)
        checked = fresh.manage("check")
        assert checked.returncode == 0, checked.stderr
        assert len(secret.read_text()) > 50
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert fresh.manage("check").returncode == 0
        assert [path.name for path in fresh.data.glob("secret_key*")] == ["secret_key"]

    def test_refuses_a_busy_web_port(self, fresh: Box) -> None:
        with socket.create_server(("127.0.0.1", fresh.port)):
            refused = fresh.manage("up")
        assert refused.returncode == 1
        assert f"SEEDBOX_PORT: port {fresh.port} on 127.0.0.1 is busy" in refused.stderr

    def test_refuses_a_busy_engine_port(self, fresh: Box) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", fresh.node_port))
            refused = fresh.manage("up")
        assert refused.returncode == 1
        assert f"NODE_LISTEN: port {fresh.node_port} on 127.0.0.1 is busy" in refused.stderr

    def test_refuses_a_weak_password_of_the_first_admin(self, fresh: Box) -> None:
        fresh.env["SEEDBOX_ADMIN_PASSWORD"] = "ada"
        refused = fresh.manage("up")
        assert refused.returncode == 1
        assert "SEEDBOX_ADMIN_PASSWORD: " in refused.stderr and "too short" in refused.stderr

    def test_refuses_nonsense_with_a_sentence(self, fresh: Box) -> None:
        fresh.env["SEEDBOX_PORT"] = "eighty"
        refused = fresh.manage("up")
        assert refused.returncode == 1
        assert refused.stderr == "SEEDBOX_PORT=eighty: write a port between 1 and 65535\n"

    def test_refuses_a_data_folder_that_cannot_be_one(self, fresh: Box) -> None:
        fresh.env["SEEDBOX_DATA"] = str(ROOT / "manage.py")
        refused = fresh.manage("up")
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"SEEDBOX_DATA={ROOT / 'manage.py'}: can't be used")
