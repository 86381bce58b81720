"""What no browser of ours sends, against a real box: it refuses, nobody else notices, and memory stays flat."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import libtorrent as lt
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from seedbox.web.consumers import BAD_FRAME, TOO_MANY_FRAMES, TOO_MANY_SOCKETS
from seedbox.web.seats import SEATS_PER_USER
from tests.box import Box
from tests.e2e.visitors import close_code, signed_in, socket
from tests.servers import PROVE

FLAT_MIB = 96
HEAR_S = 30.0  # far more than it takes
ADDS = 60 if PROVE == 1 else 1_000
THREADS = 16
HASH = "89abcdef0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def login(box: Box) -> Iterator[httpx.Client]:
    with closing(signed_in(box)) as client:
        yield client


def resident_mib(box: Box) -> int:
    """Return the memory of the web process and its workers."""
    pids, total_kib = [box.child_pid("web")], 0
    for pid in pids:
        pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        status = Path(f"/proc/{pid}/status").read_text()
        total_kib += int(status.partition("VmRSS:")[2].split()[0])
    return total_kib // 1024


def masked(first: int, content: bytes) -> bytes:
    """Return a short frame as a browser writes it; `first` are its flags and its kind."""
    return bytes([first, 0x80 | len(content)]) + bytes(4) + content


async def is_alive(page: ClientConnection) -> bool:
    await page.send('{"resync": []}')
    answer = await asyncio.wait_for(page.recv(), HEAR_S)
    return bool(json.loads(answer) == {"type": "alive"})


class TestFramesOfNonsense:
    def test_end_their_own_socket_with_a_reason_and_no_other(self, box: Box, login: httpx.Client) -> None:
        nonsense: dict[str, str | bytes] = {
            "binary": b"\xff" * 10_000,
            "huge": "x" * 4_000_000,
            "deep": '{"watch":' + "[" * 20_000,
            "a number": '{"watch": 7}',
            "a list": "[1]",
            "an endless number": '{"watch": [' + "9" * 5_000 + "]}",
            "unknown": '{"drop": "table"}',
            "empty": "",
        }

        async def scenario() -> None:
            async with socket(box, login) as bystander:
                for what, content in nonsense.items():
                    async with socket(box, login) as page:
                        await page.send(content)
                        assert await asyncio.wait_for(close_code(page), HEAR_S) == BAD_FRAME, what
                assert await is_alive(bystander)

        before_mib = resident_mib(box)
        asyncio.run(scenario())
        assert resident_mib(box) - before_mib < FLAT_MIB

    def test_of_the_protocol_itself_end_it_too(self, box: Box, login: httpx.Client) -> None:
        wrong = {
            "text that is no UTF-8": masked(0x81, b"\xff\xfe\xfd"),
            "a piece of nothing": masked(0x80, b"x"),
            "reserved bits": masked(0xC1, b"{}"),
            "a ping in pieces": masked(0x09, b"x"),
        }

        async def scenario() -> None:
            async with socket(box, login) as bystander:
                for what, frame in wrong.items():
                    async with socket(box, login) as page:
                        page.transport.write(frame)
                        assert await asyncio.wait_for(close_code(page), HEAR_S) != 0, what
                assert await is_alive(bystander)

        asyncio.run(scenario())

    def test_in_a_flood_are_ended_and_pings_are_borne(self, box: Box, login: httpx.Client) -> None:
        async def scenario() -> None:
            async with socket(box, login) as bystander, socket(box, login) as flood, socket(box, login) as pings:
                flood.transport.write(masked(0x81, b'{"watch": []}') * 40)
                assert await asyncio.wait_for(close_code(flood), HEAR_S) == TOO_MANY_FRAMES
                async with socket(box, login) as torrent:
                    torrent.transport.write(masked(0x81, b'{"watch": []}') * 20_000)
                    assert await asyncio.wait_for(close_code(torrent), HEAR_S) != 0
                for _ in range(2_000):
                    pings.transport.write(masked(0x89, b"x" * 125))
                assert await is_alive(pings)
                assert await is_alive(bystander)

        before_mib = resident_mib(box)
        asyncio.run(scenario())
        assert resident_mib(box) - before_mib < FLAT_MIB


class TestSockets:
    @pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
    def test_of_other_pages_are_refused(self, box: Box, login: httpx.Client, origin: str | None) -> None:
        async def scenario() -> int:
            try:
                async with socket(box, login, origin=origin):
                    return 0
            except InvalidStatus as refusal:
                return refusal.response.status_code

        assert asyncio.run(scenario()) == 403

    def test_of_one_user_are_as_many_as_a_person_opens_and_free_again_when_closed(
        self, box: Box, login: httpx.Client
    ) -> None:
        async def scenario() -> None:
            for _ in range(2):
                pages = [await socket(box, login) for _ in range(200)]
                codes = [await asyncio.wait_for(close_code(page), HEAR_S) for page in pages[SEATS_PER_USER:]]
                assert set(codes) == {TOO_MANY_SOCKETS}
                assert all([await is_alive(page) for page in pages[:SEATS_PER_USER]])
                await asyncio.gather(*(page.close() for page in pages))

        before_mib = resident_mib(box)
        asyncio.run(scenario())
        assert resident_mib(box) - before_mib < FLAT_MIB
        assert login.get("/").status_code == 200


class TestManyAddsOfOneTorrentAtOnce:
    def test_end_in_one_torrent_and_one_holding_with_an_answer_for_each(self, box: Box, login: httpx.Client) -> None:
        def add(_: int) -> tuple[int, str]:
            answer = login.post(
                "/torrents/add/", data={"magnets": f"magnet:?xt=urn:btih:{HASH}&dn=crowd", "start": "off"}
            )
            return answer.status_code, answer.text

        with ThreadPoolExecutor(THREADS) as threads:
            answers = list(threads.map(add, range(ADDS)))
        statuses = {status for status, _ in answers}
        assert statuses <= {200, 429}, statuses
        held = json.loads(box.manage("torrents", "list", "--json").stdout)
        assert [row["info_hash"] for row in held].count(HASH) == 1
        assert sum("You already have" not in text for status, text in answers if status == 200) == 1


def torrent_of(files: int) -> bytes:
    """Return a torrent of that many files of one byte."""
    listed = [{b"length": 1, b"path": [b"folder%03d" % (n // 1_000), b"file-%06d.bin" % n]} for n in range(files)]
    info: dict[bytes, Any] = {
        b"name": b"many-%d" % files,
        b"piece length": 16_384,
        b"pieces": b"x" * 20 * (-(-files // 16_384)),
    }
    torrent: Any = {b"info": info | {b"files": listed}}
    return bytes(lt.bencode(torrent))


def fat_torrent() -> bytes:
    """Return a torrent with 8 MiB of piece hashes."""
    pieces = 8 * 1024 * 1024 // 20
    info: dict[bytes, Any] = {
        b"name": b"fat",
        b"piece length": 16_384,
        b"pieces": b"y" * 20 * pieces,
        b"length": 16_384 * pieces,
    }
    torrent: Any = {b"info": info}
    return bytes(lt.bencode(torrent))


class TestATorrentOfAHundredThousandFiles:
    def test_is_added_opened_page_by_page_and_removed(self, box: Box, login: httpx.Client) -> None:
        small_s, _ = self.life(box, login, torrent_of(1_000), pages=5)
        before_mib = resident_mib(box)
        large_s, last = self.life(box, login, torrent_of(100_000), pages=500)
        assert "file-099999.bin" in last
        assert resident_mib(box) - before_mib < 3 * FLAT_MIB
        assert large_s["open"] < 10 * small_s["open"] + 1, (small_s, large_s)
        assert large_s["remove"] < 10 * small_s["remove"] + 1, (small_s, large_s)

    def test_and_one_of_eight_mebibytes_of_hashes_come_by_the_command_too(self, box: Box, tmp_path: Path) -> None:
        fat = tmp_path / "fat.torrent"
        fat.write_bytes(fat_torrent())
        added = box.manage("torrents", "add", str(fat), "--json")
        assert added.returncode == 0, added.stderr
        holding = json.loads(added.stdout)[0]
        assert holding["name"] == "fat"
        removed = box.manage("torrents", "remove", str(holding["id"]), "--wait", "30")
        assert removed.returncode == 0, removed.stderr

    def life(self, box: Box, login: httpx.Client, data: bytes, *, pages: int) -> tuple[dict[str, float], str]:
        """Add a torrent, look at it, and remove it; return how long each took, and its last page."""
        took_s = {}

        def timed(what: str, call: Callable[[], httpx.Response]) -> httpx.Response:
            began_s = time.perf_counter()
            answer = call()
            took_s[what] = time.perf_counter() - began_s
            assert answer.status_code == 200, answer.text[-1_000:]
            return answer

        upload = {"files": ("a.torrent", data, "application/x-bittorrent")}
        timed("add", lambda: login.post("/torrents/add/", files=upload))
        decoded: Any = lt.bdecode(data)
        name = re.escape(decoded[b"info"][b"name"].decode())
        found = re.search(
            rf'href="/torrents/(\d+)/"[^>]*title="{name}"', timed("list", lambda: login.get("/torrents/")).text
        )
        assert found, "the torrent is not on the list"
        page = f"/torrents/{found[1]}/"
        timed("open", lambda: login.get(page))
        last = timed("last", lambda: login.get(page, params={"page": pages}))
        timed("remove", lambda: login.post("/torrents/change/", data={"verb": "remove", "ids": found[1]}))
        return took_s, last.text
