"""Faults on order: how the next answers fail, and about what a port lies, while the chain itself stays true."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.devnet import RunningDevnet, devnet_here, private_key
from wallet.devnet.answers import Code
from wallet.devnet.faults import BROKEN, CODES, Lie
from wallet.domain.tron.addresses import parse_address, to_base58
from wallet.domain.tron.blocks import block_id
from wallet.domain.tron.json_forms import header_from_json
from wallet.domain.tron.keys import address_of_key, sign
from wallet.domain.tron.transactions import tx_id

ADA = private_key("ada")
ADA_TEXT = to_base58(address_of_key(ADA))
BOB_TEXT = to_base58(address_of_key(private_key("bob")))
IMPATIENT = httpx.Timeout(60, read=0.2)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningDevnet]:
    with devnet_here(keys=[ADA], with_second_port=True) as found:
        yield found


@pytest.fixture
def chain(running: RunningDevnet) -> Iterator[RunningDevnet]:
    """The chain, honest and without faults again after the test."""
    running.mine()
    yield running
    running.order("fail", times=0)
    running.order("lie", kind="none")
    running.order("delay", ms=0)
    running.order("lag", solid=2, head=0, solid_held_at=None)
    running.order("clock", offset_ms=0)
    running.order("checks")


@pytest.fixture
def second(running: RunningDevnet) -> Iterator[httpx.Client]:
    """The chain's other port."""
    assert running.second_url
    with httpx.Client(base_url=running.second_url, trust_env=False) as client:
        yield client


def payment(chain: RunningDevnet, amount: int = 1) -> dict[str, Any]:
    """Return a signed payment, not sent yet."""
    built = chain.post(
        "wallet/createtransaction", owner_address=ADA_TEXT, to_address=BOB_TEXT, amount=amount, visible=True
    )
    assert "Error" not in built, built
    return {**built, "signature": [sign(ADA, bytes.fromhex(built["txID"])).hex()]}


def is_known(chain: RunningDevnet, paid: dict[str, Any]) -> bool:
    return bool(chain.post("wallet/gettransactionbyid", value=paid["txID"]))


