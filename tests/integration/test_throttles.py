"""Adding and searching so often that no hand could do it is refused, with the time to wait."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from seedbox.domain.throttles import Allowance
from seedbox.models import User
from seedbox.services import throttles
from seedbox.services.throttles import OF_A_USER, OF_AN_ADDRESS, Act, TooOften, take_turn
from tests.builders import NOW
from tests.safe_answers import faults

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TWO = Allowance(2, 10.0)


@pytest.fixture(autouse=True)
def no_turns_from_before() -> None:
    cache.clear()


def use_up(act: Act, *, user_id: int = 1, address: str = "203.0.113.1", turns: int = OF_A_USER["add"].at_once) -> None:
    for _ in range(turns):
        take_turn(act, user_id=user_id, address=address, now=NOW)


class TestATurn:
    def test_is_given_to_a_user_until_none_is_left(self) -> None:
        use_up("add")
        with pytest.raises(TooOften) as refusal:
            take_turn("add", user_id=1, address="203.0.113.99", now=NOW)
        assert (refusal.value.wait_s, str(refusal.value)) == (2, "Wait 2 seconds, then try again.")

    def test_is_there_again_after_the_wait(self) -> None:
        use_up("add")
        take_turn("add", user_id=1, address="203.0.113.1", now=NOW + timedelta(seconds=2))

    def test_of_one_kind_says_nothing_of_another(self) -> None:
        use_up("add")
        take_turn("search", user_id=1, address="203.0.113.1", now=NOW)

    def test_is_counted_for_an_address_whoever_signs_in_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(OF_AN_ADDRESS, "add", TWO)
        use_up("add", user_id=1, turns=1)
        use_up("add", user_id=2, turns=1)
        with pytest.raises(TooOften):
            take_turn("add", user_id=3, address="203.0.113.1", now=NOW)
        take_turn("add", user_id=3, address="203.0.113.2", now=NOW)

    def test_is_counted_once_for_all_ipv6_addresses_of_a_household(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(OF_AN_ADDRESS, "add", TWO)
        use_up("add", address="2001:db8::1", turns=1)
        use_up("add", address="2001:db8::2", turns=1)
        with pytest.raises(TooOften):
            take_turn("add", user_id=1, address="2001:db8::3", now=NOW)
        take_turn("add", user_id=1, address="2001:db8:0:1::3", now=NOW)


class TestAPageThatIsOpenedTooOften:
    @pytest.fixture(autouse=True)
    def few_turns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for act in OF_A_USER:
            monkeypatch.setitem(throttles.OF_A_USER, act, Allowance(1, 3600.0))

    @pytest.fixture
    def client(self, owner: User) -> Client:
        client = Client()
        client.force_login(owner)
        return client

    def test_says_how_long_to_wait(self, client: Client) -> None:
        client.post(reverse("torrents_add"))
        response = client.post(reverse("torrents_add"))
        assert response.status_code == 429
        assert 3590 <= int(response.headers["Retry-After"]) <= 3600
        assert f"Wait {response.headers['Retry-After']} seconds, then try again." in response.content.decode()

    def test_says_so_in_a_toast_to_htmx(self, client: Client) -> None:
        headers = {"HX-Request": "true"}
        client.get(reverse("torrents_fragment"), {"q": "a"}, headers=headers)
        response = client.get(reverse("torrents_fragment"), {"q": "ab"}, headers=headers)
        assert response.status_code == 429
        assert '<hx-partial hx-target="#toasts"' in response.content.decode()

    def test_counts_searches_and_not_looks_at_the_list(self, client: Client) -> None:
        answers = [client.get(reverse("torrents")).status_code for _ in range(3)]
        assert answers == [200, 200, 200]


class TestAGuesser:
    def test_is_told_how_long_to_wait(self, owner: User) -> None:
        client = Client()
        for _ in range(5):
            client.post(reverse("account_login"), {"login": "olga", "password": "a guess"})
        response = client.post(reverse("account_login"), {"login": "olga", "password": "a guess"})
        assert (response.status_code, response.headers["Retry-After"]) == (429, "300")
        assert faults(response) == []
