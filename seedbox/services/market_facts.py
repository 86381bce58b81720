"""What a market must know of torrents and nodes, and may know of nothing else of the seedbox."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet

from seedbox.domain.network import BadNetwork, NetworkSettings
from seedbox.domain.states import State
from seedbox.domain.torrent_file import info_section
from seedbox.domain.upload_test import UploadTest
from seedbox.models import Holding, Metadata, Node, Observation, Torrent
from seedbox.services import networks, nodes
from seedbox.services.sealing import SealBroken

KEYS_AT_ONCE = 5_000  # of one question to the database


@dataclass(frozen=True)
class TorrentFacts:
    """One torrent on one node."""

    torrent_id: int
    key: str
    name: str  # "" until the metadata is known
    node_id: int
    node_name: str
    info_hash_v1: str  # hex, "" where there is none or it is not known
    info_hash_v2: str
    private: bool
    size_bytes: int  # 0 until the metadata is known
    piece_length_bytes: int
    holders: tuple[int, ...]  # ids of the users that hold it, ascending
    state: State
    done_bytes: int
    wanted_bytes: int
    downloaded_bytes: int  # ever
    uploaded_bytes: int
    down_bytes_per_s: int
    up_bytes_per_s: int
    peers: int
    seeds: int

    @property
    def is_complete(self) -> bool:
        """Nothing is left to download."""
        return 0 < self.wanted_bytes <= self.done_bytes

    @property
    def runs(self) -> bool:
        return self.state in (State.SEEDING, State.DOWNLOADING, State.METADATA)

    @property
    def is_checking(self) -> bool:
        """Its files are being read, as after a crash: what of it is there shows afterwards."""
        return self.state is State.CHECKING

    @property
    def may_be_sold(self) -> bool:
        """It is whole and seeding. None is super-seeding: no engine of ours is ever told to."""
        return self.is_complete and self.state is State.SEEDING

    @property
    def info_hash(self) -> bytes:
        """The 20 bytes that the market names it by: v1, or v2 cut short where there is no v1; b"" if neither."""
        return bytes.fromhex(self.info_hash_v1 or self.info_hash_v2)[:20]


@dataclass(frozen=True)
class NodeFacts:
    """One node, as far as it concerns a market."""

    node_id: int
    name: str
    is_alive: bool
    listens_on: tuple[str, ...]  # "IP:PORT" for torrents
    hides: bool  # behind a proxy or in anonymous mode, or its settings can't be read: no socket of ours may show it
    interface: str  # network device or IP address that all traffic is bound to; "" any
    port_mapping: bool
    best_upload_bytes_per_s: int  # highest mean over 10 s seen in the last week; 0: none yet
    suggested_limit_bytes_per_s: int  # 85 % of it

    @property
    def data_ports(self) -> tuple[int, ...]:
        return tuple(sorted({int(place.rpartition(":")[2]) for place in self.listens_on}))


def torrents(
    *, ids: Collection[int] | None = None, user_id: int | None = None, node_name: str | None = None
) -> list[TorrentFacts]:
    """Return torrents that somebody holds: of these ids, of this holder, on this node; what is not given is not asked.

    A torrent that its node has not seen yet is WAITING, with nothing done.
    """
    found = Torrent.objects.filter(holdings__isnull=False).select_related("node", "observation").order_by("pk")
    if ids is not None:
        found = found.filter(pk__in=ids)
    if node_name is not None:
        found = found.filter(node__name=node_name)
    if user_id is not None:
        found = found.filter(pk__in=Holding.objects.filter(user_id=user_id).values("torrent_id"))
    rows = list(found.distinct())
    holders: dict[int, list[int]] = {row.pk: [] for row in rows}
    pairs = Holding.objects.filter(torrent_id__in=holders).order_by("user_id").values_list("torrent_id", "user_id")
    for torrent_id, holder in pairs:
        holders[torrent_id].append(holder)
    return [_facts(row, tuple(holders[row.pk])) for row in rows]


def torrent(torrent_id: int) -> TorrentFacts | None:
    """Return the torrent if somebody holds it."""
    return next(iter(torrents(ids=[torrent_id])), None)


@dataclass(frozen=True)
class SeedingFacts:
    """One whole, seeding torrent of a node: what is looked at every few seconds, so little of it."""

    torrent_id: int
    key: str
    name: str
    info_hash: bytes  # as of TorrentFacts
    private: bool
    size_bytes: int
    leechers: int  # connected peers that are not whole


def checking(node_name: str) -> frozenset[str]:
    """Return the keys of a node's torrents whose files are being read."""
    found = Torrent.objects.filter(node__name=node_name, observation__state=State.CHECKING, holdings__isnull=False)
    return frozenset(found.values_list("key", flat=True))


