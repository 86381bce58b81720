"""Files out, through the whole of Django's ASGI side."""

import asyncio
import os
import resource
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.ranges import Span
from seedbox.models import File, Holding, User
from seedbox.services.downloads import CHUNK_BYTES, FileBytes, Vanished, attachment, open_below
from tests.builders import make_content, make_holding, make_torrent

SIZE_BYTES = 3_000_000  # three chunks, the last one short
NAME = "album/My  Rün — “final” 日本.tar.gz"


class Answer:
    def __init__(self, response: Any, body: bytes) -> None:
        self.status: int = response.status_code
        self.headers = response.headers
        self.body = body


def fetch(user: User | None, holding: Holding, index: int = 0, method: str = "get", **headers: str) -> Answer:
    async def go() -> Answer:
        client = AsyncClient()
        if user is not None:
            await client.aforce_login(user)
        path = f"/torrents/{holding.pk}/files/{index}/"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await getattr(client, method)(path, headers=sent)
        if not response.streaming:
            return Answer(response, response.content)
        return Answer(response, b"".join([chunk async for chunk in response.streaming_content]))

    return async_to_sync(go)()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return (make_content(tmp_path, {NAME: SIZE_BYTES}) / NAME).read_bytes()


@pytest.fixture
def holding(owner: User, tmp_path: Path, content: bytes) -> Holding:
    torrent = make_torrent(files=[(NAME, SIZE_BYTES), ("album/later.bin", 1000)], save_path=str(tmp_path))
    File.objects.filter(torrent=torrent, index=0).update(done_bytes=SIZE_BYTES)
    File.objects.filter(torrent=torrent, index=1).update(done_bytes=250)
    return make_holding(owner, torrent)


class TestAFinishedFile:
    def test_is_sent_whole_under_its_name(self, owner: User, holding: Holding, content: bytes) -> None:
        answer = fetch(owner, holding, Accept_Encoding="gzip")
        assert (answer.status, answer.body == content) == (200, True)
        assert answer.headers["Content-Length"] == str(SIZE_BYTES)
        assert answer.headers["Content-Type"] == "application/octet-stream"  # packed stays packed
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        plain, encoded = answer.headers["Content-Disposition"].split("; ")[1:]
        assert plain == 'filename="My  R_n _ _final_ __.tar.gz"'
        assert unquote(encoded.removeprefix("filename*=UTF-8''")) == Path(NAME).name

    def test_is_sent_in_parts_that_make_the_whole(self, owner: User, holding: Holding, content: bytes) -> None:
        parts = [fetch(owner, holding, Range=text) for text in ("bytes=0-1048575", "bytes=1048576-2999998", "bytes=-1")]
        assert [part.status for part in parts] == [206, 206, 206]
        assert [part.headers["Content-Range"] for part in parts] == [
            "bytes 0-1048575/3000000", "bytes 1048576-2999998/3000000", "bytes 2999999-2999999/3000000",
        ]  # fmt: skip
        assert [int(part.headers["Content-Length"]) for part in parts] == [len(part.body) for part in parts]
        assert b"".join(part.body for part in parts) == content

    def test_has_no_bytes_behind_its_end(self, owner: User, holding: Holding) -> None:
        answer = fetch(owner, holding, Range="bytes=3000000-")
        assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */3000000")

    def test_is_described_without_being_sent(self, owner: User, holding: Holding) -> None:
        answer = fetch(owner, holding, method="head", Range="bytes=0-1")
        assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", str(SIZE_BYTES))

    def test_is_not_sent_again_to_whom_has_it(self, owner: User, holding: Holding) -> None:
        etag = fetch(owner, holding, method="head").headers["ETag"]
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = fetch(owner, holding, If_None_Match=known)
            assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)
        assert fetch(owner, holding, If_None_Match='"other"').status == 200

    def test_goes_on_only_from_the_same_bytes(self, owner: User, holding: Holding) -> None:
        etag = fetch(owner, holding, method="head").headers["ETag"]
        assert fetch(owner, holding, Range="bytes=1-2", If_Range=etag).status == 206
        for other in ('"other"', f"W/{etag}", "Sat, 23 Nov 2024 12:00:00 GMT"):
            assert fetch(owner, holding, Range="bytes=1-2", If_Range=other).status == 200
        assert fetch(owner, holding, Range="bytes=1-2", If_Match='"other"').status == 412
        assert fetch(owner, holding, Range="bytes=1-2", If_Match=etag).status == 206

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_can_only_be_read(self, owner: User, holding: Holding, method: str) -> None:
        assert fetch(owner, holding, method=method).status == 405


