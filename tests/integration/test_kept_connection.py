"""The connection over which sockets ask the database, in a thread of its own as in the web process."""

import asyncio
from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from seedbox.models import User
from seedbox.web import kept_connection
from seedbox.web.kept_connection import database_sync_to_async

pytestmark = pytest.mark.django_db(transaction=True)


def ask() -> object:
    User.objects.exists()
    return connection.connection


def after(*questions: Callable[[], object]) -> tuple[list[object], object]:
    """Return what was answered, and the connection that is open afterwards."""

    async def scenario() -> tuple[list[object], object]:
        try:
            answers = [await database_sync_to_async(question)() for question in questions]
            return answers, await sync_to_async(lambda: connection.connection)()
        finally:
            await sync_to_async(connections.close_all)()

    return asyncio.run(scenario())


class TestTheConnection:
    def test_stays_open_for_the_next_question(self) -> None:
        (first, second), open_now = after(ask, ask)
        assert first is second is open_now

    def test_is_closed_when_it_is_old(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept_connection, "KEPT_S", 0.0)
        assert after(ask)[1] is None
