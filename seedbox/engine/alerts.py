"""One small function per type of libtorrent alert, in a table by type. Unknown types are counted.

An alert is valid until the next ones are taken: nothing here may keep one, only what it says.
"""

import errno
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.metainfo import BadTorrent
from seedbox.domain.states import State
from seedbox.engine.commands import keep_private, take_in_anew
from seedbox.engine.faults import begin, note_failed_write, note_untold_write
from seedbox.engine.files import CHECKING, look_at_files, report_flushed, save_when_flushed
from seedbox.engine.gate import socks5_failed
from seedbox.engine.metainfo import format_endpoint, read_torrent_file, renamed_files, torrent_file_of
from seedbox.engine.peers import keep_peers, peer_connected, peer_disconnected
from seedbox.engine.port import MetadataReceived
from seedbox.engine.port_mapping import port_mapped, port_not_mapped
from seedbox.engine.presence import check_has_ended, files_are_missing, first_missing, paths, should_be_whole
from seedbox.engine.readings import read_file_sizes, read_snapshot
from seedbox.engine.removal import delete_content
from seedbox.engine.sentences import CONFLICT, explain, is_missing
from seedbox.engine.swarm import SAVE_COUNTERS_EVERY_S, SAVE_EVERY_S, Swarm
from seedbox.engine.taken import Save, Taken

# Bits of need_save_resume_data that the binding has no names for: progress, configuration, state. The others stand for
# counted bytes and known trackers, which may wait.
_SAVE_SOON = 16 | 32 | 64


def handle_alert(swarm: Swarm, alert: lt.alert) -> None:
    """Hand an alert to its function; count the types that have none."""
    swarm.counts["alerts"] += 1
    kind = type(alert)
    if kind in ABOUT_TORRENTS:
        if taken := swarm.torrents.of(alert.handle):  # type: ignore[attr-defined]  # every torrent_alert has one
            ABOUT_TORRENTS[kind](swarm, taken, alert)
    elif kind in ABOUT_ALL:
        ABOUT_ALL[kind](swarm, alert)
    elif kind not in IGNORED:
        swarm.counts[f"unknown:{alert.what()}"] += 1


# --- how torrents stand


def state_update(swarm: Swarm, alert: lt.state_update_alert) -> None:
    for status in alert.status:
        if taken := swarm.torrents.of(status.handle):
            _look_at(swarm, taken, status)


def _look_at(swarm: Swarm, taken: Taken, status: lt.torrent_status) -> None:
    snapshot = read_snapshot(taken, status, closing=swarm.closing)
    before = taken.snapshot
    if snapshot != before:
        taken.snapshot = snapshot
        swarm.report(snapshot)
    if taken.file_sizes and (before is None or before.done_bytes != snapshot.done_bytes):
        swarm.schedule_files(taken)
    if needs := int(status.need_save_resume_data):
        swarm.schedule_save(taken, every_s=SAVE_EVERY_S if needs & _SAVE_SOON else SAVE_COUNTERS_EVERY_S)


def state_moved(swarm: Swarm, taken: Taken, alert: lt.torrent_alert) -> None:
    swarm.wants_update = True


def torrent_checked(swarm: Swarm, taken: Taken, alert: lt.torrent_checked_alert) -> None:
    swarm.wants_update = True
    if taken.file_sizes:
        look_at_files(swarm, taken)
    if taken.returning:
        check_has_ended(swarm, taken)
    if swarm.store.is_lagging(taken.key):  # else nothing was learnt, and a start with many torrents has enough to do
        swarm.request_save(taken)


def torrent_finished(swarm: Swarm, taken: Taken, alert: lt.torrent_finished_alert) -> None:
    swarm.wants_update = True
    if taken.snapshot and taken.snapshot.state is State.DOWNLOADING:
        swarm.tell(taken.key, "info", _("The download is complete."))
    look_at_files(swarm, taken)
    swarm.request_save(taken)


