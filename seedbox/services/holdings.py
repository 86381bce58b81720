"""Users' claims on torrents: add, change, and forget a torrent that nobody claims any more.

Whoever writes here locks the torrents first, by ascending id, then their holdings. The unique constraints are the
truth about who was first; who came second looks again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from seedbox.domain.metainfo import MAX_MAGNET_PEERS, MAX_TRACKERS, Magnet, Metainfo, Source
from seedbox.domain.torrent_file import shared_magnet
from seedbox.models import File, Holding, LogEntry, Metadata, Node, Observation, Torrent, User
from seedbox.services import live, merging, metadata, nodes, nudge

Verb = Literal["start", "stop", "recheck", "fetch", "remove"]
VERBS: tuple[Verb, ...] = ("start", "stop", "recheck", "fetch", "remove")
TRIES = 5  # of an add that others interfere with; each try means that somebody else got through


class AlreadyHeld(Exception):
    """You already have this torrent; what was new of its trackers and peers was added."""

    def __init__(self, holding: Holding, *, new_trackers: int = 0, new_peers: int = 0) -> None:
        name = holding.torrent.name or holding.name or holding.torrent.key
        says = [_("You already have this torrent: %(name)s.") % {"name": name}, *_news(new_trackers, new_peers)]
        super().__init__(" ".join(says))
        self.holding = holding


def _news(new_trackers: int, new_peers: int) -> list[str]:
    news = []
    if new_trackers:
        says = ngettext("%(count)d new tracker was added.", "%(count)d new trackers were added.", new_trackers)
        news.append(says % {"count": new_trackers})
    if new_peers:
        says = ngettext("%(count)d new peer was added.", "%(count)d new peers were added.", new_peers)
        news.append(says % {"count": new_peers})
    return news


class PrivateElsewhere(Exception):
    """The torrent is private, and somebody else holds it on this node."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This torrent is private, and somebody else uses it on this node. A private torrent belongs to one "
                "person's account at its tracker, so it can't be shared here."
            )
        )


class NotFound(Exception):
    """You don't have all of these torrents, so nothing was changed. Reload the list and try again."""

    def __init__(self) -> None:
        super().__init__(
            _("You don't have all of these torrents, so nothing was changed. Reload the list and try again.")
        )


@dataclass(frozen=True)
class _Claim:
    """What one call of `add` wants."""

    user: User
    source: Source
    now: datetime
    runs: bool
    peers: tuple[str, ...]


def add(*, user: User, source: Source, now: datetime, runs: bool = True, peers: Collection[str] = ()) -> Holding:
    """Give the user a holding of the torrent on this install's node.

    A torrent that others hold is shared, unless it is private. A torrent file for what so far is only a magnet
    completes it, and new trackers and peers are taken over, also where AlreadyHeld is raised.
    Raises AlreadyHeld and PrivateElsewhere.
    """
    known_peers = source.peers if isinstance(source, Magnet) else ()
    all_peers = tuple(dict.fromkeys((*known_peers, *peers)))[:MAX_MAGNET_PEERS]
    claim = _Claim(user, source, now, runs, all_peers)
    node = nodes.node_for_new_torrents()
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                outcome = _add(node, claim)
            break
        except IntegrityError:
            if not tries_left:
                raise
    if isinstance(outcome, AlreadyHeld):
        raise outcome
    return outcome


def _add(node: Node, claim: _Claim) -> Holding | AlreadyHeld:
    found = _find_locked(node, claim.source)
    torrent = _best(found, claim)
    if torrent is None:
        torrent = _new_torrent(node, claim)
    else:
        is_own = Holding.objects.filter(user=claim.user, torrent=torrent).exists()
        is_shared = Holding.objects.filter(torrent=torrent).exclude(user=claim.user).exists()
        is_private = torrent.private or (isinstance(claim.source, Metainfo) and claim.source.private)
        if is_own:
            if not (is_private and is_shared):
                torrent = _complete(found, torrent, claim)
            return _add_to_own(torrent, claim)
        if is_shared and is_private:
            raise PrivateElsewhere
        if is_shared:
            torrent = _complete(found, torrent, claim)
        else:
            _begin_anew(torrent, claim)
        _bump([torrent.pk])
    holding = _new_holding(torrent, claim)
    _tell(node.name, claim.user.pk)
    return holding


