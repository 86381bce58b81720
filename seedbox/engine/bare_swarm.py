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
    # Over TCP a death is known at once; a uTP socket whose other end is gone lasts for minutes.
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "min_reconnect_time": 0,  # the box comes back soon
    "max_failcount": 1_000,
    "torrent_connect_boost": 255,  # connect when told, not at the next full second
    "connections_limit": 1_000,
    "unchoke_slots_limit": -1,
    "alert_mask": 0,
}


class BareSwarm:
    """One libtorrent session; a torrent is known by its v1 info-hash. Any thread may call."""

    def __init__(self, address: str) -> None:
        pack = {**ALONE, **_PATIENT, "listen_interfaces": f"{address}:0", "outgoing_interfaces": address}
        self._address = address
        self._handles: dict[str, lt.torrent_handle] = {}
        self._fetched: dict[str, tuple[bytes, Path, int]] = {}
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
        key = self._take(torrent_file, folder, 0, 0, down_bytes_per_s)
        self._fetched[key] = torrent_file, folder, down_bytes_per_s
        return key

    def begin_anew(self, key: str) -> None:
        """Forget all about the box, but keep the files: libtorrent stops to try an address that failed too often."""
        torrent_file, folder, down_bytes_per_s = self._fetched[key]
        self.drop(key)
        self.fetch(torrent_file, folder, down_bytes_per_s=down_bytes_per_s)

    def connect(self, key: str, endpoint: str) -> None:
        address, _, port = endpoint.rpartition(":")
        self._handles[key].connect_peer((address, int(port)))

    def hurry(self, key: str) -> None:
        """Send as fast as it goes from now on."""
        self._handles[key].set_upload_limit(0)

    def peers(self, key: str) -> int:
        return self._handles[key].status(0).num_peers

    def sent_bytes(self, key: str) -> int:
        return self._handles[key].status(0).total_payload_upload

    def is_complete(self, key: str) -> bool:
        return self._handles[key].status(0).is_seeding

    def standing(self, key: str) -> str:
        """Say how a torrent stands, for whoever wonders why it does not move."""
        status = self._handles[key].status(0)
        found = f"{status.num_peers} peers, {status.total_done} of {status.total_wanted} bytes, {status.flags:#x}"
        return f"{found}, {status.state}, {status.errc.message()}"

    def drop(self, key: str) -> None:
        """Forget a torrent; its files stay."""
        self._fetched.pop(key, None)
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
