"""Money on an open page: from the ledger's commit to the socket, over the real channel layer."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import transaction
from redis import Redis

from seedbox.config import joints
from seedbox.domain.numerals import called
from seedbox.models import User
from seedbox.services import readers
from seedbox.services.watchables import Teller
from seedbox.web.consumers import LiveConsumer
from tests.builders import NOW
from tests.ledger import BTT, balance, fund, place_hold, post, transfer, user
from tests.sockets import Browser, Message, browser_of
from wallet.domain.accounts import AccountName
from wallet.domain.channels import Voucher
from wallet.services import changes, channels, ledger, vouchers

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("committed_books", "redis_client")]


CHANNEL = "c" * 32


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async_to_sync(scenario)()


async def posted(*items: Any) -> None:
    await sync_to_async(ledger.post)(items, now=NOW)


def fund_untold(name: AccountName, amount_ubtt: int) -> None:
    """Let an account have money and no page be told: the word might come late, and be taken for the next one's."""
    joints.join("off")
    try:
        fund(name, amount_ubtt)
    finally:
        joints.join(settings.WALLET_NETWORK)


async def hear_money(browser: Browser) -> tuple[Message, dict[str, Any]]:
    """Return the balance and the newest entries that come next."""
    rows, holds, head = [await browser.hear() for _ in range(3)]
    assert (holds["list"], head["list"]) == ("holds", "entries")
    return rows["rows"]["money"], head["rows"]


class TestAnOpenPage:
    def test_gets_the_newest_entries_and_then_each_new_one(self, owner: User, stranger: User) -> None:
        fund_untold(user(owner.pk), 10 * BTT)

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["money"])
                before, entries = await hear_money(browser)
                assert (before["available"], list(entries)) == ("10", ["entry-1"])
                await posted(transfer(user(owner.pk), user(stranger.pk), 2_500_000, memo="thanks"))
                after, entries = await hear_money(browser)
                assert (after["available"], list(entries)) == ("7.5", ["entry-2", "entry-1"])
                newest = entries["entry-2"]
                assert (newest["amount"], newest["balance"], newest["counterparty_words"], newest["memo"]) == (
                    "\N{MINUS SIGN}2.5",
                    "7.5",
                    "to sam",
                    "thanks",
                )

        play(scenario)

    def test_hears_amounts_as_its_user_writes_them(self, owner: User) -> None:
        fund_untold(user(owner.pk), 1_234 * BTT + BTT // 2)
        readers.choose(called("1.234,5"), user_id=owner.pk)
        owner.refresh_from_db()

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["money"])
                money, entries = await hear_money(browser)
                assert (money["available"], entries["entry-1"]["balance"]) == ("1.234,5", "1.234,5")

        play(scenario)

    def test_hears_of_a_hold(self, owner: User) -> None:
        fund_untold(user(owner.pk), 10 * BTT)

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["money"])
                await hear_money(browser)
                await posted(place_hold(user(owner.pk), 4 * BTT))
                rows, holds, _ = [await browser.hear() for _ in range(3)]
                assert (rows["rows"]["money"]["available"], rows["rows"]["money"]["held"]) == ("6", "4")
                assert [row["amount"] for row in holds["rows"].values()] == ["4"]

        play(scenario)

    def test_follows_what_is_left_in_channels(self, owner: User, stranger: User) -> None:
        fund_untold(user(owner.pk), 10 * BTT)
        until = NOW + timedelta(hours=1)
        open_it = partial(
            channels.open_channel,
            channel_id=CHANNEL,
            payer=user(owner.pk),
            payee=user(stranger.pk),
            payer_key="02" * 33,
            payee_key="03" * 33,
            amount_ubtt=4 * BTT,
            fee_ppm=0,
            expires_at=until,
        )
        steps: list[tuple[Callable[..., object], tuple[str, str]]] = [
            (open_it, ("6", "4")),
            (partial(vouchers.redeem, [Voucher(CHANNEL, BTT)]), ("6", "3")),
            (partial(channels.top_up, channel_id=CHANNEL, amount_ubtt=BTT, expires_at=until, key="more"), ("5", "4")),
            (partial(channels.close, channel_id=CHANNEL, last=Voucher(CHANNEL, 2 * BTT)), ("8", "0")),
        ]

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["money"])
                await hear_money(browser)
                for act, shown in steps:
                    await sync_to_async(act)(now=NOW)
                    money, _ = await hear_money(browser)
                    assert (money["available"], money["in_channels"]) == shown

        play(scenario)

    def test_is_told_once_for_a_batch(self, owner: User, stranger: User) -> None:
        fund_untold(user(owner.pk), 100 * BTT)

        async def scenario() -> None:
            async with browser_of(owner) as browser, browser_of(stranger) as other:
                await browser.say(watch=["money"])
                await hear_money(browser)
                await other.say(watch=["money"])
                assert await other.hears_nothing()  # no money has come yet
                await posted(*(transfer(user(owner.pk), user(stranger.pk), BTT) for _ in range(60)))
                assert (await hear_money(browser))[0]["available"] == "40"
                own, entries = await hear_money(other)
                assert (own["available"], len(entries)) == ("60", 20)  # who missed more fetches the list
                assert await browser.hears_nothing() and await other.hears_nothing()

        play(scenario)

    def test_is_told_nothing_of_others_and_nothing_when_it_shows_no_money(
        self, owner: User, stranger: User, admin: User
    ) -> None:
        fund_untold(user(owner.pk), BTT)

        async def scenario() -> None:
            async with browser_of(owner) as elsewhere, browser_of(stranger) as spy, browser_of(admin) as boss:
                for browser in (spy, boss):
                    await browser.say(watch=["money", f"money-{owner.pk}"])
                await posted(place_hold(user(owner.pk), 1))
                for browser in (elsewhere, spy, boss):
                    assert await browser.hears_nothing()

        play(scenario)

    def test_catches_up_when_redis_has_forgotten_everything(
        self, redis_client: Redis, owner: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(LiveConsumer, "renewal_s", 0.05)
        fund_untold(user(owner.pk), BTT)

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["money"])
                await hear_money(browser)
                redis_client.flushall()
                assert (await hear_money(browser))[0]["available"] == "1"

        play(scenario)


