"""Use torrents from a shell, as one user of the box."""

import ipaddress
import json
from argparse import ArgumentTypeError
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser

from seedbox import wiring
from seedbox.domain.metainfo import MAX_TORRENT_FILE_BYTES, BadTorrent, Source
from seedbox.management.waiting import Download, all_deleted, all_rest, own_holdings, wait
from seedbox.models import Holding, User
from seedbox.models.user import Role
from seedbox.services import holdings
from seedbox.services.rows import torrent_row

MAX_PORT = 65_535
_OUTCOMES = {"add": "downloaded", "start": "downloaded", "stop": "stopped", "remove": "deleted"}


class Command(BaseCommand):
    help = "Add, list, show, start, stop and remove torrents of one user."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="add torrent files and magnets")
        add.add_argument("sources", nargs="+", metavar="FILE_OR_MAGNET")
        add.add_argument("--peer", action="append", default=[], type=read_peer, metavar="IP:PORT", help="a peer to ask")
        verbs.add_parser("list", help="list the user's torrents")
        show = verbs.add_parser("show", help="show torrents")
        changing = [verbs.add_parser(verb, help=f"{verb} torrents") for verb in ("start", "stop", "remove")]
        for with_ids in (show, *changing):
            with_ids.add_argument("ids", nargs="+", type=int, metavar="ID")
        for verb, subparser in verbs.choices.items():
            subparser.add_argument("--user", default="", help="default: the only user, or the first admin")
            subparser.add_argument("--json", action="store_true", help="print JSON")
            if outcome := _OUTCOMES.get(verb):
                help_text = f"end with 0 only when all are {outcome}, within this time"
                subparser.add_argument("--wait", type=float, metavar="SECONDS", help=help_text)

    def handle(self, *, verb: str, user: str, **options: Any) -> None:
        acting = find_user(user)
        if verb == "add":
            self._add(acting, **options)
        elif verb == "list":
            self._print(own_holdings(acting), as_json=options["json"])
        elif verb == "show":
            self._print(find_holdings(acting, options["ids"]), as_json=options["json"])
        else:
            self._change(acting, cast("holdings.Verb", verb), **options)

    def _add(self, user: User, *, sources: list[str], peer: list[str], **options: Any) -> None:
        added, failed = [], 0
        for text in sources:
            try:
                holding = holdings.add(user=user, source=read_source(text), now=datetime.now(UTC), peers=peer)
                added.append(holding.pk)
            except (BadTorrent, holdings.AlreadyHeld, holdings.PrivateElsewhere) as problem:
                failed += 1
                self.stderr.write(f"{text[:200]}: {problem}")
        in_time = self._wait_for("add", user, added, [], options["wait"])
        self._print(find_holdings(user, added), as_json=options["json"])
        if failed:
            raise CommandError(f"{failed} of {len(sources)} could not be added")
        if not in_time:
            raise CommandError(f"not all were downloaded within {options['wait']:g} s")

    def _change(self, user: User, verb: holdings.Verb, *, ids: list[int], **options: Any) -> None:
        before = find_holdings(user, ids)
        holdings.change(user=user, holding_ids=ids, verb=verb, now=datetime.now(UTC))
        in_time = self._wait_for(verb, user, ids, [holding.torrent_id for holding in before], options["wait"])
        self._print(before if verb == "remove" else find_holdings(user, ids), as_json=options["json"])
        if not in_time:
            raise CommandError(f"not all were {_OUTCOMES[verb]} within {options['wait']:g} s")

    def _wait_for(
        self, verb: str, user: User, holding_ids: list[int], torrent_ids: list[int], seconds: float | None
    ) -> bool:
        if seconds is None:
            return True
        if verb == "remove":
            return wait(seconds, lambda: all_deleted(torrent_ids))
        if verb == "stop":
            return wait(seconds, lambda: all_rest(user, holding_ids))
        download = Download(user=user, holding_ids=holding_ids, write=self.stderr.write)
        return wait(seconds, download.is_complete)

    def _print(self, found: list[Holding], *, as_json: bool) -> None:
        rows = [machine_row(holding) for holding in found]
        if as_json:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        for row, holding in zip(rows, found, strict=True):
            cells = torrent_row(holding)
            self.stdout.write(f"{row['id']:>6}  {cells['progress']:>7}  {cells['state_label']:<18}  {row['name']}")


def machine_row(holding: Holding) -> dict[str, str | int]:
    """Return what programs are told of a holding."""
    cells = torrent_row(holding)
    return {
        "id": holding.pk,
        "info_hash": holding.torrent.info_hash_v1 or holding.torrent.info_hash_v2,
        "name": cells["name"],
        "state": cells["state"],
        "progress_ppm": cells["progress_ppm"],
        "save_path": holding.torrent.save_path,
        "error": cells["error"],
    }


def find_user(name: str) -> User:
    """Return the user of this name; without a name the only user, else the first admin."""
    if name:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"there is no user {name!r}")
        return user
    users = list(User.objects.order_by("pk")[:2])
    if len(users) == 1:
        return users[0]
    admin = User.objects.filter(role=Role.ADMIN).order_by("pk").first()
    if admin is None:
        raise CommandError("there is no user yet: start the box once, or name one with --user")
    return admin


def find_holdings(user: User, ids: Collection[int]) -> list[Holding]:
    found = [holding for holding in own_holdings(user) if holding.pk in set(ids)]
    if missing := set(ids) - {holding.pk for holding in found}:
        raise CommandError(f"{user.get_username()} has no torrent {', '.join(map(str, sorted(missing)))}")
    return found


def read_source(text: str) -> Source:
    """Read a magnet link or the torrent file at a path; raises BadTorrent."""
    if text.strip().lower().startswith("magnet:"):
        return wiring.read_magnet(text)
    try:
        with Path(text).open("rb") as file:
            return wiring.read_torrent_file(file.read(MAX_TORRENT_FILE_BYTES + 1))
    except OSError as problem:
        raise BadTorrent(f"This file can't be read: {problem.strerror}.") from None


def read_peer(text: str) -> str:
    """Check an "IP:PORT", IPv6 in brackets."""
    address, _, port = text.rpartition(":")
    try:
        is_v6 = ipaddress.ip_address(address.strip("[]")).version == 6
    except ValueError:
        raise ArgumentTypeError(f"{text}: write IP:PORT") from None
    if not (port.isascii() and port.isdecimal()) or not 1 <= int(port) <= MAX_PORT or is_v6 != address.startswith("["):
        raise ArgumentTypeError(f"{text}: write IP:PORT, IPv6 in brackets")
    return text
