"""What a chain endpoint would answer about the fake chain, as JSON, so that tests can change any part of an answer."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from wallet.chain.fake import PARAMETERS, FakeChain
from wallet.chain.port import Block, ChainTransaction, Receipt
from wallet.chain.transport import Transport
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import parse_address, to_base58
from wallet.domain.tron.blocks import decode_header
from wallet.domain.tron.json_forms import header_to_json, transaction_to_json
from wallet.domain.tron.messages import ContractRet
from wallet.domain.tron.transactions import Result, Signed

Change = Callable[[str, Any], Any]


class AnsweringEndpoint(Transport):
    """A transport without a network. `change` may put anything in place of an answer."""

    def __init__(self, chain: FakeChain) -> None:
        super().__init__("http://fake.example:8090")
        self.chain = chain
        self.change: Change = lambda _, answer: answer
        self.raw: bytes | None = None  # in place of all answers
        self.asked: list[str] = []

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        self.asked.append(path)
        if self.raw is not None:
            return self.raw
        return json.dumps(self.change(path, self.answer(path, body))).encode()

    def answer(self, path: str, body: Mapping[str, Any]) -> Any:
        root, name = path.split("/")
        top = self.chain.solid if root == "walletsolidity" else self.chain.head
        match name:
            case "getblock":
                block = self._block(int(body.get("id_or_num", top.number)), top)
                return {} if block is None else block_form(block, detail=False)
            case "getblockbylimitnext":
                found = [self._block(number, top) for number in range(body["startNum"], body["endNum"])]
                return {"block": [block_form(block) for block in found if block is not None]}
            case "gettransactioninfobyblocknum":
                block = self._block(body["num"], top)
                return [] if block is None else [receipt_form(one) for one in self.chain.receipts(block.number)]
            case "gettransactionbyid" | "gettransactioninfobyid":
                return self._transaction(name, bytes.fromhex(body["value"]), top)
            case "getaccount":
                return self._account(body["address"])
            case "getaccountresource":
                return {"freeNetLimit": 600, "EnergyLimit": 9, "EnergyUsed": 2}
            case "getchainparameters":
                return {"chainParameter": _prices()}
            case "getassetissuebyid":
                return {
                    "id": str(body["value"]),
                    "name": "BitTorrent",
                    "abbr": "BTT",
                    "precision": 6,
                    "total_supply": 99,
                }
            case "triggerconstantcontract":
                return {"result": {"result": True}, "energy_used": 7, "constant_result": [self._call(body).hex()]}
            case "estimateenergy":
                return {"result": {"result": True}, "energy_required": 14_650}
            case "broadcasthex":
                code, message = self.chain.accept(bytes.fromhex(body["transaction"]))
                return {"result": code == "SUCCESS", "code": code, "message": message}
        raise AssertionError(f"nobody has written down what {path} answers")

    def _block(self, number: int, top: Block) -> Block | None:
        return self.chain.block(number) if number <= top.number else None

    def _transaction(self, name: str, tx_id: bytes, top: Block) -> Any:
        found = self.chain.find(tx_id)
        if found is None or found[1].block_number > top.number:
            return {}
        return transaction_form(found[0]) if name == "gettransactionbyid" else receipt_form(found[1])

    def _account(self, text: str) -> Any:
        address = parse_address(text)
        if not self.chain.books.exists(address):
            return {}
        assets = [{"key": str(key), "value": value} for key, value in self.chain.books.assets(address).items()]
        return {"address": to_base58(address), "balance": self.chain.books.amount(address), "assetV2": assets}

    def _call(self, body: Mapping[str, Any]) -> bytes:
        match body["function_selector"]:
            case "balanceOf(address)":
                owner = abi.address_of_word(bytes.fromhex(body["parameter"]))
                return abi.uint_word(self.chain.books.amount(owner, parse_address(body["contract_address"])))
            case "transfer(address,uint256)":
                return abi.uint_word(1)
            case "decimals()":
                return abi.uint_word(18)
            case "totalSupply()":
                return abi.uint_word(990 * 10**30)
            case signature:
                return abi.encode_text({"name()": "BitTorrent", "symbol()": "BTT"}[signature])


def block_form(block: Block, *, detail: bool = True) -> dict[str, Any]:
    header = header_to_json(decode_header(block.header), visible=False)
    form: dict[str, Any] = {"blockID": block.id.hex(), "block_header": {"raw_data": header, "witness_signature": "00"}}
    if detail and block.transactions:
        form["transactions"] = [transaction_form(one) for one in block.transactions]
    return form


def transaction_form(one: ChainTransaction) -> dict[str, Any]:
    result = Result(ContractRet[one.contract_ret])
    return transaction_to_json(Signed(one.raw_bytes, one.signatures), visible=False, result=result)


def receipt_form(receipt: Receipt) -> dict[str, Any]:
    inner = {
        "net_fee": receipt.net_fee_sun,
        "net_usage": receipt.net_usage_bytes,
        "energy_fee": receipt.energy_fee_sun,
        "energy_usage_total": receipt.energy_usage,
        "result": receipt.contract_result,
    }
    form: dict[str, Any] = {
        "id": receipt.tx_id.hex(),
        "blockNumber": receipt.block_number,
        "fee": receipt.fee_sun,
        "contractResult": [""],
        "receipt": {name: value for name, value in inner.items() if value},
        "log": [
            {"address": log.address[1:].hex(), "topics": [one.hex() for one in log.topics], "data": log.data.hex()}
            for log in receipt.logs
        ],
        "internal_transactions": [
            {
                "caller_address": paid.sender.hex(),
                "transferTo_address": paid.recipient.hex(),
                "callValueInfo": [{"callValue": paid.amount} | _token(paid.asset_id)],
                "rejected": paid.rejected,
            }
            for paid in receipt.internal
        ],
        "resMessage": receipt.message.encode().hex(),
    }
    if receipt.failed:
        form["result"] = "FAILED"
    return {name: value for name, value in form.items() if value}


def _token(asset_id: int | None) -> dict[str, str]:
    return {} if asset_id is None else {"tokenId": str(asset_id)}


def _prices() -> list[dict[str, Any]]:
    prices = {
        "getTransactionFee": PARAMETERS.transaction_fee_sun,
        "getEnergyFee": PARAMETERS.energy_fee_sun,
        "getCreateAccountFee": PARAMETERS.create_account_fee_sun,
        "getCreateNewAccountFeeInSystemContract": PARAMETERS.new_account_fee_sun,
    }
    return [{"key": key, "value": value} for key, value in prices.items()] + [{"key": "getMemoFee"}]


class SmallEndpoint(AnsweringEndpoint):
    """An endpoint whose answers are limited."""

    def __init__(self, chain: FakeChain, *, limit_bytes: int) -> None:
        super().__init__(chain)
        self._limit_bytes = limit_bytes

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        answer = super().post(path, body)
        if len(answer) > self._limit_bytes:
            raise self.too_large(path)
        return answer
