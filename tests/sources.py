"""Parsed torrents and magnets, as the web's and the shell's edges hand them to services."""

import tempfile
from pathlib import Path

from seedbox import wiring
from seedbox.domain.metainfo import Magnet, Metainfo
from tests.builders import make_content, make_torrent_file


def make_metainfo(
    name: str = "debian.iso",
    *,
    files: dict[str, int] | None = None,
    protocol: str = "v1",
    private: bool = False,
    tracker: str = "",
) -> Metainfo:
    """A real torrent of small made-up content; the same name and files give the same hashes."""
    with tempfile.TemporaryDirectory() as folder:
        make_content(Path(folder), {f"{name}/{path}": size for path, size in (files or {"a.bin": 50_000}).items()})
        data = make_torrent_file(Path(folder) / name, protocol=protocol, private=private, tracker=tracker)
    return wiring.read_torrent_file(data)


def make_magnet(of: Metainfo, *, hashes: str = "v1 v2", name: str = "", tracker: str = "", peer: str = "") -> Magnet:
    """A magnet of a torrent by its v1 hash, its v2 hash, or both."""
    parts = [f"xt=urn:btih:{of.info_hash_v1}"] if "v1" in hashes and of.info_hash_v1 else []
    parts += [f"xt=urn:btmh:1220{of.info_hash_v2}"] if "v2" in hashes and of.info_hash_v2 else []
    parts += [f"{key}={value}" for key, value in (("dn", name), ("tr", tracker), ("x.pe", peer)) if value]
    return wiring.read_magnet("magnet:?" + "&".join(parts))