class TestFailures:
    @pytest.mark.parametrize("code", CODES)
    def test_say_a_code_so_many_times_and_then_no_more(self, chain: RunningDevnet, code: str) -> None:
        chain.order("fail", code=code, times=2)
        paid = payment(chain)
        for _ in range(2):
            answer = chain.post("wallet/broadcasttransaction", **paid)
            assert (answer["code"], answer["txid"], "result" in answer) == (code, paid["txID"], False)
        assert not is_known(chain, paid), "what was refused is not there"
        assert chain.post("wallet/broadcasttransaction", **paid)["result"] is True

    def test_can_come_after_the_payment_was_accepted(self, chain: RunningDevnet) -> None:
        chain.order("fail", code="SERVER_BUSY", after_accept=True)
        paid = payment(chain)
        assert chain.post("wallet/broadcasttransaction", **paid)["code"] == "SERVER_BUSY"
        assert is_known(chain, paid)
        assert chain.post("wallet/broadcasttransaction", **paid)["code"] == Code.DUP_TRANSACTION_ERROR.name
        chain.order("fail", kind="502", after_accept=True)
        other = payment(chain)
        assert chain.client.post("wallet/broadcasttransaction", json=other).status_code == 502
        assert is_known(chain, other)

    def test_can_swallow_a_payment_that_was_said_to_be_accepted(self, chain: RunningDevnet) -> None:
        chain.order("fail", kind="swallow")
        paid = payment(chain)
        assert chain.post("wallet/broadcasttransaction", **paid)["result"] is True
        assert not is_known(chain, paid)

    @pytest.mark.parametrize("kind", [kind for kind, answer in BROKEN.items() if not answer.stays_open])
    def test_can_be_no_answer_of_a_chain(self, chain: RunningDevnet, kind: str) -> None:
        chain.order("fail", kind=kind)
        paid = payment(chain)
        try:
            answer = chain.client.post("wallet/broadcasttransaction", json=paid)
        except httpx.RemoteProtocolError:
            assert kind == "cut"
        else:
            assert answer.status_code == (int(kind) if kind.isdigit() else 200)
            if kind == "error":
                assert "lack of computing resources" in answer.json()["Error"]
            elif kind in ("broken_json", "plain_text", "empty"):
                with pytest.raises(json.JSONDecodeError):
                    answer.json()
        assert not is_known(chain, paid)

    def test_can_be_no_answer_at_all_to_a_payment_that_is_made(self, chain: RunningDevnet) -> None:
        chain.order("fail", kind="timeout", after_accept=True)
        paid = payment(chain)
        with pytest.raises(httpx.ReadTimeout):
            chain.client.post("wallet/broadcasttransaction", json=paid, timeout=IMPATIENT)
        assert is_known(chain, paid)

    def test_can_hit_reads_and_leave_payments_alone(self, chain: RunningDevnet) -> None:
        paid = payment(chain)
        chain.order("fail", kind="429", where="reads", times=1)
        assert chain.post("wallet/broadcasttransaction", **paid)["result"] is True
        assert chain.client.get("walletsolidity/getnowblock").status_code == 429
        assert chain.client.get("walletsolidity/getnowblock").status_code == 200

    def test_make_answers_slow(self, chain: RunningDevnet) -> None:
        chain.order("delay", ms=30_000)
        with pytest.raises(httpx.ReadTimeout):
            chain.client.get("wallet/getnowblock", timeout=IMPATIENT)

    def test_stay_on_the_port_that_they_were_ordered_at(self, chain: RunningDevnet, second: httpx.Client) -> None:
        chain.order("fail", kind="500", where="everything", times=100)
        chain.order("lie", kind="other_network")
        assert second.get("wallet/getnowblock").status_code == 200
        assert second.get("devnet/info").json()["faults"] == {"delay_ms": 0, "failures": [], "lies": []}

    @pytest.mark.parametrize(
        ("order", "fields", "sentence"),
        [
            ("fail", {"kind": "nonsense"}, "kind must be one of SIGERROR"),
            ("fail", {"kind": "SUCCESS"}, "kind must be one of"),
            ("fail", {"kind": "500", "where": "there"}, "where must be one of broadcast, reads, everything"),
            ("fail", {"kind": "SIGERROR", "where": "reads"}, "only broadcasts can fail with SIGERROR"),
            ("fail", {"kind": "500", "times": -1}, "times must be 0 to"),
            ("lie", {"kind": "nonsense"}, "kind must be one of wrong_txid"),
            ("lie", {"kind": "wrong_txid", "times": 0}, "times must be 1 to"),
            ("delay", {"ms": -1}, "ms must be 0 to"),
            ("lag", {"solid": -1}, "lags are 0 to"),
            ("clock", {"offset_ms": 10**18}, "offset_ms must be at most"),
            ("mine", {"count": 0}, "count must be 1 to"),
            ("mine", {"count": 10**6}, "count must be 1 to"),
            ("reorg", {"depth": 10_000}, ""),
            ("reorg", {"depth": 1, "drop": "all"}, "drop must be true, false, or a list of txIDs"),
            ("drop", {"txID": "00"}, "txID must be 64 digits of hex"),
            ("faucet", {"address": "nobody"}, "INVALID address"),
            ("faucet", {"address": BOB_TEXT, "assets": [1]}, "assets must be an object of amounts"),
            ("faucet", {"address": BOB_TEXT, "trx": 10**18}, "The faucet cannot pay"),
        ],
    )
    def test_are_refused_with_a_sentence_when_they_make_no_sense(
        self, chain: RunningDevnet, order: str, fields: Any, sentence: str
    ) -> None:
        answer = chain.client.post(f"devnet/{order}", json=fields)
        assert answer.status_code == 400
        assert sentence in answer.json()["Error"]


