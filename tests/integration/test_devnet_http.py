"""What the development chain answers by hand: both forms, both methods, what is missing, what is wrong."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.devnet import RunningDevnet, devnet_here, private_key
from wallet.domain.tron.addresses import to_base58, to_hex
from wallet.domain.tron.keys import address_of_key, sign
from wallet.domain.tron.transactions import Signed, encode_transaction, tx_id

ADA, BOB = private_key("ada"), private_key("bob")
ADA_ADDRESS, BOB_ADDRESS = address_of_key(ADA), address_of_key(BOB)
NOBODY = address_of_key(private_key("nobody"))
ADA_TEXT, BOB_TEXT = to_base58(ADA_ADDRESS), to_base58(BOB_ADDRESS)
LOOK_ALIKE = "1002278"


@pytest.fixture(scope="module")
def chain() -> Iterator[RunningDevnet]:
    with devnet_here(keys=[ADA]) as running:
        yield running


def signed_hex(built: dict[str, Any], key: bytes) -> str:
    raw_bytes = bytes.fromhex(built["raw_data_hex"])
    return encode_transaction(Signed(raw_bytes, (sign(key, tx_id(raw_bytes)),))).hex()


class TestReads:
    def test_give_addresses_and_names_as_they_are_asked_for(self, chain: RunningDevnet) -> None:
        readable = chain.post("wallet/getassetissuebyid", value=1002000, visible=True)
        in_hex = chain.get("wallet/getassetissuebyid", value="1002000")
        assert (readable["name"], readable["url"]) == ("BitTorrent", "http://bittorrent.example")
        assert bytes.fromhex(in_hex["name"]).decode() == readable["name"]
        assert in_hex["owner_address"].startswith("41") and readable["owner_address"].startswith("T")
        assert readable["total_supply"] == in_hex["total_supply"] == 990_000_000_000 * 10**6

    @pytest.mark.parametrize(
        "form", [ADA_TEXT, to_hex(ADA_ADDRESS), to_hex(ADA_ADDRESS).upper(), f"0x{ADA_ADDRESS.hex()}"]
    )
    def test_take_an_address_in_every_form_by_get_and_by_post(self, chain: RunningDevnet, form: str) -> None:
        assert chain.get("wallet/getaccount", address=form, visible="true")["address"] == ADA_TEXT
        assert chain.post("wallet/getaccount", address=form)["address"] == to_hex(ADA_ADDRESS)

    def test_find_tokens_by_id_name_and_page(self, chain: RunningDevnet) -> None:
        def ids(answer: Any) -> list[str]:
            return [one["id"] for one in answer["assetIssue"]]

        assert chain.post("wallet/getassetissuebyname", value="0x" + b"1002000".hex())["id"] == "1002000"
        assert chain.post("wallet/getassetissuebyname", value="1002278", visible=True)["id"] == LOOK_ALIKE
        assert (
            "please use getAssetIssueById"
            in chain.post("wallet/getassetissuebyname", value="BitTorrent", visible=True)["Error"]
        )
        assert ids(chain.post("wallet/getassetissuelistbyname", value=b"BitTorrent".hex())) == ["1002000", LOOK_ALIKE]
        assert ids(chain.post("wallet/getpaginatedassetissuelist", offset=1, limit=5)) == [LOOK_ALIKE]
        assert chain.post("wallet/getpaginatedassetissuelist", offset=0, limit=0) == {}
        listed = chain.post("wallet/getassetissuelist", visible=True)["assetIssue"][0]
        assert bytes.fromhex(listed["name"]).decode() == "BitTorrent", "only the address can ask for text here"
        assert chain.get("wallet/getassetissuelist", visible="true")["assetIssue"][0]["name"] == "BitTorrent"

    def test_have_limits_on_ranges_and_end_where_the_chain_ends(self, chain: RunningDevnet) -> None:
        head = chain.mine(120)

        def numbers(answer: Any) -> list[int]:
            return [one["block_header"]["raw_data"].get("number", 0) for one in answer.get("block", [])]

        def in_range(first: int, end: int, root: str = "wallet") -> list[int]:
            return numbers(chain.post(f"{root}/getblockbylimitnext", startNum=first, endNum=end))

        assert in_range(0, 100) == list(range(100))
        assert in_range(0, 101) == in_range(5, 5) == in_range(-1, 3) == []
        assert in_range(head - 1, head + 50) == [head - 1, head]
        assert in_range(head - 4, head + 50, "walletsolidity") == [head - 4, head - 3, head - 2]
        assert numbers(chain.get("wallet/getblockbylatestnum", num=3)) == [head - 2, head - 1, head]
        assert chain.get("wallet/getblockbylatestnum", num=100) == {}
        assert chain.get("walletsolidity/getblockbynum", num=head) == {}
        assert chain.get("wallet/gettransactioncountbyblocknum", num=1) == {"count": 0}

    def test_answer_with_nothing_for_what_is_not_there(self, chain: RunningDevnet) -> None:
        everywhere: dict[str, dict[str, Any]] = {
            "getblockbynum": {"num": 10**12},
            "getblockbyid": {"value": "00" * 32},
            "gettransactionbyid": {"value": "00" * 32},
            "gettransactioninfobyid": {"value": "00" * 32},
            "getaccount": {"address": to_hex(NOBODY)},
            "getassetissuebyid": {"value": 1},
        }
        for path, fields in everywhere.items():
            for root in ("wallet", "walletsolidity"):
                assert chain.post(f"{root}/{path}", **fields) == {}, path
        for path, fields in {
            "getcontract": {"value": to_hex(NOBODY)},
            "getaccountresource": {"address": to_hex(NOBODY)},
            "getaccountnet": {"address": to_hex(NOBODY)},
            "getdelegatedresourcev2": {},
            "gettransactionfrompending": {"value": "00" * 32},
        }.items():
            assert chain.post(f"wallet/{path}", **fields) == {}, path
        assert chain.post("wallet/gettransactioninfobyblocknum", num=10**9) == []

    def test_say_what_is_wrong_with_a_field_in_the_body_and_with_status_200(self, chain: RunningDevnet) -> None:
        wrong: list[tuple[str, dict[str, Any], str]] = [
            ("getaccount", {"address": "nobody"}, "class org.tron.json.JsonFormat$ParseException : INVALID address"),
            ("getaccount", {}, "INVALID address"),
            ("getblockbynum", {"num": "many"}, 'class java.lang.NumberFormatException : For input string: "many"'),
            ("getblockbynum", {"num": 1.5}, "num must be an integer"),
            ("getblockbynum", {"num": True}, "num must be an integer"),
            ("getblockbyid", {"value": "xyz"}, "INVALID hex String"),
        ]
        for path, fields, text in wrong:
            assert text in chain.post(f"wallet/{path}", **fields)["Error"], path

    def test_write_large_numbers_as_text_for_those_who_ask_by_get(self, chain: RunningDevnet) -> None:
        query = {"id_or_num": "1", "detail": "true", "int64_as_string": "true"}
        header = chain.get("wallet/getblock", **query)["block_header"]["raw_data"]
        assert (header["number"], header["version"]) == ("1", 31)
        assert chain.post("wallet/getblock", **query)["block_header"]["raw_data"]["number"] == 1
        asset = chain.get("wallet/getassetissuebyid", value=1002000, int64_as_string="true")
        assert (asset["total_supply"], asset["precision"], asset["num"]) == ("990000000000000000", 6, 1)

    def test_know_a_bad_address_from_a_good_one(self, chain: RunningDevnet) -> None:
        assert chain.post("wallet/validateaddress", address=ADA_TEXT)["result"] is True
        bad = chain.get("wallet/validateaddress", address=ADA_TEXT[:-1] + "1")
        assert bad["result"] is False and bad["message"]


class TestBuilders:
    @pytest.mark.parametrize("visible", [True, False])
    def test_make_what_a_client_can_sign_and_send_as_hex(self, chain: RunningDevnet, visible: bool) -> None:
        chain.mine()

        def name(text: str) -> str:
            return text if visible else text.encode().hex()

        owner = ADA_TEXT if visible else to_hex(ADA_ADDRESS)
        to = BOB_TEXT if visible else to_hex(BOB_ADDRESS)
        parties = {"owner_address": owner, "to_address": to, "visible": visible}
        called = {"owner_address": owner, "contract_address": chain.trc20, "visible": visible, "fee_limit": 10**8}
        parameter = BOB_ADDRESS[1:].hex().rjust(64, "0") + "01".rjust(64, "0")
        built = [
            chain.post("wallet/createtransaction", **parties, amount=2_000_000, extra_data=name("order 7")),
            chain.post("wallet/transferasset", **parties, amount=7, asset_name=name("1002000")),
            chain.post("wallet/transferasset", **parties, amount="7", asset_name=name("1002000"), Permission_id=2),
            chain.post(
                "wallet/triggersmartcontract",
                **called,
                function_selector="transfer(address,uint256)",
                parameter=parameter,
            )["transaction"],
        ]
        for one in built:
            assert one["visible"] is visible
            assert tx_id(bytes.fromhex(one["raw_data_hex"])).hex() == one["txID"]
            sent = chain.post("wallet/broadcasthex", transaction=signed_hex(one, ADA))
            assert (sent["result"], sent["code"], sent["txid"]) == (True, "SUCCESS", one["txID"])
            assert json.loads(sent["transaction"])["txID"] == one["txID"], "it is JSON as text"
        assert chain.post("wallet/getpendingsize") == {"pendingSize": 4}
        assert chain.get("wallet/gettransactionlistfrompending")["txId"] == [one["txID"] for one in built]
        assert chain.get("wallet/gettransactionfrompending", value=built[0]["txID"])["txID"] == built[0]["txID"]
        number = chain.mine()
        infos = chain.post("wallet/gettransactioninfobyblocknum", num=number)
        assert [info["id"] for info in infos] == [one["txID"] for one in built]
        assert bytes.fromhex(built[0]["raw_data"]["data"]) == b"order 7"

    def test_refuse_with_the_words_of_a_node(self, chain: RunningDevnet) -> None:
        parties = {"owner_address": ADA_TEXT, "to_address": ADA_TEXT, "visible": True}
        prefix = "class org.tron.core.exception.ContractValidateException : "
        yourself = chain.post("wallet/createtransaction", **parties, amount=1)
        assert yourself["Error"] == f"{prefix}Cannot transfer TRX to yourself."
        none = chain.post("wallet/transferasset", **{**parties, "to_address": BOB_TEXT}, amount=1, asset_name="1000001")
        assert none["Error"] == f"{prefix}No asset!"
        assert "runs no code of others" in chain.post("wallet/deploycontract", owner_address=ADA_TEXT)["Error"]
        call = {"owner_address": ADA_TEXT, "contract_address": BOB_TEXT, "data": "00"}
        missing = chain.post("wallet/triggersmartcontract", **call, visible=True)
        assert missing["result"] == {
            "code": "CONTRACT_VALIDATE_ERROR",
            "message": "No contract or not a valid smart contract",
        }
        gone = chain.post("wallet/triggerconstantcontract", **call)
        assert bytes.fromhex(gone["result"]["message"]) == b"Smart contract is not exist."

    def test_run_a_function_that_only_reads_instead_of_building_it(self, chain: RunningDevnet) -> None:
        read = chain.post("wallet/triggersmartcontract", contract_address=chain.trc20, function_selector="decimals()")
        assert int(read["constant_result"][0], 16) == 18


class TestBroadcasts:
    def test_answer_with_a_code_and_a_message_in_the_form_that_is_asked_for(self, chain: RunningDevnet) -> None:
        fields = {"owner_address": ADA_TEXT, "to_address": BOB_TEXT, "amount": 1, "visible": True}
        built = chain.post("wallet/createtransaction", **fields)
        refused = chain.post("wallet/broadcasttransaction", **built)
        assert (refused["code"], refused["txid"]) == ("SIGERROR", built["txID"])
        assert refused["message"] == "Validate signature error: miss sig or contract"
        hexed = chain.post("wallet/broadcasttransaction", **{**built, "visible": False})
        assert bytes.fromhex(hexed["message"]).decode() == refused["message"]

    def test_count_the_bytes_of_raw_data_and_nothing_else_that_is_claimed(self, chain: RunningDevnet) -> None:
        fields = {"owner_address": ADA_TEXT, "to_address": BOB_TEXT, "amount": 2, "visible": True}
        built = chain.post("wallet/createtransaction", **fields)
        signature = sign(ADA, bytes.fromhex(built["txID"])).hex().upper()
        lied = {**built, "txID": "00" * 32, "raw_data_hex": "00", "signature": [signature]}
        assert chain.post("wallet/broadcasttransaction", **lied) == {"result": True, "txid": built["txID"]}

    @pytest.mark.parametrize(
        ("raw_data", "sentence"),
        [
            ({"contract": []}, "No contract!"),
            ({"contract": [{"type": "UnheardOf"}]}, "No contract!"),
            ({"contract": [{}, {}]}, "act size should be exactly 1, this is extend feature"),
        ],
    )
    def test_refuse_what_has_not_one_contract(self, chain: RunningDevnet, raw_data: Any, sentence: str) -> None:
        refused = chain.post("wallet/broadcasttransaction", raw_data=raw_data, visible=True)
        assert refused["code"] == "CONTRACT_VALIDATE_ERROR"
        assert refused["message"] == f"Contract validate error : {sentence}"
        for path in ("wallet/getsignweight", "wallet/getapprovedlist"):
            weighed = chain.post(path, raw_data=raw_data)
            assert weighed["result"] == {"code": "OTHER_ERROR", "message": "Invalid transaction: no valid contract"}
            assert weighed["transaction"]["transaction"]["txID"] == weighed["transaction"]["txid"] == refused["txid"]

    @pytest.mark.parametrize(
        ("builder", "kind", "sentence"),
        [
            ("deploycontract", "CreateSmartContract", "runs no code of others"),
            ("freezebalancev2", "FreezeBalanceV2Contract", "nobody stakes or votes here"),
            ("createassetissue", "AssetIssueContract", "its tokens are fixed"),
        ],
    )
    def test_refuse_with_a_reason_what_only_real_chains_do(
        self, chain: RunningDevnet, builder: str, kind: str, sentence: str
    ) -> None:
        raw_data = {"contract": [{"type": kind}]}
        refused = chain.post("wallet/broadcasttransaction", raw_data=raw_data, raw_data_hex="0a00", visible=True)
        weighed = chain.post("wallet/getsignweight", raw_data=raw_data)
        assert refused["code"] == weighed["result"]["code"] == "CONTRACT_VALIDATE_ERROR"
        assert refused["txid"] == tx_id(b"\x0a\0").hex()
        for told in (refused["message"], weighed["result"]["message"], chain.post(f"wallet/{builder}")["Error"]):
            assert sentence in told

    @pytest.mark.parametrize("fields", [{}, {"raw_data": 1}, {"raw_data": {"contract": [{"parameter": 5}]}}])
    def test_say_what_cannot_be_read(self, chain: RunningDevnet, fields: Any) -> None:
        assert "ParseException" in chain.post("wallet/broadcasttransaction", **fields)["Error"]

    def test_take_no_bytes_that_are_no_transaction(self, chain: RunningDevnet) -> None:
        assert "Error" in chain.post("wallet/broadcasthex", transaction="ff")
        assert chain.post("wallet/broadcasthex", transaction="")["code"] == "CONTRACT_VALIDATE_ERROR"


class TestLists:
    def test_come_in_pages_without_gaps_or_repeats(self, chain: RunningDevnet) -> None:
        for _ in range(4):
            for _ in range(2):
                chain.faucet(BOB_TEXT, trx=1, trc20=1)
            chain.mine()

        def all_of(path: str, key: str, **query: Any) -> list[str]:
            found: list[str] = []
            answer = chain.get(path, limit=3, **query)
            while True:
                found += [one[key] for one in answer["data"]]
                if "links" not in answer["meta"]:
                    return found
                answer = chain.client.get(answer["meta"]["links"]["next"]).json()

        for path, key in {
            f"v1/accounts/{BOB_TEXT}/transactions": "txID",
            f"v1/accounts/{BOB_TEXT}/transactions/trc20": "transaction_id",
            f"v1/contracts/{chain.trc20}/events": "transaction_id",
        }.items():
            newest_first = all_of(path, key)
            assert len(newest_first) >= 8
            assert len(set(newest_first)) == len(newest_first)
            assert all_of(path, key, order_by="block_timestamp,asc") == newest_first[::-1]
            whole = chain.get(path, limit=200)
            assert [one[key] for one in whole["data"]] == newest_first

    def test_tell_what_is_solid_from_what_is_not(self, chain: RunningDevnet) -> None:
        (_, paid) = chain.faucet(BOB_TEXT, trx=1, trc20=1)
        chain.mine()
        path = f"v1/transactions/{paid}/events"
        assert chain.get(path)["data"][0]["_unconfirmed"] is True
        assert chain.get(path, only_confirmed="true")["data"] == []
        assert chain.get(path, only_unconfirmed="true")["data"]
        chain.settle()
        assert "_unconfirmed" not in chain.get(path)["data"][0]
        assert chain.get(path, only_unconfirmed="true")["data"] == []

    def test_say_what_is_wrong_with_a_question(self, chain: RunningDevnet) -> None:
        assert chain.get(f"v1/accounts/{ADA_TEXT}")["data"][0]["address"] == to_hex(ADA_ADDRESS)
        assert chain.get(f"v1/accounts/{to_base58(NOBODY)}")["data"] == []
        for bad in ("v1/contracts/nobody/events", "v1/blocks/x/events", "v1/transactions/xy/events"):
            assert chain.get(bad)["success"] is False
        assert chain.get(f"v1/contracts/{chain.trc20}/events", limit=201)["success"] is False
        assert chain.get(f"v1/contracts/{chain.trc20}/events", fingerprint="1-2")["success"] is False
