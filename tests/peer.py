"""A plain libtorrent peer on loopback, outside the box: what the box downloads from and seeds to."""

from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import libtorrent as lt

from tests.box import wait_until

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE_S = 60.0


class Peer:
    """Seeds or downloads one torrent on `address` (127.0.0.x), found by nobody unless told."""

    def __init__(
        self,
        torrent_file: bytes,
        folder: Path,
        *,
        address: str = "127.0.0.2",
        up_bytes_per_s: int = 0,
        client: str = "",  # what it calls itself
        lax: bool = False,  # came by magnet, as libtorrent sees it: gives metadata of private torrents too
    ) -> None:
        self._address = address
        pack = cast(
            "lt.settings_pack",
            {
                "listen_interfaces": f"{address}:0",
                "outgoing_interfaces": address,
                "enable_dht": False,
                "enable_lsd": False,
                "enable_upnp": False,
                "enable_natpmp": False,
                "allow_multiple_connections_per_ip": True,
                "alert_mask": 0,
                "handshake_client_version": client,
            },
        )
        self._session = lt.session(pack)
        everybody = lt.ip_filter()
        everybody.add_rule("0.0.0.0", "255.255.255.255", 1 << lt.session.global_peer_class_id)
        self._session.set_peer_class_filter(everybody)  # loopback peers are exempt from limits otherwise
        params = lt.load_torrent_buffer(torrent_file)
        if lax:
            params = lt.parse_magnet_uri(lt.make_magnet_uri(params))
        params.save_path = str(folder)
        params.upload_limit = up_bytes_per_s
        self.handle = self._session.add_torrent(params)
        if lax:
            self.handle.set_metadata(lt.torrent_info(torrent_file).info_section())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        del self.handle, self._session

    @property
    def endpoint(self) -> str:
        return f"{self._address}:{self._session.listen_port()}"

    @property
    def is_complete(self) -> bool:
        return bool(self.handle.status().is_seeding)

    @property
    def sent_bytes(self) -> int:
        return int(self.handle.status().total_payload_upload)

    def hurry(self) -> None:
        """Send as fast as it goes from now on."""
        self.handle.set_upload_limit(0)

    def connect(self, endpoint: str) -> None:
        address, _, port = endpoint.rpartition(":")
        self.handle.connect_peer((address, int(port)))

    def wait_until_complete(self) -> None:
        wait_until(lambda: self.is_complete, "the outside peer to have every piece", PATIENCE_S)
