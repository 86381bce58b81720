"""A plain libtorrent peer on loopback with many torrents, outside the box: the bench of kills trades with it."""

import gc
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import libtorrent as lt

from seedbox.engine.bare import ALONE, NEVER_MANAGED, BarePeerTimeout
from seedbox.engine.settings import Setting, everyone_global

LISTEN_LIMIT_MS = 10_000

_PATIENT: Mapping[str, Setting] = {
    "min_reconnect_time": 0,  # the box comes back soon
    "torrent_connect_boost": 255,  # connect when told, not at the next full second
    "connections_limit": 1_000,
    "unchoke_slots_limit": -1,
    "alert_mask": 0,
}
_ONLY_TCP: Mapping[str, Setting] = {"enable_outgoing_utp": False, "enable_incoming_utp": False}
_ONLY_UTP: Mapping[str, Setting] = {"enable_outgoing_tcp": False, "enable_incoming_tcp": False}


class BareSwarm:
    """One libtorrent session; a torrent is known by its v1 info-hash. Any thread may call."""

    def __init__(self, address: str, *, over_utp: bool) -> None:
        """Speak uTP alone, or TCP alone."""
        ways = {"listen_interfaces": f"{address}:0", "outgoing_interfaces": address}
        pack = {**ALONE, **_PATIENT, **ways, **(_ONLY_UTP if over_utp else _ONLY_TCP)}
        self.over_utp = over_utp
        self._address = address
        self._handles: dict[str, lt.torrent_handle] = {}
        self._flushing: set[str] = set()  # those that are complete, once asked
        self._on_disk: set[str] = set()
        self._session: lt.session | None = lt.session(cast("lt.settings_pack", pack))
        self._session.set_peer_class_filter(everyone_global())  # loopback peers know no limits otherwise

    @property
    def endpoint(self) -> str:
        session = self._open()
        session.wait_for_alert(0 if session.listen_port() else LISTEN_LIMIT_MS)
        return f"{self._address}:{session.listen_port()}"

    def seed(self, torrent_file: bytes, folder: Path, *, up_bytes_per_s: int) -> str:
        """Offer what lies complete in `folder`, no faster than told, and return its key."""
        return self._take(torrent_file, folder, up_bytes_per_s, lt.torrent_flags.seed_mode)

    def fetch(self, torrent_file: bytes, folder: Path, *, down_bytes_per_s: int) -> str:
        return self._take(torrent_file, folder, 0, 0, down_bytes_per_s)

    def connect(self, key: str, endpoint: str) -> None:
        """Hear of a peer as from a tracker: to anybody else libtorrent does not listen once it was in vain thrice."""
        address, _, port = endpoint.rpartition(":")
        self._handles[key].connect_peer((address, int(port)), lt.peer_info.tracker)

    def hurry(self, key: str) -> None:
        """Send as fast as it goes from now on."""
        self._handles[key].set_upload_limit(0)

    def peers(self, key: str) -> int:
        return self._handles[key].status(0).num_peers

    def sent_bytes(self, key: str) -> int:
        return self._handles[key].status(0).total_payload_upload

    def is_complete(self, key: str) -> bool:
        """Say whether all of it is in its file; libtorrent has checked every piece before the last is written."""
        handle = self._handles[key]
        if key not in self._flushing and handle.status(0).is_seeding:
            self._flushing.add(key)
            handle.flush_cache()
        for alert in self._open().pop_alerts():
            if isinstance(alert, lt.cache_flushed_alert):
                self._on_disk.add(str(alert.handle.info_hashes().v1))
        return key in self._on_disk

    def standing(self, key: str) -> str:
        """Say how a torrent stands, for whoever wonders why it does not move."""
        status = self._handles[key].status(0)
        found = f"{status.num_peers} peers, {status.total_done} of {status.total_wanted} bytes, {status.flags:#x}"
        return f"{found}, {status.state}, {status.errc.message()}"

    def drop(self, key: str) -> None:
        """Forget a torrent; its files stay."""
        self._flushing.discard(key)
        self._on_disk.discard(key)
        if handle := self._handles.pop(key, None):
            self._open().remove_torrent(handle)

    def close(self) -> None:
        """Let go of the session: left to the interpreter's end, its threads abort the process."""
        self._handles.clear()
        self._session = None
        gc.collect()

    def _take(
        self, torrent_file: bytes, folder: Path, up_bytes_per_s: int, flags: int, down_bytes_per_s: int = 0
    ) -> str:
        params = lt.load_torrent_buffer(torrent_file)
        params.save_path = str(folder)
        params.flags = NEVER_MANAGED | flags
        params.upload_limit = up_bytes_per_s
        params.download_limit = down_bytes_per_s
        key = str(params.info_hashes.v1)
        self._handles[key] = self._open().add_torrent(params)
        return key

    def _open(self) -> lt.session:
        if self._session is None:
            raise BarePeerTimeout(f"the bare peer on {self._address} is closed")
        return self._session