def seeding(node_name: str) -> list[SeedingFacts]:
    """Return what a node could sell: torrents that somebody holds, whole and seeding."""
    found = _whole().filter(node__name=node_name, holdings__isnull=False).distinct()
    columns = ("pk", "key", "name", "info_hash_v1", "info_hash_v2", "private", "size_bytes")
    rows = found.values_list(*columns, "observation__peers", "observation__seeds")
    return [
        SeedingFacts(pk, key, name, bytes.fromhex(v1 or v2)[:20], private, size, max(peers - seeds, 0))
        for pk, key, name, v1, v2, private, size, peers, seeds in rows
    ]


def holders(*, node_name: str, key: str) -> tuple[int, ...]:
    """Return the ids of the users that hold a torrent on a node, ascending; none if it is gone."""
    found = Holding.objects.filter(torrent__node__name=node_name, torrent__key=key)
    return tuple(found.order_by("user_id").values_list("user_id", flat=True))


def torrent_of(holding_id: int, *, user_id: int) -> TorrentFacts | None:
    """Return the torrent behind a holding of this user's; None if it is not theirs."""
    found = Holding.objects.filter(pk=holding_id, user_id=user_id).values_list("torrent_id", flat=True).first()
    return torrent(found) if found is not None else None


def held_by(user_id: int, among: Collection[int]) -> frozenset[int]:
    """Return which of these torrents a user holds."""
    found = Holding.objects.filter(user_id=user_id, torrent_id__in=among)
    return frozenset(found.values_list("torrent_id", flat=True))


def run_by(user_id: int, among: Collection[int]) -> frozenset[int]:
    """Return which of these torrents a user holds and wants to run: what others let run shows nothing of itself."""
    found = Holding.objects.filter(user_id=user_id, runs=True, torrent_id__in=among)
    return frozenset(found.values_list("torrent_id", flat=True))


def holdings_of(user_id: int, torrent_ids: Collection[int]) -> dict[int, int]:
    """Return the numbers by which a user's pages name these torrents, by torrent; none of those that are not held."""
    found = Holding.objects.filter(user_id=user_id, torrent_id__in=torrent_ids)
    return dict(found.values_list("torrent_id", "pk"))


def keys_held_by(user_id: int) -> QuerySet[Holding, str]:
    """Return the keys of what a user holds, as a part of another query: they may be thousands."""
    return Holding.objects.filter(user_id=user_id).values_list("torrent__key", flat=True).order_by()


def is_held_by(user_id: int) -> Exists:
    """Say of rows with a `node_name` and a `torrent_key` whether a user holds that torrent on that node.

    The same torrent on another node is other people's: that they hold it is not to be told.
    """
    torrent = {"torrent__node__name": OuterRef("node_name"), "torrent__key": OuterRef("torrent_key")}
    return Exists(Holding.objects.filter(user_id=user_id, **torrent))


def seeding_of(user_id: int, *, node_names: Collection[str], limit: int) -> list[TorrentFacts]:
    """Return a user's whole, seeding torrents on these nodes, those that most peers want first."""
    if not node_names:
        return []
    found = _whole().filter(holdings__user_id=user_id, node__name__in=node_names)
    wanted_first = found.order_by(F("observation__seeds") - F("observation__peers"), "pk")
    ids = list(wanted_first.values_list("pk", flat=True)[:limit])
    by_id = {one.torrent_id: one for one in torrents(ids=ids)} if ids else {}
    return [by_id[number] for number in ids if number in by_id]


@dataclass(frozen=True, slots=True)
class KeptFacts:
    """One torrent that a user holds: of thousands of them, so little of each."""

    holding_id: int
    torrent_id: int
    key: str
    name: str
    node_name: str
    private: bool
    state: State
    done_bytes: int
    is_complete: bool
    leechers: int  # connected peers that are not whole
    added_at: datetime  # when the user took it up


