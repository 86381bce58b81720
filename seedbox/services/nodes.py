"""Nodes: who owns one, how it is, and where new torrents go."""

import shutil
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from redis.backoff import NoBackoff
from redis.retry import Retry

from seedbox.domain.folders import FolderHealth, folder_for_new
from seedbox.domain.kept import told
from seedbox.domain.units import format_bytes
from seedbox.models import Node

LEASE = timedelta(seconds=15)  # five missed beats
REDIS_TIMEOUT_S = 0.5
NOT_RUNNING = gettext_noop("The node does not run.")
LEAST_FREE_BYTES = 1024 * 1024  # SQLite's journal wants a few pages for each write
LOW_BYTES = 5 * 1024**3
LOW_PART = 20  # of the whole disk, as one in so many: a small disk is not low from the first day


def names() -> list[str]:
    return list(Node.objects.order_by("name").values_list("name", flat=True))


def folders() -> list[tuple[str, FolderHealth]]:
    """Return every folder with the name of its node, as its last beat told."""
    found = Node.objects.order_by("name").values_list("name", "folders")
    return [(name, _folder_health(entry)) for name, entries in found for entry in entries]


class LeaseHeld(Exception):
    """Another process owns this node: stop it, or give this one another NODE_NAME."""


def node_for_new_torrents() -> Node:
    """Return the node that takes new torrents: the one this install is named for, made here if it never started."""
    defaults = {"folder": str(settings.NODE_FOLDER)}
    return Node.objects.get_or_create(name=settings.NODE_NAME, defaults=defaults)[0]


class Rival:
    """What a process that wants a node has seen of its owner."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._beat_at: datetime | None = None
        self._seen_s = 0.0

    def is_silent(self, beat_at: datetime | None) -> bool:
        """Say whether this same beat was the last one for as long as a lease lasts, by a clock that never jumps."""
        if self._beat_at is None or beat_at != self._beat_at:
            self._beat_at, self._seen_s = beat_at, self._clock_s()
        return self._clock_s() - self._seen_s >= LEASE.total_seconds()


def claim(*, name: str, token: str, folder: str, now: datetime, rival: Rival | None = None) -> Node:
    """Make `token` the owner of the node; raises LeaseHeld while another owner's beat is younger than the lease.

    The same token claims again at once: whoever knows it has made sure that its earlier process is dead. With a
    `rival` it is not the clock that decides, which may have jumped or differ from that of another machine, but that no
    new beat was seen for as long as a lease lasts.
    """
    found = Node.objects.get_or_create(name=name, defaults={"folder": folder})[0]
    expired = Q(beat_at__lt=now - LEASE)
    if rival is not None:
        expired = Q(beat_at=found.beat_at) if rival.is_silent(found.beat_at) else Q(pk__in=[])
    free = Q(lease_token="") | Q(lease_token=token) | Q(beat_at__isnull=True) | expired
    taken = Node.objects.filter(free, name=name).update(
        lease_token=token, started_at=now, beat_at=now, folder=folder, problem=""
    )
    if not taken:
        raise LeaseHeld(
            f"the node {name!r} is run by another process (its last beat is younger than {LEASE.seconds} s): "
            "stop that one, or set another NODE_NAME for this one"
        )
    return Node.objects.get(name=name)


def release(*, node_id: int, token: str) -> None:
    """Give the node up, so that another process can claim it at once."""
    Node.objects.filter(pk=node_id, lease_token=token).update(lease_token="")


@dataclass(frozen=True)
class Beat:
    """What a node tells of itself with each beat."""

    folders: tuple[FolderHealth, ...]
    known_folders: Collection[str]  # names of those whose marker was seen: they may go missing
    counters: Mapping[str, int]
    problem: str  # one sentence, "" when well
    engine_version: str = ""
    listens_on: tuple[str, ...] = ()
    box_version: str = ""
    memory_bytes: int = 0  # of its process


def is_low(node: Node) -> bool:
    """Say whether the disk for new torrents fills up."""
    return node.total_bytes > 0 and node.free_bytes < min(LOW_BYTES, node.total_bytes // LOW_PART)


def beat(*, node_id: int, token: str, now: datetime, figures: Beat) -> bool:
    """Renew the lease and store the figures; false: another process has taken the node over."""
    takes_new = folder_for_new(figures.folders)
    disk = next(folder for folder in figures.folders if folder.path == takes_new)
    renewed = Node.objects.filter(pk=node_id, lease_token=token).update(
        beat_at=now,
        folder=takes_new,
        folders=[asdict(folder) | {"known": folder.name in figures.known_folders} for folder in figures.folders],
        free_bytes=disk.free_bytes,
        total_bytes=disk.total_bytes,
        counters=dict(figures.counters),
        problem=figures.problem,
        engine_version=figures.engine_version,
        listens_on=list(figures.listens_on),
        box_version=figures.box_version,
        memory_bytes=figures.memory_bytes,
    )
    return bool(renewed)


@dataclass(frozen=True)
class NetworkHealth:
    """What came of the node's network settings."""

    version: int  # that was answered last; 0: nobody has ever changed them
    answer: str  # "applied", or why not, in a sentence; "" when there is no answer yet
    port_mapping: str
    proxy: str
    blocklist: str


