"""libtorrent's figures as our own values."""

import time
from collections.abc import Sequence

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.states import State
from seedbox.domain.units import PPM
from seedbox.engine.metainfo import format_endpoint
from seedbox.engine.port import Details, Peer, Snapshot, Tracker
from seedbox.engine.presence import had_bytes
from seedbox.engine.sentences import explain
from seedbox.engine.states import state_of
from seedbox.engine.taken import Taken

MAX_PEERS_SHOWN = 500
MAX_TEXT_CHARS = 200  # of what peers and trackers say of themselves

_UTP = 1 << 17  # of libtorrent's peer flags: utp_socket, for which its Python has no name
_PEER_FLAGS = (
    (lt.peer_info.seed, "seed"),
    (lt.peer_info.rc4_encrypted | lt.peer_info.plaintext_encrypted, "encrypted"),
    (lt.peer_info.snubbed, "snubbed"),
    (_UTP, "uTP"),
)
_CATEGORIES = {
    "system": lt.system_category,
    "libtorrent": lt.libtorrent_category,
    "http": lt.http_category,
}


def read_snapshot(taken: Taken, status: lt.torrent_status, *, closing: bool) -> Snapshot:
    """Return a torrent's figures; one that shall run and waits for the network is not shown as stopped."""
    error = _error_of(taken, status)
    state = _own_state(taken) or state_of(
        engine_state=int(status.state),
        paused=bool(status.flags & lt.torrent_flags.paused) and (closing or not taken.runs),
        complete=status.is_finished,
        failed=bool(error),
    )
    return Snapshot(
        key=taken.key,
        state=state,
        done_bytes=max(status.total_wanted_done, had_bytes(taken) if taken.missing else 0),
        wanted_bytes=status.total_wanted if status.has_metadata else 0,
        downloaded_bytes=status.all_time_download,
        uploaded_bytes=status.all_time_upload,
        down_bytes_per_s=status.download_payload_rate,
        up_bytes_per_s=status.upload_payload_rate,
        peers=status.num_peers,
        seeds=status.num_seeds,
        checked_ppm=status.progress_ppm if state is State.CHECKING else 0,
        error=error,
    )


def read_file_sizes(info: lt.torrent_info) -> dict[int, int]:
    """Return the sizes of all files by index, without pad files."""
    layout = info.layout()
    return {
        index: layout.file_size(index)
        for index in range(layout.num_files())
        if not layout.file_flags(index) & lt.file_flags_t.flag_pad_file
    }


def read_details(taken: Taken) -> Details:
    """Return peers, the fastest first, and trackers.

    This waits for libtorrent's network thread; the alerts that would spare it can't be read from Python.
    """
    peers = sorted(taken.handle.get_peer_info(), key=lambda peer: -(peer.payload_down_speed + peer.payload_up_speed))
    now_s = time.time()
    return Details(
        key=taken.key,
        peers=tuple(_peer(peer) for peer in peers[:MAX_PEERS_SHOWN]),
        trackers=tuple(_tracker(entry, now_s) for entry in taken.handle.trackers()),
    )


def _own_state(taken: Taken) -> State | None:
    """Return a state that libtorrent knows nothing of."""
    if taken.missing and not taken.refusal:
        return State.MISSING
    return State.DISK if taken.fault and taken.runs and not taken.refusal else None


def _error_of(taken: Taken, status: lt.torrent_status) -> str:
    if taken.refusal:
        return taken.refusal
    if taken.missing or (taken.fault and taken.runs):
        return taken.missing or taken.disk_problem
    if status.errc.value():
        return taken.disk_problem or explain(status.errc)
    if status.flags & lt.torrent_flags.upload_mode:
        return taken.disk_problem or _("The engine can't write this torrent's files. Start it to try again.")
    return ""


def _peer(peer: lt.peer_info) -> Peer:
    flags = [word for bit, word in _PEER_FLAGS if peer.flags & bit]
    flags.insert(0, "outgoing" if peer.flags & lt.peer_info.local_connection else "incoming")
    return Peer(
        address=format_endpoint(peer.ip),
        client=_plain(peer.client.decode(errors="replace")),
        progress_ppm=min(peer.progress_ppm, PPM),
        down_bytes_per_s=peer.payload_down_speed,
        up_bytes_per_s=peer.payload_up_speed,
        downloaded_bytes=peer.total_download,
        uploaded_bytes=peer.total_upload,
        flags=" ".join(flags),
    )


def _tracker(entry: "lt.AnnounceEntrydict", now_s: float) -> Tracker:
    """Sum up a tracker over our listening addresses and both protocol versions: the best of them counts."""
    answers = [answer for endpoint in entry["endpoints"] for answer in endpoint["info_hashes"]]
    errors = [answer for answer in answers if answer["last_error"]["value"]]
    working = [answer for answer in answers if answer["start_sent"] and not answer["last_error"]["value"]]
    if working:
        status = "working"
    elif any(answer["updating"] for answer in answers):
        status = "updating"
    else:
        status = "error" if errors else "not contacted"
    messages = [answer["message"] or _error_text(answer["last_error"]) for answer in [*working, *errors]]
    return Tracker(
        url=entry["url"],
        tier=entry["tier"],
        status=status,
        message=_plain(next(filter(None, messages), "")),
        peers=_most([a["scrape_complete"] + a["scrape_incomplete"] for a in working if a["scrape_complete"] >= 0]),
        next_announce_s=_least([_seconds_until(answer["next_announce"], now_s) for answer in working or errors]),
    )


def _error_text(error: "lt.ErrorCodedict") -> str:
    category = _CATEGORIES.get(error["category"])
    if not error["value"] or category is None:
        return ""
    return lt.error_code(error["value"], category()).message()


def _seconds_until(at: object, now_s: float) -> int | None:
    """libtorrent gives seconds since the epoch, whatever its stub says, and a negative number for never."""
    return max(int(at - now_s), 0) if isinstance(at, int) and at > 0 else None


def _most(values: Sequence[int]) -> int | None:
    return max(values, default=None)


def _least(values: Sequence[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)


def _plain(text: str) -> str:
    """Hostile text on one line, at a bearable length."""
    return "".join(char if char.isprintable() else " " for char in text)[:MAX_TEXT_CHARS].strip()