def torrent_paused(swarm: Swarm, taken: Taken, alert: lt.torrent_paused_alert) -> None:
    swarm.wants_update = True
    swarm.unpaused.discard(taken.key)
    # There is little time at the end: it goes first to torrents that would have to be checked otherwise.
    if not swarm.closing or swarm.store.is_lagging(taken.key):
        swarm.request_save(taken)


def torrent_error(swarm: Swarm, taken: Taken, alert: lt.torrent_error_alert) -> None:
    swarm.wants_update = True
    if not taken.refusal:
        swarm.tell(taken.key, "error", explain(alert.error))


def file_error(swarm: Swarm, taken: Taken, alert: lt.file_error_alert) -> None:
    swarm.wants_update = True
    note_failed_write(swarm, taken)
    # A file in the place of our folder is no loss when nothing of ours was ever there.
    was_there = alert.error.value() != errno.ENOTDIR or should_be_whole(taken)
    if is_missing(alert.error) and was_there:  # libtorrent goes on and offers what it can't read
        files_are_missing(swarm, taken, alert.filename())
    else:
        begin(swarm, taken, alert.error, alert.filename())


def hash_failed(swarm: Swarm, taken: Taken, alert: lt.hash_failed_alert) -> None:
    swarm.market.meters.piece_checked(taken, alert.piece_index, passed=False)
    taken.hash_failures += 1
    if taken.hash_failures == 1:
        swarm.tell(taken.key, "warning", _("A peer sent damaged data; it was thrown away and is fetched again."))


# --- what a market reckons with


def block_asked(swarm: Swarm, taken: Taken, alert: lt.block_downloading_alert) -> None:
    swarm.market.meters.block_asked(taken, alert)


def block_finished(swarm: Swarm, taken: Taken, alert: lt.block_finished_alert) -> None:
    swarm.market.meters.block_finished(taken, alert)


def piece_finished(swarm: Swarm, taken: Taken, alert: lt.piece_finished_alert) -> None:
    swarm.market.meters.piece_checked(taken, alert.piece_index, passed=True)


def dht_answered(swarm: Swarm, alert: lt.dht_get_peers_reply_alert) -> None:
    swarm.market.discovery.answered(alert)


# --- metadata


def metadata_received(swarm: Swarm, taken: Taken, alert: lt.metadata_received_alert) -> None:
    """Check a magnet's metadata as strictly as a file from a user, and pass it on; stop the torrent if it is bad."""
    info = taken.handle.torrent_file()
    if info is None:
        return
    data = torrent_file_of(info)
    try:
        metainfo = read_torrent_file(data)
    except BadTorrent as problem:
        _refuse(swarm, taken, problem.kept)
        return
    if metainfo.private:
        keep_private(taken.handle)
        if not swarm.closing:
            take_in_anew(swarm, taken, data)
            return
    renamed = taken.handle.get_renamed_files().export_filenames(info.layout())
    for index, path in renamed_files(info, renamed).items():
        if renamed.get(index) != path:
            taken.handle.rename_file(index, path)
    taken.file_sizes = read_file_sizes(info)
    swarm.wants_update = True
    swarm.report(MetadataReceived(taken.key, data))
    swarm.request_save(taken)


def metadata_failed(swarm: Swarm, taken: Taken, alert: lt.metadata_failed_alert) -> None:
    swarm.tell(taken.key, "warning", _("A peer sent wrong metadata; other peers are asked."))


def torrent_conflict(swarm: Swarm, taken: Taken, alert: lt.torrent_conflict_alert) -> None:
    """Let both rest, and pass the metadata on: whoever decides which one goes knows whose they are."""
    data = torrent_file_of(alert.metadata)
    try:
        read_torrent_file(data)
    except BadTorrent as problem:
        _refuse(swarm, taken, problem.kept)
        return
    taken.held_back = data
    for each in (taken, swarm.torrents.of(alert.conflicting_torrent)):
        if each:
            each.refusal = _(CONFLICT)
            swarm.conflicts.add(each.key)
    swarm.wants_update = True
    swarm.report(MetadataReceived(taken.key, data))


