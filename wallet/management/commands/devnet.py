"""A TRON development chain, for tests, demos and the box itself."""

import asyncio
import gc
import json
import signal
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wallet.devnet.server import Options, Ready, serve
from wallet.devnet.state_file import StateFileRefused
from wallet.domain.tron.keys import BadKey, address_of_key

DEFAULT_PORT = 9090
MOST_PORT = 65_535
LONGEST_BLOCK_S = 3_600.0
MOST_LAG = 1_000


class Command(BaseCommand):
    help = "Run a TRON development chain that speaks java-tron's HTTP. Prints one line of JSON when it is ready."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="an address to listen on; anybody there can make money")
        parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="0: any that is free")
        parser.add_argument(
            "--second-port", type=_port, metavar="PORT", help="another view of the chain, with faults of its own"
        )
        parser.add_argument(
            "--block-seconds", type=_seconds, default=3.0, metavar="S", help="0: blocks by devnet/mine only"
        )
        parser.add_argument(
            "--solid-lag", type=_lag, default=19, metavar="BLOCKS", help="from the head to the solid block"
        )
        parser.add_argument(
            "--fund",
            type=_key,
            action="append",
            default=[],
            metavar="HEXKEY",
            help="a private key that shall have plenty of everything; repeat it for more. Without it, and without "
            "--state, a key is made up. Never a key that is worth something",
        )
        parser.add_argument("--state", type=Path, metavar="FILE", help="keep the chain in this SQLite file")
        parser.add_argument("--no-control", action="store_true", help="no faucet, reorgs or faults by devnet/")

    def handle(self, **options: Any) -> None:
        chosen = Options(
            host=options["host"],
            port=options["port"],
            second_port=options["second_port"],
            block_s=options["block_seconds"],
            solid_lag=options["solid_lag"],
            keys=options["fund"],
            makes_key=not options["fund"] and options["state"] is None,
            state_path=options["state"],
            is_controlled=not options["no_control"],
        )
        gc.freeze()  # what was loaded up to here stays: looking through it for cycles would only take time
        try:
            asyncio.run(self._serve(chosen))
        except OSError as problem:
            raise CommandError(f"The chain cannot listen on {chosen.host}: {problem.strerror or problem}") from None
        except StateFileRefused as problem:
            raise CommandError(str(problem)) from None

    async def _serve(self, options: Options) -> None:
        until = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, until.set)
        await serve(options, announce=self._announce, until=until)

    def _announce(self, ready: Ready) -> None:
        self.stdout.write(json.dumps(ready.as_json()))
        self.stdout.flush()


def _port(text: str) -> int:
    return _between(text, 0, MOST_PORT, "a port")


def _lag(text: str) -> int:
    return _between(text, 0, MOST_LAG, "a number of blocks")


def _between(text: str, least: int, most: int, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise ArgumentTypeError(f"{text} is not {what} from {least} to {most}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= LONGEST_BLOCK_S:
        raise ArgumentTypeError(f"{text} is no time from 0 to {LONGEST_BLOCK_S:g} seconds")
    return found


def _key(text: str) -> bytes:
    """Return a private key; what is wrong with one is told without telling it."""
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
        address_of_key(key)
    except (ValueError, BadKey):
        raise ArgumentTypeError("a private key has 64 digits of hex, and is not zero") from None
    return key