def kept_by(user_id: int, *, keys: Collection[str] | None = None) -> list[KeptFacts]:
    """Return all that a user holds, or what of it has these keys, the oldest first, in one query."""
    torrent = ("pk", "torrent_id", "torrent__key", "torrent__name", "name", "torrent__node__name", "torrent__private")
    seen = ("state", "done_bytes", "wanted_bytes", "peers", "seeds")
    found = Holding.objects.filter(user_id=user_id).order_by("pk")
    if keys is not None:
        found = found.filter(torrent__key__in=keys)
    rows = found.values_list(*torrent, *(f"torrent__observation__{one}" for one in seen), "added_at")
    return [_kept(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Held:
    """One holding, by what a market knows it by."""

    holding_id: int
    user_id: int
    torrent: tuple[str, str]  # node, key


def held(keys: Collection[str]) -> list[Held]:
    """Return everybody's holdings of torrents with these keys, which may be thousands."""
    every = sorted(keys)
    found: list[Held] = []
    for start in range(0, len(every), KEYS_AT_ONCE):
        some = Holding.objects.filter(torrent__key__in=every[start : start + KEYS_AT_ONCE])
        rows = some.values_list("pk", "user_id", "torrent__node__name", "torrent__key")
        found += [Held(pk, user_id, (node_name, key)) for pk, user_id, node_name, key in rows]
    return found


@dataclass(frozen=True)
class Downloading:
    """One torrent that is being loaded, as little of it as names it."""

    torrent_id: int
    key: str
    node_name: str


def downloading(*, user_id: int, node_name: str | None = None) -> list[Downloading]:
    """Return what is being loaded for a user, on this node or on all, the oldest first."""
    found = Torrent.objects.filter(holdings__user_id=user_id, observation__state=State.DOWNLOADING)
    if node_name is not None:
        found = found.filter(node__name=node_name)
    rows = found.order_by("pk").distinct().values_list("pk", "key", "node__name")
    return [Downloading(pk, key, name) for pk, key, name in rows]


def info_bytes(torrent_id: int) -> bytes:
    """Return the bencoded info section, which only those have who own the torrent file; b"" until it is known."""
    metadata = Metadata.objects.filter(torrent_id=torrent_id).first()
    return info_section(bytes(metadata.torrent_file)) if metadata else b""


def node(name: str, *, now: datetime) -> NodeFacts | None:
    """Return the node of this name."""
    found = Node.objects.select_related("network").filter(name=name).first()
    if found is None:
        return None
    settings = _settings(found)
    test = UploadTest.from_counters(found.counters, now_s=now.timestamp())
    return NodeFacts(
        node_id=found.pk,
        name=found.name,
        is_alive=nodes.is_alive(found, now),
        listens_on=tuple(found.listens_on),
        hides=settings is None or settings.has_proxy or settings.anonymous,
        interface=settings.interface if settings else "",
        port_mapping=settings is not None and settings.port_mapping,
        best_upload_bytes_per_s=test.best_bytes_per_s,
        suggested_limit_bytes_per_s=test.suggested_limit_bytes_per_s,
    )


def _whole() -> QuerySet[Torrent]:
    """Return the torrents that may be sold, see `TorrentFacts.may_be_sold`."""
    return Torrent.objects.filter(
        observation__state=State.SEEDING,
        observation__wanted_bytes__gt=0,
        observation__done_bytes__gte=F("observation__wanted_bytes"),
    )


def _kept(
    holding_id: int,
    torrent_id: int,
    key: str,
    name: str,
    name_in_magnet: str,
    node_name: str,
    private: bool,  # noqa: FBT001  # a column's value
    state: str | None,  # this and the next ones are None until its node has seen the torrent
    done_bytes: int | None,
    wanted_bytes: int | None,
    peers: int | None,
    seeds: int | None,
    added_at: datetime,
) -> KeptFacts:
    return KeptFacts(
        holding_id=holding_id,
        torrent_id=torrent_id,
        key=key,
        name=name or name_in_magnet or key,
        node_name=node_name,
        private=private,
        state=State(state or State.WAITING),
        done_bytes=done_bytes or 0,
        is_complete=0 < (wanted_bytes or 0) <= (done_bytes or 0),
        leechers=max((peers or 0) - (seeds or 0), 0),
        added_at=added_at,
    )


def _settings(found: Node) -> NetworkSettings | None:
    try:
        return networks.settings_of(networks.wish_of(found))
    except (BadNetwork, SealBroken):
        return None


def _facts(row: Torrent, holders: tuple[int, ...]) -> TorrentFacts:
    seen = getattr(row, "observation", None) or Observation(torrent=row)
    return TorrentFacts(
        torrent_id=row.pk,
        key=row.key,
        name=row.name,
        node_id=row.node_id,
        node_name=row.node.name,
        info_hash_v1=row.info_hash_v1,
        info_hash_v2=row.info_hash_v2,
        private=row.private,
        size_bytes=row.size_bytes,
        piece_length_bytes=row.piece_length_bytes,
        holders=holders,
        state=State(seen.state),
        done_bytes=seen.done_bytes,
        wanted_bytes=seen.wanted_bytes,
        downloaded_bytes=seen.downloaded_bytes,
        uploaded_bytes=seen.uploaded_bytes,
        down_bytes_per_s=seen.down_bytes_per_s,
        up_bytes_per_s=seen.up_bytes_per_s,
        peers=seen.peers,
        seeds=seen.seeds,
    )