def _refuse(swarm: Swarm, taken: Taken, sentence: str) -> None:
    taken.refusal = sentence
    taken.handle.pause()
    swarm.wants_update = True
    swarm.tell(taken.key, "error", sentence)


# --- resume data


def save_resume_data(swarm: Swarm, taken: Taken, alert: lt.save_resume_data_alert) -> None:
    """Write resume data, unless the torrent is being checked: then it knows less than what is on disk.

    The lagging mark goes with data that can't fall behind: of a complete torrent, and of one at rest. It stays where
    the disk may have lost some of the content.
    """
    asked = _end_of_save(swarm, taken)
    params = alert.params
    if taken.refusal or taken.holed or int(taken.handle.status(0).state) in CHECKING:
        return
    keep_peers(taken, params)
    complete = bool(params.have_pieces) and all(params.have_pieces)
    # Whoever is still to pause may receive more.
    rests = not taken.runs or (swarm.closing and taken.key not in swarm.unpaused) or bool(taken.missing)
    clears = asked if (complete or rests) and not taken.unkept else None
    save = Save(lt.write_resume_data_buf(params), clears)
    waits = clears is not None and bool(taken.file_sizes) and swarm.store.is_lagging(taken.key)
    if not complete or not waits:
        taken.unflushed_save = taken.flushing_save = taken.syncing_save = None  # this one is newer
    if not waits:
        swarm.write(taken.key, save)
        return
    if not complete or swarm.closing:  # if the disk takes too long, only a check is lost
        swarm.write(taken.key, replace(save, clears=None))
    save_when_flushed(swarm, taken, save)


def save_resume_data_failed(swarm: Swarm, taken: Taken, alert: lt.save_resume_data_failed_alert) -> None:
    _end_of_save(swarm, taken)
    swarm.counts["resume_saves_refused"] += 1


def _end_of_save(swarm: Swarm, taken: Taken) -> int | None:
    """Return the generation of the mark when the save was asked for; ask again if something changed since."""
    asked, taken.saving = taken.saving, None
    if taken.saves_again:
        taken.saves_again = False
        swarm.request_save(taken)
    return asked


def fastresume_rejected(swarm: Swarm, taken: Taken, alert: lt.fastresume_rejected_alert) -> None:
    """Let libtorrent check the files where they don't fit; where whole ones are not there, wait for them instead."""
    if wrong := first_missing(paths(taken, sorted(taken.had))):
        files_are_missing(swarm, taken, wrong[1])
        return
    taken.had = frozenset()  # they are there; what they are the check will tell
    swarm.store.mark_lagging(taken.key)
    swarm.tell(
        taken.key,
        "warning",
        _(
            "The files on disk don't fit the saved progress (%(message)s); they are compared with their hashes "
            "instead.",
            {"message": alert.error.message()},
        ),
    )


# --- files


def cache_flushed(swarm: Swarm, taken: Taken, alert: lt.cache_flushed_alert) -> None:
    report_flushed(swarm, taken)


# --- removals


def torrent_deleted(swarm: Swarm, alert: lt.torrent_deleted_alert | lt.torrent_delete_failed_alert) -> None:
    """Delete the rest ourselves. A failure of libtorrent's is no reason to stop: ours decides."""
    hashes = alert.info_hashes
    found = {str(hashes.v1) if hashes.has_v1() else "", str(hashes.v2) if hashes.has_v2() else ""} - {""}
    for removal in tuple(swarm.removals.values()):
        if removal.hashes & found:
            delete_content(swarm, removal)


# --- the engine as a whole


def listen_succeeded(swarm: Swarm, alert: lt.listen_succeeded_alert) -> None:
    address = format_endpoint((alert.address, alert.port))
    swarm.listening[f"{alert.socket_type}/{address}"] = address
    swarm.listen_problems.pop(alert.address, None)


