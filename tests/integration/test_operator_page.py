"""The operator's page: how machines, people and money are, for admins alone, and live."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings
from redis import Redis

from seedbox.config import joints
from seedbox.domain.numerals import called
from seedbox.domain.states import State
from seedbox.models import Holding, Install, Node, User
from seedbox.models.install import FactorRule
from seedbox.models.user import Role
from seedbox.services.numerals import written
from seedbox.services.task_tallies import TaskTimes
from seedbox.web import operator
from tests.builders import let_in, make_holding, make_node, make_observation, make_torrent, make_user
from tests.exchange import BTT, Exchange
from tests.sockets import Browser, browser_of
from wallet.models import HaltReason, Reconciliation
from wallet.services import halts, reconciliation

GIB = 1024**3
FOLDER = {"name": "main", "path": "/srv/films", "is_there": True, "problem": "", "known": True}
WORDS_OF_MONEY = ("BTT", "solven", "withdraw", "fee", "halt", "reserve", "wallet")


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    operator.told.forget()
    yield
    operator.told.forget()


@pytest.fixture
def plain_box(settings: Settings) -> Iterator[None]:
    before = settings.WALLET_NETWORK
    reverse("money")  # addresses are read once, with those of money, for all tests
    settings.WALLET_NETWORK = "off"
    joints.join("off")
    yield
    joints.join(before)


def a_node(**fields: object) -> Node:
    node = make_node()
    alive = {"beat_at": timezone.now(), "lease_token": "t", "engine_version": "libtorrent 2.1.1", "box_version": "0.9"}
    disks = {"folders": [FOLDER | {"free_bytes": 2 * GIB, "total_bytes": 8 * GIB}], "memory_bytes": 160 * 1024**2}
    Node.objects.filter(pk=node.pk).update(**alive | disks | fields)
    return node


def held(user: User, name: str, *, done: int, up: int = 0, up_before: int = 0) -> Holding:
    torrent = make_torrent(name)
    make_observation(torrent, state=State.SEEDING, done_bytes=done, uploaded_bytes=up, up_bytes_per_s=1024)
    return make_holding(user, torrent, uploaded_before_bytes=up_before)


def page_of(user: User) -> str:
    return let_in(user).get(reverse("operator")).content.decode()


def told(user: User) -> dict[str, Any]:
    operator.told.forget()
    return {str(one["list"]): one["rows"] for one in operator.messages(user.pk)}


@pytest.mark.django_db
class TestTheMachines:
    def test_show_how_each_node_is_what_it_moves_and_what_it_takes(self, admin: User) -> None:
        a_node()
        held(admin, "a film", done=1)
        held(admin, "another", done=1)
        row = told(admin)["operator-nodes"]["node-local"]
        shown = ("state", "tone", "torrents", "up", "memory", "engine", "box")
        expected = ["Runs", "green", "2", "2.00 KiB/s", "160 MiB", "libtorrent 2.1.1", "0.9"]
        assert [row[cell] for cell in shown] == expected
        assert row["beat"].endswith("s ago")

    def test_show_a_node_that_is_silent_and_a_disk_that_is_nearly_full(self, admin: User) -> None:
        full = FOLDER | {"free_bytes": GIB // 4, "total_bytes": 8 * GIB}
        a_node(beat_at=timezone.now() - timedelta(hours=2), folders=[full])
        rows = told(admin)
        assert rows["operator-nodes"]["node-local"]["tone"] == "red"
        assert rows["operator-nodes"]["node-local"]["beat"] == "2 h 0 min ago"
        disk = rows["operator-folders"]["folder-local-main"]
        assert (disk["free"], disk["total"], disk["used_ppm"], disk["tone"]) == (
            "256 MiB",
            "8.00 GiB",
            968_750,
            "yellow",
        )
        assert rows["operator-glance"]["glance-nodes"]["value"] == "0 of 1 well"

    def test_show_how_much_waits_on_each_queue(self, admin: User, redis_client: Redis) -> None:
        a_node()
        redis_client.lpush("node.local", *["a nudge"] * 21)
        rows = told(admin)
        queues = {name: (row["depth"], row["tone"]) for name, row in rows["operator-queues"].items()}
        assert queues == {"queue-node.local": ("21", "yellow"), "queue-wallet": ("0", "green")}
        assert rows["operator-glance"]["glance-queues"]["value"] == "21 messages"

    def test_add_up_what_waits_in_thousands_for_whoever_writes_them_otherwise(
        self, admin: User, redis_client: Redis
    ) -> None:
        a_node()
        admin.numerals = "1.234,5"
        admin.save(update_fields=["numerals"])
        redis_client.lpush("node.local", *["a nudge"] * 1_234)
        assert "1.234 messages" in page_of(admin)

    def test_say_that_a_queue_is_unknown_while_redis_does_not_answer(self, admin: User, settings: Settings) -> None:
        a_node()
        settings.REDIS_URL = "unix:///nowhere/redis.sock"
        assert told(admin)["operator-queues"]["queue-node.local"]["depth"] == "unknown"

    def test_show_the_slowest_tasks_first_and_those_that_failed(self, admin: User) -> None:
        times, now = TaskTimes("wallet"), timezone.now()
        times.note("wallet.quick", took_ms=12, failed=True, now=now)
        times.note("wallet.slow", took_ms=7_200, failed=False, now=now)
        times.note("wallet.slow", took_ms=200, failed=False, now=now)
        times.store(now)
        rows = list(told(admin)["operator-tasks"].values())
        shown = [(row["name"], row["slowest"], row["mean"], row["runs"], row["failures"], row["tone"]) for row in rows]
        assert shown == [
            ("wallet.slow", "7.2 s", "3.7 s", "2", "0", "yellow"),
            ("wallet.quick", "12 ms", "12 ms", "1", "1", "red"),
        ]


@pytest.mark.django_db
class TestThePeople:
    def test_stand_in_the_order_of_what_they_fill_with_what_is_their_own(self, admin: User, owner: User) -> None:
        held(owner, "a film", done=3 * GIB, up=5 * GIB, up_before=GIB)
        held(owner, "another", done=GIB)
        held(admin, "a third", done=GIB)
        make_user("nina")
        rows = list(told(admin)["operator-users"].values())
        assert [(row["name"], row["holdings"], row["disk"], row["up"]) for row in rows] == [
            ("olga", "2", "4.00 GiB", "4.00 GiB"),
            ("ada", "1", "1.00 GiB", "0 B"),
            ("nina", "0", "0 B", "0 B"),
        ]
        assert "a film" not in page_of(admin)

    def test_of_thousands_only_those_who_use_most_are_shown(self, admin: User) -> None:
        User.objects.bulk_create(User(username=f"user{number}") for number in range(30))
        assert len(told(admin)["operator-users"]) == 20


@pytest.mark.django_db
class TestTheMoney:
    def test_is_said_to_be_there_and_an_asset_that_lacks_a_unit_is_red(self, admin: User, owner: User) -> None:
        exchange = Exchange()
        exchange.scan_all()
        exchange.deposit(owner.pk, 5_000 * BTT)
        reconciliation.run(now=timezone.now())
        rows = told(admin)
        shown = rows["operator-solvency"]["solvency-BTT"]
        assert [shown[cell] for cell in ("owed", "own", "reserves", "difference", "tone")] == [
            "5,000",
            "0",
            "5,000",
            "0",
            "green",
        ]
        assert rows["operator-glance"]["glance-solvency"]["value"] == "Difference 0"
        row = Reconciliation.objects.get(chain=5_000 * BTT)
        row.pk, row.books, row.difference = None, row.books + 1, -1
        row.save(force_insert=True)
        rows = told(admin)
        shown = rows["operator-solvency"]["solvency-BTT"]
        assert (shown["difference"], shown["tone"]) == ("\N{MINUS SIGN}0.000000000000000001", "red")
        assert rows["operator-glance"]["glance-solvency"]["value"] == "Differs"

    def test_that_does_not_go_out_says_why(self, admin: User) -> None:
        assert told(admin)["operator-glance"]["glance-halts"]["value"] == "None"
        halts.halt(HaltReason.OPERATOR, "ada: the disk makes noises", timezone.now())
        rows = told(admin)
        assert [row["detail"] for row in rows["operator-halts"].values()] == ["ada: the disk makes noises"]
        assert rows["operator-glance"]["glance-halts"]["tone"] == "red"

    @pytest.mark.usefixtures("plain_box")
    def test_is_not_mentioned_on_a_box_without_a_wallet(self, admin: User) -> None:
        a_node()
        times = TaskTimes("wallet")  # it had one once
        times.note("wallet.read_chain", took_ms=7, failed=False, now=timezone.now())
        times.store(timezone.now())
        shown = re.search(r"<main.*</main>", page_of(admin), re.DOTALL)
        assert shown
        assert [word for word in WORDS_OF_MONEY if word.lower() in shown[0].lower()] == []
        assert "operator-queues" in told(admin)


@pytest.mark.django_db
class TestAnOpenPage:
    def test_is_told_of_every_list_that_it_has_in_the_words_that_it_shows(self, admin: User) -> None:
        a_node()
        held(admin, "a film", done=GIB)
        page = page_of(admin)
        lists = told(admin)
        assert sorted(re.findall(r'data-list="([^"]+)"', page)) == sorted(lists)
        cells = set(re.findall(r'data-cell="([^"]+)"', page)) | set(re.findall(r'data-attr="[a-z-]+:([^"]+)"', page))
        assert {cell for rows in lists.values() for row in rows.values() for cell in row} - cells <= {
            "row",
            "slowest_ms",
            "waiting",
        }
        for row in lists["operator-nodes"].values():
            assert all(str(row[cell]) in page for cell in ("name", "state", "up", "engine"))

    def test_is_told_numbers_as_its_own_admin_writes_them_however_many_look(
        self, admin: User, redis_client: Redis
    ) -> None:
        a_node()
        redis_client.lpush("node.local", *["a nudge"] * 1_234)
        for numerals, depth in (("1.234,5", "1.234"), ("1,234.5", "1,234"), ("1.234,5", "1.234")):
            with written(called(numerals)):
                lists: dict[str, Any] = {str(one["list"]): one["rows"] for one in operator.messages(admin.pk)}
            assert lists["operator-queues"]["queue-node.local"]["depth"] == depth

    def test_is_told_nothing_once_its_user_is_no_admin_any_more(self, admin: User, owner: User) -> None:
        assert told(admin)
        assert told(owner) == {}
        User.objects.filter(pk=admin.pk).update(role=Role.MEMBER)
        assert told(admin) == {}

    def test_is_not_for_an_admin_who_has_to_set_up_a_second_factor_first(self, admin: User) -> None:
        Install.objects.update_or_create(pk=1, defaults={"factor_rule": FactorRule.ADMINS})
        response = let_in(admin).get(reverse("operator"))
        assert (response.status_code, response["Location"]) == (302, reverse("factor_wanted"))


@pytest.mark.usefixtures("committed_books", "redis_client")
class TestASocket:
    def test_follows_without_anybody_telling_it_until_its_user_loses_the_right(
        self, admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(operator, "EVERY_S", 0.05)
        monkeypatch.setattr(operator.told, "_for_s", 0.0)
        node = a_node()

        async def hear_nodes(browser: Browser) -> dict[str, Any]:
            while True:
                message = await browser.hear()
                for one in message.get("messages", [message]):  # many may come as one
                    if one.get("list") == "operator-nodes":
                        return dict(one["rows"]["node-local"])

        async def scenario() -> None:
            async with browser_of(admin) as browser:
                await browser.say(watch=["operator"])
                assert (await hear_nodes(browser))["memory"] == "160 MiB"
                await sync_to_async(Node.objects.filter(pk=node.pk).update)(memory_bytes=200 * 1024**2)
                while (await hear_nodes(browser))["memory"] != "200 MiB":
                    pass
                await sync_to_async(User.objects.filter(pk=admin.pk).update)(role=Role.MEMBER)
                while not await browser.hears_nothing():
                    await browser.hear()

        async_to_sync(scenario)()
