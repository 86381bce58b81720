"""What the development chain says to questions at the edge: numbers without room, orders that are none, full disks."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.devnet import RunningDevnet, devnet_here, private_key
from wallet.devnet.chain import Devnet
from wallet.devnet.state_file import StateFileUnwritable
from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.keys import address_of_key

ADA = private_key("ada")
ADA_TEXT, BOB_TEXT = to_base58(address_of_key(ADA)), to_base58(address_of_key(private_key("bob")))
TOO_LARGE = 2**63


@pytest.fixture(scope="module")
def chain() -> Iterator[RunningDevnet]:
    with devnet_here(keys=[ADA], with_second_port=True) as running:
        yield running


class TestNumbersWithoutRoom:
    @pytest.mark.parametrize(
        ("path", "fields"),
        [
            ("wallet/getblockbynum", {"num": TOO_LARGE}),
            ("wallet/getblock", {"id_or_num": str(TOO_LARGE)}),
            ("wallet/getblockbylimitnext", {"startNum": TOO_LARGE, "endNum": TOO_LARGE + 1}),
            ("walletsolidity/gettransactioninfobyblocknum", {"num": TOO_LARGE}),
            ("wallet/gettransactioncountbyblocknum", {"num": TOO_LARGE}),
            ("wallet/getpaginatedassetissuelist", {"offset": -TOO_LARGE - 1, "limit": 1}),
            ("wallet/createtransaction", {"owner_address": ADA_TEXT, "to_address": BOB_TEXT, "amount": TOO_LARGE}),
            (
                "wallet/createtransaction",
                {"owner_address": ADA_TEXT, "to_address": BOB_TEXT, "amount": 1, "Permission_id": TOO_LARGE},
            ),
        ],
    )
    def test_are_refused_as_no_numbers(self, chain: RunningDevnet, path: str, fields: dict[str, Any]) -> None:
        answer = chain.client.post(path, json=fields)
        assert answer.status_code == httpx.codes.OK
        assert answer.json()["Error"].startswith("class java.lang.NumberFormatException : For input string: ")

    def test_are_good_amounts_of_a_token_with_eighteen_decimals(self, chain: RunningDevnet) -> None:
        assert chain.faucet(BOB_TEXT, trc20=10 * TOO_LARGE)

    def test_become_text_for_those_who_ask_if_they_have_64_bits(self, chain: RunningDevnet) -> None:
        told = chain.get("wallet/getnodeinfo", int64_as_string="true")
        assert (type(told["beginSyncNum"]), told["totalFlow"]) == (str, "0")
        assert told["currentConnectCount"] == told["configNodeInfo"]["listenPort"] == 0
        listed = chain.get(f"v1/contracts/{chain.trc20}/events", int64_as_string="true")
        assert type(listed["meta"]["at"]) is int, "what stands beside the full node knows no such wish"


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("wallet/getnowblock", b"{", 200),
            ("wallet/getblockbynum?num=%ff", b"", 200),
            ("wallet/getaccount", b"{}", 200),
            ("wallet/nothing", b"{}", 404),
            ("v1/nothing", b"{}", 404),
            ("healthcheck", b"", 200),
        ],
    )
    def test_can_be_read_by_pages_of_other_origins(
        self, chain: RunningDevnet, path: str, body: bytes, status: int
    ) -> None:
        answer = chain.client.post(path, content=body, headers={"origin": "http://elsewhere.example"})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")


class TestOrders:
    @pytest.mark.parametrize("body", [b"{", b"[]", b"count=1", b"\xff"])
    def test_that_are_no_json_are_refused_with_a_sentence(self, chain: RunningDevnet, body: bytes) -> None:
        head = chain.order("info")["head"]
        answer = chain.client.post("devnet/mine", content=body)
        assert (answer.status_code, answer.json()) == (400, {"Error": "an order is one JSON object, or empty"})
        assert chain.order("info")["head"] == head

    def test_say_when_the_chain_cannot_be_written(self, chain: RunningDevnet, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*ignored: object) -> None:
            raise StateFileUnwritable(StateFileUnwritable.__doc__)

        monkeypatch.setattr(Devnet, "mine", full)
        answer = chain.client.post("devnet/mine")
        assert answer.status_code == httpx.codes.INSUFFICIENT_STORAGE
        assert answer.json()["Error"].startswith("The state file cannot be written: make room for it")

    def test_are_told_what_the_port_shows_that_they_were_given_at(self, chain: RunningDevnet) -> None:
        chain.mine(10)
        assert chain.second_url
        with httpx.Client(base_url=chain.second_url, trust_env=False) as second:
            second.post("devnet/lag", json={"solid": 7})
            here, there = chain.order("info"), second.get("devnet/info").json()
        assert here["head"] == there["head"]
        assert here["head"]["number"] - here["solid"]["number"] == here["lag"]["solid"] == 2
        assert there["head"]["number"] - there["solid"]["number"] == there["lag"]["solid"] == 7
