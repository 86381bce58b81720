"""Plain libtorrent peers on loopback, without our engine: what benches measure against and tests trade with."""

import gc
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import libtorrent as lt

from seedbox.engine.settings import UTP_RESENDS, Setting

DEFAULT_DISK = "default_disk_io_constructor"
NO_DISK = "disabled_disk_io_constructor"  # takes what it gets and forgets it

ALONE: Mapping[str, Setting] = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "allow_multiple_connections_per_ip": True,
    "ssrf_mitigation": False,
    "utp_num_resends": UTP_RESENDS,  # a busy machine is no lost connection
}
NEVER_MANAGED = lt.torrent_flags.default_flags & ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)


class BarePeerTimeout(Exception):
    """The peer did not get there in time."""


class BarePeer:
    """One libtorrent session with one torrent; libtorrent's defaults but for what keeps it on loopback."""

    def __init__(
        self, address: str, *, overrides: Mapping[str, Setting] | None = None, disk_io: str = DEFAULT_DISK
    ) -> None:
        pack = {
            **ALONE,
            "listen_interfaces": f"{address}:0",
            "outgoing_interfaces": address.strip("[]"),
            **(overrides or {}),
        }
        params = lt.session_params(cast("lt.settings_pack", pack))
        params.disk_io_constructor = disk_io
        self._address = address
        self._session: lt.session | None = lt.session(params)
        self._handle: lt.torrent_handle | None = None

    @property
    def endpoint(self) -> str:
        """Where others reach it, once it listens."""
        self.wait_until(lambda: self._open_session().listen_port() > 0, "listen", limit_s=10)
        return f"{self._address}:{self._open_session().listen_port()}"

    def take(self, torrent_file: bytes, folder: Path, *, complete: bool = False, empty: bool = False) -> None:
        """Add the torrent; `complete` says that the content is in `folder`, `empty` that nothing is: no check then."""
        params = lt.load_torrent_buffer(torrent_file)
        params.save_path = str(folder)
        params.flags = NEVER_MANAGED | (lt.torrent_flags.seed_mode if complete else 0)
        if empty and params.ti:
            params.have_pieces = [False] * params.ti.num_pieces()
        self._handle = self._open_session().add_torrent(params)

    def connect(self, endpoint: str) -> None:
        address, _, port = endpoint.rpartition(":")
        self._open_handle().connect_peer((address.strip("[]"), int(port)))

    @property
    def is_complete(self) -> bool:
        return self._open_handle().status(0).is_seeding

    @property
    def done_bytes(self) -> int:
        return self._open_handle().status(0).total_done

    @property
    def received_bytes(self) -> int:
        return self._open_handle().status(0).all_time_download

    @property
    def sent_bytes(self) -> int:
        return self._open_handle().status(0).all_time_upload

    @property
    def peers(self) -> tuple[str, ...]:
        """The IP addresses that it is connected to."""
        return tuple(peer.ip[0] for peer in self._open_handle().get_peer_info())

    @property
    def clients(self) -> tuple[str, ...]:
        """What they call themselves: names, and peer IDs as far as those can be read."""
        found = self._open_handle().get_peer_info()
        return tuple(f"{peer.client.decode(errors='replace')} {peer.pid.to_bytes()!r}" for peer in found)

    def limit_upload(self, speed_bytes_per_s: int) -> None:
        """Send no faster, so that somebody can be caught in the middle."""
        self._open_handle().set_upload_limit(speed_bytes_per_s)

    def limit_download(self, speed_bytes_per_s: int) -> None:
        self._open_handle().set_download_limit(speed_bytes_per_s)

    def wait_until_complete(self, *, limit_s: float) -> None:
        self.wait_until(lambda: self.is_complete, "be complete", limit_s=limit_s)

    def wait_until(self, reached: Callable[[], bool], what: str, *, limit_s: float) -> None:
        """Wait for something to become true; alerts end each wait early. Raises BarePeerTimeout."""
        deadline = time.monotonic() + limit_s
        while not reached():
            if time.monotonic() > deadline:
                raise BarePeerTimeout(f"the bare peer on {self._address} did not {what} within {limit_s} s")
            self._open_session().wait_for_alert(5)
            self._open_session().pop_alerts()

    def close(self) -> None:
        """Let go of the session: left to the interpreter's end, its threads abort the process."""
        self._handle = None
        if self._session is not None:
            self._session.apply_settings({"stop_tracker_timeout": 1})
            self._session.pop_alerts()
            self._session = None
            gc.collect()

    def _open_session(self) -> lt.session:
        if self._session is None:
            raise BarePeerTimeout(f"the bare peer on {self._address} is closed")
        return self._session

    def _open_handle(self) -> lt.torrent_handle:
        if self._handle is None:
            raise BarePeerTimeout(f"the bare peer on {self._address} has no torrent")
        return self._handle


def make_torrent_file(content: Path, *, piece_bytes: int, private: bool = False) -> bytes:
    """Return a v1 torrent file of a file or folder; peers of a private one are not told of each other."""
    creator = lt.create_torrent(lt.list_files(str(content)), piece_bytes, lt.create_torrent.v1_only)
    creator.set_priv(private)
    lt.set_piece_hashes(creator, str(content.parent))
    return lt.bencode(creator.generate())
