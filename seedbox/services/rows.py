"""What a page shows of a holding, a file, a peer, a tracker, a log entry: one dict that template and live socket share.

Pure formatting over loaded models and engine values; nothing here asks the database.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from seedbox.domain.kept import told
from seedbox.domain.states import COMPLETE_STATES, STATES, TROUBLED_STATES, State
from seedbox.domain.units import (
    NOTHING,
    PPM,
    format_bytes,
    format_duration,
    format_eta,
    format_progress,
    format_ratio,
    format_speed,
    progress_ppm,
)
from seedbox.engine.port import Peer, Tracker
from seedbox.models import File, Holding, LogEntry, Observation

Cell = str | int
Row = dict[str, Cell]

MAX_FOREIGN_CHARS = 200  # of what peers and trackers say about themselves: a longer text would only push the page apart

MASKED_WHEN_STOPPED = frozenset({State.METADATA, State.DOWNLOADING, State.SEEDING})
_NOT_WHOLE = frozenset({State.CHECKING, State.MISSING})  # nothing to save from, whatever the figures say
_TRACKER_TONES = {"working": "green", "updating": "azure", "error": "red"}
_STATUSES = {
    "working": gettext_noop("working"),
    "updating": gettext_noop("updating"),
    "not contacted": gettext_noop("not contacted"),
    "error": gettext_noop("error"),
}
_FLAGS = {
    "incoming": gettext_noop("incoming"),
    "outgoing": gettext_noop("outgoing"),
    "encrypted": gettext_noop("encrypted"),
    "seed": gettext_noop("seed"),
    "snubbed": gettext_noop("snubbed"),
}
_LOG_TONES = {"warning": "yellow", "error": "red"}


class _What(NamedTuple):
    """What a torrent is: this hardly ever changes."""

    name: str
    size_bytes: int
    has_metadata: bool
    private: bool


class _Course(NamedTuple):
    """How far it is."""

    state: State
    progress_ppm: int
    size_bytes: int
    remaining_bytes: int
    has_metadata: bool
    down_bytes_per_s: int
    error: str


class _Traffic(NamedTuple):
    """What else moves."""

    up_bytes_per_s: int
    downloaded_bytes: int
    uploaded_bytes: int
    size_bytes: int
    peers: int
    seeds: int


Facts = tuple[Any, ...]
Writer = Callable[[Any], Row]  # of some cells of a row, from facts of one kind


def torrent_row(holding: Holding) -> Row:
    """Return the cells of one holding; needs `torrent` and `torrent__observation` loaded."""
    row: Row = {"row": f"holding-{holding.pk}"}
    for write, facts in torrent_parts(holding):
        row |= write(facts)
    return row


def torrent_parts(holding: Holding) -> tuple[tuple[Writer, Facts], ...]:
    """Return the parts of a holding's row: to find out what has not changed costs much less than to write it."""
    torrent, seen = holding.torrent, observation_of(holding)
    size_bytes, has_metadata = torrent.size_bytes, torrent.has_metadata
    what = _What(torrent.name or holding.name or torrent.key, size_bytes, has_metadata, torrent.private)
    state = _seen_state(holding, seen)
    if seen is None:
        course = _Course(state, 0, size_bytes, size_bytes, has_metadata, 0, "")
        traffic = _Traffic(0, 0, 0, size_bytes, 0, 0)
    else:
        course = _course(state, seen, size_bytes, has_metadata=has_metadata)
        traffic = _traffic(state, seen, size_bytes, holding)
    return (_what_cells, what), (_course_cells, course), (_traffic_cells, traffic)


def _what_cells(what: _What) -> Row:
    return {
        "name": printable(what.name),
        "size": format_bytes(what.size_bytes) if what.has_metadata else NOTHING,
        "kind": _kind(what),
    }


def _course_cells(course: _Course) -> Row:
    text = STATES[course.state]
    done_bytes = course.size_bytes - course.remaining_bytes
    return {
        "state": course.state.value,
        "state_label": _(text.label),
        "state_tone": text.tone,
        "progress": format_progress(course.progress_ppm),
        "progress_ppm": course.progress_ppm,
        "done": format_bytes(done_bytes) if course.has_metadata else NOTHING,
        "down": format_speed(course.down_bytes_per_s),
        "eta": _eta(course),
        "error": told(course.error),
        "complete": int(course.progress_ppm >= PPM and course.state not in _NOT_WHOLE),
    }


def _traffic_cells(traffic: _Traffic) -> Row:
    return {
        "up": format_speed(traffic.up_bytes_per_s),
        "ratio": format_ratio(traffic.uploaded_bytes, traffic.size_bytes),
        "peers": _peers(traffic),
        "seeds": str(traffic.seeds),
        "uploaded": format_bytes(traffic.uploaded_bytes),
        "downloaded": format_bytes(traffic.downloaded_bytes),
    }


def torrent_name(holding: Holding) -> str:
    """Return the torrent's own name, else the one in this holder's magnet, else its info-hash."""
    return holding.torrent.name or holding.name or holding.torrent.key


def seen_state(holding: Holding) -> State:
    """Return the state as this holder sees it.

    A holder who stopped the torrent sees it stopped, also while it runs for others: nothing may tell of them.
    """
    return _seen_state(holding, observation_of(holding))


def _seen_state(holding: Holding, observation: Observation | None) -> State:
    if observation is None:
        return State.WAITING if holding.runs else State.STOPPED
    state = State(observation.state)
    if holding.runs or state not in MASKED_WHEN_STOPPED:
        return state
    return State.FINISHED if state == State.SEEDING else State.STOPPED


