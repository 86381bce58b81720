"""Several folders, of which one may be away: nothing is lost, nothing is written below an empty mount point."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from seedbox.domain.folders import MARKER, Folder, FolderHealth, folder_for_new, folder_of
from seedbox.domain.kept import told
from seedbox.domain.states import State
from seedbox.engine.port import AddTorrent, RemoveFailed, RemoveTorrent, SetAside
from seedbox.models import Holding, LogEntry, Node, Torrent, User
from seedbox.services import holdings, nodes
from tests.box import wait_until
from tests.builders import NOW, make_content, make_torrent_file
from tests.engines import RealBox, Watcher
from tests.small_disk import SmallDisk
from tests.sources import make_metainfo
from tests.turns import TurnedNode, seen

pytestmark = pytest.mark.django_db(transaction=True)

SOURCE = make_metainfo()
KEY = SOURCE.info_hash_v1
AWAY = "The disk for 'big' is not there: mount it; it goes on by itself."
SILENT = "The disk for 'big' does not answer: look at it and the way to it; it goes on by itself."


@pytest.fixture
def small(tmp_path: Path, settings: Settings) -> Path:
    settings.NODE_FOLDERS = (Folder("small", tmp_path / "small"), Folder("big", tmp_path / "big"))
    settings.NODE_FOLDER = tmp_path / "small"
    return tmp_path / "small"


@pytest.fixture
def big(tmp_path: Path, small: Path) -> Iterator[SmallDisk]:
    """The folder 'big' is a disk of its own, marked by a node that has run before."""
    with SmallDisk(tmp_path / "big") as disk:
        TurnedNode.run_once()
        yield disk


def hold(user: User, folder: Path) -> Holding:
    holding = holdings.add(user=user, source=SOURCE, now=NOW)
    Torrent.objects.filter(pk=holding.torrent_id).update(save_path=str(folder / KEY))
    return holding


def log_of(holding: Holding) -> list[str]:
    return [told(entry.text) for entry in LogEntry.objects.filter(torrent_id=holding.torrent_id).order_by("pk")]


class TestAFolder:
    def test_is_made_and_marked_when_it_is_new(self, small: Path) -> None:
        TurnedNode.run_once()
        assert (small / MARKER).read_text() == "local/small\n"
        assert (small.parent / "big" / MARKER).read_text() == "local/big\n"

    def test_of_another_name_is_the_wrong_disk(self, small: Path, owner: User) -> None:
        TurnedNode.run_once()
        (small / MARKER).write_text("local/big\n")
        holding = hold(owner, small)
        node = TurnedNode()
        node.turn()
        assert "is not the one of 'small'" in told(seen(holding).error)
        node.stop()

    def test_with_a_half_written_marker_is_marked_again(self, small: Path) -> None:
        small.mkdir()
        (small / MARKER).touch()
        TurnedNode.run_once()
        assert (small / MARKER).read_text() == "local/small\n"

    def test_that_was_used_before_markers_is_not_made_anew_while_its_disk_is_away(
        self, small: Path, owner: User
    ) -> None:
        node = TurnedNode()
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=2)
        node.engine.deliver(KEY, 10_000)
        node.turn(times=2)
        node.stop()
        Path(seen(holding).torrent.save_path).parent.joinpath(MARKER).unlink()
        Node.objects.update(folders=[])
        again = TurnedNode()
        again.turn()
        assert seen(holding).state == State.DISK
        again.stop()

    def test_that_nobody_configured_is_left_alone(self, small: Path, owner: User) -> None:
        holding = hold(owner, Path("/somewhere/else"))
        node = TurnedNode()
        node.turn()
        assert "lies in no folder of NODE_FOLDERS" in told(seen(holding).error)
        assert not node.commands(AddTorrent)
        node.stop()


class TestADiskThatIsAway:
    def test_at_the_start_is_waited_for(self, big: SmallDisk, small: Path, owner: User) -> None:
        holding = hold(owner, big.folder)
        big.take_away()
        node = TurnedNode()
        node.turn(times=2)
        assert (seen(holding).state, told(seen(holding).error)) == (State.DISK, AWAY)
        assert node.commands(AddTorrent) == []
        assert list(big.folder.iterdir()) == []

        big.bring_back()
        (big.folder / MARKER).write_text("local/big\n")
        node.turn(times=2)
        assert seen(holding).state == State.DOWNLOADING
        assert log_of(holding) == [AWAY, "Its disk is there again: the torrent goes on."]
        node.stop()

    def test_while_torrents_run_takes_them_out_and_keeps_what_is_known(
        self, big: SmallDisk, small: Path, owner: User, stranger: User
    ) -> None:
        holding = hold(owner, big.folder)
        other = holdings.add(user=stranger, source=make_metainfo("other"), now=NOW)
        Torrent.objects.filter(pk=other.torrent_id).update(save_path=str(small / "other"))
        node = TurnedNode()
        node.turn()
        node.engine.deliver(KEY, 20_000)
        node.turn(times=2)
        (big.folder / MARKER).unlink()
        node.turn(times=2)
        assert (seen(holding).state, seen(holding).done_bytes) == (State.DISK, 20_000)
        assert node.commands(SetAside) == [SetAside(KEY)]
        assert seen(other).state == State.DOWNLOADING
        assert nodes.health(node.now).nodes[0].problem == AWAY

        (big.folder / MARKER).write_text("local/big\n")
        node.turn(times=2)
        assert (seen(holding).state, seen(holding).done_bytes) == (State.DOWNLOADING, 20_000)
        assert nodes.health(node.now).nodes[0].problem == ""
        node.stop()

    def test_keeps_a_removal_waiting(self, big: SmallDisk, owner: User) -> None:
        holding = hold(owner, big.folder)
        node = TurnedNode()
        node.turn(times=2)
        (big.folder / MARKER).unlink()
        node.turn()
        holdings.change(user=owner, holding_ids=[holding.pk], verb="remove", now=node.now)
        node.turn(times=2)
        assert not node.commands(RemoveTorrent)
        assert Torrent.objects.exists()

        (big.folder / MARKER).write_text("local/big\n")
        node.turn(times=3)
        assert not Torrent.objects.exists()
        node.stop()

    def test_is_on_the_health_page_beside_the_others(self, big: SmallDisk, admin: User) -> None:
        (big.folder / MARKER).unlink()
        TurnedNode.run_once()
        client = Client()
        client.force_login(admin)
        page = client.get(reverse("health")).content.decode()
        assert AWAY.replace("'", "&#x27;") in page
        assert str(big.folder) in page
        assert "takes new torrents" in page

    def test_is_no_place_to_delete_in(self, tmp_path: Path) -> None:
        content = make_content(tmp_path / "seed" / "songs", {"a.bin": 10_000})
        box = RealBox(tmp_path, make_torrent_file(content), content)
        box.settings = box.with_markers()
        box.reopen()
        kept = box.downloads / KEY / "kept"
        kept.mkdir(parents=True)
        box.engine.apply(RemoveTorrent(KEY, str(box.downloads / KEY)))
        assert "is not there, so nothing was deleted yet" in Watcher(box).wait_for(RemoveFailed).error
        assert kept.exists()
        box.close()


class TestADiskThatDoesNotAnswer:
    def test_keeps_its_torrents_waiting_and_nobody_else(
        self, big: SmallDisk, small: Path, owner: User, stranger: User, admin: User
    ) -> None:
        holding = hold(owner, big.folder)
        other = holdings.add(user=stranger, source=make_metainfo("other"), now=NOW)
        Torrent.objects.filter(pk=other.torrent_id).update(save_path=str(small / "other"))
        node = TurnedNode()
        node.turn(times=2)
        marker = big.folder / MARKER
        marker.unlink()
        os.mkfifo(marker)  # opening it to read waits for a writer, as a network disk waits for its server
        node.turn(times=2)
        assert (seen(holding).state, told(seen(holding).error)) == (State.DISK, SILENT)
        assert node.commands(SetAside) == [SetAside(KEY)]
        assert seen(other).state == State.DOWNLOADING
        assert nodes.health(node.now).nodes[0].is_alive
        client = Client()
        client.force_login(admin)
        assert SILENT.replace("'", "&#x27;") in client.get(reverse("health")).content.decode()
        assert "The node local is not well" in nodes.trouble(node.now)

        with marker.open("wb") as server:
            marker.unlink()
            marker.write_text("local/big\n")
            server.write(b"local/big\n")

        def goes_on() -> bool:
            node.turn()
            return seen(holding).state == State.DOWNLOADING

        wait_until(goes_on, "the torrent to go on")
        assert nodes.health(node.now).nodes[0].problem == ""
        assert log_of(holding) == [SILENT, "Its disk is there again: the torrent goes on."]
        node.stop()


class TestNewTorrents:
    def test_go_where_most_room_is_among_the_folders_that_are_well(self, big: SmallDisk, owner: User) -> None:
        first = Torrent.objects.get(pk=holdings.add(user=owner, source=SOURCE, now=NOW).torrent_id)
        assert Path(first.save_path).parent.name == "small"
        big.resize(1_000_000)
        TurnedNode.run_once()
        second = holdings.add(user=owner, source=make_metainfo("second"), now=NOW)
        assert Path(Torrent.objects.get(pk=second.torrent_id).save_path).parent.name == "big"
        big.make_read_only()
        TurnedNode.run_once()
        third = holdings.add(user=owner, source=make_metainfo("third"), now=NOW)
        assert Path(Torrent.objects.get(pk=third.torrent_id).save_path).parent.name == "small"

    def test_wait_in_the_first_folder_when_none_is_well(self) -> None:
        found = [FolderHealth(name, f"/{name}", is_there=False, problem="away") for name in ("one", "two")]
        assert folder_for_new(found) == "/one"

    def test_are_found_in_the_deepest_folder_around_them(self) -> None:
        folders = [Folder("all", Path("/srv")), Folder("deep", Path("/srv/deep"))]
        assert folder_of("/srv/deep/key", folders) == folders[1]
        assert folder_of("/srv/deeper", folders) == folders[0]
        assert folder_of("/elsewhere", folders) is None
