"""The live socket from the node's publisher to the browser, over the real channel layer."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.test import Client
from django.utils import timezone
from redis import Redis

from seedbox.domain.states import State
from seedbox.domain.units import NOTHING
from seedbox.engine.port import Details, Peer, Tracker
from seedbox.models import Holding, LogEntry, User
from seedbox.services import outbox
from seedbox.services.live import Publisher, list_changed
from seedbox.services.logins import LIFETIME
from seedbox.web.consumers import BAD_FRAME, FRAMES_AT_ONCE, TOO_MANY_FRAMES, LiveConsumer
from seedbox.web.frames import MAX_FRAME_CHARS
from seedbox.web.logins import BEGAN_KEY
from seedbox.web.rights import SIGNED_OUT
from tests.builders import NOW, make_holding, make_observation, make_torrent
from tests.sockets import Browser, browser_of

QUICK_RENEWAL_S = 0.05

# Channels closes a connection that is inside a transaction, so the tests must not be.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher(redis_url=settings.REDIS_URL)
    yield publisher
    publisher.close()


@pytest.fixture
def holding(owner: User) -> Holding:
    holding = make_holding(owner, make_torrent(size_bytes=1000), trackers=["http://tracker.example/olga"])
    make_observation(holding.torrent, done_bytes=100)
    return holding


@pytest.fixture
def quick_renewals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveConsumer, "renewal_s", QUICK_RENEWAL_S)


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async_to_sync(scenario)()


async def tick(publisher: Publisher, *holdings: Holding) -> None:
    """What the node does every second."""

    def node() -> None:
        publisher.watched(NOW)
        publisher.publish_rows(holdings)

    await sync_to_async(node)()


class TestAWatchedRow:
    def test_is_sent_at_once_and_then_as_it_changes(self, publisher: Publisher, owner: User, holding: Holding) -> None:
        name = f"holding-{holding.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[name])
                snapshot = await browser.hear()
                assert "stream" not in snapshot
                assert snapshot["rows"][name]["progress"] == "10.0 %"
                await tick(publisher, holding)
                whole = await browser.hear()
                assert whole["rows"] == snapshot["rows"]
                holding.torrent.observation.down_bytes_per_s = 300
                await tick(publisher, holding)
                change = await browser.hear()
                assert change["rows"] == {name: {"down": "300 B/s", "eta": "3 s"}}
                assert (change["stream"], change["seq"]) == (whole["stream"], whole["seq"] + 1)
                await tick(publisher, holding)
                assert await browser.hears_nothing()

        play(scenario)

    def test_is_sent_whole_to_a_second_page_and_on_resync(
        self, publisher: Publisher, owner: User, holding: Holding
    ) -> None:
        name = f"holding-{holding.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as first, browser_of(owner) as second:
                await first.say(watch=[name])
                await first.hear()
                await tick(publisher, holding)
                assert await first.hear() == await second.hear()  # one message for all pages of a user
                holding.torrent.observation.up_bytes_per_s = 7
                for request in ({"watch": [name]}, {"resync": [name]}):
                    await second.say(**request)
                    assert (await second.hear())["rows"][name]["up"] == "\N{EN DASH}"  # the database is a little behind
                    await tick(publisher, holding)
                    heard = await second.hear()
                    assert (heard["rows"][name]["up"], heard["rows"][name]["name"]) == ("7 B/s", "debian.iso")

        play(scenario)

    def test_is_sent_whole_with_a_gap_in_the_numbers_after_a_message_was_dropped(
        self, publisher: Publisher, owner: User, holding: Holding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = f"holding-{holding.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[name])
                await browser.hear()
                await tick(publisher, holding)
                before = await browser.hear()
                with monkeypatch.context() as full:
                    full.setattr(outbox, "MAX_WAITING_CHARS", 0)
                    holding.torrent.observation.peers = 7
                    await tick(publisher, holding)
                await tick(publisher, holding)
                after = await browser.hear()
                assert after["seq"] == before["seq"] + 2
                assert (after["rows"][name]["peers"], after["rows"][name]["name"]) == ("7", "debian.iso")

        play(scenario)
        assert publisher.counters()["live_messages_lost"] == 1

    def test_is_sent_whole_after_the_watch_was_given_up_and_taken_up(
        self, publisher: Publisher, owner: User, holding: Holding
    ) -> None:
        name = f"holding-{holding.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                for _ in range(2):
                    await browser.say(watch=[name])
                    assert "stream" not in await browser.hear()
                    await tick(publisher, holding)
                    assert (await browser.hear())["rows"][name]["name"] == "debian.iso"
                    await browser.say(watch=[])

        play(scenario)


@pytest.mark.both_databases
class TestNothingIsSent:
    def test_when_nobody_watches(self, publisher: Publisher, owner: User, holding: Holding) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await tick(publisher, holding)
                assert not await sync_to_async(publisher.watched)(NOW)
                assert await browser.hears_nothing()

        play(scenario)

    def test_of_rows_that_are_not_on_screen(self, publisher: Publisher, owner: User, holding: Holding) -> None:
        other = make_holding(owner, make_torrent("other.iso"))

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[f"holding-{holding.pk}"])
                await browser.hear()
                await tick(publisher, holding, other)
                assert list((await browser.hear())["rows"]) == [f"holding-{holding.pk}"]

        play(scenario)

    @pytest.mark.parametrize("who", ["stranger", "admin"])
    def test_to_anybody_but_the_holder(
        self, publisher: Publisher, request: pytest.FixtureRequest, owner: User, holding: Holding, who: str
    ) -> None:
        names = [f"holding-{holding.pk}", f"detail-{holding.pk}"]
        other = request.getfixturevalue(who)

        async def scenario() -> None:
            async with browser_of(owner) as browser, browser_of(other) as spy:
                await spy.say(watch=names)
                await spy.say(resync=names)
                assert not await sync_to_async(publisher.watched)(NOW)
                await browser.say(watch=names)
                await browser.hear()
                await tick(publisher, holding)
                await sync_to_async(list_changed)(user_id=owner.pk)
                assert await spy.hears_nothing()

        play(scenario)

    @pytest.mark.usefixtures("quick_renewals")
    def test_of_a_holding_that_was_removed(self, publisher: Publisher, owner: User, holding: Holding) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[f"detail-{holding.pk}"])
                for _ in range(3):
                    await browser.hear()
                await Holding.objects.all().adelete()
                assert await browser.hears_nothing()  # and some renewals pass
                await browser.say(resync=[f"detail-{holding.pk}"])
                await sync_to_async(publisher.watched)(NOW)
                await sync_to_async(publisher.publish_log)(holding, [LogEntry(pk=1, at=NOW, level="info", text="x")])
                assert await browser.hears_nothing()

        play(scenario)


class TestAPage:
    def test_shows_files_and_log_from_the_database(self, owner: User, holding: Holding) -> None:
        LogEntry.objects.create(torrent=holding.torrent, at=NOW - timedelta(1), level="info", text="before olga came")
        entry = LogEntry.objects.create(torrent=holding.torrent, at=NOW, level="info", text="added")

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[f"detail-{holding.pk}"])
                assert list((await browser.hear())["rows"]) == [f"holding-{holding.pk}"]
                assert list((await browser.hear())["rows"]) == [f"file-{holding.pk}-0"]
                log = await browser.hear()
                assert (log["list"], list(log["rows"])) == (f"log-{holding.pk}", [f"log-{entry.pk}", "log-added"])

        play(scenario)

    def test_shows_peers_and_only_its_holders_trackers(
        self, publisher: Publisher, owner: User, holding: Holding
    ) -> None:
        details = Details(
            key=holding.torrent.key,
            peers=(Peer("192.0.2.7:6881", "client", 0, 0, 0, 0, 0, ""),),
            trackers=tuple(
                Tracker(f"http://tracker.example/{passkey}", 0, "working", "", None, None)
                for passkey in ("olga", "sam")
            ),
        )

        def node() -> None:
            publisher.watched(NOW)
            publisher.publish_details(holding, details)
            publisher.publish_files(holding, holding.torrent.files.all())

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[f"detail-{holding.pk}"])
                for _ in range(3):
                    await browser.hear()
                await sync_to_async(node)()
                peers, trackers, files = [await browser.hear() for _ in range(3)]
                assert (peers["list"], list(peers["rows"])) == (f"peers-{holding.pk}", ["192.0.2.7:6881"])
                assert list(trackers["rows"]) == ["http://tracker.example/olga"]
                assert list(files["rows"]) == [f"file-{holding.pk}-0"]
                assert [message["seq"] for message in (peers, trackers, files)] == [1, 2, 3]
                await browser.say(watch=[f"holding-{holding.pk}"])
                assert await browser.hears_nothing()
                await sync_to_async(publisher.publish_details)(holding, Details(key=holding.torrent.key))
                assert await browser.hears_nothing()

        play(scenario)

    def test_of_who_stopped_it_tells_nothing_of_those_it_runs_for(
        self, publisher: Publisher, owner: User, holding: Holding
    ) -> None:
        peer = Peer("192.0.2.7:6881", "client", 0, 0, 0, 0, 0, "")
        tracker = Tracker("http://tracker.example/olga", 0, "working", "Welcome back, Sam", 7, 90)
        holding.runs = False

        def node() -> None:
            publisher.watched(NOW)
            publisher.publish_details(holding, Details(holding.torrent.key, (peer,), (tracker,)))

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[f"detail-{holding.pk}"])
                for _ in range(3):
                    await browser.hear()
                await sync_to_async(node)()
                assert (await browser.hear())["rows"] == {}
                (row,) = (await browser.hear())["rows"].values()
                assert [row[cell] for cell in ("message", "peers", "next")] == ["", NOTHING, NOTHING]

        play(scenario)

    def test_is_told_when_the_list_of_torrents_has_changed(self, owner: User) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await sync_to_async(list_changed)(user_id=owner.pk)
                heard = await browser.hear()
                assert (heard["type"], heard["what"], heard["seq"]) == ("changed", "torrents", 1)

        play(scenario)


class TestASocket:
    def test_answers_an_empty_resync_to_show_that_it_lives(self, owner: User) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(resync=[])
                assert await browser.hear() == {"type": "alive"}

        play(scenario)

    def test_is_refused_to_anonymous_people(self) -> None:
        async def scenario() -> None:
            async with browser_of(None) as browser:
                assert await browser.close_code() == SIGNED_OUT

        play(scenario)

    def test_is_refused_to_pages_of_another_origin(self) -> None:
        async def scenario() -> None:
            for origin in (b"http://evil.example", b"http://localhost:9", b"https://localhost:8000", b"null"):
                assert not await Browser((b"origin", origin)).connects(), origin

        play(scenario)

    def test_serves_a_page_that_was_opened_by_the_machines_number(self) -> None:
        async def scenario() -> None:
            assert await Browser((b"origin", b"http://127.0.0.1:8000")).connects()

        play(scenario)

    @pytest.mark.usefixtures("quick_renewals")
    @pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another"}])
    def test_ends_when_its_user_may_not_come_in_any_more(self, owner: User, change: dict[str, object]) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await User.objects.filter(pk=owner.pk).aupdate(**change)
                assert await browser.close_code() == SIGNED_OUT

        play(scenario)

    @pytest.mark.usefixtures("quick_renewals")
    def test_ends_when_its_user_signs_out(self, owner: User) -> None:
        client = Client()

        async def scenario() -> None:
            async with browser_of(owner, client=client) as browser:
                await client.alogout()
                assert await browser.close_code() == SIGNED_OUT

        play(scenario)

    def test_never_begins_with_a_login_that_is_too_old(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LiveConsumer, "renewals_per_check", 1_000)
        client = Client()
        client.force_login(owner)
        login = client.session
        login[BEGAN_KEY] = (timezone.now() - LIFETIME).timestamp() - 1
        login.save()

        async def scenario() -> None:
            async with browser_of(None, client=client) as browser:
                assert await browser.close_code() == SIGNED_OUT

        play(scenario)

    @pytest.mark.parametrize("text", ["", "{", '{"watch": 7}', "x" * (MAX_FRAME_CHARS + 1), '{"drop": "table"}'])
    def test_ends_over_a_frame_that_makes_no_sense(self, owner: User, text: str) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.send(text=text)
                assert await browser.close_code() == BAD_FRAME

        play(scenario)

    def test_ends_over_a_binary_frame(self, owner: User) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.send(bytes=b"\x00" * 1000)
                assert await browser.close_code() == BAD_FRAME

        play(scenario)

    def test_ends_over_too_many_frames(self, owner: User) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser:
                for _ in range(2 * FRAMES_AT_ONCE):
                    await browser.say(watch=[])
                assert await browser.close_code() == TOO_MANY_FRAMES

        play(scenario)

    @pytest.mark.usefixtures("quick_renewals")
    def test_catches_up_when_redis_has_forgotten_everything(
        self, redis_client: Redis, publisher: Publisher, owner: User, holding: Holding
    ) -> None:
        name = f"holding-{holding.pk}"

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[name])
                await browser.hear()
                await tick(publisher, holding)
                await browser.hear()
                redis_client.flushall()
                assert "stream" not in await browser.hear()  # the next renewal sees it
                await tick(publisher, holding)
                assert (await browser.hear())["rows"][name]["state"] == State.DOWNLOADING

        play(scenario)
