"""One small function per command, in a table by type."""

import contextlib
import ipaddress
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.kept import kept_counted as ngettext
from seedbox.domain.metainfo import BadTorrent
from seedbox.engine.faults import check_content, go_on
from seedbox.engine.intake import BadResume, Intake, read_intake
from seedbox.engine.metainfo import format_endpoint, read_torrent_file, torrent_file_of
from seedbox.engine.outside import is_peer_outside, trackers_outside, web_seeds_outside
from seedbox.engine.peers import first_peers
from seedbox.engine.places import is_there, root_of
from seedbox.engine.port import (
    AddFailed,
    AddTorrent,
    ConnectPeers,
    GiveMetadata,
    MetadataReceived,
    RecheckTorrent,
    RemoveFailed,
    RemoveTorrent,
    SetAside,
    SetTrackers,
    StartTorrent,
    StopTorrent,
    TorrentCommand,
    WatchTorrents,
)
from seedbox.engine.presence import fetch_anyway
from seedbox.engine.readings import read_file_sizes
from seedbox.engine.removal import delete_content, no_disk
from seedbox.engine.swarm import Removal, Swarm
from seedbox.engine.taken import Taken

DELETION_LIMIT_S = 60.0  # libtorrent's own; we delete the folder in any case
_GOSSIP = lt.peer_info.dht | lt.peer_info.pex | lt.peer_info.lsd


def carry_out(swarm: Swarm, command: TorrentCommand) -> None:
    """Start carrying out a command. All but Add, Remove and Watch need a torrent that we have."""
    match command:
        case AddTorrent():
            add(swarm, command)
        case RemoveTorrent():
            remove(swarm, command)
        case WatchTorrents():
            swarm.watched = command.keys
        case _:
            if taken := swarm.torrents.get(command.key):
                CHANGES[type(command)](swarm, taken, command)
    swarm.wants_update = True


def add(swarm: Swarm, command: AddTorrent) -> None:
    """Take a torrent in.

    1. While its removal is under way, wait for the end of it.
    2. Read the torrent file or magnet, and the resume data. Damaged resume data means a full check.
    3. If content may be ahead of the resume data, let libtorrent check it, also when it shall rest afterwards.
    4. If it runs and isn't known to be complete, mark it as lagging before the first byte can arrive.
    """
    if command.key in swarm.removals:
        swarm.deferred[command.key] = command
        return
    if command.key in swarm.torrents:
        return
    try:
        intake = _read(swarm, command)
        _choose_flags(swarm, command, intake)
        _keep_outside(swarm, command, intake.params)
        if not intake.complete and (command.runs or intake.must_check):
            swarm.store.mark_lagging(command.key)
        handle = swarm.session.add_torrent(intake.params)
    except (BadTorrent, RuntimeError, ValueError, OSError) as problem:
        swarm.report(AddFailed(command.key, _why_not(problem)))
        return
    info = intake.params.ti
    taken = Taken(
        command.key,
        handle,
        command.save_path,
        root_of(swarm.settings, command.save_path),
        runs=command.runs,
        by_magnet=not command.torrent_file,
        file_sizes=read_file_sizes(info) if info else {},
        peers=first_peers(intake.params),
        had=intake.had,
    )
    swarm.torrents.put(taken)
    if info and taken.by_magnet:
        swarm.report(MetadataReceived(command.key, torrent_file_of(info)))


def keep_private(handle: lt.torrent_handle) -> None:
    """Let a private torrent's peers come from its trackers only."""
    handle.set_flags(lt.torrent_flags.disable_dht | lt.torrent_flags.disable_pex | lt.torrent_flags.disable_lsd)


def take_in_anew(swarm: Swarm, taken: Taken, torrent_file: bytes) -> None:
    """Take a magnet's torrent in as the private one that it turned out to be.

    As the magnet's, libtorrent would go on to give its metadata to whoever knows the hash, and keep peers that were
    found without a tracker. Those that a user or a tracker named stay.
    """
    trackers = tuple(entry["url"] for entry in taken.handle.trackers())
    peers = tuple(format_endpoint(peer.ip) for peer in taken.handle.get_peer_info() if not peer.source & _GOSSIP)
    swarm.let_go(taken)
    swarm.session.remove_torrent(taken.handle)
    command = AddTorrent(taken.key, taken.save_path, torrent_file, trackers=trackers, peers=peers, runs=taken.runs)
    add(swarm, command)
    if anew := swarm.torrents.get(taken.key):
        anew.by_magnet = True
        swarm.report(MetadataReceived(taken.key, torrent_file))
        swarm.request_save(anew)


