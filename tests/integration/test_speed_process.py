"""The market as it lives: in a real node's worker process, with the real door."""

import socket
from pathlib import Path

import pytest

from seedbox.models import Node
from speed.models import Agent
from tests.box import free_port, wait_until
from tests.builders import NOW
from tests.integration.test_node_process import START_S, Worker
from tests.ledger import ASSET
from tests.market import HUB_KEY, set_market
from wallet.models import HubKey

HANDSHAKE = (
    "GET /speed/1 HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: btt-speed.1\r\n\r\n"
)


def turn_selling_on() -> None:
    set_market(sells=True, upload_bytes_per_s=1 << 20)


def beaten() -> Agent | None:
    return Agent.objects.filter(pk="local", beat_at__isnull=False).first()


class TestTheMarketInANodesWorker:
    @pytest.fixture
    def environment(self, process_environment: dict[str, str], committed_books: None) -> dict[str, str]:
        HubKey.objects.create(network="devnet", asset=ASSET, key=HUB_KEY.hex(), seen_at=NOW)
        ports = {name: f"127.0.0.1:{free_port()}" for name in ("NODE_LISTEN", "NODE_SPEED_LISTEN")}
        return process_environment | ports | {"WALLET_NETWORK": "devnet"}

    def test_listens_once_selling_is_on_and_goes_with_its_node(
        self, environment: dict[str, str], tmp_path: Path
    ) -> None:
        with Worker(environment, tmp_path) as worker:
            wait_until(beaten, "the market's first beat", START_S)
            turn_selling_on()
            place = environment["NODE_SPEED_LISTEN"]
            wait_until(lambda: Agent.objects.get().listens_on == [place], "an open Speed port", START_S)
            with socket.create_connection(("127.0.0.1", int(place.rpartition(":")[2])), timeout=START_S) as caller:
                caller.sendall(HANDSHAKE.format(host=place).encode())
                assert caller.recv(100).startswith(b"HTTP/1.1 101")
            assert Agent.objects.get().selling_problem == ""
            assert worker.stop() == 0

    def test_is_not_there_without_a_wallet(self, environment: dict[str, str], tmp_path: Path) -> None:
        turn_selling_on()
        with Worker(environment, tmp_path, WALLET_NETWORK="off") as worker:
            wait_until(lambda: Node.objects.filter(beat_at__isnull=False).exists(), "the node's first beat", START_S)
            assert worker.stop() == 0
        assert beaten() is None