def _find_locked(node: Node, source: Source) -> list[Torrent]:
    """Return the node's torrents under either hash: two are a hybrid that magnets have named by each of them."""
    return list(Torrent.objects.select_for_update().filter(metadata.same_torrent(source), node=node).order_by("pk"))


def _best(found: Sequence[Torrent], claim: _Claim) -> Torrent | None:
    """Return the torrent to hold: the user's own, else one that somebody holds, else the more complete one."""
    users = {(held.torrent_id, held.user_id) for held in Holding.objects.filter(torrent__in=found)}
    held = {torrent_id for torrent_id, _ in users}
    return max(
        found,
        key=lambda torrent: ((torrent.pk, claim.user.pk) in users, torrent.pk in held, torrent.has_metadata),
        default=None,
    )


def _add_to_own(torrent: Torrent, claim: _Claim) -> AlreadyHeld:
    """Take over what somebody brings for what they have already."""
    own = Holding.objects.get(user=claim.user, torrent=torrent)
    trackers, peers = merging.add_sources(own, trackers=claim.source.trackers, peers=claim.peers)
    if trackers or peers:
        own.save(update_fields=["trackers", "peers"])
        _bump([torrent.pk])
        _tell(torrent.node.name, claim.user.pk)
    own.torrent = torrent
    return AlreadyHeld(own, new_trackers=trackers, new_peers=peers)


def _new_torrent(node: Node, claim: _Claim) -> Torrent:
    key = claim.source.info_hash_v1 or claim.source.info_hash_v2
    torrent = Torrent(node=node, key=key, save_path=str(Path(node.folder) / key))
    _set_source(torrent, claim)
    torrent.save()
    if isinstance(claim.source, Metainfo):
        metadata.write_parts(torrent, claim.source)
    return torrent


def _set_source(torrent: Torrent, claim: _Claim) -> None:
    torrent.created_at = claim.now
    if isinstance(claim.source, Metainfo):
        torrent.magnet = ""
        metadata.set_facts(torrent, claim.source)
    else:
        magnet = _believed(claim.source, torrent)
        torrent.info_hash_v1, torrent.info_hash_v2 = magnet.info_hash_v1, magnet.info_hash_v2
        torrent.magnet = shared_magnet(magnet)
        torrent.name, torrent.size_bytes, torrent.piece_length_bytes, torrent.private = "", 0, 0, False


def _believed(magnet: Magnet, torrent: Torrent) -> Magnet:
    """Return the magnet with one hash only: the v1 hash, or that by which a torrent was found that begins anew.

    Anybody can write two hashes into a magnet that have nothing to do with each other, and would block whoever brings
    the real torrent of the second one. Metadata has to match both, so with it a hybrid gets its second hash.
    """
    if magnet.info_hash_v1 and magnet.info_hash_v1 in (torrent.key, torrent.info_hash_v1):
        return replace(magnet, info_hash_v2="")
    return replace(magnet, info_hash_v1="") if magnet.info_hash_v2 else magnet


def _begin_anew(torrent: Torrent, claim: _Claim) -> None:
    """Take over a torrent that nobody holds and that its node has not forgotten yet, as if it were new.

    Its files belong to earlier holders: the node deletes them before it starts this one.
    """
    for model in (Observation, Metadata, File, LogEntry):
        model.objects.filter(torrent=torrent).delete()
    _set_source(torrent, claim)
    for field in ("info_hash_v1", "info_hash_v2"):  # the node may have a hybrid twice, under each of its hashes
        same = Torrent.objects.filter(**{field: getattr(torrent, field)}, node_id=torrent.node_id)
        if same.exclude(pk=torrent.pk).exists():
            setattr(torrent, field, "")
    torrent.clear_first = True
    torrent.save()
    if isinstance(claim.source, Metainfo):
        metadata.write_parts(torrent, claim.source)


