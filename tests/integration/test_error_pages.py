"""When something goes wrong, the page says what it was and what to do."""

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from seedbox.models import User
from seedbox.web import errors, torrents
from wallet.services.ledger import LedgerBusy
from wallet.web import money

HTMX = {"HX-Request": "true"}


class TestAnErrorPage:
    @pytest.mark.django_db
    def test_for_what_is_not_there_leads_back(self) -> None:
        response = Client().get("/no/such/page")
        assert response.status_code == 404
        assert "Back to the torrents" in response.content.decode()

    @pytest.mark.django_db
    def test_is_a_toast_for_htmx(self) -> None:
        content = Client().get("/no/such/page", headers=HTMX).content.decode()
        assert '<hx-partial hx-target="#toasts"' in content
        assert "<html" not in content

    @pytest.mark.django_db
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_for_a_failure_is_shown_and_tells_nothing(
        self, owner: User, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
    ) -> None:
        def fail(request: HttpRequest, user: User) -> None:
            raise ValueError("password=hunter2")

        monkeypatch.setattr(torrents, "_list_context", fail)
        client = Client(raise_request_exception=False)
        client.force_login(owner)
        response = client.get(reverse("torrents"), headers=headers)
        assert response.status_code == 500
        assert "Something broke" in response.content.decode()
        assert "hunter2" not in response.content.decode()

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("cause", "title"),
        [
            ("database is locked", "The database does not answer"),
            ("database or disk is full", "The disk of the box is full"),
        ],
    )
    def test_about_money_tells_of_the_database_in_the_words_of_all_others(
        self, owner: User, monkeypatch: pytest.MonkeyPatch, cause: str, title: str
    ) -> None:
        def fail(request: HttpRequest, choice: object) -> None:
            raise LedgerBusy from OperationalError(cause)

        monkeypatch.setattr(money, "_history_context", fail)
        client = Client(raise_request_exception=False)
        client.force_login(owner)
        response = client.get(reverse("money"))
        assert (response.status_code, response["Retry-After"]) == (503, "10")
        assert title in response.content.decode()

    def test_for_a_failure_asks_no_database(self) -> None:
        """Without the mark `django_db` a query would fail this test."""
        assert errors.failed(RequestFactory().get("/")).status_code == 500

    def test_exists_for_what_is_forbidden(self) -> None:
        response = errors.forbidden(RequestFactory().get("/"), Exception())
        assert response.status_code == 403
        assert "You may not do this" in response.content.decode()


class TestAnyPage:
    @pytest.mark.django_db
    def test_has_a_policy_against_strange_scripts_and_needs_no_exception_from_it(self, owner: User) -> None:
        client = Client()
        client.force_login(owner)
        response = client.get("/")
        policy = response.headers["Content-Security-Policy"]
        content = response.content.decode()
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert " style=" not in content
        assert " onclick=" not in content
        assert "<style" not in content
        assert all("src=" in tag.split(">")[0] for tag in content.split("<script")[1:])
