"""The film of the demo, and those who want it for nothing: plain peers that share the upload with the buyer."""

from pathlib import Path

from seedbox.config.demo.boxes import LEECHER_ADDRESSES
from seedbox.domain.units import KIB, MIB
from seedbox.engine.bare import NO_DISK, BarePeer, make_torrent_file
from seedbox.engine.metainfo import read_torrent_file

SIZE_BYTES = 512 * MIB  # of nothing but holes
PIECE_BYTES = 256 * KIB
NAME = "A film that many want.bin"


class Film:
    """A private torrent: its peers are told of no others, so that the seller is all that each of them has."""

    def __init__(self, folder: Path) -> None:
        content = folder / NAME
        with content.open("wb") as file:
            file.truncate(SIZE_BYTES)
        self.torrent_file = make_torrent_file(content, piece_bytes=PIECE_BYTES, private=True)
        self.key = read_torrent_file(self.torrent_file).info_hash_v1
        self.path = folder / "film.torrent"
        self.path.write_bytes(self.torrent_file)
        self._content = content

    def put_into(self, downloads: Path) -> None:
        """Put the content where a node looks for that of this torrent."""
        folder = downloads / self.key
        folder.mkdir(parents=True)
        (folder / NAME).hardlink_to(self._content)


class Leechers:
    """What they get goes nowhere, and nobody gets anything of them."""

    def __init__(self, film: Film, folder: Path, seller: str) -> None:
        self._peers = [BarePeer(address, disk_io=NO_DISK) for address in LEECHER_ADDRESSES]
        for number, peer in enumerate(self._peers):
            peer.take(film.torrent_file, folder / f"leecher-{number}", empty=True)
            peer.connect(seller)

    @property
    def received_bytes(self) -> int:
        return sum(peer.received_bytes for peer in self._peers)

    @property
    def count(self) -> int:
        return len(self._peers)

    def close(self) -> None:
        for peer in self._peers:
            peer.close()
