"""What a market is told of torrents and nodes."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from seedbox.domain.network import ProxyKind
from seedbox.domain.states import State
from seedbox.domain.upload_test import BEST, BEST_AT
from seedbox.models import Metadata, Network, Node
from seedbox.services import market_facts
from tests.builders import NOW, make_holding, make_node, make_observation, make_torrent, make_user

pytestmark = pytest.mark.django_db


class TestTorrents:
    def test_are_told_with_their_holders_and_how_they_stand(self) -> None:
        alice, bob = make_user("alice"), make_user("bob")
        torrent = make_torrent("a.iso", info_hash_v1="ab" * 20, size_bytes=1_000)
        make_holding(bob, torrent)
        make_holding(alice, torrent)
        make_observation(torrent, state=State.SEEDING, done_bytes=1_000, wanted_bytes=1_000)
        make_torrent("held by nobody")

        (facts,) = market_facts.torrents()

        assert (facts.torrent_id, facts.name, facts.node_name) == (torrent.pk, "a.iso", "local")
        assert facts.holders == tuple(sorted((alice.pk, bob.pk)))
        assert (facts.is_complete, facts.may_be_sold, facts.private) == (True, True, False)
        assert facts.info_hash == b"\xab" * 20

    def test_are_not_sold_before_they_are_whole_nor_while_they_rest(self) -> None:
        alice = make_user()
        unseen, half, rests = make_torrent("unseen"), make_torrent("half"), make_torrent("rests")
        for torrent in (unseen, half, rests):
            make_holding(alice, torrent)
        make_observation(half, state=State.DOWNLOADING, done_bytes=1)
        make_observation(rests, state=State.FINISHED, done_bytes=rests.size_bytes)

        found = {facts.name: facts for facts in market_facts.torrents()}

        assert [found[name].may_be_sold for name in ("unseen", "half", "rests")] == [False, False, False]
        assert [found[name].is_complete for name in ("unseen", "half", "rests")] == [False, False, True]
        assert found["unseen"].state is State.WAITING

    def test_are_found_by_id_by_holder_and_by_node(self) -> None:
        alice, bob = make_user("alice"), make_user("bob")
        here = make_holding(alice, make_torrent("here")).torrent
        there = make_holding(bob, make_torrent("there", node=make_node("other"))).torrent

        assert [facts.name for facts in market_facts.torrents(user_id=alice.pk)] == ["here"]
        assert [facts.name for facts in market_facts.torrents(node_name="other")] == ["there"]
        assert market_facts.torrent(there.pk) in market_facts.torrents(ids=[here.pk, there.pk])
        assert market_facts.torrent(0) is None

    def test_without_a_v1_hash_are_named_by_what_fits_of_their_v2_hash(self) -> None:
        make_holding(make_user(), make_torrent("two", info_hash_v1="", info_hash_v2="cd" * 32))

        assert market_facts.torrents()[0].info_hash == b"\xcd" * 20

    def test_have_the_bytes_of_their_info_section_where_they_are_known(self) -> None:
        known, unknown = make_torrent("known"), make_torrent("unknown")
        Metadata.objects.create(torrent=known, torrent_file=b"d4:infod6:lengthi5eee")

        assert market_facts.info_bytes(known.pk) == b"d6:lengthi5ee"
        assert market_facts.info_bytes(unknown.pk) == b""


class TestWhatAUserKeeps:
    def test_is_told_in_one_query_also_of_what_no_node_has_seen(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        alice, bob = make_user("alice"), make_user("bob")
        film, unseen = make_torrent("film", size_bytes=1_000), make_torrent("", private=True)
        for torrent in (film, unseen):
            make_holding(alice, torrent, name="of its magnet")
        make_holding(bob, make_torrent("bobs"))
        make_observation(film, state=State.SEEDING, done_bytes=1_000, peers=5, seeds=2)

        with django_assert_num_queries(1):
            seeding, waiting = market_facts.kept_by(alice.pk)

        assert (seeding.name, seeding.state, seeding.is_complete) == ("film", State.SEEDING, True)
        assert (seeding.done_bytes, seeding.leechers, seeding.private) == (1_000, 3, False)
        assert (waiting.name, waiting.state, waiting.is_complete) == ("of its magnet", State.WAITING, False)
        assert (waiting.done_bytes, waiting.leechers, waiting.private) == (0, 0, True)
        assert set(market_facts.keys_held_by(alice.pk)) == {film.key, unseen.key}


class TestANode:
    def test_is_told_with_its_ports_and_what_it_was_seen_to_upload(self) -> None:
        node = make_node()
        Node.objects.filter(pk=node.pk).update(
            beat_at=NOW,
            lease_token="t",
            listens_on=["0.0.0.0:6881", "[::]:6881", "127.0.0.1:7000"],
            counters={BEST: 1_000, BEST_AT: int(NOW.timestamp())},
        )

        facts = market_facts.node("local", now=NOW + timedelta(seconds=1))

        assert facts is not None
        assert (facts.is_alive, facts.hides, facts.data_ports) == (True, False, (6881, 7000))
        assert (facts.best_upload_bytes_per_s, facts.suggested_limit_bytes_per_s) == (1_000, 850)
        assert market_facts.node("nowhere", now=NOW) is None

    @pytest.mark.parametrize(
        "chosen",
        [
            {"anonymous": True},
            {"proxy_kind": ProxyKind.SOCKS5, "proxy_host": "192.0.2.1"},
            {"proxy_user": "u", "proxy_password_sealed": "of another key"},
        ],
    )
    def test_hides_behind_a_proxy_in_anonymous_mode_and_where_nobody_can_say(self, chosen: dict[str, object]) -> None:
        Network.objects.create(node=make_node(), **chosen)

        facts = market_facts.node("local", now=NOW)

        assert facts is not None
        assert facts.hides
