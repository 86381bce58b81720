import pytest

from seedbox.models import File, Holding, LogEntry, Metadata, Observation, Torrent, User
from seedbox.services import holdings
from tests.builders import NOW, make_holding, make_observation
from tests.sources import make_magnet, make_metainfo

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

PASSKEY = "http://127.0.0.1:1/passkey-of-olga/announce"


class TestAddingATorrentFile:
    def test_stores_what_it_contains(self, owner: User) -> None:
        source = make_metainfo("album", files={"one.flac": 40_000, "cd2/two.flac": 30_000}, tracker=PASSKEY)
        holding = holdings.add(user=owner, source=source, now=NOW, peers=["127.0.0.1:5"])
        torrent = holding.torrent
        assert (torrent.name, torrent.size_bytes, torrent.info_hash_v1) == ("album", 70_000, source.info_hash_v1)
        assert torrent.save_path.endswith(f"/downloads/{source.info_hash_v1}")
        assert sorted(File.objects.values_list("path", "size_bytes")) == [
            ("album/cd2/two.flac", 30_000),
            ("album/one.flac", 40_000),
        ]
        assert (holding.trackers, holding.peers, holding.added_at) == ([PASSKEY], ["127.0.0.1:5"], NOW)

    def test_keeps_its_announce_urls_out_of_what_is_shared(self, owner: User) -> None:
        holdings.add(user=owner, source=make_metainfo(tracker=PASSKEY), now=NOW)
        assert b"passkey" not in bytes(Metadata.objects.get().torrent_file)

    def test_again_adds_its_new_trackers_and_peers_and_says_so(self, owner: User) -> None:
        source = make_metainfo(tracker=PASSKEY)
        first = holdings.add(user=owner, source=source, now=NOW, peers=["127.0.0.1:5"])
        version = Torrent.objects.get().wish_version
        again = make_magnet(source, tracker="udp://127.0.0.1:9")
        with pytest.raises(
            holdings.AlreadyHeld, match=r"debian\.iso\. 1 new tracker was added\. 1 new peer was added\.$"
        ):
            holdings.add(user=owner, source=again, now=NOW, peers=["127.0.0.1:5", "127.0.0.1:6"])
        first.refresh_from_db()
        assert first.trackers == [PASSKEY, "udp://127.0.0.1:9"]
        assert first.peers == ["127.0.0.1:5", "127.0.0.1:6"]
        assert Torrent.objects.get().wish_version > version

    def test_twice_says_so_and_changes_nothing(self, owner: User) -> None:
        first = holdings.add(user=owner, source=make_metainfo(), now=NOW)
        with pytest.raises(holdings.AlreadyHeld, match=r"You already have this torrent: debian\.iso") as refusal:
            holdings.add(user=owner, source=make_metainfo(), now=NOW)
        assert refusal.value.holding == first
        assert Holding.objects.count() == Torrent.objects.count() == 1


class TestAddingAMagnet:
    def test_waits_for_its_metadata(self, owner: User) -> None:
        magnet = make_magnet(make_metainfo(), name="My%20name", tracker=PASSKEY, peer="127.0.0.1:7")
        holding = holdings.add(user=owner, source=magnet, now=NOW, peers=["127.0.0.1:8"])
        assert (holding.name, holding.torrent.name, holding.torrent.has_metadata) == ("My name", "", False)
        assert holding.peers == ["127.0.0.1:7", "127.0.0.1:8"]
        assert "passkey" not in holding.torrent.magnet
        assert "name" not in holding.torrent.magnet

    @pytest.mark.parametrize("hashes", ["v1", "v2", "v1 v2"])
    def test_of_a_hybrid_finds_the_torrent_under_either_hash(self, owner: User, stranger: User, hashes: str) -> None:
        source = make_metainfo(protocol="hybrid")
        first = holdings.add(user=owner, source=source, now=NOW)
        second = holdings.add(user=stranger, source=make_magnet(source, hashes=hashes), now=NOW)
        assert first.torrent == second.torrent

    @pytest.mark.parametrize("hashes", ["v1", "v2", "v1 v2"])
    def test_is_completed_by_another_users_torrent_file(self, owner: User, stranger: User, hashes: str) -> None:
        source = make_metainfo(protocol="hybrid", tracker=PASSKEY)
        waiting = holdings.add(user=stranger, source=make_magnet(source, hashes=hashes), now=NOW).torrent
        holding = holdings.add(user=owner, source=source, now=NOW)
        assert holding.torrent == waiting
        torrent = Torrent.objects.get()
        assert torrent.has_metadata
        assert (torrent.info_hash_v1, torrent.info_hash_v2) == (source.info_hash_v1, source.info_hash_v2)
        assert torrent.wish_version > waiting.wish_version
        assert File.objects.count() == len(source.files)

    def test_is_believed_by_one_hash_until_metadata_confirms_the_other(self, owner: User) -> None:
        source = make_metainfo(protocol="hybrid")
        torrent = holdings.add(user=owner, source=make_magnet(source, hashes="v1 v2"), now=NOW).torrent
        assert (torrent.info_hash_v1, torrent.info_hash_v2) == (source.info_hash_v1, "")
        assert source.info_hash_v2 not in torrent.magnet

    def test_is_completed_by_its_own_users_torrent_file(self, owner: User) -> None:
        source = make_metainfo()
        holdings.add(user=owner, source=make_magnet(source), now=NOW)
        with pytest.raises(holdings.AlreadyHeld):
            holdings.add(user=owner, source=source, now=NOW)
        assert Torrent.objects.get().has_metadata


