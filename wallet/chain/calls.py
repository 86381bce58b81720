"""Questions to contracts in java-tron's JSON, and its answers to them. Raises BadShape."""

from collections.abc import Mapping
from typing import Any

from wallet.chain.shapes import words_of
from wallet.domain import shape_words as words
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.json_forms import BadShape, bytes_of, integer_of, mapping_of, sequence_of

MAX_RESULTS = 16
# Older endpoints know functions only by their text.
_SIGNATURES = {
    abi.NAME: "name()",
    abi.SYMBOL: "symbol()",
    abi.DECIMALS: "decimals()",
    abi.TOTAL_SUPPLY: "totalSupply()",
    abi.BALANCE_OF: "balanceOf(address)",
    abi.TRANSFER: "transfer(address,uint256)",
}


def question(owner: Address, contract: Address, data: bytes) -> Mapping[str, Any]:
    about = {"owner_address": owner.hex(), "contract_address": contract.hex()}
    signature = _SIGNATURES.get(data[:4])
    if signature is None:
        return about | {"data": data.hex()}
    return about | {"function_selector": signature, "parameter": data[4:].hex()}


def problem_of(answer: object) -> str:
    """Return why the call fails, or an empty text."""
    fields = mapping_of(answer, "call")
    result = mapping_of(fields.get("result"), "result")
    if result.get("result") is True and not result.get("message") and "code" not in result:
        return ""
    results = sequence_of(fields.get("constant_result"), "constant_result", MAX_RESULTS)
    reason = abi.revert_reason(bytes_of(results[0], "constant_result")) if results else None
    return words_of(reason or result.get("message") or result.get("code") or words.CALL_FAILS)


def result_of(answer: object) -> bytes:
    results = sequence_of(mapping_of(answer, "call").get("constant_result"), "constant_result", MAX_RESULTS)
    if not results:
        raise BadShape("constant_result", words.EMPTY)
    return bytes_of(results[0], "constant_result")


def energy_of(answer: object, field: str) -> int:
    energy = integer_of(mapping_of(answer, "call").get(field), field)
    if energy < 0:
        raise BadShape(field, words.BELOW_ZERO)
    return energy
