"""What a toast offers to take back: exactly what was switched, by whom it was, for a while."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from seedbox.models import Holding, User
from seedbox.services import switching
from tests.builders import make_holding, make_torrent, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

HTMX = {"HX-Request": "true"}


def change(client: Client, verb: str, *ids: int) -> str:
    """Return the word that takes it back; "" when none is offered."""
    answer = client.post(reverse("torrents_change"), {"verb": verb, "ids": ids}, headers=HTMX)
    assert answer.status_code == 200
    found = re.search(r'"word": "([^"]+)"', answer.content.decode())
    return found[1] if found else ""


def undo(client: Client, word: str) -> str:
    answer = client.post(reverse("torrents_undo"), {"word": word}, headers=HTMX)
    assert answer.status_code == 200
    return "Undone." if "Undone." in answer.content.decode() else "too late"


def running() -> list[str]:
    return sorted(Holding.objects.filter(runs=True).values_list("torrent__name", flat=True))


@pytest.fixture
def held(owner: User) -> list[int]:
    names = {"a": True, "b": False, "c": True}
    return [make_holding(owner, make_torrent(name), runs=runs).pk for name, runs in names.items()]


class TestUndo:
    def test_switches_back_exactly_what_was_switched_and_twice_is_as_once(self, owner: User, held: list[int]) -> None:
        client = signed_in(owner)
        word = change(client, "stop", *held)
        assert running() == []
        for _ in range(2):
            assert undo(client, word) == "Undone."
            assert running() == ["a", "c"]
        assert undo(client, change(client, "start", *held)) == "Undone."
        assert running() == ["a", "c"]

    def test_leaves_out_what_is_gone_meanwhile(self, owner: User, held: list[int]) -> None:
        client = signed_in(owner)
        word = change(client, "stop", *held)
        change(client, "remove", held[0])
        assert undo(client, word) == "Undone."
        assert running() == ["c"]

    def test_is_not_offered_where_nothing_was_switched_nor_for_a_removal(self, owner: User, held: list[int]) -> None:
        client = signed_in(owner)
        assert change(client, "start", held[0]) == ""
        assert change(client, "recheck", held[0]) == ""
        assert change(client, "remove", held[0]) == ""

    def test_is_nobody_elses_and_no_forgers(self, owner: User, stranger: User, held: list[int]) -> None:
        make_holding(stranger, Holding.objects.get(pk=held[0]).torrent, runs=False)
        word = change(signed_in(owner), "stop", *held)
        assert undo(signed_in(stranger), word) == "too late"
        assert undo(signed_in(owner), word[:-1]) == "too late"
        assert running() == []

    def test_is_over_after_a_while(self, owner: User, held: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
        client = signed_in(owner)
        word = change(client, "stop", *held)
        monkeypatch.setattr(switching, "UNDO_WITHIN", timedelta(0))
        assert undo(client, word) == "too late"
        assert running() == []
