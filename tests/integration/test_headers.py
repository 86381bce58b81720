"""What answers carry, and that no write goes without a token: over the whole map of addresses.

What the answer of each address carries for each person, `test_isolation` sees: it opens them all.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from seedbox.config import env
from seedbox.models import User
from seedbox.web import torrents
from tests.builders import PASSWORD, make_holding, make_observation, make_torrent
from tests.emptying import undone
from tests.integration.test_isolation import ROWS, box
from tests.integration.test_languages import two_languages
from tests.owned import Box
from tests.safe_answers import faults

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

__all__ = ["box", "two_languages"]  # the fixtures

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
HUB = "hub_"  # addresses where a signature of a Speed key stands for login and token
# What reading a page may write: the login's own rows, the counts of throttles, and how its user is written to.
OWN_BOOKKEEPING = ("django_session", "usersessions_usersession", '"cache"')
OF_THE_READER = tuple(f'UPDATE "seedbox_user" SET "{column}" = ' for column in ("language", "numerals"))


def address(name: str, of: Box) -> str:
    return reverse(name, args=ROWS[name].args(of))


def client_of(user: User, **options: bool) -> Client:
    client = Client(**options)  # type: ignore[arg-type]  # the stubs know the options one by one
    client.force_login(user)
    return client


def cells_of_users() -> dict[tuple[int, str], object]:
    return {(row["id"], column): value for row in User.objects.values() for column, value in row.items()}


@pytest.mark.django_db
class TestEveryAnswer:
    def test_of_a_finished_file_stays_private_and_runs_nowhere(self, owner: User, tmp_path: Path) -> None:
        (tmp_path / "page.html").write_text("<script>alert(1)</script>")
        torrent = make_torrent("page.html", size_bytes=25, save_path=str(tmp_path))
        torrent.files.update(done_bytes=25)
        make_observation(torrent)
        response = client_of(owner).get(reverse("download", args=[make_holding(owner, torrent).pk, 0]))
        assert response.status_code == 200
        assert faults(response) == []
        assert response.headers["Cache-Control"].startswith("private")
        assert response.headers["Content-Security-Policy"].startswith("sandbox")
        assert response.headers["Content-Disposition"].startswith("attachment")

    @pytest.mark.parametrize(
        ("answer", "status"),
        [
            (lambda client: client.get("/no/such/page"), 404),
            (lambda client: Client(enforce_csrf_checks=True).post("/torrents/change/"), 403),
            (lambda client: client.put("/torrents/change/"), 405),
            (lambda client: client.post("/torrents/change/", {"magnets": "m" * 2_000_000}), 413),
            (lambda client: client.get("/", headers={"Host": "evil.example"}), 400),
        ],
    )
    def test_of_a_refusal_carries_the_headers(
        self, owner: User, answer: Callable[[Client], "Response"], status: int
    ) -> None:
        response = answer(client_of(owner))
        assert response.status_code == status
        assert faults(response) == []

    def test_of_a_failure_carries_the_headers(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(request: HttpRequest, user: User) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(torrents, "_list_context", fail)
        response = client_of(owner, raise_request_exception=False).get(reverse("torrents"))
        assert response.status_code == 500
        assert faults(response) == []


@pytest.mark.django_db
class TestBehindHttps:
    def test_every_answer_asks_for_https_next_time(self, settings: Settings) -> None:
        settings.SECURE_HSTS_SECONDS = 31_536_000
        settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
        expected = "max-age=31536000; includeSubDomains"
        for path in ("/", "/accounts/login/", "/no/such/page", "/healthz"):
            assert Client().get(path, secure=True).headers["Strict-Transport-Security"] == expected
            assert "Strict-Transport-Security" not in Client().get(path).headers

    @pytest.mark.parametrize(
        ("url", "prefix"),
        [("http://localhost:8000", ""), ("https://a.example", "__Host-"), ("https://a.example/box", "__Secure-")],
    )
    def test_cookies_are_bound_as_tightly_as_the_address_allows(self, url: str, prefix: str) -> None:
        assert env.read({"SEEDBOX_PUBLIC_URL": url}).cookie_prefix == prefix

    def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(self, owner: User) -> None:
        client = Client()
        client.get(reverse("account_login"))
        client.post(reverse("account_login"), {"login": "olga", "password": PASSWORD})
        for name in (django_settings.SESSION_COOKIE_NAME, django_settings.CSRF_COOKIE_NAME):
            cookie = client.cookies[name]
            assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
            assert len(cookie.value) >= 32  # of 36 letters and digits each


@pytest.mark.django_db
class TestAWrite:
    def test_is_refused_without_a_token_at_every_address(self, box: Box, admin: User) -> None:
        client = client_of(admin, enforce_csrf_checks=True)
        answers = {name: self._of_unsafe_methods(client, name, box) for name in ROWS if not name.startswith(HUB)}
        assert answers == {name: dict.fromkeys(UNSAFE, 403) for name in answers}

    def test_to_the_hub_is_refused_to_a_login_with_or_without_a_token(self, box: Box, admin: User) -> None:
        for client in (client_of(admin), client_of(admin, enforce_csrf_checks=True)):
            answers = {name: self._of_unsafe_methods(client, name, box) for name in ROWS if name.startswith(HUB)}
            assert {name for name, found in answers.items() if not set(found.values()) <= {401, 404, 405}} == set()

    def test_is_not_made_by_a_link(self, box: Box, admin: User) -> None:
        answers = {}
        for name in (name for name, row in ROWS.items() if row.method == "post"):
            with undone():
                answers[name] = client_of(admin).get(address(name, box)).status_code
        assert answers == dict.fromkeys(answers, 405)

    @pytest.mark.usefixtures("two_languages")
    def test_is_never_part_of_looking_but_of_what_a_browser_says_of_its_users_language(
        self, box: Box, admin: User
    ) -> None:
        written, changed = {}, set()
        for name in ROWS:
            with undone():
                client, path, before = client_of(admin), address(name, box), cells_of_users()
                with CaptureQueriesContext(connection) as queries:
                    client.get(path, headers={"Accept-Language": "ar"})
                after = cells_of_users()
            changed |= {cell for cell in before.keys() | after.keys() if before.get(cell) != after.get(cell)}
            written[name] = [
                query["sql"]
                for query in queries.captured_queries
                if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
                and not query["sql"].startswith(OF_THE_READER)
                and not any(table in query["sql"] for table in OWN_BOOKKEEPING)
            ]
        assert written == {name: [] for name in ROWS}
        assert changed == {(admin.pk, "language"), (admin.pk, "numerals")}

    @staticmethod
    def _of_unsafe_methods(client: Client, name: str, box: Box) -> dict[str, int]:
        with undone():
            path = address(name, box)
            return {method: client.generic(method, path).status_code for method in UNSAFE}
