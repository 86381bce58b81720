"""`manage.py up` as people run it: real redis, node, wallet worker and web."""

import os
import shutil
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbox.config import env
from tests.box import Box, wait_until

LIMIT_S = 20.0
STOP_LIMIT_S = 10.0


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with Box(WALLET_NETWORK="devnet") as box:
        yield box


@pytest.fixture
def fresh() -> Iterator[Box]:
    """A box that has not been started yet."""
    box = Box()
    yield box
    box.__exit__(None, None, None)


class TestARunningBox:
    def test_answers(self, box: Box) -> None:
        wait_until(lambda: box.health() == 200, "/healthz to be well", LIMIT_S)

    @pytest.mark.parametrize("name", ["redis", "node", "wallet", "web"])
    def test_brings_back_a_killed(self, box: Box, name: str) -> None:
        killed = wait_until(lambda: box.child_pid(name), f"{name} to run", LIMIT_S)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: box.child_pid(name) not in (0, killed), f"{name} to be back", LIMIT_S)
        wait_until(lambda: box.health() == 200, "/healthz to be well again", LIMIT_S)

    def test_tells_no_child_the_admins_password(self, box: Box) -> None:
        children = box.processes() - {box.pid}
        assert children
        for pid in children:
            assert box.admin_password not in Path(f"/proc/{pid}/environ").read_text()

    def test_shows_its_data_to_nobody_else(self, box: Box) -> None:
        assert stat.S_IMODE(box.data.stat().st_mode) == 0o700

    def test_keeps_its_redis_off_the_network(self, box: Box) -> None:
        arguments = Path(f"/proc/{box.child_pid('redis')}/cmdline").read_text()
        assert "--port\0" + "0\0" in arguments
        assert stat.S_ISSOCK((box.data / "redis.sock").stat().st_mode)

    def test_keeps_its_data_folder_to_itself(self, box: Box) -> None:
        second = box.manage("up")
        assert second.returncode == 1
        assert f"in use by another box (pid {box.pid})" in second.stderr
        assert "Traceback" not in second.stderr

    def test_has_company_on_the_same_machine(self, box: Box, fresh: Box) -> None:
        fresh.start()
        assert fresh.child_pid("wallet") == 0  # WALLET_NETWORK is off in this one
        assert fresh.child_pid("web") and box.child_pid("web")


class TestABoxThatEnds:
    def test_stops_all_when_asked(self, fresh: Box) -> None:
        fresh.start()
        asked = time.monotonic()
        assert fresh.stop(signal.SIGINT) == 0
        assert time.monotonic() - asked < STOP_LIMIT_S
        assert fresh.processes() == set()
        assert not [line for line in fresh.lines if "did not stop" in line]

    def test_leaves_no_orphan_when_it_is_killed_and_starts_again_on_its_data(self, fresh: Box) -> None:
        fresh.start()
        assert "Sign in as ada" in fresh.said
        fresh.stop(signal.SIGKILL)
        fresh.start()  # waits for the lock, which the last leftover would hold
        assert fresh.child_pid("web")
        assert "Sign in as" not in fresh.said


class TestAFirstStart:
    def test_shows_a_generated_password_once_and_keeps_it(self, fresh: Box) -> None:
        del fresh.env["SEEDBOX_ADMIN_PASSWORD"]
        fresh.start()
        kept = fresh.data / "admin-password.txt"
        assert f"Sign in as ada with the password {kept.read_text().strip()}" in fresh.wait_for_line("Sign in as ada")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600

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

    def test_finds_a_short_place_for_its_redis_socket_when_the_data_folder_is_deep(self, fresh: Box) -> None:
        deep = fresh.data / ("d" * 60) / ("e" * 60)
        fresh.env["SEEDBOX_DATA"] = str(deep)
        socket_path = env.read(fresh.env).redis_socket
        try:
            fresh.start()
            assert fresh.child_pid("redis")
            assert (
                stat.S_ISSOCK(socket_path.stat().st_mode) and stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700
            )
        finally:
            fresh.stop()
            shutil.rmtree(socket_path.parent, ignore_errors=True)