class TestLies:
    def test_name_another_id_for_what_is_to_be_signed(self, chain: RunningDevnet) -> None:
        built = payment(chain)
        chain.order("lie", kind="wrong_txid", times=2)
        for _ in range(2):
            weighed = chain.post("wallet/getsignweight", **built)["transaction"]
            assert weighed["txid"] == weighed["transaction"]["txID"] != built["txID"]
            assert weighed["transaction"]["raw_data_hex"] == built["raw_data_hex"]
        assert chain.post("wallet/getsignweight", **built)["transaction"]["txid"] == built["txID"]

    def test_change_to_whom_a_built_payment_goes(self, chain: RunningDevnet) -> None:
        chain.order("lie", kind="altered_raw_data")
        built = payment(chain)
        assert built["raw_data"]["contract"][0]["parameter"]["value"]["to_address"] != BOB_TEXT
        assert tx_id(bytes.fromhex(built["raw_data_hex"])).hex() == built["txID"], "it fits together"

    def test_show_more_than_was_paid(self, chain: RunningDevnet) -> None:
        (paid,) = chain.faucet(BOB_TEXT, trx=7)
        number = chain.mine()
        chain.order("lie", kind="altered_amount")
        for shown in (
            chain.post("wallet/gettransactionbyid", value=paid),
            chain.post("wallet/getblockbynum", num=number)["transactions"][0],
        ):
            assert shown["raw_data"]["contract"][0]["parameter"]["value"]["amount"] == 70
            assert shown["txID"] == paid != tx_id(bytes.fromhex(shown["raw_data_hex"])).hex()

    def test_show_a_call_that_failed_as_a_success(self, chain: RunningDevnet) -> None:
        data = "a9059cbb" + "01".rjust(64, "0") + "f" * 64
        call = {"owner_address": ADA_TEXT, "contract_address": chain.trc20, "data": data, "fee_limit": 10**8}
        built = chain.post("wallet/triggersmartcontract", **call, visible=True)["transaction"]
        chain.post("wallet/broadcasttransaction", **built, signature=[sign(ADA, bytes.fromhex(built["txID"])).hex()])
        number = chain.mine()
        (honest,) = chain.post("wallet/gettransactioninfobyblocknum", num=number)
        chain.order("lie", kind="false_success")
        (told,) = chain.post("wallet/gettransactioninfobyblocknum", num=number)
        assert (honest["result"], told.get("result"), told["receipt"]["result"]) == ("FAILED", None, "SUCCESS")
        assert chain.post("wallet/gettransactionbyid", value=built["txID"])["ret"] == [{"contractRet": "SUCCESS"}]

    @pytest.mark.parametrize(
        ("kind", "numbers"),
        [
            ("missing_block", [0, 1, 3, 4]),
            ("doubled_block", [0, 1, 2, 2, 3, 4]),
            ("unordered_blocks", [4, 1, 2, 3, 0]),
        ],
    )
    def test_spoil_runs_of_blocks(self, chain: RunningDevnet, kind: str, numbers: list[int]) -> None:
        chain.mine(5)
        chain.order("lie", kind=kind)
        found = chain.post("walletsolidity/getblockbylimitnext", startNum=0, endNum=5)["block"]
        assert [block["block_header"]["raw_data"].get("number", 0) for block in found] == numbers

    def test_leave_out_receipts_and_whole_transactions(self, chain: RunningDevnet) -> None:
        paid = chain.faucet(BOB_TEXT, trx=1, trc10=1)
        number = chain.mine()
        chain.order("lie", kind="short_receipts")
        assert len(chain.post("wallet/gettransactioninfobyblocknum", num=number)) == 1
        chain.order("lie", kind="hidden_transactions")
        assert chain.post("wallet/gettransactionbyid", value=paid[0]) == {}
        assert chain.post("wallet/gettransactioninfobyid", value=paid[0]) == {}

    def test_are_of_another_chain_that_fits_together_at_its_beginning(self, chain: RunningDevnet) -> None:
        honest = chain.post("wallet/getblockbynum", num=0)
        chain.order("lie", kind="wrong_genesis")
        told = chain.post("wallet/getblockbynum", num=0)
        assert told["blockID"] != honest["blockID"]
        assert block_id(header_from_json(told["block_header"]["raw_data"])).hex() == told["blockID"]

    def test_give_all_blocks_other_ids(self, chain: RunningDevnet) -> None:
        honest = chain.post("wallet/getblockbynum", num=1)
        chain.order("lie", kind="other_network")
        told = chain.post("wallet/getblockbynum", num=1)
        assert told["blockID"][:16] == honest["blockID"][:16]
        assert told["blockID"] != honest["blockID"]
        assert told["block_header"]["raw_data"]["parentHash"] == chain.post("wallet/getblockbynum", num=0)["blockID"]
        head = chain.post("wallet/getnowblock")["blockID"]
        assert chain.post("wallet/getnodeinfo")["block"].endswith(head)

    def test_are_all_told_somewhere(self) -> None:
        told = {"wrong_txid", "altered_raw_data", "altered_amount", "false_success", "missing_block", "doubled_block"}
        told |= {"unordered_blocks", "short_receipts", "hidden_transactions", "wrong_genesis", "other_network"}
        assert {lie.value for lie in Lie} == told


