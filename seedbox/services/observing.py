"""From what a node keeps in mind to the database: what its engine saw, received and did."""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from seedbox.domain.metainfo import BadTorrent, Metainfo
from seedbox.domain.states import State
from seedbox.models import File, LogEntry, Observation, Torrent
from seedbox.services import holdings, merging, metadata, notices, torrent_tidings
from seedbox.services.batches import batched
from seedbox.services.ward import Charge, Ward

MAX_LOG_ENTRIES = 500  # per torrent
ROWS_AT_ONCE = 500

_OBSERVED = [field.name for field in Observation._meta.concrete_fields if not field.primary_key]

ReadTorrentFile = Callable[[bytes], Metainfo]

logger = logging.getLogger(__name__)


def store(ward: Ward, *, now: datetime) -> None:
    """Write what is due: observations in one upsert, with the log and the progress of files that belong to them."""
    ward.has_urgent = False
    due = [charge for charge in ward.charges.values() if charge.is_due(now)]
    files = {charge.torrent_id: ward.files[charge.key] for charge in due if charge.key in ward.files}
    if not due and not ward.log:
        return
    try:
        with transaction.atomic():
            _write_observations(due, now)
            _write_files(files)
            _write_log(ward)
            notices.tell(torrent_tidings.of(due, now=now))
    except IntegrityError:
        _drop_missing(ward)
        raise
    for charge in due:
        charge.is_dirty = charge.is_urgent = False
        charge.stored_at = now
        torrent_tidings.note(charge)
        ward.files.pop(charge.key, None)
    ward.log.clear()


def _write_observations(due: Collection[Charge], now: datetime) -> None:
    for charge in due:
        charge.observation.seen_at = now
    Observation.objects.bulk_create(
        [charge.observation for charge in due],
        update_conflicts=True,
        unique_fields=["torrent"],
        update_fields=_OBSERVED,
        batch_size=ROWS_AT_ONCE,
    )


def _write_files(done_bytes_of: Mapping[int, Mapping[int, int]]) -> None:
    for torrent_id, done_bytes in done_bytes_of.items():
        changed = []
        for indices in batched(sorted(done_bytes), ROWS_AT_ONCE):
            for file in File.objects.filter(torrent_id=torrent_id, index__in=indices):
                if file.done_bytes != done_bytes[file.index]:
                    file.done_bytes = done_bytes[file.index]
                    changed.append(file)
        File.objects.bulk_update(changed, ["done_bytes"], batch_size=ROWS_AT_ONCE)


def _write_log(ward: Ward) -> None:
    ids = {charge.key: charge.torrent_id for charge in ward.charges.values()}
    lines = [line for line in ward.log if line.key in ids]
    LogEntry.objects.bulk_create(
        (LogEntry(torrent_id=ids[line.key], at=line.at, level=line.level, text=line.text) for line in lines),
        batch_size=ROWS_AT_ONCE,
    )
    for torrent_id in {ids[line.key] for line in lines}:
        own = LogEntry.objects.filter(torrent_id=torrent_id)
        oldest_kept = own.order_by("-pk").values_list("pk", flat=True)[MAX_LOG_ENTRIES - 1 : MAX_LOG_ENTRIES].first()
        if oldest_kept is not None:
            own.filter(pk__lt=oldest_kept).delete()


def _drop_missing(ward: Ward) -> None:
    """Keep nothing in mind of torrents whose rows somebody deleted, so that the others can be stored."""
    known = set(
        Torrent.objects.filter(pk__in=[c.torrent_id for c in ward.charges.values()]).values_list("pk", flat=True)
    )
    for charge in [charge for charge in ward.charges.values() if charge.torrent_id not in known]:
        logger.error("the row of torrent %s is gone; the node leaves its files alone", charge.key)
        ward.drop(charge.key)


def store_metadata(ward: Ward, *, read_torrent_file: ReadTorrentFile, now: datetime) -> list[Charge]:
    """Write what peers told of magnets; return those whose metadata can't be used and which shall rest.

    Torrents that turn out to be one become one.
    """
    refused = []
    for key, torrent_file in list(ward.metadata.items()):
        charge = ward.charges[key]
        try:
            _store_metadata(charge, read_torrent_file(torrent_file), now)
            ward.have_metadata(charge)
        except (BadTorrent, metadata.HashTaken) as problem:
            charge.is_blocked = True
            charge.problem = problem.kept
            charge.show(State.ERROR, charge.problem)
            refused.append(charge)
        del ward.metadata[key]
    return refused


def _store_metadata(charge: Charge, metainfo: Metainfo, now: datetime) -> None:
    with transaction.atomic():
        node_id = Torrent.objects.filter(pk=charge.torrent_id).values_list("node_id", flat=True).first()
        same = merging.lock_same(torrent_id=charge.torrent_id, node_id=node_id, metainfo=metainfo) if node_id else []
        if any(torrent.pk == charge.torrent_id and not torrent.has_metadata for torrent in same):
            merging.complete(same, metainfo, now=now)


def forget_removed(ward: Ward) -> int:
    """Delete the rows of torrents that engine and disk have forgotten; what is held again is begun anew."""
    removed = list(ward.removed)
    for key in removed:
        holdings.forget(torrent_id=ward.charges[key].torrent_id)
        ward.drop(key)
    return len(removed)
