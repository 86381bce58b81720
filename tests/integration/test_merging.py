"""Magnets that name one hybrid torrent by either hash, or two torrents as if they were one."""

from collections.abc import Iterator

import pytest

from seedbox.domain.metainfo import Magnet, Source
from seedbox.domain.states import State
from seedbox.engine import port
from seedbox.models import File, Holding, LogEntry, Torrent, User
from seedbox.services import holdings, merging
from seedbox.services.metadata import HashTaken
from tests.builders import NOW, make_observation
from tests.sources import make_magnet, make_metainfo
from tests.turns import TurnedNode, seen

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

HYBRID = make_metainfo("hybrid", protocol="hybrid")
OTHER = make_metainfo("other")
BY_V1, BY_V2 = make_magnet(HYBRID, hashes="v1"), make_magnet(HYBRID, hashes="v2")
HOSTILE = Magnet(
    OTHER.info_hash_v1,
    HYBRID.info_hash_v2,
    name="",
    trackers=(),
    peers=(),
    uri=f"magnet:?xt=urn:btih:{OTHER.info_hash_v1}&xt=urn:btmh:1220{HYBRID.info_hash_v2}",
)


@pytest.fixture
def node() -> Iterator[TurnedNode]:
    node = TurnedNode()
    yield node
    node.stop()


def add(user: User, source: Source, *, tracker: str = "") -> Holding:
    holding = holdings.add(user=user, source=source, now=NOW)
    Holding.objects.filter(pk=holding.pk).update(trackers=[tracker] if tracker else [])
    return holding


class TestAMagnetWithTwoUnrelatedHashes:
    @pytest.mark.parametrize("form", [HYBRID, BY_V2, make_magnet(HYBRID)], ids=["file", "v2", "both"])
    def test_does_not_stand_in_the_way_of_the_torrent_it_names_second(
        self, node: TurnedNode, owner: User, stranger: User, form: Source
    ) -> None:
        squat = add(stranger, HOSTILE)
        honest = add(owner, form)
        node.turn()
        assert honest.torrent != squat.torrent
        if form is not HYBRID:
            node.engine.give_metadata(honest.torrent.key, HYBRID.torrent_file)
        node.turn(times=2)
        assert seen(honest).state == State.DOWNLOADING
        assert Torrent.objects.get(pk=honest.torrent_id).info_hash_v2 == HYBRID.info_hash_v2
        assert seen(squat).state == State.METADATA

    def test_gives_no_more_than_the_torrent_that_is_there_when_it_comes_second(
        self, node: TurnedNode, owner: User, stranger: User
    ) -> None:
        honest = add(owner, HYBRID)
        node.turn(times=2)
        squat = add(stranger, HOSTILE)
        node.turn(times=2)
        assert squat.torrent == honest.torrent
        assert seen(honest).state == State.DOWNLOADING
        real = add(owner, OTHER)  # and its first hash is free for whoever brings that torrent
        node.turn(times=2)
        assert seen(real).state == State.DOWNLOADING

    def test_can_not_take_over_the_second_one_while_that_is_being_removed(
        self, node: TurnedNode, owner: User, stranger: User
    ) -> None:
        first = add(owner, HYBRID)
        holdings.change(user=owner, holding_ids=[first.pk], verb="remove", now=NOW)
        squat = add(stranger, HOSTILE)
        honest = add(owner, HYBRID)
        node.turn(times=4)
        assert seen(honest).state == State.DOWNLOADING
        assert Torrent.objects.get(pk=squat.torrent_id).info_hash_v1 != OTHER.info_hash_v1


class TestTwoMagnetsOfOneHybrid:
    @pytest.mark.parametrize("told", [0, 1], ids=["the first", "the second"])
    def test_become_one_torrent_when_metadata_comes_to_either(
        self, node: TurnedNode, owner: User, stranger: User, told: int
    ) -> None:
        pair = [
            add(owner, BY_V1, tracker="http://127.0.0.1:1/announce"),
            add(stranger, BY_V2, tracker="udp://127.0.0.1:2"),
        ]
        node.turn()
        node.engine.give_metadata(pair[told].torrent.key, HYBRID.torrent_file)
        node.turn(times=4)
        torrent = Torrent.objects.get()
        assert (torrent.info_hash_v1, torrent.info_hash_v2) == (HYBRID.info_hash_v1, HYBRID.info_hash_v2)
        assert {holding.torrent_id for holding in Holding.objects.all()} == {torrent.pk}
        assert list(node.engine.torrents) == [torrent.key] == [HYBRID.info_hash_v1]
        assert node.engine.torrents[torrent.key].trackers == ("http://127.0.0.1:1/announce", "udp://127.0.0.1:2")
        assert seen(pair[0]).state == State.DOWNLOADING
        assert port.RemoveTorrent(pair[1].torrent.key, pair[1].torrent.save_path) in node.engine.commands
        assert "two info-hashes" in LogEntry.objects.filter(torrent=torrent).get().text
        assert File.objects.count() == len(HYBRID.files)

    def test_of_one_user_leave_one_holding_that_wants_what_both_wanted(self, node: TurnedNode, owner: User) -> None:
        first, second = add(owner, BY_V1, tracker="http://127.0.0.1:1/announce"), add(owner, BY_V2)
        holdings.change(user=owner, holding_ids=[first.pk], verb="stop", now=NOW)
        node.turn()
        node.engine.give_metadata(second.torrent.key, HYBRID.torrent_file)
        node.turn(times=4)
        holding = Holding.objects.get()
        assert (holding.pk, holding.runs, holding.trackers) == (first.pk, True, ["http://127.0.0.1:1/announce"])
        assert seen(holding).state == State.DOWNLOADING

    def test_become_one_when_somebody_brings_the_torrent_file(
        self, node: TurnedNode, owner: User, stranger: User, admin: User
    ) -> None:
        first, second = add(owner, BY_V1), add(stranger, BY_V2)
        node.turn()
        third = add(admin, HYBRID)
        node.turn(times=4)
        torrent = Torrent.objects.get()
        assert set(Holding.objects.values_list("pk", "torrent_id")) == {
            (holding.pk, torrent.pk) for holding in (first, second, third)
        }
        assert seen(first).state == State.DOWNLOADING

    def test_count_a_moved_holders_bytes_from_nothing(self, owner: User, stranger: User) -> None:
        first, second = add(owner, BY_V1), add(stranger, BY_V2)
        make_observation(first.torrent, uploaded_bytes=700)
        same = merging.lock_same(torrent_id=second.torrent_id, node_id=second.torrent.node_id, metainfo=HYBRID)
        merging.complete(same, HYBRID, now=NOW)
        second.refresh_from_db()
        assert (second.torrent_id, second.uploaded_before_bytes) == (first.torrent_id, 700)

    def test_of_two_users_stay_apart_if_it_is_private(self, owner: User, stranger: User) -> None:
        private = make_metainfo("secret", protocol="hybrid", private=True)
        first = add(owner, make_magnet(private, hashes="v1"))
        second = add(stranger, make_magnet(private, hashes="v2"))
        same = merging.lock_same(torrent_id=first.torrent_id, node_id=first.torrent.node_id, metainfo=private)
        with pytest.raises(HashTaken):
            merging.complete(same, private, now=NOW)
        assert {first.torrent_id, second.torrent_id} == set(Holding.objects.values_list("torrent_id", flat=True))
