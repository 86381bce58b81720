"""The database is away, locked or full: pages say so and what to do, sockets try later, nodes go on."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import OperationalError, connection, connections
from django.test import Client
from django.urls import reverse

from seedbox.domain.states import State
from seedbox.models import Node, User
from seedbox.services import holdings, nodes
from seedbox.web.consumers import TRY_LATER
from seedbox.web.sockets import TryLater
from tests.builders import NOW
from tests.ledger import CHAIN, post, transfer, user
from tests.servers import ON_SQLITE
from tests.sources import make_metainfo
from tests.turns import TurnedNode, seen
from wallet.services import ledger

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

SOURCE = make_metainfo()
KEY = SOURCE.info_hash_v1
SHORT_WAIT_S = 0.1


@contextmanager
def database_away() -> Iterator[None]:
    """PostgreSQL ends every connection and takes no new one; of SQLite another process holds the write lock."""
    if ON_SQLITE:
        options = connection.settings_dict["OPTIONS"]
        patience, options["timeout"] = options["timeout"], SHORT_WAIT_S
        connections.close_all()  # the next one has less patience
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()
            options["timeout"] = patience
            connections.close_all()
        return
    name = connection.settings_dict["NAME"]
    parts = {"user": connection.settings_dict["USER"], "host": _host(), "dbname": "postgres"}
    with psycopg.connect(**parts, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            connections.close_all()


def _host() -> str:
    return str(connection.settings_dict["OPTIONS"].get("host") or connection.settings_dict["HOST"])


class TestAPage:
    def test_says_what_to_do_and_works_again_afterwards(self, owner: User) -> None:
        client = Client(raise_request_exception=False)
        client.force_login(owner)
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        form = {"verb": "stop", "ids": [holding.pk]}
        with database_away():
            answer = client.post(reverse("torrents_change"), form)
            words = answer.content.decode()
            toast = client.post(reverse("torrents_change"), form, headers={"HX-Request": "true"}).content.decode()
        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
        assert "The database does not answer" in words
        assert "Traceback" not in words
        assert "nothing is lost. Try again in a minute" in toast
        assert client.post(reverse("torrents_change"), form).status_code == 302


class TestMoney:
    def test_is_not_moved_and_its_pages_say_what_to_do(self, owner: User, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "wallet")
        client = Client(raise_request_exception=False)
        client.force_login(owner)
        form = {"receiver": "sam", "amount": "1", "memo": "", "key": "k"}
        with database_away():
            answer = client.post(reverse("tip"), form)
            with pytest.raises(ledger.LedgerBusy) as problem:
                post(transfer(CHAIN, user(owner.pk), 1, key="k"))
            tries = caplog.text.count("the ledger asks again")
        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
        assert "The database does not answer" in answer.content.decode()
        assert isinstance(problem.value.__cause__, OperationalError)
        assert tries == (0 if ON_SQLITE else 4)  # the driver of SQLite has waited as long as anybody wants to
        assert ledger.outcome_of("k") is None


class TestANode:
    def test_goes_on_and_keeps_what_it_saw_and_its_lease(self, owner: User) -> None:
        node = TurnedNode()
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=2)
        with database_away():
            for _ in range(6):
                node.engine.deliver(KEY, 5_000)
                node.now += timedelta(seconds=10)
                node.loop.turn(node.engine.poll(timeout_s=0), now=node.now)
            assert "The node can't use the database, and goes on without" in node.loop.problem
            assert not node.engine.closed
        node.turn(times=2)
        assert (seen(holding).state, seen(holding).done_bytes) == (State.DOWNLOADING, 30_000)
        assert Node.objects.get().beat_at == node.now
        assert nodes.health(node.now).nodes[0].is_alive
        node.stop()


class TestASocket:
    def test_is_told_to_try_later(self) -> None:
        async def login_unknown(scope: Any, receive: Any, send: Any) -> None:
            raise OperationalError("the server is gone")

        async def connect() -> list[Any]:
            socket: Any = ApplicationCommunicator(TryLater(login_unknown), {"type": "websocket"})  # type: ignore[no-untyped-call]  # of asgiref
            await socket.send_input({"type": "websocket.connect"})
            return [await socket.receive_output(), await socket.receive_output()]

        accepted, closed = asyncio.run(connect())
        assert accepted["type"] == "websocket.accept"
        assert closed["code"] == TRY_LATER
