"""The disk with the box's own data fills up under SQLite: it is read, says so, and goes on when there is room."""

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.box import Box, wait_until
from tests.small_disk import SmallDisk

if TYPE_CHECKING:
    from collections.abc import Iterator

DISK_MIB = 40
BALLAST = "ballast"
IS_FULL = "The disk of the box is full"


@pytest.fixture
def box(tmp_path: Path) -> "Iterator[Box]":
    with SmallDisk(tmp_path / "disk", mebibytes=DISK_MIB) as disk:
        small = Box(SEEDBOX_DATA=str(disk.folder / "data"), NODE_FOLDERS=str(tmp_path / "downloads"))
        small.data = disk.folder / "data"
        small.data.mkdir()
        with small:
            yield small


def fill(folder: Path) -> None:
    """Write until not one block is left."""
    with (folder / BALLAST).open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096):
            try:
                while True:
                    file.write(os.urandom(size))
            except OSError:
                continue


def sign_in(client: httpx.Client, name: str, password: str) -> httpx.Response:
    client.get("/accounts/login/")
    token = next(value for key, value in client.cookies.items() if "csrf" in key)
    form = {"login": name, "password": password, "csrfmiddlewaretoken": token}
    return client.post("/accounts/login/", data=form)


def post(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    token = next(value for key, value in client.cookies.items() if "csrf" in key)
    return client.post(path, data={**form, "csrfmiddlewaretoken": token})


class TestAFullDiskUnderTheDatabase:
    def test_is_said_everywhere_changes_nothing_and_passes(self, box: Box) -> None:
        magnet = "magnet:?xt=urn:btih:" + "e5" * 20
        with httpx.Client(base_url=box.url, timeout=30, follow_redirects=True) as client:
            assert sign_in(client, box.admin_user, box.admin_password).status_code == 200
            fill(box.data)
            refused = wait_until(lambda: _refusal(client, magnet), "an answer that the disk is full")
            assert refused is not None
            assert IS_FULL in refused.text
            assert "free some space" in refused.text
            health = client.get("/health/")
            assert "Its disk is full" in health.text
            assert "does not run" not in health.text
            assert IS_FULL in client.get("/torrents/").text
            assert magnet not in client.get("/torrents/").text
            assert box.child_pid("node")
            assert box.child_pid("web")

            (box.data / BALLAST).unlink()
            wait_until(lambda: box.health() == 200, "all to be well again")
            assert IS_FULL not in client.get("/torrents/").text
            again = post(client, "/torrents/add/", magnets=magnet, start="on")
            assert again.status_code == 200, again.text
            wait_until(lambda: "Fetching metadata" in client.get("/torrents/").text, "the torrent to be picked up")
        assert "Traceback" not in box.said
        box.stop()
        with sqlite3.connect(box.data / "seedbox.sqlite3") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()


def _refusal(client: httpx.Client, magnet: str) -> httpx.Response | None:
    """Add it until a page of the database is missing: SQLite may have some left in its journal."""
    answer = post(client, "/torrents/add/", magnets=magnet)
    return answer if answer.status_code == 503 else None