def observation_of(holding: Holding) -> Observation | None:
    """Return what the node last saw of the torrent, None before its first look."""
    try:
        return holding.torrent.observation
    except ObjectDoesNotExist:
        return None


def _course(state: State, seen: Observation, size_bytes: int, *, has_metadata: bool) -> _Course:
    done_ppm = progress_ppm(done_bytes=seen.done_bytes, wanted_bytes=seen.wanted_bytes)
    moves = state == seen.state  # false: it runs for others only
    return _Course(
        state=state,
        progress_ppm=seen.checked_ppm if state == State.CHECKING else done_ppm,
        size_bytes=size_bytes,
        remaining_bytes=max(size_bytes - seen.done_bytes, 0),
        has_metadata=has_metadata,
        # The engine's figure fades over seconds; a complete torrent fetches nothing.
        down_bytes_per_s=seen.down_bytes_per_s if moves and state not in COMPLETE_STATES else 0,
        error=seen.error if state in TROUBLED_STATES else "",
    )


def _traffic(state: State, seen: Observation, size_bytes: int, holding: Holding) -> _Traffic:
    moves = state == seen.state
    return _Traffic(
        up_bytes_per_s=seen.up_bytes_per_s if moves else 0,
        # A torrent that was removed and came back counts from zero again: never show less than nothing.
        downloaded_bytes=max(seen.downloaded_bytes - holding.downloaded_before_bytes, 0),
        uploaded_bytes=max(seen.uploaded_bytes - holding.uploaded_before_bytes, 0),
        size_bytes=size_bytes,
        peers=seen.peers if moves else 0,
        seeds=seen.seeds if moves else 0,
    )


def _eta(course: _Course) -> str:
    if course.state != State.DOWNLOADING:
        return NOTHING
    if course.down_bytes_per_s <= 0:
        return format_eta(None)
    return format_eta(-(-course.remaining_bytes // course.down_bytes_per_s))  # rounded up: "0 s" means done


def _kind(what: _What) -> str:
    if not what.has_metadata:
        return NOTHING
    return _("Private") if what.private else _("Public")


def _peers(traffic: _Traffic) -> str:
    if not traffic.seeds:
        return str(traffic.peers)
    words = ngettext("%(peers)d (%(seeds)d seed)", "%(peers)d (%(seeds)d seeds)", traffic.seeds)
    return words % {"peers": traffic.peers, "seeds": traffic.seeds}


def file_row(holding_id: int, file: File) -> Row:
    """Return the cells of one file as the holder's page shows it."""
    ppm = PPM if file.is_complete else progress_ppm(done_bytes=file.done_bytes, wanted_bytes=file.size_bytes)
    return {
        "row": f"file-{holding_id}-{file.index}",
        "index": file.index,
        "path": printable(file.path),
        "size": format_bytes(file.size_bytes),
        "done": format_bytes(min(file.done_bytes, file.size_bytes)),
        "progress": format_progress(ppm),
        "progress_ppm": ppm,
        "complete": int(file.is_complete),
    }


def peer_row(peer: Peer) -> Row:
    """Return the cells of one peer."""
    return {
        "row": f"peer-{peer.address}",
        "address": peer.address,
        "client": plain_text(peer.client) or NOTHING,
        "progress": format_progress(peer.progress_ppm),
        "progress_ppm": peer.progress_ppm,
        "down": format_speed(peer.down_bytes_per_s),
        "up": format_speed(peer.up_bytes_per_s),
        "downloaded": format_bytes(peer.downloaded_bytes),
        "uploaded": format_bytes(peer.uploaded_bytes),
        "flags": " ".join(_(_FLAGS[flag]) if flag in _FLAGS else flag for flag in peer.flags.split()),
    }


def tracker_row(tracker: Tracker) -> Row:
    """Return the cells of one tracker."""
    return {
        "row": f"tracker-{tracker.url}",
        "url": tracker.url,
        "tier": tracker.tier,
        "status": _(_STATUSES[tracker.status]) if tracker.status in _STATUSES else tracker.status,
        "status_tone": _TRACKER_TONES.get(tracker.status, "secondary"),
        "message": plain_text(tracker.message),
        "peers": NOTHING if tracker.peers is None else str(tracker.peers),
        "next": NOTHING if tracker.next_announce_s is None else format_duration(tracker.next_announce_s),
    }


def log_row(entry: LogEntry) -> Row:
    """Return the cells of one log entry."""
    return {
        "row": f"log-{entry.pk}",
        "at": entry.at.isoformat(timespec="seconds"),  # for <time datetime>
        "at_text": f"{entry.at:%Y-%m-%d %H:%M:%S}",
        "level": entry.level,
        "tone": _LOG_TONES.get(entry.level, "secondary"),
        "text": printable(told(entry.text)),
    }


def added_row(holding: Holding) -> Row:
    """Return the first line of a holder's log: for this holder the torrent's story begins here."""
    return {
        "row": "log-added",
        "at": holding.added_at.isoformat(timespec="seconds"),
        "at_text": f"{holding.added_at:%Y-%m-%d %H:%M:%S}",
        "level": "info",
        "tone": _LOG_TONES.get("info", "secondary"),
        "text": _("You added this torrent."),
    }


def plain_text(text: str) -> str:
    """Cut a stranger's text and make it printable."""
    return printable(text[:MAX_FOREIGN_CHARS])


def printable(text: str) -> str:
    """Replace what does not print: controls, and marks that turn the direction of writing."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
