"""A small HTTP/1.1 server: bytes of a connection in, one request after the other, bytes out.

It is our own because a chain that shall be able to fail must be able to break off in the middle of an answer, or never
to give it, and must end cleanly after that. All that a client sends has a limit in size and in time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus

from wallet.devnet.http import OPEN_TO_PAGES, Answer, Arrived

MOST_HEAD_BYTES = 32 * 1024
MOST_BODY_BYTES = 4 * 1024 * 1024  # the largest transaction, three times in hex, and room
MOST_CONNECTIONS = 400  # of one port; a process has 1,024 files by default
IDLE_TIME_S = 60.0  # between two requests of one connection
REQUEST_TIME_S = 20.0  # for all bytes of one request
LAST_BYTES_S = 2.0  # for a client to read why it is refused
ANSWER_TIME_S = 60.0  # for a client to take an answer
METHODS = ("GET", "HEAD", "POST", "OPTIONS")

Application = Callable[[Arrived], Awaitable[Answer]]


class Refused(Exception):
    """What came is no request that is read here; its status says why, and the connection ends."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Connections:
    """The open connections of one port; `close` ends them all."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Take the port, 0 for any that is free, and return it; raise OSError when it is taken."""
        # One more byte than a head may have, so that a head of exactly that size is still found.
        self._server = await asyncio.start_server(self._serve, host, port, limit=MOST_HEAD_BYTES + 1)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        if self._server:
            self._server.close()
        for connection in self._open:
            connection.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            if len(self._open) > MOST_CONNECTIONS:
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE)
            while await self._serve_one(reader, writer):
                pass
        except Refused as problem:
            with suppress(OSError, TimeoutError):
                await _refuse(problem, reader, writer)
        except (OSError, TimeoutError, EOFError):
            pass  # the client went away, or was silent for too long: nobody is there to be told
        except asyncio.CancelledError:
            pass  # the server closes; this task is its own end, and asyncio's streams complain about others
        finally:
            self._open.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection can carry another."""
        first = await asyncio.wait_for(reader.read(1), IDLE_TIME_S)
        if not first:
            return False
        async with asyncio.timeout(REQUEST_TIME_S):
            method, target, headers, is_kept = await _read_head(first, reader)
            if headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await _read_body(headers, reader)
        answer = await self._application(Arrived(method, target, headers, body))
        if answer.stays_open:
            await _until_gone(reader)
            return False
        is_kept = is_kept and not answer.breaks_off
        await _write(writer, _head(answer, ends=not is_kept) + (b"" if method == "HEAD" else answer.body))
        return is_kept


async def _read_head(first: bytes, reader: asyncio.StreamReader) -> tuple[str, str, Mapping[str, str], bool]:
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    first_line, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    match first_line.split(" "):
        case [method, target, ("HTTP/1.1" | "HTTP/1.0") as version] if target.startswith("/"):
            pass
        case _:
            raise Refused(HTTPStatus.BAD_REQUEST)
    if method not in METHODS:
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED)
    headers: dict[str, str] = {}
    for line in lines:
        written, colon, value = line.partition(":")
        name = written.lower()
        if not colon or not name or name != name.strip() or (name == "content-length" and name in headers):
            raise Refused(HTTPStatus.BAD_REQUEST)
        headers[name] = value.strip()
    is_kept = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    return method, target, headers, is_kept


async def _read_body(headers: Mapping[str, str], reader: asyncio.StreamReader) -> bytes:
    coding = headers.get("transfer-encoding", "").lower()
    length = headers.get("content-length", "0")
    if coding:
        if coding != "chunked" or "content-length" in headers:
            raise Refused(HTTPStatus.BAD_REQUEST)
        return await _read_chunks(reader)
    if not (length.isascii() and length.isdigit()):
        raise Refused(HTTPStatus.BAD_REQUEST)
    if len(length) > len(str(MOST_BODY_BYTES)) or int(length) > MOST_BODY_BYTES:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            length = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
            size += length
            if length < 0 or size > MOST_BODY_BYTES:
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if length == 0:
                while await reader.readuntil(b"\r\n") != b"\r\n":
                    pass  # trailers say nothing that is needed; the time of the request limits them
                return b"".join(parts)
            parts.append(await reader.readexactly(length))
            if await reader.readexactly(2) != b"\r\n":
                raise Refused(HTTPStatus.BAD_REQUEST)
    except (ValueError, asyncio.LimitOverrunError):
        raise Refused(HTTPStatus.BAD_REQUEST) from None


async def _refuse(problem: Refused, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer, and take what still comes for a moment: with bytes unread the system would take the answer back."""
    await _write(writer, _head(Answer(b"", problem.status, headers=OPEN_TO_PAGES), ends=True))
    writer.write_eof()
    async with asyncio.timeout(LAST_BYTES_S):
        await _until_gone(reader)


async def _until_gone(reader: asyncio.StreamReader) -> None:
    while await reader.read(MOST_HEAD_BYTES):
        pass


def _head(answer: Answer, *, ends: bool) -> bytes:
    promised = len(answer.body) + (1 if answer.breaks_off else 0)
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.kind}",
        f"Content-Length: {promised}",
        *(f"{name}: {value}" for name, value in answer.headers),
        *(["Connection: close"] if ends else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    async with asyncio.timeout(ANSWER_TIME_S):
        await writer.drain()