class TestASecondUserOfATorrent:
    def test_has_a_holding_that_begins_at_nothing(self, owner: User, stranger: User) -> None:
        source = make_metainfo(tracker=PASSKEY)
        first = holdings.add(user=owner, source=source, now=NOW)
        make_observation(first.torrent, uploaded_bytes=700, downloaded_bytes=500)
        second = holdings.add(user=stranger, source=make_magnet(source, name="Mine"), now=NOW)
        assert second.torrent == first.torrent
        assert (second.uploaded_before_bytes, second.downloaded_before_bytes) == (700, 500)
        assert (second.name, second.trackers, second.peers) == ("Mine", [], [])

    def test_is_refused_if_the_torrent_is_private(self, owner: User, stranger: User) -> None:
        source = make_metainfo(private=True)
        holdings.add(user=owner, source=source, now=NOW)
        for again in (source, make_magnet(source)):
            with pytest.raises(holdings.PrivateElsewhere, match="can't be shared"):
                holdings.add(user=stranger, source=again, now=NOW)
        assert not Holding.objects.filter(user=stranger).exists()

    def test_is_refused_if_a_private_file_would_complete_somebodys_magnet(self, owner: User, stranger: User) -> None:
        source = make_metainfo(private=True)
        holdings.add(user=owner, source=make_magnet(source), now=NOW)
        with pytest.raises(holdings.PrivateElsewhere):
            holdings.add(user=stranger, source=source, now=NOW)
        assert not Torrent.objects.get().has_metadata


class TestATorrentThatNobodyHoldsAnyMore:
    def test_begins_anew_for_who_adds_it_before_it_is_forgotten(self, owner: User, stranger: User) -> None:
        source = make_metainfo(private=True)
        first = holdings.add(user=owner, source=source, now=NOW)
        make_observation(first.torrent, uploaded_bytes=700)
        LogEntry.objects.create(torrent=first.torrent, at=NOW, level="info", text="olga was here")
        holdings.change(user=owner, holding_ids=[first.pk], verb="remove", now=NOW)
        second = holdings.add(user=stranger, source=make_magnet(source), now=NOW)
        torrent = Torrent.objects.get()
        assert torrent.clear_first
        assert not torrent.has_metadata
        assert second.uploaded_before_bytes == 0
        assert not (File.objects.exists() or LogEntry.objects.exists() or Observation.objects.exists())

    def test_is_deleted_when_its_node_has_deleted_the_files(self, owner: User) -> None:
        holding = holdings.add(user=owner, source=make_metainfo(), now=NOW)
        holdings.change(user=owner, holding_ids=[holding.pk], verb="remove", now=NOW)
        assert holdings.forget(torrent_id=holding.torrent_id)
        assert not Torrent.objects.exists()
        assert holdings.forget(torrent_id=holding.torrent_id)

    def test_is_kept_if_it_is_held_again_by_then(self, owner: User) -> None:
        source = make_metainfo()
        holding = holdings.add(user=owner, source=source, now=NOW)
        holdings.change(user=owner, holding_ids=[holding.pk], verb="remove", now=NOW)
        again = holdings.add(user=owner, source=source, now=NOW)
        version = Torrent.objects.get().wish_version
        assert not holdings.forget(torrent_id=again.torrent_id)
        torrent = Torrent.objects.get()
        assert not torrent.clear_first
        assert torrent.wish_version > version


class TestChangingHoldings:
    @pytest.mark.parametrize("verb", holdings.VERBS)
    def test_of_somebody_else_finds_nothing_and_changes_nothing(
        self, owner: User, stranger: User, verb: holdings.Verb
    ) -> None:
        own = holdings.add(user=stranger, source=make_metainfo("own"), now=NOW)
        foreign = holdings.add(user=owner, source=make_metainfo("foreign"), now=NOW)
        before = list(Torrent.objects.order_by("pk").values())
        for missing in (foreign.pk, 999_999):
            with pytest.raises(holdings.NotFound):
                holdings.change(user=stranger, holding_ids=[own.pk, missing], verb=verb, now=NOW)
        assert list(Torrent.objects.order_by("pk").values()) == before
        assert Holding.objects.filter(runs=True).count() == 2

    def test_by_one_user_leaves_the_others_wish_alone(self, owner: User, stranger: User) -> None:
        own = holdings.add(user=owner, source=make_metainfo(), now=NOW)
        other = holdings.add(user=stranger, source=make_metainfo(), now=NOW)
        assert holdings.change(user=owner, holding_ids=[own.pk], verb="stop", now=NOW) == 1
        assert Holding.objects.get(pk=other.pk).runs
        holdings.change(user=owner, holding_ids=[own.pk], verb="remove", now=NOW)
        assert Holding.objects.get() == other

    def test_counts_each_recheck_and_each_change(self, owner: User) -> None:
        holding = holdings.add(user=owner, source=make_metainfo(), now=NOW)
        verbs: tuple[holdings.Verb, ...] = ("recheck", "recheck", "stop", "start")
        for verb in verbs:
            holdings.change(user=owner, holding_ids=[holding.pk, holding.pk], verb=verb, now=NOW)
        torrent = Torrent.objects.get()
        assert (torrent.recheck_count, torrent.wish_version) == (2, 5)

    def test_of_none_does_nothing(self, owner: User) -> None:
        make_holding(owner)
        assert holdings.change(user=owner, holding_ids=[], verb="remove", now=NOW) == 0
        assert Holding.objects.exists()
