"""What a .torrent file or a magnet says, as our own values."""

from dataclasses import dataclass

from seedbox.domain.kept import KeptError

MAX_TORRENT_FILE_BYTES = 10 * 1024 * 1024
MAX_MAGNET_CHARS = 8_192
MAX_TRACKERS = 200
MAX_MAGNET_PEERS = 100


class BadTorrent(KeptError):
    """The file or magnet can't be used; the message names what is wrong and what to do, fit to be shown to its user."""


@dataclass(frozen=True)
class MetaFile:
    index: int  # of the torrent's file list, pad files counted
    path: str  # below the save path, with "/", as the engine writes it
    size_bytes: int


@dataclass(frozen=True)
class Metainfo:
    """A parsed and checked torrent: everything but the piece hashes."""

    info_hash_v1: str  # 40 hex digits, "" for v2-only
    info_hash_v2: str  # 64 hex digits, "" for v1-only
    name: str
    size_bytes: int  # without pad files
    piece_length_bytes: int
    private: bool
    files: tuple[MetaFile, ...]  # without pad files
    trackers: tuple[str, ...]  # tier by tier
    torrent_file: bytes  # what was read


@dataclass(frozen=True)
class Magnet:
    """A parsed and checked magnet link (BEP 9, BEP 52, BEP 53)."""

    info_hash_v1: str
    info_hash_v2: str
    name: str  # "" when the magnet carries none
    trackers: tuple[str, ...]
    peers: tuple[str, ...]  # x.pe
    uri: str


Source = Metainfo | Magnet
