from collections.abc import Callable
from functools import partial

import pytest

from seedbox.domain.metainfo import Source
from seedbox.models import Holding, Torrent, User
from seedbox.services import holdings
from tests.at_once import at_once
from tests.builders import NOW, make_node, make_user
from tests.servers import ON_SQLITE
from tests.sources import make_magnet, make_metainfo

# SQLite's writers get no turns: of many, on a busy machine, one waits in vain.
ADDERS = 4 if ON_SQLITE else 16

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


class TestSeveralUsersAtOnce:
    def test_share_one_torrent_each_with_an_own_holding(self) -> None:
        users = [make_user(name) for name in ("olga", "sam", "tim")]
        source = make_metainfo(protocol="hybrid")
        forms: tuple[Source, ...] = (source, make_magnet(source, hashes="v1"), make_magnet(source, hashes="v1 v2"))
        outcomes = at_once(*(add(user, form) for user, form in zip(users, forms, strict=True)))
        assert all(isinstance(outcome, Holding) for outcome in outcomes), outcomes
        assert Torrent.objects.get().has_metadata
        assert Holding.objects.count() == 3

    def test_never_share_a_private_torrent(self) -> None:
        source = make_metainfo(private=True)
        outcomes = at_once(add(make_user("olga"), source), add(make_user("sam"), source))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Holding", "PrivateElsewhere"]


class TestAThousandAddsOfOneTorrent:
    def test_give_each_of_twenty_users_one_holding_of_it(self) -> None:
        users = [make_user(f"user{number}") for number in range(20)]
        source = make_metainfo(protocol="hybrid")
        forms: tuple[Source, ...] = (source, make_magnet(source, hashes="v1"), make_magnet(source, hashes="v1 v2"))

        def add_often(offset: int) -> list[str]:
            return [outcome_of(users[(offset + turn) % 20], forms[turn % 3]) for turn in range(1_008 // ADDERS)]

        outcomes = at_once(*(partial(add_often, offset) for offset in range(ADDERS)))
        told = [name for names in outcomes if isinstance(names, list) for name in names]
        assert (len(told), told.count("Holding"), told.count("AlreadyHeld")) == (1_008, 20, 988), outcomes
        assert Torrent.objects.count() == 1
        assert Holding.objects.count() == 20


class TestOneUserTwiceAtOnce:
    def test_gets_one_holding_and_is_told_of_it(self) -> None:
        user, source = make_user(), make_metainfo()
        outcomes = at_once(*[add(user, source)] * 3)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyHeld", "AlreadyHeld", "Holding"]
        assert Holding.objects.count() == 1

    def test_removes_a_torrent_once(self) -> None:
        user = make_user()
        holding = holdings.add(user=user, source=make_metainfo(), now=NOW)
        outcomes = at_once(*[lambda: holdings.change(user=user, holding_ids=[holding.pk], verb="remove", now=NOW)] * 2)
        assert sorted(map(str, outcomes))[0] == "1"
        assert sum(isinstance(outcome, holdings.NotFound) for outcome in outcomes) == 1


class TestANodeThatForgetsWhileSomebodyAddsAgain:
    def test_leaves_a_torrent_for_the_new_holder(self) -> None:
        user, source = make_user(), make_metainfo()
        for _ in range(5):
            held = holdings.add(user=user, source=source, now=NOW)
            holdings.change(user=user, holding_ids=[held.pk], verb="remove", now=NOW)
            added, _ = at_once(add(user, source), partial(holdings.forget, torrent_id=held.torrent_id))
            assert isinstance(added, Holding), added
            assert Torrent.objects.get() == added.torrent
            holdings.change(user=user, holding_ids=[added.pk], verb="remove", now=NOW)
            holdings.forget(torrent_id=added.torrent_id)


def outcome_of(user: User, source: Source) -> str:
    try:
        return type(holdings.add(user=user, source=source, now=NOW)).__name__
    except holdings.AlreadyHeld as known:
        return type(known).__name__


def add(user: User, source: Source) -> Callable[[], Holding]:
    make_node()
    return lambda: holdings.add(user=user, source=source, now=NOW)
