"""Which adapters this process uses."""

import ipaddress
from pathlib import Path

from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_magnet, read_torrent_file
from seedbox.engine.port import ConfigureNetwork, Engine
from seedbox.engine.settings import EngineSettings

__all__ = ["make_engine", "read_magnet", "read_torrent_file"]


def make_engine(
    network: ConfigureNetwork,
    *,
    resume_folder: Path,
    downloads_folder: Path,
    more_folders: tuple[Path, ...] = (),
    listen: tuple[str, ...],
    upload_limit_bytes_per_s: int = 0,
) -> Engine:
    """Start the node's engine; the calling thread owns it and must close it before the process ends.

    An engine that listens on loopback addresses only looks for nobody outside: no DHT, LSD, UPnP or NAT-PMP.
    """
    return LibtorrentEngine(
        EngineSettings(
            resume_folder=resume_folder,
            downloads_folder=downloads_folder,
            more_folders=more_folders,
            has_markers=True,
            listen=listen,
            isolated=all(_is_loopback(address) for address in listen),
            overrides={"upload_rate_limit": upload_limit_bytes_per_s},  # 0 is none, there too
        ),
        network,
    )


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.rpartition(":")[0].strip("[]")).is_loopback
