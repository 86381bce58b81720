"""What the development chain says to questions at the edge: numbers without room, orders that are none, odd names."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.devnet import RunningDevnet, devnet_here, private_key
from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.keys import address_of_key, sign
from wallet.domain.tron.transactions import Signed, encode_transaction

ADA = private_key("ada")
ADA_TEXT, BOB_TEXT = to_base58(address_of_key(ADA)), to_base58(address_of_key(private_key("bob")))
STRANGER = private_key("a stranger")
TOO_LARGE = 2**63
INVALID = "class org.tron.core.exception.ContractValidateException : "
OWNER = {"type": 0, "permission_name": "owner", "threshold": 1, "keys": [{"address": ADA_TEXT, "weight": 1}]}


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

    def test_in_the_address_of_a_page_are_no_place_in_a_list(self, chain: RunningDevnet) -> None:
        for query in (f"after=1-{10**19 - 1}", f"after={TOO_LARGE}-1", f"from={TOO_LARGE}"):
            assert chain.client.get(f"account/{ADA_TEXT}?{query}").status_code == httpx.codes.OK
        assert chain.client.get(f"block/{TOO_LARGE}").status_code == httpx.codes.NOT_FOUND

    def test_are_good_amounts_of_a_token_with_eighteen_decimals(self, chain: RunningDevnet) -> None:
        assert chain.faucet(BOB_TEXT, trc20=10 * TOO_LARGE)

    def test_become_text_for_those_who_ask_if_they_have_64_bits(self, chain: RunningDevnet) -> None:
        wish = {"int64_as_string": "true"}
        assert type(chain.get("wallet/getaccount", address=ADA_TEXT, **wish)["balance"]) is str
        assert type(chain.get("wallet/getnodeinfo", **wish)["beginSyncNum"]) is int, "it is the dump of an object"
        assert type(chain.get("wallet/getnowblock", **wish)["block_header"]["raw_data"]["timestamp"]) is int
        listed = chain.get(f"v1/contracts/{chain.trc20}/events", **wish)
        assert type(listed["meta"]["at"]) is int, "what stands beside the chain's own reads knows no such wish"


class TestTransactionsToSign:
    def test_are_told_who_has_signed_them_also_who_may_not(self, chain: RunningDevnet) -> None:
        built = payment(chain)
        signatures = [sign(key, bytes.fromhex(built["txID"])).hex() for key in (STRANGER, ADA)]
        for visible in (True, False):
            asked = {**built_form(chain, visible=visible), "signature": signatures}
            approved = chain.post("wallet/getapprovedlist", **asked)
            assert (len(approved["approved_list"]), approved["result"]) == (2, {})
        approved = chain.post("wallet/getapprovedlist", **{**built, "signature": signatures})
        assert approved["approved_list"] == [to_base58(address_of_key(STRANGER)), ADA_TEXT]
        assert approved["transaction"]["transaction"]["signature"] == signatures
        weight = chain.post("wallet/getsignweight", **{**built, "signature": signatures[:1]})
        assert weight["result"]["code"] == "PERMISSION_ERROR"
        short = chain.post("wallet/getapprovedlist", **{**built, "signature": ["00"]})
        assert short["result"] == {"code": "SIGNATURE_FORMAT_ERROR", "message": "Signature size is 1"}

    def test_of_nobody_are_told_so_where_java_tron_has_a_code_for_it(self, chain: RunningDevnet) -> None:
        raw_data = payment(chain)["raw_data"]
        raw_data["contract"][0]["parameter"]["value"]["owner_address"] = to_base58(address_of_key(STRANGER))
        weight, approved = (
            chain.post(f"wallet/{path}", raw_data=raw_data, visible=True)["result"]
            for path in ("getsignweight", "getapprovedlist")
        )
        assert weight == {"code": "PERMISSION_ERROR", "message": "Account does not exist!"}
        why = "class org.tron.core.exception.PermissionException : Account does not exist!"
        assert approved == {"code": "OTHER_ERROR", "message": why}

    def test_may_be_too_large_for_a_block(self, chain: RunningDevnet) -> None:
        built = payment(chain)
        built["raw_data"]["data"] = "00" * 600_000
        weight = chain.post("wallet/getsignweight", **built)
        assert weight["result"] == {"code": "NOT_ENOUGH_PERMISSION"}
        signed = {**built, "signature": [sign(ADA, bytes.fromhex(weight["transaction"]["txid"])).hex()]}
        refused = chain.post("wallet/broadcasttransaction", **signed)
        assert refused["code"] == "TOO_BIG_TRANSACTION_ERROR"
        raw_bytes = bytes.fromhex(weight["transaction"]["transaction"]["raw_data_hex"])
        content = encode_transaction(Signed(raw_bytes, (bytes.fromhex(signed["signature"][0]),)))
        assert chain.post("wallet/broadcasthex", transaction=content.hex())["code"] == refused["code"]

    @pytest.mark.parametrize(
        ("name", "visible", "is_token"),
        [
            ("1002000", True, True),
            (b"1002000".hex(), False, True),
            (f"0x{b'1002000'.hex()}", False, True),
            ("BitTorrent", True, False),
            (b"BitTorrent".hex(), False, False),
            ("1002000", False, False),
            ("", True, False),
        ],
    )
    def test_name_a_token_by_its_id_in_the_form_that_they_say(
        self, chain: RunningDevnet, name: str, visible: bool, is_token: bool
    ) -> None:
        fields = {"owner_address": ADA_TEXT, "to_address": BOB_TEXT, "amount": 1, "asset_name": name}
        built = chain.post("wallet/transferasset", **fields, visible=visible)
        assert built.get("Error", "") == ("" if is_token else f"{INVALID}No asset!")
        form = payment(chain)["raw_data"]
        form["contract"] = [{"type": "TransferAssetContract", "parameter": {"value": fields}}]
        weight = chain.post("wallet/getsignweight", raw_data=form, visible=visible)
        tx_id = bytes.fromhex(weight["transaction"]["txid"])
        sent = chain.post(
            "wallet/broadcasttransaction", raw_data=form, visible=visible, signature=[sign(ADA, tx_id).hex()]
        )
        told = sent.get("message", "") if visible else bytes.fromhex(sent.get("message", "")).decode()
        assert told == ("" if is_token else "Contract validate error : No asset!")


class TestBuilders:
    @pytest.mark.parametrize(
        ("path", "fields", "why"),
        [
            ("createtransaction", {"amount": 10**17}, "Validate TransferContract error, balance is not sufficient."),
            ("createtransaction", {"amount": 0}, "Amount must be greater than 0."),
            ("transferasset", {"amount": 0, "asset_name": "1002000"}, "Amount must be greater than 0."),
            ("transferasset", {"amount": 10**18, "asset_name": "1002000"}, "assetBalance is not sufficient."),
            ("createaccount", {"account_address": ADA_TEXT}, "Account has existed"),
            ("accountpermissionupdate", {"owner": OWNER}, "active permission is missed"),
        ],
    )
    def test_refuse_in_the_words_of_java_tron_and_nothing_before_them(
        self, chain: RunningDevnet, path: str, fields: dict[str, Any], why: str
    ) -> None:
        parties = {"owner_address": ADA_TEXT, "to_address": BOB_TEXT, "visible": True}
        assert chain.post(f"wallet/{path}", **parties, **fields) == {"Error": f"{INVALID}{why}"}

    def test_build_a_change_of_permissions(self, chain: RunningDevnet) -> None:
        active = {"type": 2, "permission_name": "pay", "threshold": 1, "operations": "06".ljust(64, "0")}
        keys = [{"address": BOB_TEXT, "weight": 1}]
        built = chain.post(
            "wallet/accountpermissionupdate",
            owner_address=ADA_TEXT,
            owner=OWNER,
            actives=[{**active, "keys": keys}],
            visible=True,
        )
        signature = sign(ADA, bytes.fromhex(built["txID"])).hex()
        assert chain.post("wallet/broadcasttransaction", **built, signature=[signature])["result"] is True
        assert chain.post("wallet/getaccount", address=ADA_TEXT, visible=True)["active_permission"][0]["keys"] == keys

    @pytest.mark.parametrize("path", ["wallet/triggerconstantcontract", "wallet/triggersmartcontract"])
    def test_run_what_only_reads_also_if_it_is_given_as_data(self, chain: RunningDevnet, path: str) -> None:
        word = address_of_key(ADA)[1:].hex().rjust(64, "0")
        asked = {"owner_address": ADA_TEXT, "contract_address": chain.trc20, "visible": True}
        by_name = chain.post(path, **asked, function_selector="balanceOf(address)", parameter=word)
        by_data = chain.post(path, **asked, data=f"70a08231{word}")
        assert by_data["constant_result"] == by_name["constant_result"] == [f"{10**30:064x}"]

    @pytest.mark.parametrize("path", ["triggerconstantcontract", "estimateenergy", "triggersmartcontract"])
    def test_run_no_code_that_a_call_brings_along(self, chain: RunningDevnet, path: str) -> None:
        told = chain.post(f"wallet/{path}", owner_address=ADA_TEXT, data="6080", visible=True)["result"]
        assert told["code"] == "CONTRACT_VALIDATE_ERROR"
        assert "runs no code of others" in told["message"]

    def test_build_and_send_nothing_by_get(self, chain: RunningDevnet) -> None:
        query = {"owner_address": ADA_TEXT, "to_address": BOB_TEXT, "amount": "1", "visible": "true"}
        answer = chain.client.get("wallet/createtransaction", params=query)
        assert (answer.status_code, answer.content) == (200, b"")


def payment(chain: RunningDevnet) -> dict[str, Any]:
    return built_form(chain, visible=True)


def built_form(chain: RunningDevnet, *, visible: bool) -> dict[str, Any]:
    fields = {"owner_address": ADA_TEXT, "to_address": BOB_TEXT, "amount": 1, "visible": visible}
    return dict(chain.post("wallet/createtransaction", **fields))


class TestReads:
    def test_take_hex_however_it_is_written(self, chain: RunningDevnet) -> None:
        head = chain.get("wallet/getnowblock")
        for written in (f"0X{head['blockID'].upper()}", f"0x{head['blockID']}", head["blockID"].lstrip("0")):
            assert chain.get("wallet/getblockbyid", value=written.rjust(63, "0")) == head

    def test_of_what_nobody_has_here_are_empty(self, chain: RunningDevnet) -> None:
        for path in ("getaccountbyid", "getproposalbyid", "getexchangebyid", "getpaginatedexchangelist"):
            assert chain.post(f"wallet/{path}") == chain.get(f"wallet/{path}") == {}

    def test_tell_the_witnesses_in_pages_and_when_they_could_change(self, chain: RunningDevnet) -> None:
        witnesses = chain.get("wallet/listwitnesses")["witnesses"]
        page = chain.post("walletsolidity/getpaginatednowwitnesslist", offset=25, limit=5)
        assert page["witnesses"] == witnesses[25:]
        head = chain.get("wallet/getnowblock")["block_header"]["raw_data"]["timestamp"]
        assert 0 < chain.get("wallet/getnextmaintenancetime")["num"] - head <= 21_600_000

    @pytest.mark.parametrize("path", ["getaccountresource", "getaccountnet"])
    def test_of_resources_have_what_clients_divide_by(self, chain: RunningDevnet, path: str) -> None:
        told = chain.post(f"wallet/{path}", address=ADA_TEXT, visible=True)
        assert min(told["freeNetLimit"], told["TotalNetLimit"], told["TotalNetWeight"]) > 0


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

    def test_are_told_what_the_port_shows_that_they_were_given_at(self, chain: RunningDevnet) -> None:
        chain.mine(10)
        assert chain.second_url
        with httpx.Client(base_url=chain.second_url, trust_env=False) as second:
            second.post("devnet/lag", json={"solid": 7})
            here, there = chain.order("info"), second.get("devnet/info").json()
        assert here["head"] == there["head"]
        assert here["head"]["number"] - here["solid"]["number"] == here["lag"]["solid"] == 2
        assert there["head"]["number"] - there["solid"]["number"] == there["lag"]["solid"] == 7