def parse_endpoint(text: str) -> tuple[str, int] | None:
    """Read "IP:PORT" or "[IPv6]:PORT"; None when it is neither."""
    address, _, port = text.rpartition(":")
    with contextlib.suppress(ValueError):
        if port.isascii() and port.isdecimal() and 0 < int(port) < 65_536:
            return str(ipaddress.ip_address(address.strip("[]"))), int(port)
    return None


def _peers(swarm: Swarm, texts: Iterable[str]) -> list[tuple[str, int]]:
    """Return the peers that users gave, without those that would make the node knock at its own machine."""
    found = [peer for text in texts if (peer := parse_endpoint(text))]
    if swarm.settings.isolated or swarm.settings.believes_local_peers:
        return found
    return [peer for peer in found if is_peer_outside(peer[0])]


def _read(swarm: Swarm, command: AddTorrent) -> Intake:
    try:
        return read_intake(command, swarm.store.load(command.key))
    except (BadResume, OSError) as problem:
        swarm.store.put_away(command.key)
        swarm.tell(
            command.key,
            "warning",
            _(
                "The saved progress could not be read (%(problem)s); all files are compared with their hashes instead.",
                {"problem": str(problem)},
            ),
        )
        return read_intake(command, None)


def _choose_flags(swarm: Swarm, command: AddTorrent, intake: Intake) -> None:
    params = intake.params
    flags = lt.torrent_flags.default_flags | lt.torrent_flags.duplicate_is_error
    flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)  # the queue is ours
    if swarm.store.is_lagging(command.key):
        intake.forget_pieces()
    if not command.runs:
        flags |= lt.torrent_flags.stop_when_ready if intake.must_check else lt.torrent_flags.paused
    if params.ti is not None and params.ti.priv():
        flags |= lt.torrent_flags.disable_dht | lt.torrent_flags.disable_pex | lt.torrent_flags.disable_lsd
    params.flags = flags
    params.save_path = command.save_path
    params.trackers = list(command.trackers)
    params.tracker_tiers = list(range(len(command.trackers)))
    params.peers = [*params.peers, *_peers(swarm, command.peers)]


def _keep_outside(swarm: Swarm, command: AddTorrent, params: lt.add_torrent_params) -> None:
    """Leave out URLs that would make the node ask its own network, unless that is all it lives in."""
    if swarm.settings.isolated:
        return
    trackers, web_seeds = trackers_outside(params.trackers), web_seeds_outside(params.url_seeds)
    left_out = len(params.trackers) - len(trackers) + len(params.url_seeds) - len(web_seeds)
    if left_out:
        params.trackers, params.tracker_tiers, params.url_seeds = trackers, list(range(len(trackers))), web_seeds
        swarm.tell(
            command.key,
            "warning",
            ngettext(
                "Left out %(count)d tracker or web seed in the node's own network.",
                "Left out %(count)d trackers or web seeds in the node's own network.",
                left_out,
                {"count": left_out},
            ),
        )


def _why_not(problem: Exception) -> str:
    if isinstance(problem, BadTorrent):
        return problem.kept
    return _(
        "The engine could not take this torrent in (%(problem)s). Remove it and add it again.",
        {"problem": str(problem)},
    )


def start(swarm: Swarm, taken: Taken, command: StartTorrent) -> None:
    taken.runs = True
    if not (taken.refusal or taken.missing or taken.returning):
        go_on(swarm, taken)


def stop(swarm: Swarm, taken: Taken, command: StopTorrent) -> None:
    taken.runs = False
    if taken.fault:
        taken.handle.unset_flags(lt.torrent_flags.upload_mode)
        if not taken.holed:  # else it is checked once the disk is well
            taken.fault, taken.disk_problem = None, ""
    if taken.returning:
        return  # it is being checked, and stops then
    taken.handle.unset_flags(lt.torrent_flags.stop_when_ready)
    taken.handle.pause()  # torrent_paused_alert saves


