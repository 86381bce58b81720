"""Who gets a torrent's metadata for its info-hash: everybody if it is public, nobody if it is private (BEP 9, 27)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbox.domain.states import State
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, GiveMetadata, MetadataReceived, Snapshot
from seedbox.engine.settings import EngineSettings
from tests.builders import make_content, make_torrent_file
from tests.engines import ToldEngine
from tests.peer import Peer
from tests.wire import Stranger

OFFER = b"ut_metadata"


class Seed(ToldEngine):
    """Our engine, and the content of a torrent where it looks for it."""

    def __init__(self, folder: Path) -> None:
        self._settings = EngineSettings(folder / "resume", folder, ("127.0.33.60:0",), isolated=True)
        self._folder = folder
        self.engine = LibtorrentEngine(self._settings)
        super().__init__()

    def make(self, *, private: bool) -> bytes:
        return make_torrent_file(make_content(self._folder / "k" / "songs", {"a.bin": 100_000}), private=private)

    def add(self, data: bytes, *, by_magnet: bool = False, path: str = "k", peers: tuple[str, ...] = ()) -> str:
        key = read_torrent_file(data).info_hash_v1
        source = {"magnet": f"magnet:?xt=urn:btih:{key}"} if by_magnet else {"torrent_file": data}
        self.engine.apply(AddTorrent(key, str(self._folder / path), peers=peers, **source))
        return key

    def ask(self, key: str) -> Stranger:
        """Wait until it seeds, and let a stranger ask for the metadata."""
        self.wait(lambda: self._seeds and bool(self.engine.listening), "the engine to listen and seed")
        with Stranger(self.engine.listening[0], key) as stranger:
            stranger.ask_for_metadata()
        return stranger

    @property
    def _seeds(self) -> bool:
        return any(isinstance(event, Snapshot) and event.state is State.SEEDING for event in self.seen)

    def reopen(self) -> None:
        self.engine.close(timeout_s=5)
        self.seen.clear()
        self.engine = LibtorrentEngine(self._settings)


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    seed = Seed(tmp_path)
    yield seed
    seed.engine.close(timeout_s=5)


class TestMetadata:
    def test_of_a_public_torrent_is_given_to_whoever_knows_its_hash(self, seed: Seed) -> None:
        stranger = seed.ask(seed.add(seed.make(private=False)))
        assert OFFER in stranger.offers[b"m"]
        assert len(stranger.metadata) == 1
        assert b"6:lengthi100000e" in stranger.metadata[0]

    def test_of_a_private_torrent_is_neither_offered_nor_given(self, seed: Seed) -> None:
        stranger = seed.ask(seed.add(seed.make(private=True)))
        assert (OFFER in stranger.offers[b"m"], stranger.metadata) == (False, [])

    def test_of_a_private_torrent_is_taken_from_a_lax_peer_and_given_to_nobody(
        self, seed: Seed, tmp_path: Path
    ) -> None:
        data = seed.make(private=True)
        with Peer(data, tmp_path / "k", address="127.0.33.61", lax=True) as lax:
            lax.wait_until_complete()
            stranger = seed.ask(seed.add(data, by_magnet=True, path="elsewhere", peers=(lax.endpoint,)))
        assert sum(isinstance(event, MetadataReceived) for event in seed.seen) == 1
        assert (OFFER in stranger.offers[b"m"], stranger.metadata) == (False, [])

    def test_of_a_magnet_that_turns_out_to_be_private_is_not_given_either(self, seed: Seed) -> None:
        data = seed.make(private=True)
        key = seed.add(data, by_magnet=True)
        seed.engine.apply(GiveMetadata(key, data))
        stranger = seed.ask(key)
        assert (OFFER in stranger.offers[b"m"], stranger.metadata) == (False, [])
        seed.reopen()
        seed.add(data, by_magnet=True)  # the node was killed before it had noted the metadata
        assert seed.ask(key).metadata == []
