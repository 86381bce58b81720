"""The pages by which users send tips."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from seedbox.domain.throttles import Allowance
from seedbox.models import User
from seedbox.services import throttles
from tests.builders import signed_in
from tests.ledger import BTT, balance, fund, user
from wallet.models import Account
from wallet.services import ledger, tips

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FORM = reverse("tip")
SEND = reverse("tip_send")
HOSTILE = "<script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe"
AS_TEXT = "&lt;script&gt;alert(1)&lt;/script&gt; \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe"


@pytest.fixture(autouse=True)
def no_turns_from_before() -> None:
    cache.clear()


@pytest.fixture
def browser(owner: User, stranger: User) -> Client:
    """The owner's, who has 5 BTT."""
    fund(user(owner.pk), 5 * BTT)
    return signed_in(owner)


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match, page
    return match[1]


def fill_in(browser: Client, **fields: str) -> str:
    key = found(r'name="key" value="([0-9a-f]{32})"', browser.get(FORM).content.decode())
    wanted = {"receiver": "sam", "amount": "1.5", "memo": "", "key": key} | fields
    return browser.post(FORM, wanted).content.decode()


def signed(page: str) -> str:
    return found(r'name="wish" value="([^"]+)"', page)


class TestSending:
    def test_asks_first_and_says_what_remains(self, browser: Client, stranger: User) -> None:
        page = fill_in(browser, receiver=" SAM ", amount="1.5", memo="danke")
        for words in ("Send 1.5 BTT?", "<bdi>sam</bdi>", "3.5 BTT", "<bdi>danke</bdi>"):
            assert words in page
        assert balance(user(stranger.pk)) == 0
        done = browser.post(SEND, {"wish": signed(page)}, follow=True).content.decode()
        assert "Sent 1.5 BTT." in done
        assert balance(user(stranger.pk)) == 1_500_000
        assert "<bdi>danke</bdi>" in done  # in the list of what was sent

    def test_by_a_double_click_or_a_reload_happens_once(self, browser: Client, stranger: User) -> None:
        wish = signed(fill_in(browser))
        for _ in range(3):
            assert "Sent 1.5 BTT." in browser.post(SEND, {"wish": wish}, follow=True).content.decode()
        assert balance(user(stranger.pk)) == 1_500_000

    def test_that_met_a_busy_ledger_can_be_sent_again_by_a_reload(
        self, browser: Client, stranger: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def busy(work: object) -> None:
            raise ledger.LedgerBusy

        wish = signed(fill_in(browser))
        browser.raise_request_exception = False
        with monkeypatch.context() as patched:
            patched.setattr(ledger, "whole", busy)
            assert browser.post(SEND, {"wish": wish}).status_code == 503
        for _ in range(2):
            assert "Sent 1.5 BTT." in browser.post(SEND, {"wish": wish}, follow=True).content.decode()
        assert balance(user(stranger.pk)) == 1_500_000

    def test_takes_no_wish_that_was_changed_or_is_somebody_elses(self, browser: Client, stranger: User) -> None:
        wish = signed(fill_in(browser))
        for client, sent in ((browser, wish + "x"), (browser, ""), (signed_in(stranger), wish)):
            assert tips_refused(client, sent)
        assert balance(user(stranger.pk)) == 0

    def test_shows_words_of_strangers_as_text_apart_from_ours(self, browser: Client) -> None:
        page = fill_in(browser, memo=HOSTILE)
        assert f"<bdi>{AS_TEXT}</bdi>" in page
        assert f"<bdi>{AS_TEXT}</bdi>" in browser.post(SEND, {"wish": signed(page)}, follow=True).content.decode()

    def test_is_refused_when_the_limit_was_reached_meanwhile(
        self, browser: Client, stranger: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wish = signed(fill_in(browser))
        monkeypatch.setattr(tips, "MAX_DAY_UBTT", BTT)
        assert "In 24 hours you can send 1 BTT" in browser.post(SEND, {"wish": wish}, follow=True).content.decode()
        assert balance(user(stranger.pk)) == 0


class TestTheForm:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"receiver": "nobody"}, "Nobody here goes by that name."),
            ({"receiver": "olga"}, "This is your own name."),
            ({"receiver": "sam\0"}, "Null characters are not allowed."),
            ({"amount": "0"}, "it must be above zero"),
            ({"amount": "0.0000001"}, "at most six decimals"),
            ({"amount": "-1"}, "This is no amount"),
            ({"amount": "1e3"}, "This is no amount"),
            ({"amount": "NaN"}, "This is no amount"),
            ({"amount": "6"}, "You have only 5 BTT available."),
            ({"amount": "100000001"}, "One tip carries at most 100,000,000 BTT."),
            ({"memo": "x" * 141}, "at most 140 characters"),
            ({"memo": "two\nlines"}, "Write it in one line"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(
        self, browser: Client, fields: dict[str, str], words: str
    ) -> None:
        page = fill_in(browser, **{"memo": "kept"} | fields)
        assert words in page
        assert 'name="wish"' not in page
        assert 'name="receiver" type="text" value="' in page

    def test_says_to_a_frozen_user_where_the_reason_stands(self, browser: Client, owner: User) -> None:
        Account.objects.filter(ref=str(owner.pk)).update(is_frozen=True)
        page = browser.get(FORM).content.decode()
        assert reverse("own_acts") in page
        assert "An operator has frozen your account" in fill_in(browser)

    def test_lets_nobody_try_a_list_of_names(self, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(throttles.OF_A_USER, "look_up", Allowance(2, 600.0))
        for name in ("nobody", "sam"):
            fill_in(browser, receiver=name)
        refused = browser.post(FORM, {"receiver": "sam", "amount": "1", "key": "0" * 32})
        assert refused.status_code == 429
        assert browser.get(FORM).status_code == 200  # only forms count


def tips_refused(client: Client, wish: str) -> bool:
    return "That page was too old" in client.post(SEND, {"wish": wish}, follow=True).content.decode()