def recheck(swarm: Swarm, taken: Taken, command: RecheckTorrent) -> None:
    if taken.refusal or not taken.file_sizes:
        return
    fetch_anyway(swarm, taken)
    check_content(swarm, taken)


def set_aside(swarm: Swarm, taken: Taken, command: SetAside) -> None:
    swarm.let_go(taken)
    swarm.session.remove_torrent(taken.handle)


def set_trackers(swarm: Swarm, taken: Taken, command: SetTrackers) -> None:
    entries = []
    trackers = command.trackers if swarm.settings.isolated else trackers_outside(command.trackers)
    for tier, url in enumerate(trackers):
        entry = lt.announce_entry(url)
        entry.tier = tier
        entries.append(entry)
    taken.handle.replace_trackers(entries)


def give_metadata(swarm: Swarm, taken: Taken, command: GiveMetadata) -> None:
    if taken.key in swarm.conflicts:
        taken.held_back = command.torrent_file
    if taken.file_sizes or taken.refusal:
        return
    try:
        metainfo = read_torrent_file(command.torrent_file)
    except BadTorrent as problem:
        swarm.tell(taken.key, "error", problem.kept)
        return
    if metainfo.private:
        take_in_anew(swarm, taken, torrent_file_of(lt.torrent_info(command.torrent_file)))
    else:
        _set_metadata(taken, command.torrent_file)


def _set_metadata(taken: Taken, torrent_file: bytes) -> None:
    taken.handle.set_metadata(lt.torrent_info(torrent_file).info_section())  # metadata_received_alert does the rest


def connect_peers(swarm: Swarm, taken: Taken, command: ConnectPeers) -> None:
    for peer in _peers(swarm, command.peers):
        taken.handle.connect_peer(peer, lt.peer_info.tracker)  # such a source makes up for a failure


def remove(swarm: Swarm, command: RemoveTorrent) -> None:
    """Look whether its disk is there; then drop it from the session, and delete what is left of it."""
    if command.key in swarm.removals:
        swarm.deferred.pop(command.key, None)
        return
    if not Path(command.save_path).is_absolute():
        swarm.report(
            RemoveFailed(
                command.key,
                _("%(save_path)s is no absolute path, so nothing was deleted.", {"save_path": command.save_path}),
            )
        )
        return
    removal = Removal(command.key, command.save_path, frozenset(), float("inf"))
    swarm.removals[command.key] = removal
    swarm.look_at_disk(
        root_of(swarm.settings, command.save_path),
        lambda: is_there(swarm.settings, command.save_path),
        lambda future: _take_out(swarm, removal, disk_is_there=future.result()),
    )


def _take_out(swarm: Swarm, removal: Removal, *, disk_is_there: bool) -> None:
    """Drop a torrent from the session; the alert that libtorrent has deleted its files goes on with the removal."""
    if not disk_is_there:
        del swarm.removals[removal.key]
        swarm.report(RemoveFailed(removal.key, no_disk(root_of(swarm.settings, removal.save_path))))
        return
    taken = swarm.torrents.get(removal.key)
    if taken is None:
        delete_content(swarm, removal)
        return
    hashes = taken.handle.info_hashes()
    removal.hashes = frozenset({str(hashes.v1), str(hashes.v2)})
    removal.give_up_at_s = time.monotonic() + DELETION_LIMIT_S
    swarm.let_go(taken)
    swarm.session.remove_torrent(taken.handle, lt.session.delete_files)
    settle_conflicts(swarm)


def settle_conflicts(swarm: Swarm) -> None:
    """Now that a torrent is gone, let those go on that were found to be the same as it.

    Where the other one is still here, libtorrent finds the conflict once more.
    """
    conflicts, swarm.conflicts = swarm.conflicts, set()
    for taken in filter(None, map(swarm.torrents.get, conflicts)):
        taken.refusal = ""
        taken.handle.clear_error()
        if taken.held_back:
            _set_metadata(taken, taken.held_back)
            taken.held_back = b""
        if taken.runs:
            taken.handle.resume()


CHANGES: dict[type, Callable[[Swarm, Taken, Any], None]] = {
    StartTorrent: start,
    StopTorrent: stop,
    RecheckTorrent: recheck,
    SetAside: set_aside,
    SetTrackers: set_trackers,
    GiveMetadata: give_metadata,
    ConnectPeers: connect_peers,
}