class TestTheChainOnOrder:
    def test_shows_less_on_one_port_than_on_the_other(self, chain: RunningDevnet, second: httpx.Client) -> None:
        head = chain.mine(10)
        lag = second.post("devnet/lag", json={"head": 3, "solid": 5}).json()
        assert lag == {"solid": 5, "head": 3, "solid_held_at": None}
        assert second.get("wallet/getnowblock").json()["block_header"]["raw_data"]["number"] == head - 3
        assert second.get("walletsolidity/getnowblock").json()["block_header"]["raw_data"]["number"] == head - 5
        assert chain.get("walletsolidity/getnowblock")["block_header"]["raw_data"]["number"] == head - 2
        second.post("devnet/lag", json={"head": 0, "solid": 2})

    def test_holds_its_solid_block_and_goes_back_with_it(self, chain: RunningDevnet) -> None:
        head = chain.mine(10)

        def solid() -> int:
            return int(chain.get("walletsolidity/getnowblock")["block_header"]["raw_data"]["number"])

        assert solid() == head - 2
        chain.order("lag", solid_held_at=head - 6)
        chain.mine(3)
        assert solid() == head - 6
        chain.order("lag", solid_held_at=None)
        assert solid() == head + 1

    def test_takes_back_a_payment_in_a_reorg_and_may_include_it_again(self, chain: RunningDevnet) -> None:
        (kept,) = chain.faucet(BOB_TEXT, trx=1)
        before = chain.mine()
        assert chain.reorg(1) == before + 1
        assert chain.post("wallet/gettransactioninfobyid", value=kept)["blockNumber"] >= before
        (dropped,) = chain.faucet(BOB_TEXT, trx=2)
        chain.mine()
        chain.reorg(1, drop=[dropped])
        assert chain.post("wallet/gettransactionbyid", value=dropped) == {}
        assert chain.client.post("devnet/reorg", json={"depth": 3}).status_code == 400, "it would undo a solid block"
        chain.reorg(3, force=True)

    def test_never_includes_a_payment_that_it_was_told_to_drop(self, chain: RunningDevnet) -> None:
        paid = payment(chain, 5)
        chain.order("drop", txID=paid["txID"])
        assert chain.post("wallet/broadcasttransaction", **paid)["result"] is True
        chain.mine(3)
        assert chain.post("wallet/gettransactioninfobyid", value=paid["txID"]) == {}

    def test_lets_time_pass_when_it_is_told_to(self, chain: RunningDevnet) -> None:
        before = chain.order("info")["head"]["timestamp_ms"]
        paid = payment(chain)
        chain.order("clock", offset_ms=3_600_000)
        chain.mine()
        assert chain.order("info")["head"]["timestamp_ms"] >= before + 3_500_000
        refused = chain.post("wallet/broadcasttransaction", **paid)
        assert refused["code"] == "TRANSACTION_EXPIRATION_ERROR"

    def test_checks_more_when_it_is_told_to(self, chain: RunningDevnet) -> None:
        chain.order("checks", pending_at_most=chain.order("info")["pending"])
        assert chain.post("wallet/broadcasttransaction", **payment(chain))["result"] is True
        assert chain.post("wallet/broadcasttransaction", **payment(chain))["code"] == "SERVER_BUSY"
        chain.order("checks")
        assert chain.post("wallet/broadcasttransaction", **payment(chain))["result"] is True

    def test_gives_plenty_of_everything_to_an_address_alone(self, chain: RunningDevnet) -> None:
        new = to_base58(address_of_key(private_key("somebody new")))
        assert len(chain.order("faucet", address=new)["txIDs"]) == 3
        chain.mine()
        found = chain.post("wallet/getaccount", address=new, visible=True)
        assert (found["balance"], found["assetV2"][0]["value"]) == (10_000 * 10**6, 1_000_000 * 10**6)

    def test_begins_again_with_the_same_first_block(self) -> None:
        with devnet_here() as own:
            genesis = own.post("wallet/getblockbynum", num=0)["blockID"]
            own.order("lie", kind="other_network")
            own.mine(5)
            assert own.order("reset")["head"]["number"] == 1, "the first block is long ago, so it made a new one"
            assert own.post("wallet/getblockbynum", num=0)["blockID"] == genesis
            assert parse_address(own.order("info")["faucet"])
