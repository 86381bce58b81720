"""Two torrents that turn out to be one: a hybrid has two hashes, and magnets may have named it by either.

Only metadata can show that two hashes belong together, for it must match both. Then holders of the second move to the
first, and the second, which nobody holds any more, is removed by its node like any other.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from seedbox.domain.metainfo import MAX_MAGNET_PEERS, MAX_TRACKERS, Metainfo
from seedbox.models import Holding, LogEntry, Observation, Torrent
from seedbox.services import live, metadata, nudge

# It tells a holder what happened to a magnet, and nobody who else holds the torrent.
ONE_TORRENT = gettext_noop(
    "This is a hybrid torrent: it has two info-hashes, and whoever adds it by either of them has this one torrent."
)


def lock_same(*, torrent_id: int, node_id: int, metainfo: Metainfo) -> list[Torrent]:
    """Lock the torrent and all that the metadata shows to be the same, by ascending id."""
    same = metadata.same_torrent(metainfo) | Q(pk=torrent_id)
    return list(Torrent.objects.select_for_update().filter(same, node_id=node_id).order_by("pk"))


def complete(torrents: Sequence[Torrent], metainfo: Metainfo, *, now: datetime) -> Torrent:
    """Make the torrents, which the caller has locked, the one that the metadata describes, and return it.

    1. Of those that somebody holds, the one with metadata stays, else the first.
    2. Holders of the others move to it; the others lose their hashes to it and are left to their node's removal.
    3. It takes over what the metadata says, unless it has that already.
    Raises HashTaken, and changes nothing, if it is private and would be shared.
    """
    holdings = list(Holding.objects.filter(torrent__in=torrents).order_by("added_at", "pk"))
    held = {holding.torrent_id for holding in holdings}
    kept = min(torrents, key=lambda torrent: (torrent.pk not in held, not torrent.has_metadata, torrent.pk))
    others = [torrent for torrent in torrents if torrent.pk != kept.pk]
    if metainfo.private and len(held) > 1 and len({holding.user_id for holding in holdings}) > 1:
        raise metadata.HashTaken
    try:
        with transaction.atomic():
            _give_up(others)
            _move([holding for holding in holdings if holding.torrent_id != kept.pk], kept)
            if not kept.has_metadata:
                metadata.fill(kept, metainfo)
    except IntegrityError:  # somebody came between with the other hash: the next try sees that torrent
        raise metadata.HashTaken from None
    if len(held) > 1:
        LogEntry.objects.create(torrent=kept, at=now, level="info", text=ONE_TORRENT)
    for user_id in {holding.user_id for holding in holdings}:
        transaction.on_commit(partial(live.list_changed, user_id=user_id))
    nudge.nudge_node(kept.node.name)
    return kept


def _give_up(others: Sequence[Torrent]) -> None:
    """Take the hashes of torrents that go: each may stand once on a node. Their key still tells their node."""
    Torrent.objects.filter(pk__in=[torrent.pk for torrent in others]).update(
        info_hash_v1="", info_hash_v2="", wish_version=F("wish_version") + 1
    )


def _move(holdings: Sequence[Holding], kept: Torrent) -> None:
    """Let holdings be of the torrent that stays; who held both has one that wants what both wanted."""
    own = {holding.user_id: holding for holding in Holding.objects.filter(torrent=kept)}
    seen = Observation.objects.filter(torrent=kept).first()
    for holding in holdings:
        first = own.get(holding.user_id)
        if first is None:
            own[holding.user_id] = holding
            holding.torrent = kept
            holding.uploaded_before_bytes = seen.uploaded_bytes if seen else 0
            holding.downloaded_before_bytes = seen.downloaded_bytes if seen else 0
            holding.save()
            continue
        first.runs |= holding.runs
        first.name = first.name or holding.name
        add_sources(first, trackers=holding.trackers, peers=holding.peers)
        first.added_at = min(first.added_at, holding.added_at)
        first.save()
        holding.delete()
    Torrent.objects.filter(pk=kept.pk).update(wish_version=F("wish_version") + 1)
    kept.refresh_from_db(fields=["wish_version"])


def add_sources(holding: Holding, *, trackers: Sequence[str], peers: Sequence[str]) -> tuple[int, int]:
    """Join trackers and peers into a holding without saving it; return how many of each are new."""
    before = len(holding.trackers), len(holding.peers)
    holding.trackers = list(dict.fromkeys((*holding.trackers, *trackers)))[:MAX_TRACKERS]
    holding.peers = list(dict.fromkeys((*holding.peers, *peers)))[:MAX_MAGNET_PEERS]
    return len(holding.trackers) - before[0], len(holding.peers) - before[1]