@pytest.mark.both_databases
class TestAFileIsRefused:
    @pytest.mark.parametrize("who", ["stranger", "admin", None])
    def test_to_anybody_but_its_holder(self, request: pytest.FixtureRequest, holding: Holding, who: str | None) -> None:
        user = request.getfixturevalue(who) if who else None
        for index in (0, 1, 2):
            assert fetch(user, holding, index).status == 404

    def test_if_there_is_none_of_that_number(self, owner: User, holding: Holding) -> None:
        assert fetch(owner, holding, 2).status == 404

    def test_until_it_is_complete_with_its_progress(self, owner: User, holding: Holding) -> None:
        page = fetch(owner, holding, 1, Accept="text/html")
        assert (page.status, b"250 B of 0.98 KiB" in page.body) == (409, True)
        answer = fetch(owner, holding, 1, Accept="application/json")
        assert (answer.status, b'"progress_ppm": 250000' in answer.body) == (409, True)

    @pytest.mark.parametrize("harm", ["gone", "shorter", "link", "folder link", "pipe", "folder"])
    def test_when_the_disk_has_something_else(self, owner: User, holding: Holding, tmp_path: Path, harm: str) -> None:
        file = tmp_path / NAME
        secret = tmp_path.parent / "secret"
        secret.write_bytes(b"x" * SIZE_BYTES)
        if harm == "shorter":
            os.truncate(file, SIZE_BYTES - 1)
        elif harm == "folder link":
            file.parent.rename(tmp_path / "moved")
            file.parent.symlink_to(tmp_path / "moved")
        else:
            file.unlink()
        if harm == "link":
            file.symlink_to(secret)
        elif harm == "pipe":
            os.mkfifo(file)
        elif harm == "folder":
            file.mkdir()
        answer = fetch(owner, holding)
        assert (answer.status, b"Recheck the torrent" in answer.body) == (410, True)


class TestOpeningBelowAFolder:
    @pytest.mark.parametrize("path", ["../secret", "a/../../secret", "/etc/hostname", "..", "a/..", "", ".", "a\0b"])
    def test_leads_nowhere_else(self, tmp_path: Path, path: str) -> None:
        (tmp_path / "box" / "a").mkdir(parents=True)
        (tmp_path / "secret").touch()
        with pytest.raises((OSError, ValueError)):
            os.close(open_below(str(tmp_path / "box"), path))

    def test_leaves_no_descriptor_open(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # counted, not walked
        for path in ("a", "a/b", "b/c"):
            with pytest.raises(OSError):
                open_below(str(tmp_path), path)
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208  # as above


class TestTheBytesOfAFile:
    def test_take_little_memory_however_many_they_are(self, tmp_path: Path) -> None:
        size_bytes = 256 * CHUNK_BYTES
        (tmp_path / "large").touch()
        os.truncate(tmp_path / "large", size_bytes)
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        async def count() -> int:
            content = FileBytes(open_below(str(tmp_path), "large"), Span(0, size_bytes))
            return sum([len(chunk) async for chunk in content])

        assert asyncio.run(count()) == size_bytes
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 32 * 1024

    def test_are_let_go_when_the_reader_goes_away(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(bytes(3 * CHUNK_BYTES))
        descriptor = open_below(str(tmp_path), "file")

        async def read_one() -> None:
            chunks = aiter(FileBytes(descriptor, Span(0, 3 * CHUNK_BYTES)))
            assert len(await anext(chunks)) == CHUNK_BYTES
            await chunks.aclose()  # type: ignore[attr-defined]  # an async generator, and so it has one

        asyncio.run(read_one())
        with pytest.raises(OSError):
            os.fstat(descriptor)

    def test_end_with_an_error_when_the_file_became_shorter(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(bytes(10))

        async def read() -> None:
            async for _ in FileBytes(open_below(str(tmp_path), "file"), Span(0, 11)):
                pass

        with pytest.raises(Vanished):
            asyncio.run(read())


class TestTheNameOfADownload:
    @given(st.text(min_size=1))
    def test_is_a_header_that_says_every_letter(self, name: str) -> None:
        header = attachment(name)
        assert header.isascii() and header.isprintable()
        plain = header.split('"')[1]
        said = unquote(header.partition("filename*=UTF-8''")[2], errors="strict") or plain
        assert all(
            one == other or (one == "_" and not other.isprintable()) for one, other in zip(said, name, strict=True)
        )
        assert header.count('"') == 2 and not set("/\\%") & set(plain)

    def test_of_nothing_is_file(self) -> None:
        assert attachment("") == 'attachment; filename="file"'
