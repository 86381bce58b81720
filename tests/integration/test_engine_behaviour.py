"""What only the real engine can show: private torrents, hostile metadata, conflicts, deletion, errors of disks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest

from seedbox.domain.kept import told
from seedbox.domain.states import State
from seedbox.engine.bare import BarePeer
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import (
    AddTorrent,
    Details,
    GiveMetadata,
    MetadataReceived,
    Removed,
    RemoveFailed,
    RemoveTorrent,
    SetTrackers,
    Snapshot,
    StartTorrent,
    WatchTorrents,
)
from seedbox.services.counters import NAMES
from tests.builders import make_content, make_torrent_file
from tests.engines import LIMIT_S, RealBox, Watcher

SIZES = {"a.bin": 400_000, "sub/b.bin": 50_000, "sub/empty": 0}
SIZE_BYTES = 450_000


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return make_content(tmp_path / "seed" / "songs", SIZES)


def open_box(tmp_path: Path, content: Path, **torrent: Any) -> RealBox:
    return RealBox(tmp_path, make_torrent_file(content, **torrent), content)


@pytest.fixture
def box(tmp_path: Path, content: Path) -> Iterator[RealBox]:
    box = open_box(tmp_path, content)
    yield box
    box.close()


@pytest.fixture
def watcher(box: RealBox) -> Watcher:
    return Watcher(box)


def key_of(torrent_file: bytes) -> str:
    metainfo = read_torrent_file(torrent_file)
    return metainfo.info_hash_v1 or metainfo.info_hash_v2


def magnet_of(torrent_file: bytes) -> str:
    metainfo = read_torrent_file(torrent_file)
    if metainfo.info_hash_v1:
        return f"magnet:?xt=urn:btih:{metainfo.info_hash_v1}"
    return f"magnet:?xt=urn:btmh:1220{metainfo.info_hash_v2}"


def adding(box: RealBox, data: bytes, /, **fields: Any) -> AddTorrent:
    key = key_of(data)
    return AddTorrent(key, str(box.downloads / key), **{"peers": (box.peer,), **fields})


def flags_of(engine: LibtorrentEngine, key: str) -> int:
    """Look behind the port: nothing outside could show what is *not* announced."""
    taken = engine._swarm.torrents.get(key)
    assert taken
    return taken.handle.flags()


class TestATorrentOfAnyProtocol:
    @pytest.mark.parametrize("by_magnet", [False, True], ids=["file", "magnet"])
    @pytest.mark.parametrize("protocol", ["v1", "v2", "hybrid"])
    def test_comes_as_file_or_magnet_and_is_whole_at_the_end(
        self, tmp_path: Path, content: Path, protocol: str, by_magnet: bool
    ) -> None:
        box = open_box(tmp_path, content, protocol=protocol)
        torrent_file = make_torrent_file(content, protocol=protocol)
        watcher = Watcher(box)
        source: dict[str, Any] = {"magnet": magnet_of(torrent_file)} if by_magnet else {"torrent_file": torrent_file}
        command = adding(box, torrent_file, **source)
        box.engine.apply(command)
        watcher.wait_for_state(command.key, State.SEEDING)
        metainfo = read_torrent_file(torrent_file)
        watcher.wait_until_on_disk(command.key, metainfo)

        for file in metainfo.files:
            assert (Path(command.save_path) / file.path).read_bytes() == (content.parent / file.path).read_bytes()
        box.close()


class TestAPrivateTorrent:
    PRIVATE = lt.torrent_flags.disable_dht | lt.torrent_flags.disable_pex | lt.torrent_flags.disable_lsd

    def test_has_no_dht_no_pex_and_no_lsd(self, tmp_path: Path, content: Path) -> None:
        torrent_file = make_torrent_file(content, private=True)
        box = open_box(tmp_path, content, private=True)
        watcher = Watcher(box)
        command = adding(box, torrent_file, torrent_file=torrent_file)
        box.engine.apply(command)
        watcher.wait_for_state(command.key, State.SEEDING)

        assert flags_of(box.engine, command.key) & self.PRIVATE == self.PRIVATE
        box.close()

    def test_has_them_off_also_when_a_magnet_turns_out_to_be_one(
        self, box: RealBox, watcher: Watcher, content: Path
    ) -> None:
        torrent_file = make_torrent_file(content, private=True)
        command = adding(box, torrent_file, magnet=magnet_of(torrent_file))
        box.engine.apply(command)
        assert not flags_of(box.engine, command.key) & self.PRIVATE
        box.engine.apply(GiveMetadata(command.key, torrent_file))  # peers don't give that of private torrents
        watcher.wait_for(MetadataReceived)

        assert flags_of(box.engine, command.key) & self.PRIVATE == self.PRIVATE

    def test_is_unlike_a_public_one(self, box: RealBox, watcher: Watcher, content: Path) -> None:
        torrent_file = make_torrent_file(content)
        box.engine.apply(adding(box, torrent_file, torrent_file=torrent_file))
        watcher.wait_for(Snapshot)

        assert not flags_of(box.engine, key_of(torrent_file)) & self.PRIVATE


class TestAMagnetWithHostileMetadata:
    def test_stops_with_an_error_that_says_why(self, box: RealBox, watcher: Watcher) -> None:
        info: Any = {b"name": b"n", b"piece length": 16_384, b"pieces": b"x" * 20}
        hostile = bytes(lt.bencode({b"info": info | {b"files": [{b"path": [b"..", b"..", b"etc"], b"length": 5}]}}))
        key = str(lt.load_torrent_buffer(hostile).info_hashes.v1)
        peer = BarePeer("127.0.0.16")
        peer.take(hostile, box.downloads.parent / "hostile")
        box.engine.apply(
            AddTorrent(key, str(box.downloads / key), magnet=f"magnet:?xt=urn:btih:{key}", peers=(peer.endpoint,))
        )
        snapshot = watcher.wait_for_state(key, State.ERROR)
        peer.close()

        assert "leads out" in snapshot.error
        assert not [event for event in watcher.seen if isinstance(event, MetadataReceived)]
        box.engine.apply(StartTorrent(key))
        while watcher.poll():
            pass
        assert watcher.states[key] is State.ERROR


class TestTwoMagnetsOfOneHybridTorrent:
    def test_are_told_to_be_the_same(self, tmp_path: Path, content: Path) -> None:
        torrent_file = make_torrent_file(content, protocol="hybrid")
        box = open_box(tmp_path, content, protocol="hybrid")
        watcher = Watcher(box)
        metainfo = read_torrent_file(torrent_file)
        v1, v2 = metainfo.info_hash_v1, metainfo.info_hash_v2
        for key, name in ((v1, f"btih:{v1}"), (v2, f"btmh:1220{v2}")):
            box.engine.apply(AddTorrent(key, str(box.downloads / key), magnet=f"magnet:?xt=urn:{name}"))
        watcher.wait_for_state(v2, State.METADATA)
        box.engine.apply(
            AddTorrent("0" * 40, str(box.downloads / "x"), magnet="magnet:?xt=urn:btih:" + "1" * 40)
        )  # another one, to see that it isn't touched
        box.engine.apply(SetTrackers(v1, ()))
        watcher.poll()
        connect(box, v1)
        snapshot = watcher.wait_for(Snapshot, lambda snapshot: snapshot.state is State.ERROR)

        assert "same torrent" in snapshot.error
        assert watcher.states["0" * 40] is State.METADATA
        box.close()

    @pytest.mark.parametrize("by_v1_stays", [True, False], ids=["the one told", "the other"])
    def test_become_one_when_either_of_them_goes(self, tmp_path: Path, content: Path, by_v1_stays: bool) -> None:
        torrent_file = make_torrent_file(content, protocol="hybrid")
        box = open_box(tmp_path, content, protocol="hybrid")
        watcher = Watcher(box)
        metainfo = read_torrent_file(torrent_file)
        v1, v2 = metainfo.info_hash_v1, metainfo.info_hash_v2
        kept, gone = (v1, v2) if by_v1_stays else (v2, v1)
        for key, name in ((v1, f"btih:{v1}"), (v2, f"btmh:1220{v2}")):
            box.engine.apply(AddTorrent(key, str(box.downloads / key), magnet=f"magnet:?xt=urn:{name}"))
        watcher.wait_for_state(v2, State.METADATA)
        connect(box, v1)
        told = watcher.wait_for(MetadataReceived)
        assert told.key == v1
        if not by_v1_stays:
            box.engine.apply(GiveMetadata(kept, told.torrent_file))
        box.engine.apply(RemoveTorrent(gone, str(box.downloads / gone)))
        watcher.wait_for(MetadataReceived, lambda event: event.key == kept)
        connect(box, kept)
        watcher.wait_for_state(kept, State.SEEDING)
        watcher.wait_until_on_disk(kept, metainfo)
        while Removed(gone) not in watcher.seen:
            watcher.wait_for(Removed)

        assert (box.downloads / kept / "songs" / "a.bin").read_bytes() == (content / "a.bin").read_bytes()
        assert not (box.downloads / gone).exists()
        box.close()


class TestARemoval:
    def test_in_the_middle_of_a_download_leaves_nothing(self, box: RealBox, watcher: Watcher, content: Path) -> None:
        box.bare.limit_upload(100_000)
        torrent_file = make_torrent_file(content)
        command = adding(box, torrent_file, torrent_file=torrent_file)
        box.engine.apply(command)
        watcher.wait_for(Snapshot, lambda snapshot: snapshot.done_bytes > 0)
        box.engine.apply(RemoveTorrent(command.key, command.save_path))
        watcher.wait_for(Removed)

        assert not list(box.downloads.iterdir())
        assert not list(box.settings.resume_folder.iterdir())

    def test_goes_before_an_addition_that_comes_meanwhile(self, box: RealBox, watcher: Watcher, content: Path) -> None:
        torrent_file = make_torrent_file(content)
        command = adding(box, torrent_file, torrent_file=torrent_file)
        box.engine.apply(command)
        watcher.wait_for_state(command.key, State.SEEDING)
        sent = box.bare.sent_bytes
        box.engine.apply(RemoveTorrent(command.key, command.save_path))
        box.engine.apply(command)
        watcher.wait_for(Removed)
        watcher.forget()
        watcher.wait_for_state(command.key, State.SEEDING)
        box.bare.wait_until(lambda: box.bare.sent_bytes >= sent + SIZE_BYTES, "send it all again", limit_s=LIMIT_S)

        assert (Path(command.save_path) / "songs" / "a.bin").stat().st_size == SIZES["a.bin"]

    def test_follows_no_link_out_of_the_folder(self, box: RealBox, watcher: Watcher, tmp_path: Path) -> None:
        outside = make_content(tmp_path / "precious", {"keep": 10})
        save_path = box.downloads / ("a" * 40)
        save_path.mkdir(parents=True)
        (save_path / "link").symlink_to(outside)
        box.engine.apply(RemoveTorrent("a" * 40, str(save_path)))
        watcher.wait_for(Removed)

        assert not save_path.exists()
        assert (outside / "keep").exists()

    def test_deletes_a_link_in_place_of_the_folder_and_not_what_it_points_to(
        self, box: RealBox, watcher: Watcher, tmp_path: Path
    ) -> None:
        outside = make_content(tmp_path / "precious", {"keep": 10})
        box.downloads.mkdir()
        save_path = box.downloads / ("a" * 40)
        save_path.symlink_to(outside)
        box.engine.apply(RemoveTorrent("a" * 40, str(save_path)))
        watcher.wait_for(Removed)

        assert not save_path.is_symlink()
        assert (outside / "keep").exists()

    @pytest.mark.parametrize("path", ["{box}", "{box}/..", "{box}/x/../..", "/", "{box}/../precious", "relative"])
    def test_refuses_a_folder_that_is_not_below_the_downloads(
        self, box: RealBox, watcher: Watcher, tmp_path: Path, path: str
    ) -> None:
        outside = make_content(tmp_path / "precious", {"keep": 10})
        box.downloads.mkdir()
        box.engine.apply(RemoveTorrent("a" * 40, path.format(box=box.downloads)))
        failure = watcher.wait_for(RemoveFailed)

        assert told(failure.error).endswith(".")
        assert box.downloads.exists()
        assert (outside / "keep").exists()


class TestADiskThatRefuses:
    def test_shows_as_an_error_and_a_start_tries_again(self, box: RealBox, watcher: Watcher, content: Path) -> None:
        torrent_file = make_torrent_file(content)
        command = adding(box, torrent_file, torrent_file=torrent_file)
        box.downloads.mkdir()
        in_the_way = Path(command.save_path)
        in_the_way.write_text("a file where the folder should be")
        box.engine.apply(command)
        snapshot = watcher.wait_for_state(command.key, State.ERROR)
        assert told(snapshot.error).endswith(".")

        in_the_way.unlink()
        box.engine.apply(StartTorrent(command.key))
        watcher.wait_for_state(command.key, State.SEEDING)


class TestDetails:
    def test_name_the_peer_and_what_it_gave(self, box: RealBox, watcher: Watcher, content: Path) -> None:
        box.bare.limit_upload(150_000)
        torrent_file = make_torrent_file(content)
        command = adding(box, torrent_file, torrent_file=torrent_file, trackers=("http://127.0.0.1:9/announce",))
        box.engine.apply(command)
        box.engine.apply(WatchTorrents(frozenset({command.key})))
        details = watcher.wait_for(Details, lambda event: any(peer.downloaded_bytes for peer in event.peers))

        (peer,) = details.peers
        assert peer.address == box.peer
        assert "libtorrent" in peer.client
        assert {"outgoing", "seed"} <= set(peer.flags.split())
        refused = watcher.wait_for(Details, lambda event: event.trackers[0].status == "error").trackers[0]
        assert refused.message == "Connection refused"


class TestAlerts:
    def test_are_all_known_by_name(self, box: RealBox, watcher: Watcher, content: Path) -> None:
        torrent_file = make_torrent_file(content)
        command = adding(box, torrent_file, torrent_file=torrent_file, trackers=("udp://127.0.0.1:9",))
        box.engine.apply(command)
        watcher.wait_for_state(command.key, State.SEEDING)
        box.engine.apply(RemoveTorrent(command.key, command.save_path))
        watcher.wait_for(Removed)
        counters = box.engine.counters()

        assert not [name for name in counters if name.startswith("unknown:")]
        assert counters["alerts"] > 0
        assert counters["alerts_dropped"] == 0
        assert set(counters) <= set(NAMES)


def connect(box: RealBox, key: str) -> None:
    taken = box.engine._swarm.torrents.get(key)
    assert taken
    address, _, port = box.peer.rpartition(":")
    taken.handle.connect_peer((address, int(port)))
