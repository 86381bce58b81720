"""The market's door on real sockets: how it calls, and what strangers can do to it."""

import asyncio
import contextlib
import random
import socket

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Origin, Subprotocol

from speed.domain.messages import Ask, Audit, Auth, Bye, Error, Hello, Message, encode, parse
from speed.wire.door import MAX_OF_PLACE
from speed.wire.port import DialFailed
from speed.wire.websocket import PATH, SUBPROTOCOL, USUAL, Times, listen_at
from tests.speed_doors import BUYER, HERE, HUB, SELLER, STRANGE_HUB, STRANGER, Scene, play

SHORT = Times(open_s=1.0)


async def said(stranger: ClientConnection) -> tuple[list[Message], int | None]:
    """Return what a stranger was told until he was hung up on, and the code of that."""
    heard: list[Message] = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            heard.append(parse(str(await stranger.recv())))
    return heard, stranger.close_code


def error_codes(heard: list[Message]) -> list[str]:
    return [message.code for message in heard if isinstance(message, Error)]


class TestWhoCalls:
    def test_is_seen_at_the_address_that_he_calls_from(self) -> None:
        async def part(scene: Scene) -> None:
            await scene.door(BUYER, scene.buyers_ear).dial(scene.endpoint, interface="127.0.0.7")
            await scene.ear.until(lambda: scene.ear.links, "a caller")
            assert scene.ear.links[0].address == "127.0.0.7"
            assert scene.ear.links[0].place == "127.0.0.7/32"

        play(part)

    def test_goes_through_the_device_that_the_node_is_bound_to(self) -> None:
        async def part(scene: Scene) -> None:
            await scene.call(interface="lo")
            with pytest.raises(DialFailed, match="nosuchdevice"):
                await scene.door(BUYER, scene.buyers_ear).dial(scene.endpoint, interface="nosuchdevice")
            with pytest.raises(DialFailed, match="bound to ::1"):
                await scene.door(BUYER, scene.buyers_ear).dial(scene.endpoint, interface="::1")
            with pytest.raises(DialFailed, match="can't be used"):
                await scene.door(BUYER, scene.buyers_ear).dial(scene.endpoint, interface="192.0.2.1")

        play(part)

    def test_has_a_place_in_ipv6_too(self) -> None:
        async def part(scene: Scene) -> None:
            await scene.call(interface="::1")
            assert (scene.ear.links[0].address, scene.ear.links[0].place) == ("::1", "::/64")
            assert scene.buyers_ear.links[0].endpoint == scene.endpoint
            assert scene.endpoint.startswith("[::1]:")

        play(part, listen="[::1]:0")

    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            (b"HTTP/1.1 302 Found\r\nLocation: ws://{other}/speed/1\r\nContent-Length: 0\r\n\r\n", "302"),
            (b"SSH-2.0-whatever\r\n", "no market"),
            (b"", "no market|does not answer"),
        ],
        ids=["a redirect", "another protocol", "nothing"],
    )
    def test_goes_nowhere_else_and_waits_for_nobody_long(self, answer: bytes, why: str) -> None:
        async def part(scene: Scene) -> None:
            async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer.replace(b"{other}", scene.endpoint.encode()))
                with contextlib.suppress(OSError):
                    await reader.read()
                writer.close()

            server = await asyncio.start_server(reply, HERE, 0)
            host, port = server.sockets[0].getsockname()
            with pytest.raises(DialFailed, match=why):
                await scene.door(BUYER, scene.buyers_ear).dial(f"{host}:{port}")
            server.close()
            await server.wait_closed()
            assert scene.ear.links == []

        play(part, times=USUAL if answer else SHORT)

    def test_needs_an_address(self) -> None:
        async def part(scene: Scene) -> None:
            with pytest.raises(DialFailed, match="a name:6890 is no address"):
                await scene.door(BUYER, scene.buyers_ear).dial("a name:6890")

        play(part)