@dataclass(frozen=True)
class NodeHealth:
    name: str
    is_alive: bool  # its last beat is younger than the lease
    beat_at: datetime | None
    beat_age_s: int | None
    started_at: datetime | None
    problem: str  # one sentence, "" when well
    folder: str  # where new torrents go
    folders: tuple[FolderHealth, ...]
    free_bytes: int  # of `folder`
    total_bytes: int
    torrents: int
    listens_on: tuple[str, ...]
    engine_version: str
    box_version: str
    memory_bytes: int
    counters: Mapping[str, int]
    network: NetworkHealth


@dataclass(frozen=True)
class Health:
    database_problem: str  # one sentence, "" when well
    redis_problem: str
    nodes: tuple[NodeHealth, ...]

    @property
    def is_well(self) -> bool:
        nodes_are_well = all(node.is_alive and not node.problem for node in self.nodes)
        return not self.database_problem and not self.redis_problem and bool(self.nodes) and nodes_are_well


def health(now: datetime) -> Health:
    """Look at the database, Redis and each node's last beat; raises nothing, takes about a second at most."""
    try:
        database_problem = _disk_problem()
        silence = (
            _("It can't say how it is while the database can't be written.") if database_problem else _(NOT_RUNNING)
        )
        found = Node.objects.annotate(held=_HELD).order_by("name")
        nodes = tuple(_node_health(node, now, silence=silence) for node in found)
    except DatabaseError:
        return Health(_("The database does not answer."), _redis_problem(), ())
    return Health(database_problem, _redis_problem(), nodes)


def trouble(now: datetime) -> str:
    """Return a sentence for everybody's list while a node does not run or is not well, else "".

    What exactly is wrong may name other people's torrents: the health page tells it to admins.
    """
    if _disk_problem():
        return _("The disk of the box is full: nothing can be added or changed until there is room. Nothing is lost.")
    for node in Node.objects.order_by("name"):
        if not is_alive(node, now):
            return _("The node %(name)s does not run. Torrents rest until it is back; nothing is lost.") % {
                "name": node.name
            }
        if node.problem:
            return _("The node %(name)s is not well. Torrents may rest for a while; nothing is lost.") % {
                "name": node.name
            }
    return ""


_HELD = Count("torrents", filter=Q(torrents__holdings__isnull=False), distinct=True)


def _node_health(node: Node, now: datetime, *, silence: str) -> NodeHealth:
    age = None if node.beat_at is None else now - node.beat_at
    alive = is_alive(node, now)
    return NodeHealth(
        name=node.name,
        is_alive=alive,
        beat_at=node.beat_at,
        beat_age_s=None if age is None else max(int(age.total_seconds()), 0),
        started_at=node.started_at,
        problem=told(node.problem) if alive else silence,
        folder=node.folder,
        folders=tuple(_folder_health(entry) for entry in node.folders),
        free_bytes=node.free_bytes,
        total_bytes=node.total_bytes,
        torrents=node.held,  # type: ignore[attr-defined]  # annotated by health()
        listens_on=tuple(node.listens_on),
        engine_version=node.engine_version,
        box_version=node.box_version,
        memory_bytes=node.memory_bytes,
        counters=node.counters,
        network=_network_health(node),
    )


def is_alive(node: Node, now: datetime) -> bool:
    """Say whether its last beat is young; one from the future says as little as an old one: the clock was set back."""
    return node.beat_at is not None and abs(now - node.beat_at) < LEASE and node.lease_token != ""


def _network_health(node: Node) -> NetworkHealth:
    facts = {name: told(str(node.network_facts.get(name, ""))) for name in ("port_mapping", "proxy", "blocklist")}
    answer = "" if node.network_answered_at is None else told(node.network_answer) or "applied"
    return NetworkHealth(node.network_version, answer, **facts)


def _folder_health(entry: Mapping[str, Any]) -> FolderHealth:
    known = {field.name: entry[field.name] for field in fields(FolderHealth)}
    return FolderHealth(**known | {"problem": told(entry["problem"])})


def _disk_problem() -> str:
    """Say that SQLite's disk is full: it can still be read, so nothing else would show it."""
    if connection.vendor != "sqlite":
        return ""
    free_bytes = shutil.disk_usage(Path(connection.settings_dict["NAME"]).parent).free
    if free_bytes >= LEAST_FREE_BYTES:
        return ""
    sentence = _("Its disk is full (%(free)s free). Free some space, and all goes on by itself.")
    return sentence % {"free": format_bytes(free_bytes)}


def _redis_problem() -> str:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return _("Redis does not answer: pages are not live, and actions reach nodes a few seconds later.")
    return ""
