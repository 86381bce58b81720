import json
import re
from collections.abc import Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from seedbox import wiring
from seedbox.models import Holding, Torrent, User
from seedbox.node.life import NodeLife, NodeSettings
from tests.box import free_port
from tests.builders import make_content, make_torrent_file, make_user
from tests.peer import Peer
from tests.sources import make_magnet

MAGNET = "magnet:?xt=urn:btih:" + "a" * 40


class Shell:
    """Runs `manage.py torrents`; keeps what the last call wrote."""

    out = err = ""

    def run(self, *words: str) -> Any:
        """Return the JSON rows that the command printed; raises CommandError."""
        out, err = StringIO(), StringIO()
        try:
            call_command("torrents", *words, "--json", stdout=out, stderr=err)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()
        return json.loads(self.out)


@pytest.fixture
def shell() -> Shell:
    return Shell()


@pytest.mark.both_databases
@pytest.mark.django_db
class TestTheTorrentsCommand:
    def test_acts_for_the_only_user_or_the_first_admin_or_who_is_named(self, shell: Shell) -> None:
        with pytest.raises(CommandError, match="there is no user yet"):
            shell.run("list")
        for name, is_admin, acting in (("olga", False, "olga"), ("ada", True, "ada"), ("bob", True, "ada")):
            make_user(name, admin=is_admin)
            Holding.objects.all().delete()
            shell.run("add", MAGNET)
            assert Holding.objects.get().user.get_username() == acting
        shell.run("add", MAGNET, "--user", "bob")
        with pytest.raises(CommandError, match="no user 'eve'"):
            shell.run("add", MAGNET, "--user", "eve")

    def test_adds_what_it_can_and_names_what_it_can_not(self, shell: Shell, owner: User, tmp_path: Path) -> None:
        bad = tmp_path / "bad.torrent"
        bad.write_bytes(b"<html>")
        with pytest.raises(CommandError, match="3 of 4 could not be added"):
            shell.run("add", str(bad), MAGNET, "nowhere.torrent", MAGNET, "--peer", "127.0.0.1:5", "--peer", "[::1]:6")
        reported = shell.err.splitlines()
        assert len(reported) == 3
        assert reported[1] == "nowhere.torrent: This file can't be read: No such file or directory."
        assert "You already have this torrent" in reported[2]
        assert Holding.objects.get().peers == ["127.0.0.1:5", "[::1]:6"]
        [row] = json.loads(shell.out)
        assert row.keys() == {"id", "info_hash", "name", "state", "progress_ppm", "save_path", "error"}
        assert (row["info_hash"], row["state"], row["progress_ppm"]) == ("a" * 40, "waiting", 0)

    @pytest.mark.parametrize("peer", ["127.0.0.1", "example.org:80", "::1:6", "127.0.0.1:0", "127.0.0.1:70000"])
    def test_refuses_nonsense_for_a_peer(self, shell: Shell, owner: User, peer: str) -> None:
        with pytest.raises(CommandError, match="IP:PORT"):
            shell.run("add", MAGNET, "--peer", peer)

    def test_changes_the_users_own_torrents_only(self, shell: Shell, owner: User, stranger: User) -> None:
        [row] = shell.run("add", MAGNET, "--user", "olga")
        with pytest.raises(CommandError, match=f"sam has no torrent {row['id']}"):
            shell.run("stop", str(row["id"]), "--user", "sam")
        shell.run("stop", str(row["id"]), "--user", "olga")
        assert not Holding.objects.get().runs
        assert shell.run("show", str(row["id"]), "--user", "olga") == shell.run("list", "--user", "olga")
        assert shell.run("list", "--user", "sam") == []
        assert shell.run("remove", str(row["id"]), "--user", "olga")[0]["id"] == row["id"]
        assert not Holding.objects.exists()

    def test_says_so_when_the_download_takes_longer_than_it_may(self, shell: Shell, owner: User) -> None:
        with pytest.raises(CommandError, match=re.escape("not all were downloaded within 0.01 s")):
            shell.run("add", MAGNET, "--wait", "0.01")

    def test_prints_a_table_for_people(self, shell: Shell, owner: User) -> None:
        shell.run("add", MAGNET + "&dn=debian")
        out = StringIO()
        call_command("torrents", "list", stdout=out)
        assert re.fullmatch(r" +\d+ +0\.0 % +Waiting +debian\n", out.getvalue())


@pytest.fixture
def living_node(tmp_path: Path) -> Iterator[NodeLife]:
    """The node's own thread with the real engine, in this process."""
    life = NodeLife(
        NodeSettings("local", settings.NODE_FOLDER, tmp_path, 0o022, settings.REDIS_URL),
        make_engine=partial(
            wiring.make_engine,
            resume_folder=tmp_path / "resume",
            downloads_folder=settings.NODE_FOLDER,
            listen=(f"127.0.0.1:{free_port()}",),
        ),
        read_torrent_file=wiring.read_torrent_file,
    )
    life.start()
    yield life
    life.stop()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("living_node")
class TestWaiting:
    def test_ends_when_files_and_magnets_are_downloaded_stopped_and_deleted(
        self, shell: Shell, owner: User, tmp_path: Path
    ) -> None:
        content = make_content(tmp_path / "content", {"album/one": 300_000, "album/two": 100_000, "film": 200_000})
        album, film = make_torrent_file(content / "album"), make_torrent_file(content / "film", protocol="hybrid")
        (tmp_path / "album.torrent").write_bytes(album)
        magnet = make_magnet(wiring.read_torrent_file(film)).uri
        with Peer(album, content, address="127.0.0.2") as one, Peer(film, content, address="127.0.0.3") as two:
            peers = ("--peer", one.endpoint, "--peer", two.endpoint)
            rows = shell.run("add", str(tmp_path / "album.torrent"), magnet, *peers, "--wait", "30")
        assert [(row["name"], row["progress_ppm"], row["state"]) for row in rows] == [
            ("album", 1_000_000, "seeding"),
            ("film", 1_000_000, "seeding"),
        ]
        for row, path in ((rows[0], "album/one"), (rows[0], "album/two"), (rows[1], "film")):
            assert (Path(row["save_path"]) / path).read_bytes() == (content / path).read_bytes()
        assert "film: Seeding, 100 %" in shell.err
        ids = [str(row["id"]) for row in rows]
        assert {row["state"] for row in shell.run("stop", *ids, "--wait", "10")} == {"finished"}
        shell.run("remove", *ids, "--wait", "10")
        assert not Torrent.objects.exists()
        assert not any(Path(row["save_path"]).exists() for row in rows)


@pytest.mark.django_db
class TestTheNodesCommand:
    def test_tells_how_nodes_are(self) -> None:
        out = StringIO()
        call_command("nodes", "--json", stdout=out)
        assert json.loads(out.getvalue()) == []
