"""The DHT's nodes and our place among them, kept over restarts: who starts from nothing finds nobody for a while."""

import logging
from dataclasses import dataclass
from pathlib import Path

import libtorrent as lt

log = logging.getLogger(__name__)

FILE_NAME = "dht.state"  # beside the resume data
MAX_STATE_BYTES = 256 * 1024  # some hundred nodes take a few KiB
SAVE_EVERY_S = 300.0
COUNT_EVERY_S = 2.0

_ONLY_DHT = lt.save_state_flags_t.save_dht_state


def load_params(folder: Path) -> "lt.session_params":
    """Return what libtorrent starts with: the saved state, or none where it is missing or damaged."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            data = file.read(MAX_STATE_BYTES + 1)
        if len(data) > MAX_STATE_BYTES:
            raise ValueError(f"it has more than {MAX_STATE_BYTES} bytes")
        return lt.read_session_params(data, _ONLY_DHT)
    except FileNotFoundError:
        return lt.session_params()
    except (OSError, RuntimeError, ValueError) as problem:
        log.warning("The saved state of the DHT can't be used (%s): its nodes are looked for anew.", problem)
        return lt.session_params()


def read_state(session: "lt.session") -> bytes:
    """Return what to save; this waits for libtorrent's network thread."""
    return lt.write_session_params_buf(session.session_state(_ONLY_DHT), _ONLY_DHT)


def save_state(folder: Path, data: bytes) -> None:
    """Replace the saved state, or keep the old one if that fails: it is worth a log line and no more.

    It is written without a sync: a state that a power cut damages is looked for anew.
    """
    fresh = folder / f"{FILE_NAME}.new"
    try:
        fresh.write_bytes(data)
        fresh.replace(folder / FILE_NAME)
    except OSError as problem:
        log.warning("The state of the DHT could not be saved (%s).", problem)


@dataclass
class Clock:
    """Says when to count the nodes and when to save them; once soon after a start, for that may end in a kill."""

    started_at_s: float

    def __post_init__(self) -> None:
        self._count_at_s = self.started_at_s
        self._save_at_s = self.started_at_s + SAVE_EVERY_S / 10

    def is_due_to_count(self, now_s: float) -> bool:
        if now_s < self._count_at_s:
            return False
        self._count_at_s = now_s + COUNT_EVERY_S
        return True

    def is_due_to_save(self, now_s: float) -> bool:
        if now_s < self._save_at_s:
            return False
        self._save_at_s = now_s + SAVE_EVERY_S
        return True
