"""The overview: whose figures it shows, how it follows what happens, and how each user arranges it."""

from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from seedbox.config import joints
from seedbox.domain.states import State
from seedbox.models import Holding, Node, Observation, User
from seedbox.services import holdings, totals
from seedbox.services.node_tidings import NodeWatch
from seedbox.services.totals import Speeds
from seedbox.web import tiles
from tests.builders import NOW, make_holding, make_observation, make_torrent
from tests.sockets import browser_of
from tests.sources import make_metainfo
from tests.turns import TurnedNode

MIB = 1 << 20
QUERIES = 24
HTMX = {"HX-Request": "true"}


def moving(owner: User, name: str, *, down: int = 0, up: int = 0, state: State = State.DOWNLOADING) -> Holding:
    torrent = make_torrent(name, size_bytes=100 * MIB)
    make_observation(torrent, state=state, down_bytes_per_s=down, up_bytes_per_s=up, done_bytes=MIB, peers=1)
    return make_holding(owner, torrent)


def shown(client: Client, name: str) -> str:
    return client.get(reverse("overview_tile", args=[name])).content.decode()


@pytest.fixture
def page(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.mark.django_db
class TestTotals:
    def test_are_sums_over_what_each_row_of_the_list_shows(self, owner: User, stranger: User) -> None:
        both = moving(owner, "both", down=3 * MIB, up=MIB)
        make_holding(stranger, both.torrent, runs=False)
        moving(owner, "done", down=MIB, up=5 * MIB, state=State.SEEDING)  # the engine's figure fades
        moving(stranger, "theirs", down=7 * MIB)
        assert totals.of_user(owner.pk).speeds == Speeds(3 * MIB, 6 * MIB)
        assert totals.of_user(stranger.pk).speeds == Speeds(7 * MIB, 0)
        for user in (owner, stranger):
            assert totals.moving(user.pk) == totals.of_user(user.pk).speeds

    def test_of_a_node_are_those_of_the_database_once_it_has_stored_them(self, owner: User, stranger: User) -> None:
        shared = moving(owner, "shared", down=3 * MIB, up=MIB)
        make_holding(stranger, shared.torrent, runs=False)
        moving(owner, "checked", up=2 * MIB, state=State.CHECKING)
        found = totals.here({owner.pk, stranger.pk}, Observation.objects.all())
        for user in (owner, stranger):
            assert found[user.pk][0] == totals.of_user(user.pk).speeds


@pytest.mark.django_db
class TestAnOverview:
    def test_shows_a_users_own_and_nobody_elses(self, page: Client, owner: User, stranger: User) -> None:
        moving(owner, "mine.iso", down=3 * MIB)
        moving(stranger, "theirs.iso", down=9 * MIB)
        content = page.get(reverse("overview")).content.decode()
        assert "mine.iso" in content
        assert "3.00 MiB/s" in content
        assert "theirs.iso" not in content
        assert "9.00 MiB/s" not in content

    def test_puts_what_moves_most_first_and_shows_nothing_that_rests(self, page: Client, owner: User) -> None:
        moving(owner, "slow.iso", down=MIB)
        moving(owner, "fast.iso", up=9 * MIB, state=State.SEEDING)
        moving(owner, "resting.iso", state=State.SEEDING)
        content = shown(page, "active")
        assert content.index("fast.iso") < content.index("slow.iso")
        assert "resting.iso" not in content

    def test_asks_as_little_of_the_database_for_many_torrents_as_for_one(
        self, page: Client, owner: User, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(12):
            moving(owner, f"{number}.iso", down=MIB)
        page.get(reverse("overview"))
        with django_assert_max_num_queries(QUERIES):
            page.get(reverse("overview"))

    def test_says_what_to_do_next(self, page: Client, owner: User) -> None:
        Node.objects.update_or_create(
            name="local",
            defaults={"beat_at": timezone.now(), "lease_token": "t", "total_bytes": 1000 * MIB, "free_bytes": 10 * MIB},
        )
        assert "Add a torrent" in shown(page, "next")
        assert "nearly full: 10.0 MiB left" in shown(page, "next")
        stalled = moving(owner, "stalled.iso")
        Observation.objects.filter(torrent=stalled.torrent).update(peers=0)
        assert "1 torrent loads from nobody" in shown(page, "next")
        moving(owner, "broken.iso", state=State.ERROR)
        content = shown(page, "next")
        assert content.index("stopped with an error") < content.index("loads from nobody")

    def test_hides_a_tile_for_admins_from_others(self, page: Client, owner: User, admin: User) -> None:
        tile = tiles.Tile("secret", "Secret", "seedbox/tiles/next.html", lambda look: {}, "", "lock", for_admins=True)
        tiles.register(tile)
        try:
            assert page.get(reverse("overview_tile", args=["secret"])).status_code == 404
            page.force_login(admin)
            assert page.get(reverse("overview_tile", args=["secret"])).status_code == 200
        finally:
            tiles.forget("secret")


@pytest.mark.django_db
class TestALayout:
    def arrange(self, page: Client, act: str, tile: str = "") -> None:
        assert page.post(reverse("overview_layout"), {"act": act, "tile": tile}).status_code == 302

    def names(self, page: Client) -> list[str]:
        content = page.get(reverse("overview")).content.decode()
        return [part.split('"')[0] for part in content.split('id="tile-')[1:] if "-title" not in part.split('"')[0]]

    def test_is_each_users_own_and_can_be_taken_back(self, page: Client, admin: User) -> None:
        before = self.names(page)
        self.arrange(page, "up", before[2])
        self.arrange(page, "hide", before[0])
        assert self.names(page) == [before[2], before[1], *before[3:]]
        self.arrange(page, "show", before[0])
        assert self.names(page) == [before[0], before[2], before[1], *before[3:]]
        other = Client()
        other.force_login(admin)
        assert self.names(other) == before
        self.arrange(page, "reset")
        assert self.names(page) == before

    def test_stays_as_it_is_where_an_act_leads_nowhere(self, page: Client) -> None:
        before = self.names(page)
        self.arrange(page, "up", before[0])
        self.arrange(page, "down", before[-1])
        self.arrange(page, "hide", "nothing")
        assert self.names(page) == before
        assert page.post(reverse("overview_layout"), {"act": "explode"}).status_code == 400

    def test_answers_htmx_with_the_list_alone(self, page: Client) -> None:
        answer = page.post(reverse("overview_layout"), {"act": "hide", "tile": "active"}, headers=HTMX).content.decode()
        assert answer.lstrip().startswith('<div id="arrange"')
        assert 'id="show-active"' in answer

    def test_puts_new_tiles_at_the_end_and_keeps_places_of_those_that_are_away(self, owner: User) -> None:
        chosen = tiles.rearranged(["gone", "active", "-speeds"], name="active", act="up", user=owner)
        assert chosen[:3] == ["gone", "active", "-speeds"]
        found = tiles.layout(["gone", "active", "-speeds"], user=owner)
        assert found.shown[0].name == "active"
        assert [tile.name for tile in found.hidden] == ["speeds"]
        assert {"next", "counts"} <= {tile.name for tile in found.shown[1:]}


@pytest.mark.django_db
class TestABoxWithoutAWallet:
    @pytest.fixture(autouse=True)
    def _off(self) -> Iterator[None]:
        joints.join("off")
        yield
        joints.join("devnet")

    def test_has_an_overview_without_a_word_of_money(self, page: Client, owner: User) -> None:
        moving(owner, "film.iso", down=MIB)
        content = page.get(reverse("overview")).content.decode()
        assert "film.iso" in content
        for word in ("BTT", "Balance", "arned", "Deals", "paid", "Money"):
            assert word not in content

    def test_has_none_on_the_other_pages_either(self, admin: User, settings: Settings) -> None:
        reverse("money")  # addresses are read once, with those of money, for all tests
        settings.WALLET_NETWORK = "off"
        client = Client()
        client.force_login(admin)
        names = ("overview", "overview_layout", "torrents", "torrents_new", "notices", "notices_panel", "operator")
        for name in (*names, "health", "styleguide", "manifest", "metrics"):
            content = client.get(reverse(name)).content.decode()
            for word in ("BTT", "alance", "arned", "deal", "money", "Money", "allet", "ithdraw", "eposit"):
                assert word not in content, (name, word)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_client")
class TestAnOpenOverview:
    def test_hears_that_the_disk_fills_up(self, owner: User) -> None:
        Node.objects.create(name="local", beat_at=NOW, lease_token="t", total_bytes=1000 * MIB, free_bytes=500 * MIB)
        watch = NodeWatch()

        def fill() -> None:
            Node.objects.update(free_bytes=10 * MIB)
            watch.look(now=NOW)

        async def scenario() -> None:
            async with browser_of(owner) as own:
                await own.say(watch=["steps"])
                before = (await own.hear())["versions"]
                await sync_to_async(fill)()
                then = (await own.hear())["versions"]
                assert (before["tile-counts"], then["tile-counts"]) == ("green", "red")
                assert then["tile-next"] != before["tile-next"]

        async_to_sync(scenario)()

    def test_hears_each_tick_what_moves_of_its_user_alone(self, owner: User, stranger: User) -> None:
        source = make_metainfo(tracker="http://127.0.0.1:1/announce")
        node = TurnedNode()
        holding = holdings.add(user=owner, source=source, now=NOW, peers=["127.0.0.1:5"])
        node.turn(times=2)

        async def scenario() -> None:
            async with browser_of(owner) as own, browser_of(stranger) as other:
                for browser in (own, other):
                    await browser.say(watch=["totals"])
                    assert (await browser.hear())["rows"]["speeds"]["down"] == "0 B/s"
                charge = node.loop.ward.charges[source.info_hash_v1]
                charge.observation.down_bytes_per_s = 2 * MIB
                await sync_to_async(node.turn)(after_s=1)
                heard = (await own.hear())["rows"]["speeds"]
                assert (heard["down"], heard["up"], heard["busiest"]) == ("2.00 MiB/s", "0 B/s", str(holding.pk))
                assert heard["at"] == int(node.now.timestamp())
                assert (await other.hear())["rows"]["speeds"]["down"] == "0 B/s"

        try:
            async_to_sync(scenario)()
        finally:
            node.stop()
