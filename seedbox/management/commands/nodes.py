"""Tell how the box's nodes are, and say how one shall reach the world."""

import dataclasses
import json
import time
from argparse import BooleanOptionalAction
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from seedbox.domain.network import BadNetwork, NetworkSettings, explain, parse_proxy
from seedbox.domain.units import format_bytes, format_duration
from seedbox.services import audit, networks, nodes
from seedbox.services.sealing import SealBroken

_PLAIN = ("interface", "anonymous", "port_mapping", "blocklist_path", "max_connections", "max_upload_slots")
LOOK_EVERY_S = 0.25


class Command(BaseCommand):
    help = "List the nodes: whether they live, where they keep torrents, and what is wrong. `set` changes one."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        verbs = parser.add_subparsers(dest="verb", title="what to do; without it the nodes are listed")
        change = verbs.add_parser("set", help="change how a node reaches the world; what isn't named stays")
        change.add_argument("name", help="of the node")
        change.add_argument("--interface", help=explain("interface"))
        change.add_argument("--proxy", metavar="URL", help="socks5://USER@HOST:PORT, http://HOST:PORT or none")
        change.add_argument("--proxy-password-file", type=Path, metavar="FILE", help="its first line is the password")
        change.add_argument("--anonymous", action=BooleanOptionalAction, default=None, help=explain("anonymous"))
        change.add_argument("--port-mapping", action=BooleanOptionalAction, default=None, help=explain("port_mapping"))
        change.add_argument("--blocklist", dest="blocklist_path", metavar="PATH", help=explain("blocklist_path"))
        change.add_argument("--max-connections", type=int, help=explain("max_connections"))
        change.add_argument("--max-upload-slots", type=int, help=explain("max_upload_slots"))
        change.add_argument(
            "--wait", type=float, metavar="SECONDS", help="end with 0 only when the node has applied it"
        )
        change.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, verb: str | None, json: bool, **options: Any) -> None:
        if verb == "set":
            self._change(**options)
        self._print(only=options.get("name", ""), as_json=json)

    def _change(self, *, name: str, proxy: str | None, wait: float | None, **options: Any) -> None:
        try:
            settings = networks.standing(networks.find_node(name)).settings
            given = {field: options[field] for field in _PLAIN if options[field] is not None}
            if proxy is not None:
                kind, host, port, user = parse_proxy(proxy)
                given |= {"proxy_kind": kind, "proxy_host": host, "proxy_port": port, "proxy_user": user}
            password = _password(options["proxy_password_file"])
            wanted: NetworkSettings = dataclasses.replace(settings, **given, proxy_password=password or "")
            origin, now = audit.command_line(), datetime.now(UTC)
            networks.change(node_name=name, settings=wanted, keeps_password=password is None, origin=origin, now=now)
        except (BadNetwork, networks.NoSuchNode) as refusal:
            raise CommandError(str(refusal)) from None
        except SealBroken:
            raise CommandError("the kept password can't be read any more: give it again in a file") from None
        if wait is not None:
            _wait_for_answer(name, wait)

    def _print(self, *, only: str, as_json: bool) -> None:
        found = [node for node in nodes.health(datetime.now(UTC)).nodes if only in ("", node.name)]
        if as_json:
            rows = [dataclasses.asdict(node) for node in found]
            self.stdout.write(json.dumps(rows, cls=DjangoJSONEncoder, indent=2))
            return
        for node in found:
            beat = "never" if node.beat_age_s is None else f"{format_duration(node.beat_age_s)} ago"
            network = node.network.answer or "no answer yet"
            self.stdout.write(
                f"{node.name}  {'alive' if node.is_alive else 'dead'}, last beat {beat}, torrents: {node.torrents} in "
                f"{node.folder}, {format_bytes(node.free_bytes)} free, network: {network}  {node.problem}".rstrip()
            )


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text().partition("\n")[0]
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandError(f"the password file {path} can't be read: {problem}") from None


def _wait_for_answer(name: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        standing = networks.standing(networks.find_node(name))
        if standing.is_answered and not standing.problem:
            return
        if time.monotonic() >= deadline:
            raise CommandError(standing.problem if standing.is_answered else f"no answer within {seconds:g} s")
        time.sleep(LOOK_EVERY_S)
