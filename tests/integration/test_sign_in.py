"""Sign-in, sign-out, passwords; and that guessers are slowed down with words, not with a riddle."""

from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from seedbox.config import settings as box_settings
from seedbox.models import User
from tests.builders import PASSWORD, make_user

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TRIES = 5  # for one user name in five minutes
NEW_PASSWORD = "an even better password"


@pytest.fixture(autouse=True)
def no_throttles_from_before() -> None:
    cache.clear()


def sign_in(client: Client, name: str, password: str, address: str = "127.0.0.1") -> "Response":
    form = {"login": name, "password": password}
    response = client.post(reverse("account_login"), form, REMOTE_ADDR=address)
    return response


class TestSigningIn:
    def test_leads_to_the_torrents_in_any_capitals(self, owner: User) -> None:
        assert sign_in(Client(), "OLGA", PASSWORD).headers["Location"] == reverse("overview")

    def test_leads_back_to_where_one_came_from_but_not_elsewhere(self, owner: User) -> None:
        form = {"login": "olga", "password": PASSWORD}
        there = Client().post(reverse("account_login"), {**form, "next": "/health/"})
        elsewhere = Client().post(reverse("account_login"), {**form, "next": "https://evil.example/"})
        assert (there.headers["Location"], elsewhere.headers["Location"]) == ("/health/", "/")

    def test_with_a_wrong_password_says_so(self, owner: User) -> None:
        answer = sign_in(Client(), "olga", "wrong")
        assert "not correct" in answer.content.decode()

    def test_of_somebody_who_is_shut_out_is_explained_to_who_knows_the_password(self, owner: User) -> None:
        User.objects.update(is_active=False)
        client = Client()
        assert sign_in(client, "olga", PASSWORD).headers["Location"] == reverse("account_inactive")
        assert "switched off" in client.get(reverse("account_inactive")).content.decode()
        assert "not correct" in sign_in(client, "olga", "wrong").content.decode()
        assert client.get(reverse("torrents")).status_code == 302

    def test_says_what_to_do_about_a_forgotten_password(self) -> None:
        assert "Forgot your password? Ask your admin" in Client().get(reverse("account_login")).content.decode()

    def test_is_refused_for_a_while_after_too_many_wrong_passwords(self, owner: User) -> None:
        client = Client()
        for number in range(TRIES):
            sign_in(client, "olga", "wrong", f"127.0.0.{number + 1}")
        answer = sign_in(client, "olga", PASSWORD, "127.0.0.99")
        assert answer.status_code == 429
        assert "Wait five minutes" in answer.content.decode()

    def test_of_others_goes_on_meanwhile(self, owner: User, stranger: User) -> None:
        client = Client()
        for _ in range(TRIES):
            sign_in(client, "olga", "wrong")
        assert sign_in(client, "sam", PASSWORD).status_code == 302

    def test_needs_a_form_that_is_not_stale(self, owner: User) -> None:
        answer = Client(enforce_csrf_checks=True).post(
            reverse("account_login"), {"login": "olga", "password": PASSWORD}
        )
        assert answer.status_code == 403
        assert "This page is too old" in answer.content.decode()


class TestALoginThatHasEnded:
    def test_leads_the_whole_page_to_sign_in_and_back(self) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?state=seeding"}
        answer = Client().get(reverse("torrents_fragment"), headers=headers)
        assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/%3Fstate%3Dseeding"


class TestPasswords:
    def test_are_kept_as_argon2(self) -> None:
        assert box_settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]

    def test_can_be_changed_by_who_knows_the_old_one(self, owner: User) -> None:
        client = Client()
        client.force_login(owner)
        form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        assert client.post(reverse("account_change_password"), form | {"oldpassword": "wrong"}).status_code == 200
        assert client.post(reverse("account_change_password"), form).status_code == 302
        assert client.get(reverse("torrents")).status_code == 200
        assert sign_in(Client(), "olga", NEW_PASSWORD).status_code == 302

    @pytest.mark.parametrize("password", ["short", "password123", "charlotte1"])
    def test_that_are_weak_are_refused_with_a_reason(self, password: str) -> None:
        client = Client()
        client.force_login(make_user("charlotte"))
        form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
        assert "field-error" in client.post(reverse("account_change_password"), form).content.decode()


class TestSigningOut:
    def test_ends_the_login_and_says_so(self, owner: User) -> None:
        client = Client()
        client.force_login(owner)
        answer = client.post(reverse("account_logout"), follow=True)
        assert "You have signed out." in answer.content.decode()
        assert client.get(reverse("torrents")).status_code == 302