def _complete(found: Sequence[Torrent], torrent: Torrent, claim: _Claim) -> Torrent:
    """Use a torrent file for what so far is only a magnet, or two of them; return the torrent that holds it then."""
    if not isinstance(claim.source, Metainfo) or (torrent.has_metadata and len(found) == 1):
        return torrent
    try:
        kept = merging.complete(found, claim.source, now=claim.now)
    except metadata.HashTaken:
        return torrent
    _bump([kept.pk])
    return kept


def _new_holding(torrent: Torrent, claim: _Claim) -> Holding:
    seen = Observation.objects.filter(torrent=torrent).first()
    return Holding.objects.create(
        user=claim.user,
        torrent=torrent,
        name=claim.source.name,
        runs=claim.runs,
        trackers=list(claim.source.trackers[:MAX_TRACKERS]),
        peers=list(claim.peers),
        added_at=claim.now,
        uploaded_before_bytes=seen.uploaded_bytes if seen else 0,
        downloaded_before_bytes=seen.downloaded_bytes if seen else 0,
    )


def change(*, user: User, holding_ids: Collection[int], verb: Verb, now: datetime) -> int:
    """Do `verb` to the user's holdings and return how many they are.

    Raises NotFound, and changes nothing, if one of them is not the user's.
    """
    if verb not in VERBS:
        raise ValueError(f"unknown verb {verb!r}")
    wanted = set(holding_ids)
    with transaction.atomic():
        own = Holding.objects.filter(user=user, pk__in=wanted)
        torrents = list(
            Torrent.objects.select_for_update()
            .filter(pk__in=list(own.values_list("torrent_id", flat=True)))
            .order_by("pk")
        )
        if own.count() != len(wanted):
            raise NotFound
        torrent_ids = [torrent.pk for torrent in torrents]
        if verb == "remove":
            own.delete()
        if verb in ("start", "stop", "fetch"):
            own.update(runs=verb != "stop")
        if verb in ("recheck", "fetch"):  # what a check does not find is fetched by a torrent that runs
            Torrent.objects.filter(pk__in=torrent_ids).update(recheck_count=F("recheck_count") + 1)
        _bump(torrent_ids)
        for name in Node.objects.filter(torrents__in=torrent_ids).distinct().values_list("name", flat=True):
            nudge.nudge_node(name)
        transaction.on_commit(partial(live.list_changed, user_id=user.pk))
    return len(wanted)


def forget(*, torrent_id: int) -> bool:
    """Delete the torrent whose files its node has deleted; false: somebody holds it (again), and it begins anew."""
    with transaction.atomic():
        torrent = Torrent.objects.select_for_update().filter(pk=torrent_id).first()
        if torrent is None:
            return True
        if not Holding.objects.filter(torrent=torrent).exists():
            torrent.delete()
            return True
        Observation.objects.filter(torrent=torrent).delete()
        File.objects.filter(torrent=torrent).update(done_bytes=0)
        Holding.objects.filter(torrent=torrent).update(uploaded_before_bytes=0, downloaded_before_bytes=0)
        Torrent.objects.filter(pk=torrent_id).update(clear_first=False, wish_version=F("wish_version") + 1)
        return False


def _bump(torrent_ids: Collection[int]) -> None:
    Torrent.objects.filter(pk__in=torrent_ids).update(wish_version=F("wish_version") + 1)


def _tell(node_name: str, user_id: int) -> None:
    nudge.nudge_node(node_name)
    transaction.on_commit(partial(live.list_changed, user_id=user_id))