class TestAListener:
    @pytest.fixture
    def heard(self) -> Iterator[list[frozenset[int]]]:
        heard: list[frozenset[int]] = []
        changes.listen("test", heard.append)
        yield heard
        changes.stop_listening("test")

    def test_hears_after_the_commit_whose_money_has_changed(
        self, owner: User, stranger: User, heard: list[frozenset[int]]
    ) -> None:
        with transaction.atomic():
            fund(user(owner.pk), 5 * BTT)
            assert heard == []
        assert heard == [{owner.pk}]
        ledger.post([transfer(user(owner.pk), user(stranger.pk), 1) for _ in range(3)], now=NOW)
        assert heard[1:] == [{owner.pk, stranger.pk}]

    def test_hears_nothing_of_what_was_refused_or_taken_back(self, owner: User, heard: list[frozenset[int]]) -> None:
        fund(user(owner.pk), BTT)
        heard.clear()
        post(place_hold(user(owner.pk), 2 * BTT))
        with transaction.atomic():
            fund(user(owner.pk), 1)
            transaction.set_rollback(True)
        assert heard == []

    def test_that_fails_harms_no_payment(self, owner: User, caplog: pytest.LogCaptureFixture) -> None:
        def fail(user_ids: frozenset[int]) -> None:
            raise RuntimeError("a listener of the test")

        changes.listen("test", fail)
        try:
            fund(user(owner.pk), BTT)
        finally:
            changes.stop_listening("test")
        assert balance(user(owner.pk)) == BTT
        assert "a listener of the test" in caplog.text


def test_a_teller_without_redis_keeps_nobody_waiting(tmp_path: Path) -> None:
    teller = Teller(redis_url=f"unix://{tmp_path / 'nobody'}")
    for _ in range(1000):
        teller.tell("money", range(100))
    teller.close()
    assert not teller.is_running