class TestAStranger:
    @pytest.mark.parametrize(
        ("ways", "status"),
        [
            ({"origin": Origin("https://a.example")}, 403),
            ({"path": "/"}, 404),
            ({"subprotocols": [Subprotocol("btt-speed.2")]}, 400),
            ({"subprotocols": None}, 400),
        ],
        ids=["a browser", "another path", "another version", "no subprotocol"],
    )
    def test_is_turned_away_who_asks_for_something_else(self, ways: dict[str, object], status: int) -> None:
        async def part(scene: Scene) -> None:
            with pytest.raises(InvalidStatus) as refused:
                async with scene.stranger(**ways):
                    pass
            assert refused.value.response.status_code == status
            await scene.call()

        play(part)

    @pytest.mark.parametrize(
        ("greeting", "code"),
        [
            (encode(Ask(())), "unexpected"),
            (encode(Hello(2, STRANGER.public_key, bytes(16), (HUB,), ())), "version"),
            (encode(Hello(1, SELLER.public_key, bytes(16), (HUB,), ())), "self"),
            (encode(Hello(1, STRANGER.public_key, bytes(16), (STRANGE_HUB,), ())), "no_common_hub"),
            (encode(Hello(1, STRANGER.public_key, bytes(16), (HUB,), ())) + "AUTH", "bad_auth"),
        ],
    )
    def test_is_told_why_hands_are_not_shaken(self, greeting: str, code: str) -> None:
        async def part(scene: Scene) -> None:
            async with scene.stranger() as stranger:
                await stranger.send(greeting.removesuffix("AUTH"))
                if greeting.endswith("AUTH"):
                    await stranger.send(encode(Auth(bytes(65))))
                heard, closed = await said(stranger)
            assert error_codes(heard) == [code]
            assert closed == 1008
            assert scene.ear.links == []

        play(part)

    def test_is_told_when_he_holds_four_connections(self) -> None:
        async def part(scene: Scene) -> None:
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(4):
                    await stack.enter_async_context(scene.friend())
                fifth = await stack.enter_async_context(scene.friend())
                assert error_codes((await said(fifth))[0]) == ["too_many"]

        play(part)

    @pytest.mark.parametrize(
        "frame",
        [
            b"binary",
            "no JSON",
            '{"t":"bye","t":"bye","reason":""}',
            '{"t":"ask","torrents":[' + "[" * 600 + "]" * 600 + "]}",
            '{"t":"bye","reason":"' + "x" * 16_384 + '"}',
            [b'{"t":"bye","reason":"' + b"x" * 9_000, b"x" * 9_000 + b'"}'],
            ["{", *[""] * 300],
        ],
        ids=["binary", "no JSON", "twice", "deep", "large", "large in pieces", "pieces without end"],
    )
    def test_is_hung_up_on_with_1008_for_a_frame_that_is_none(self, frame: str | bytes | list[str | bytes]) -> None:
        async def part(scene: Scene) -> None:
            async with scene.friend() as stranger:
                await stranger.send(frame)
                with contextlib.suppress(ConnectionClosed):
                    await stranger.send(encode(Audit(1)))  # too late
                heard, closed = await said(stranger)
            assert closed == 1008
            assert error_codes(heard) in ([], ["too_many"])
            await scene.ear.until(lambda: scene.ear.ended, "an end")
            assert scene.ear.messages == []
            await scene.call()

        play(part)

    def test_keeps_the_connection_who_says_what_is_not_known_or_has_no_place(self) -> None:
        async def part(scene: Scene) -> None:
            async with scene.friend() as stranger:
                await stranger.send('{"t":"of tomorrow","more":[1,2]}')
                await stranger.send(encode(Auth(bytes(65))))
                await stranger.send(encode(Error("odd", "")))
                await stranger.send(encode(Bye("")))
                await scene.ear.until(lambda: scene.ear.messages, "good-bye")
                scene.ear.links[0].close("")
                heard, closed = await said(stranger)
            assert error_codes(heard) == ["unknown_type", "unexpected"]
            assert closed == 1000
            assert scene.ear.kinds() == ["Error", "Bye"]

        play(part)

    @pytest.mark.parametrize("flood", ["messages", "pings"])
    def test_is_hung_up_on_who_says_too_much(self, flood: str) -> None:
        async def part(scene: Scene) -> None:
            async with scene.friend() as stranger:
                with contextlib.suppress(ConnectionClosed):
                    for _ in range(2_000):
                        if flood == "messages":
                            await stranger.send(encode(Audit(1)))
                        else:
                            await stranger.ping()
                heard, closed = await said(stranger)
            assert error_codes(heard) == ["too_many"]
            assert closed == 1008
            await scene.ear.until(lambda: scene.ear.ended, "an end")
            assert len(scene.ear.messages) <= 1_000  # not all that was said
            scene.ear.messages.clear()
            await scene.call()

        play(part)

    def test_is_let_go_who_says_nothing_or_half_of_it(self) -> None:
        async def part(scene: Scene) -> None:
            host, port = scene.endpoint.rsplit(":", 1)
            readers = []
            for start in (b"", b"GET /speed/1 HTTP/1.1\r\nHost: x\r\n"):
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(start)
                readers.append((reader, writer))
            async with scene.stranger() as silent:
                heard, _ = await said(silent)
            assert [type(message) for message in heard] == [Hello]
            for reader, writer in readers:
                with contextlib.suppress(ConnectionResetError):
                    await reader.read()
                writer.close()
            assert scene.ear.links == []

        play(part, times=SHORT)

    def test_is_let_go_who_does_not_answer_pings(self) -> None:
        async def part(scene: Scene) -> None:
            async with scene.friend() as stranger:
                stranger.transport.pause_reading()
                await scene.ear.until(lambda: scene.ear.ended, "an end")
                stranger.transport.abort()

        play(part, times=Times(ping_s=0.5))

    def test_writes_nothing_into_our_log_but_what_can_be_printed(self) -> None:
        async def part(scene: Scene) -> None:
            async with scene.friend() as stranger:
                await stranger.close(4000, "well\n2026 ERROR\x1b[2J")
            await scene.ear.until(lambda: scene.ear.ended, "an end")
            reason = scene.ear.ended[0][1]
            assert "well2026" in reason
            assert reason.isprintable()

        play(part)

    def test_is_let_go_who_never_says_good_bye_back(self) -> None:
        async def part(scene: Scene) -> None:
            async with scene.friend() as stranger:
                scene.ear.links[0].close("enough")
                heard, closed = await said(stranger)
                assert heard == [Bye("enough")]
                assert closed == 1000
            await scene.ear.until(lambda: scene.ear.ended, "an end")
            assert scene.ear.ended[0][1] == "enough"

        play(part, times=Times(last_words_s=0.1))

    def test_costs_no_memory_who_takes_nothing(self) -> None:
        async def part(scene: Scene) -> None:
            async with scene.friend() as stranger:
                stranger.transport.pause_reading()
                link = scene.ear.links[0]
                for _ in range(200):
                    link.send(Ask((bytes(20),) * 64))
                await scene.ear.until(lambda: scene.ear.ended, "an end")
                assert "too little" in scene.ear.ended[0][1]
                stranger.transport.abort()

        play(part)

    def test_has_sixteen_connections_of_a_thousand_and_others_are_served(self) -> None:
        async def part(scene: Scene) -> None:
            host, port = scene.endpoint.rsplit(":", 1)
            made = [await asyncio.open_connection(host, int(port), local_addr=("127.0.0.9", 0)) for _ in range(1_000)]
            await scene.call()
            ends = [asyncio.ensure_future(is_dropped(reader)) for reader, _ in made]
            for dropped, end in enumerate(asyncio.as_completed(ends), start=1):
                assert await end
                if dropped == 1_000 - MAX_OF_PLACE:
                    break
            for _, writer in made:
                writer.transport.abort()
            await asyncio.wait(ends)

        play(part, times=Times(open_s=600))  # none of them has to go for another reason

    def test_harms_nobody_with_noise_and_fills_no_log(self, caplog: pytest.LogCaptureFixture) -> None:
        async def part(scene: Scene) -> None:
            draw = random.Random(1)
            for _ in range(60):
                with contextlib.suppress(ConnectionClosed):
                    async with scene.friend() if draw.random() < 0.5 else scene.stranger() as stranger:
                        stranger.transport.write(noise(draw))
                        if draw.random() < 0.5:
                            stranger.transport.abort()
                        else:
                            stranger.transport.write_eof()
                            await said(stranger)
            await scene.call()

        play(part)
        assert caplog.records == []


