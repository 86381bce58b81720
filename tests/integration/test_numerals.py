"""Each user's way to write numbers, on pages, in forms and on the live socket."""

import json
from collections.abc import Awaitable, Callable, Iterator

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.test import Client
from django.urls import reverse

from seedbox.domain.numerals import called
from seedbox.engine.port import Details, Peer
from seedbox.models import User
from seedbox.services import readers
from seedbox.services.live import Publisher
from tests.builders import NOW, make_holding, make_observation, make_torrent, signed_in
from tests.integration.test_isolation import body_of
from tests.ledger import BTT, balance, fund, user
from tests.sockets import browser_of

GERMAN = called("1.234,5")


def german(one: User) -> Client:
    readers.choose(GERMAN, user_id=one.pk)
    one.refresh_from_db()
    return signed_in(one)


def page(browser: Client, name: str, **headers: str) -> str:
    return browser.get(reverse(name), headers=headers).content.decode()


@pytest.mark.django_db
class TestAPage:
    def test_writes_as_the_browser_s_language_does_until_its_user_chooses(self, owner: User) -> None:
        fund(user(owner.pk), 1_234 * BTT + BTT // 2)
        browser = signed_in(owner)
        assert "1,234.5" in page(browser, "money")
        assert "1.234,5" in page(browser, "money", **{"Accept-Language": "de-DE,de;q=0.9"})
        assert "1.234,5" in page(browser, "money", **{"Accept-Language": "en"})  # once supposed it stays so
        browser.post(reverse("display_choose"), {"numerals": "1'234.5"})
        assert "1\N{RIGHT SINGLE QUOTATION MARK}234.5" in page(browser, "money", **{"Accept-Language": "de"})

    def test_of_one_user_is_not_written_as_another_reads(self, owner: User, stranger: User) -> None:
        for one in (owner, stranger):
            fund(user(one.pk), 1_234 * BTT + BTT // 2)
        assert "1.234,5" in page(german(owner), "money")
        assert "1.234,5" not in page(signed_in(stranger), "money")

    def test_lets_its_scripts_know(self, owner: User) -> None:
        assert 'data-numerals=",."' in page(german(owner), "overview")
        assert 'data-numerals=".,"' in page(Client(), "account_login")
        assert 'data-numerals=",."' in page(Client(), "account_login", **{"Accept-Language": "it"})

    def test_of_choices_shows_what_is_chosen_and_refuses_what_is_none(self, owner: User) -> None:
        browser = german(owner)
        assert 'value="1.234,5" checked' in page(browser, "display")
        for nonsense in ({}, {"numerals": "1;2"}, {"numerals": ""}):
            answer = browser.post(reverse("display_choose"), nonsense, follow=True).content.decode()
            assert "Choose one of the ways to write numbers." in answer
        owner.refresh_from_db()
        assert owner.numerals == "1.234,5"

    def test_brings_files_that_are_the_same_for_all(self, owner: User) -> None:
        fund(user(owner.pk), 1_234 * BTT + BTT // 2)
        address = reverse("money_export", args=["csv"])
        plain = body_of(signed_in(owner).get(address))
        assert "1234.5" in plain
        assert body_of(german(owner).get(address)) == plain

    def test_finds_an_amount_as_it_writes_it_also_where_that_could_mean_another(self, owner: User) -> None:
        for amount_ubtt in (1_234 * BTT, 1_234_000, 7 * BTT):
            fund(user(owner.pk), amount_ubtt)
        browser = german(owner)
        whole, little = "+1.234</", "+1,234</"
        for asked, found in (("1.234", {whole, little}), ("+1.234 BTT", {whole, little}), ("1,234", {little})):
            page = " ".join(browser.get(reverse("money"), {"q": asked}).content.decode().split())
            assert {one for one in (whole, little, "+7</") if one in page.partition('id="history"')[2]} == found

    def test_links_to_a_file_that_finds_the_amounts_that_it_finds(self, owner: User) -> None:
        for amount_ubtt in (1_234 * BTT + BTT // 2, 7 * BTT):
            fund(user(owner.pk), amount_ubtt)
        found = body_of(german(owner).get(reverse("money_export", args=["jsonl"]), {"q": "1.234,5"}))
        assert [json.loads(line)["amount"] for line in found.splitlines()] == ["1234.500000"]


@pytest.mark.django_db
class TestAForm:
    def test_reads_amounts_as_their_user_writes_them(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 5 * BTT)
        browser = german(owner)
        form = browser.get(reverse("tip"))
        wish = {"receiver": "sam", "amount": "1,5", "memo": "", "key": form.context["form"]["key"].value()}
        asked = browser.post(reverse("tip"), wish)
        assert "Send 1,5 BTT?" in asked.content.decode()
        browser.post(reverse("tip_send"), {"wish": asked.context["signed"]})
        assert balance(user(stranger.pk)) == BTT + BTT // 2

    def test_asks_again_where_an_amount_could_mean_another(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 5_000 * BTT)
        browser = german(owner)
        form = browser.get(reverse("tip"))
        wish = {"receiver": "sam", "amount": "1.234", "memo": "", "key": form.context["form"]["key"].value()}
        answer = browser.post(reverse("tip"), wish).content.decode()
        assert "it could be 1234 or 1,234: write one of these" in answer
        assert 'value="1.234"' in answer  # nothing that was typed is lost
        assert balance(user(stranger.pk)) == 0


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher(redis_url=settings.REDIS_URL)
    yield publisher
    publisher.close()


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async_to_sync(scenario)()


# Channels closes a connection that is inside a transaction, so the tests must not be.
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_client")
class TestALiveSocket:
    def test_brings_rows_as_each_user_reads_them(self, publisher: Publisher, owner: User, stranger: User) -> None:
        readers.choose(GERMAN, user_id=owner.pk)
        owner.refresh_from_db()
        torrent = make_torrent(size_bytes=1_000_000)
        make_observation(torrent, done_bytes=100_000, down_bytes_per_s=1_500)
        own, other = make_holding(owner, torrent), make_holding(stranger, torrent)

        def tick() -> None:
            publisher.watched(NOW)
            publisher.publish_rows([own, other])

        async def scenario() -> None:
            async with browser_of(owner) as first, browser_of(stranger) as second:
                for browser, holding, progress, speed in (
                    (first, own, "10,0 %", "1,46 KiB/s"),
                    (second, other, "10.0 %", "1.46 KiB/s"),
                ):
                    name = f"holding-{holding.pk}"
                    await browser.say(watch=[name])
                    of_database = await browser.hear()
                    await sync_to_async(tick)()
                    of_node = await browser.hear()
                    for heard in (of_database, of_node):
                        assert heard["rows"][name]["progress"] == progress
                        assert heard["rows"][name]["down"] == speed

        play(scenario)

    def test_brings_lists_as_their_user_reads_them_and_follows_a_choice(
        self, publisher: Publisher, owner: User
    ) -> None:
        holding = make_holding(owner, make_torrent(size_bytes=1000))
        make_observation(holding.torrent, done_bytes=100)
        peer = Peer("192.0.2.1:6881", "", 500_000, 1_500, 0, 0, 0, "")
        details = Details(holding.torrent.key, peers=(peer,))

        def tick() -> None:
            publisher.watched(NOW)
            publisher.publish_details(holding, details)

        async def speed_shown() -> str:
            async with browser_of(owner) as browser:
                await browser.say(watch=[f"detail-{holding.pk}"])
                while True:
                    await sync_to_async(tick)()
                    heard = await browser.hear()
                    if heard.get("list") == f"peers-{holding.pk}" and heard["rows"]:
                        return str(heard["rows"][peer.address]["down"])

        async def scenario() -> None:
            assert await speed_shown() == "1.46 KiB/s"
            await sync_to_async(readers.choose)(GERMAN, user_id=owner.pk)
            assert await speed_shown() == "1,46 KiB/s"

        play(scenario)
