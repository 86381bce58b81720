"""Asks the web process over HTTP whether the box is ready."""

import asyncio
import contextlib
import ipaddress
from dataclasses import dataclass

from seedbox.config.env import Environment

LOOK_AGAIN_S = 0.1
LOOK_AGAIN_ANSWERED_S = 0.5  # each look leaves a line in web's log while something is missing
ANSWER_S = 2.0
ALL_WELL_WAIT_S = 15.0  # after web's first answer; then people are let in although something is still missing
HEAD_BYTES = 4_096


@dataclass(frozen=True)
class Readiness:
    all_well: bool  # false: web answers, but reports that a part is missing


async def until_ready(environment: Environment) -> Readiness:
    """Return when /healthz says that all is well, or some time after web first answered at all."""
    loop = asyncio.get_running_loop()
    while not (status := await _health_status(environment)):
        await asyncio.sleep(LOOK_AGAIN_S)
    deadline = loop.time() + ALL_WELL_WAIT_S
    while status != 200 and loop.time() < deadline:
        await asyncio.sleep(LOOK_AGAIN_ANSWERED_S)
        status = await _health_status(environment)
    return Readiness(all_well=status == 200)


async def web_answers(environment: Environment) -> bool:
    """Return whether web answers at all; what else is missing is not its fault."""
    return await _health_status(environment) is not None


async def _health_status(environment: Environment) -> int | None:
    with contextlib.suppress(OSError, TimeoutError, ValueError, IndexError, asyncio.LimitOverrunError):
        async with asyncio.timeout(ANSWER_S):
            return await _ask(_reachable(environment.bind), environment.port)
    return None


async def _ask(host: str, port: int) -> int:
    reader, writer = await asyncio.open_connection(host, port, limit=HEAD_BYTES)
    try:
        # "localhost" is always an allowed host, whatever the public address is.
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()


def _reachable(bind: str) -> str:
    address = ipaddress.ip_address(bind)
    if not address.is_unspecified:
        return bind
    return "127.0.0.1" if address.version == 4 else "::1"