def listen_failed(swarm: Swarm, alert: lt.listen_failed_alert) -> None:
    address = format_endpoint((alert.address, alert.port))
    swarm.listen_problems[alert.address] = _(
        "The engine can't listen on %(address)s (%(message)s): peers can't reach it there. Free the address or "
        "choose another in NODE_LISTEN.",
        {"address": address, "message": alert.error.message()},
    )


def stats(swarm: Swarm, alert: lt.session_stats_alert) -> None:
    swarm.counts["dht_nodes"] = alert.values["dht.dht_nodes"]
    swarm.counts["sent_bytes"] = alert.values["net.sent_payload_bytes"]


def alerts_dropped(swarm: Swarm, alert: lt.alerts_dropped_alert) -> None:
    """Some news is lost: look at everything again."""
    swarm.counts["alerts_dropped"] += sum(alert.dropped_alerts) or 1
    swarm.market.meters.have_missed(taken.key for taken in swarm.torrents)
    for taken in swarm.torrents:
        taken.saving = None
        note_untold_write(swarm, taken)
        taken.is_flushing = False
        taken.flushing, taken.unflushed = set(), taken.flushing | taken.unflushed
        taken.flushing_save, taken.unflushed_save = None, taken.unflushed_save or taken.flushing_save
        if taken.file_sizes:
            swarm.schedule_files(taken)
        swarm.schedule_save(taken, every_s=SAVE_EVERY_S)
    for removal in swarm.removals.values():
        removal.give_up_at_s = min(removal.give_up_at_s, time.monotonic())


ABOUT_TORRENTS: dict[type, Callable[[Swarm, Taken, Any], None]] = {
    lt.block_downloading_alert: block_asked,
    lt.block_finished_alert: block_finished,
    lt.cache_flushed_alert: cache_flushed,
    lt.fastresume_rejected_alert: fastresume_rejected,
    lt.file_error_alert: file_error,
    lt.hash_failed_alert: hash_failed,
    lt.metadata_failed_alert: metadata_failed,
    lt.metadata_received_alert: metadata_received,
    lt.peer_connect_alert: peer_connected,
    lt.peer_disconnected_alert: peer_disconnected,
    lt.piece_finished_alert: piece_finished,
    lt.save_resume_data_alert: save_resume_data,
    lt.save_resume_data_failed_alert: save_resume_data_failed,
    lt.state_changed_alert: state_moved,
    lt.torrent_checked_alert: torrent_checked,
    lt.torrent_conflict_alert: torrent_conflict,
    lt.torrent_error_alert: torrent_error,
    lt.torrent_finished_alert: torrent_finished,
    lt.torrent_paused_alert: torrent_paused,
    lt.torrent_resumed_alert: state_moved,
}
ABOUT_ALL: dict[type, Callable[[Swarm, Any], None]] = {
    lt.alerts_dropped_alert: alerts_dropped,
    lt.dht_get_peers_reply_alert: dht_answered,
    lt.listen_failed_alert: listen_failed,
    lt.listen_succeeded_alert: listen_succeeded,
    lt.portmap_alert: port_mapped,
    lt.portmap_error_alert: port_not_mapped,
    lt.socks5_alert: socks5_failed,
    lt.session_stats_alert: stats,
    lt.state_update_alert: state_update,
    lt.torrent_delete_failed_alert: torrent_deleted,
    lt.torrent_deleted_alert: torrent_deleted,
}
# Known, in the categories we ask for, and nothing to do: the same is seen elsewhere, or it concerns nobody.
IGNORED: frozenset[type] = frozenset(
    {
        lt.add_torrent_alert,  # add_torrent has returned the handle already
        lt.external_ip_alert,
        lt.lsd_error_alert,
        lt.peer_error_alert,
        lt.torrent_added_alert,
        lt.torrent_removed_alert,  # torrent_deleted follows
        lt.tracker_error_alert,  # shown with the trackers, to those who brought them
        lt.scrape_failed_alert,
        lt.session_stats_header_alert,  # the names of what session_stats_alert tells
        lt.udp_error_alert,
        lt.url_seed_alert,
    }
)
