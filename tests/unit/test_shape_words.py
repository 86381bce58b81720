"""What is wrong with an answer's shape, as somebody reads it who speaks something else."""

from collections.abc import Callable

import pytest

from tests import made_up_language
from tests.made_up_language import english_among
from wallet.chain import calls, shapes
from wallet.domain import shape_words as words
from wallet.domain.chain_words import TROUBLES
from wallet.domain.retelling import names_of, said_again
from wallet.domain.tron import abi, protobuf, transactions
from wallet.domain.tron.abi import BadAbi
from wallet.domain.tron.json_forms import BadShape, raw_from_json, result_from_json
from wallet.domain.tron.protobuf import BadMessage

HEX, DIGEST = "7", "7a" * 32
FIELDS = {"block", "block_header", "txID", "receipt.result", "name", "getTransactionFee", "constant_result", "list"}
FIELDS |= {"contractRet", "contract", "type", "ref_block_bytes", "address", "str"}
STRANGE: list[Callable[[], object]] = [
    lambda: shapes.header_of([]),
    lambda: shapes.header_of({"block_header": {"raw_data": {"number": -7}}}),
    lambda: shapes.transaction_of({"txID": DIGEST}),
    lambda: shapes.transaction_of({"txID": HEX}),
    lambda: shapes.receipt_of({"receipt": {"result": "7"}}),
    lambda: shapes.parameters_of([]),
    lambda: shapes.asset_id_of("-", "7"),
    lambda: shapes.either_address("7", "address"),
    lambda: shapes.name_of([]),
    lambda: calls.result_of({}),
    lambda: calls.energy_of({"7": -7}, "7"),
    lambda: calls.energy_of({"7": "x"}, "7"),
    lambda: result_from_json({"contractRet": "7"}),
    lambda: raw_from_json({}),
    lambda: raw_from_json({"contract": [{}, {}]}),
    lambda: raw_from_json({"contract": [{"type": "7"}]}),
    lambda: transactions.decode_raw(b""),
    lambda: transactions.decode_raw(b"\x0a\x07"),
    lambda: transactions.decode_raw(b"\x80"),
    lambda: protobuf.varint(2**77),
    lambda: abi.decode_text(b""),
    lambda: abi.decode_uint(b""),
    lambda: abi.uint_word(-7),
    lambda: abi.words_of(b"", 7),
]


def english_of(kept: str) -> list[str]:
    assert said_again(kept, TROUBLES) == kept
    with made_up_language.spoken():
        said = said_again(kept, TROUBLES)
    assert said.count("7") == kept.count("7")
    return english_among([said], FIELDS)


class TestAShape:
    @pytest.mark.parametrize("sentence", [*words.SHAPES, *words.OF_VALUES])
    def test_is_said_in_the_language_of_its_reader_behind_endpoint_and_field(self, sentence: str) -> None:
        written = sentence % dict.fromkeys(names_of(sentence), "77")
        assert not english_of(f"77: {written}")
        assert not english_of(f"77: 7: {written}")

    @pytest.mark.parametrize("read", STRANGE)
    def test_is_said_so_whatever_is_strange(self, read: Callable[[], object]) -> None:
        with pytest.raises((BadShape, BadMessage, BadAbi)) as problem:
            read()
        assert not english_of(f"77: {problem.value}")