class TestAConnection:
    def test_is_dropped_that_takes_nothing_though_it_is_there(self) -> None:
        async def all_of_it() -> None:
            dropped = asyncio.get_running_loop().create_future()

            async def talk(caller: ServerConnection) -> None:
                caller.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
                try:
                    while True:
                        await caller.send("x" * 16_000)
                except ConnectionClosed as end:
                    dropped.set_result(end)

            async with listen_at(
                HERE, 0, answer=talk, enter=lambda _: True, leave=lambda _: None, times=Times(stuck_s=0.2)
            ) as server:
                host, port = server.sockets[0].getsockname()
                uri = f"ws://{host}:{port}{PATH}"
                async with connect(uri, subprotocols=[SUBPROTOCOL], proxy=None, max_queue=1) as deaf:
                    deaf.transport.pause_reading()
                    async with asyncio.timeout(100):
                        await dropped
                    deaf.transport.abort()

        asyncio.run(all_of_it())


def noise(draw: random.Random) -> bytes:
    """Return what is no frame, or is one that somebody has scratched."""
    if draw.random() < 0.3:
        return draw.randbytes(draw.randrange(1, 5_000))
    masked = Frame(draw.choice(list(Opcode)), encode(Audit(1)).encode()).serialize(mask=True)
    scratched = bytearray(masked * draw.randrange(1, 60))
    for _ in range(draw.randrange(4)):
        scratched[draw.randrange(len(scratched))] = draw.randrange(256)
    return bytes(scratched)


async def is_dropped(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionResetError):
        return await reader.read() == b""
    return True
