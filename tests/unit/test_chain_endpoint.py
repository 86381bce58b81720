"""An endpoint's JSON becomes our values, or an error that says what is wrong: whatever is in it."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.endpoint_answers import AnsweringEndpoint, SmallEndpoint
from tests.servers import PROVE
from tests.unit.test_tron_vectors import CALL_BLOCK, CALL_RAW, CALL_SIGNATURE
from wallet.chain.fake import FAUCET, FakeChain
from wallet.chain.fake_endpoint import FakeEndpoint
from wallet.chain.fake_execution import Outcome
from wallet.chain.port import (
    BadAnswer,
    BroadcastCode,
    CallFails,
    ChainBusy,
    ChainEndpoint,
    ChainError,
    ChainLied,
    ChainParameters,
    InternalTransfer,
    Resources,
    TokenFacts,
)
from wallet.chain.tronpy_endpoint import TronpyEndpoint
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.json_forms import header_to_json, transaction_to_json
from wallet.domain.tron.keys import address_of_key, sha256
from wallet.domain.tron.transactions import Result, Signed, TransferTrx, encode_raw, encode_transaction

ANNA, BERT = (address_of_key(sha256(name)) for name in (b"anna", b"bert"))
SHOP = address_of_key(sha256(b"a contract"))


class Box:
    """A fake chain with blocks of all kinds, seen through its own endpoint and through the adapter."""

    def __init__(self) -> None:
        self.fake = FakeChain(solid_lag=2)
        self.fake.mine(2)
        self.fake.pay_trx(ANNA, 5_000_000)
        self.tx_id = self.fake.pay_asset(ANNA, 7)
        self.fake.pay_token(BERT, 10**20)
        paid = (
            InternalTransfer(SHOP, ANNA, 6, None, rejected=False),
            InternalTransfer(SHOP, BERT, 7, 9, rejected=True),
        )
        self.fake.call(SHOP, Outcome("REVERT"))
        self.fake.call(SHOP, Outcome(internal=paid))
        self.full = self.fake.mine()
        self.fake.mine(4)
        self.truth = FakeEndpoint(self.fake)
        self.answering = AnsweringEndpoint(self.fake)
        self.endpoint = TronpyEndpoint(self.answering)
        self.token = self.fake.network.assets.trc20_contract


@pytest.fixture
def box() -> Box:
    return Box()


# What hashes cover, and what is an endpoint's word only.
HASHED: list[Callable[[Box, ChainEndpoint], object]] = [
    lambda _, endpoint: endpoint.genesis_id(),
    lambda _, endpoint: endpoint.block_ref(3),
    lambda _, endpoint: endpoint.blocks(1, 5),
    lambda _, endpoint: endpoint.blocks(2, 3, solid=False),
    lambda box, endpoint: _signed(endpoint, box.tx_id),
]
SAID: list[Callable[[Box, ChainEndpoint], object]] = [
    lambda _, endpoint: endpoint.heights(),
    lambda box, endpoint: endpoint.receipts(box.full),
    lambda box, endpoint: endpoint.receipt(box.tx_id, solid=True),
    lambda _, endpoint: endpoint.account(ANNA),
    lambda _, endpoint: endpoint.account(BERT),
    lambda _, endpoint: endpoint.parameters(),
    lambda box, endpoint: endpoint.token_balance(box.token, BERT),
    lambda box, endpoint: endpoint.token_facts(box.token),
    lambda _, endpoint: endpoint.block_ref(6),
    lambda _, endpoint: endpoint.transaction(bytes(32), solid=True),
    lambda _, endpoint: endpoint.receipt(bytes(32), solid=True),
]
MORE: list[Callable[[Box, ChainEndpoint], object]] = [
    lambda _, endpoint: endpoint.resources(ANNA),
    lambda _, endpoint: endpoint.asset_facts(1_002_000),
    lambda box, endpoint: endpoint.estimate_energy(FAUCET, box.token, transfer_call(ANNA, 5)),
    lambda box, endpoint: endpoint.broadcast(encode_transaction(box.fake.signed(TransferTrx(FAUCET, ANNA, 5)))).code,
]


def _signed(endpoint: ChainEndpoint, tx_id: bytes) -> object:
    """Signatures and result of a single transaction are covered by nothing."""
    found = endpoint.transaction(tx_id, solid=True)
    return None if found is None else (found.tx_id, found.raw_bytes, found.raw)


class TestTheAdapter:
    @pytest.mark.parametrize("question", HASHED + SAID)
    def test_reads_what_is_there(self, box: Box, question: Callable[[Box, ChainEndpoint], object]) -> None:
        assert question(box, box.endpoint) == question(box, box.truth)

    def test_reads_what_costs_nothing_to_say(self, box: Box) -> None:
        assert box.endpoint.resources(ANNA) == Resources(600, 0, 7)
        assert box.endpoint.asset_facts(1_002_000) == TokenFacts("BitTorrent", "BTT", 6, 99)
        assert box.endpoint.parameters() == ChainParameters(1_000, 100, 100_000, 1_000_000)

    def test_reads_a_block_of_a_real_chain(self, box: Box) -> None:
        call = transaction_to_json(Signed(encode_raw(CALL_RAW), (CALL_SIGNATURE,)), visible=False, result=Result())
        form = {
            "blockID": "000000000203c375c7521ef953106e9a112e1902664a91becc5f40371a7397d7",
            "block_header": {"raw_data": header_to_json(CALL_BLOCK, visible=False)},
            "transactions": [call],
        }
        box.answering.raw = json.dumps({"block": [form]}).encode()
        (block,) = box.endpoint.blocks(33_801_077, 33_801_077)
        assert block.transactions[0].tx_id.hex() == "31370141e3345421bdb92eff72f0d69aba8d04e636317ed52745d3f97e9faabb"
        assert (block.timestamp_ms, block.transactions[0].contract_ret) == (1_684_509_309_000, "SUCCESS")
        form["transactions"] = []
        box.answering.raw = json.dumps({"block": [form]}).encode()
        with pytest.raises(ChainLied, match="other transactions"):
            box.endpoint.blocks(33_801_077, 33_801_077)

    def test_takes_no_other_id(self, box: Box) -> None:
        box.answering.change = lambda _, answer: replaced(answer, "txID", "ab" * 32)
        for question in (HASHED[2], HASHED[4]):
            with pytest.raises(ChainLied, match="txID"):
                question(box, box.endpoint)

    def test_takes_no_other_amount_even_if_it_is_the_ids(self, box: Box) -> None:
        """Another transaction with its own right id, in a block whose root does not have it."""
        other = self.other_transaction(box)
        box.answering.change = lambda path, answer: (
            with_transaction(answer, other) if path.endswith("limitnext") else answer
        )
        with pytest.raises(ChainLied, match="other transactions than its header says"):
            box.endpoint.blocks(1, 5)

    def other_transaction(self, box: Box) -> Any:
        signed = box.fake.signed(TransferTrx(FAUCET, ANNA, 10**15))
        return {"txID": signed.tx_id.hex(), "raw_data_hex": signed.raw_bytes.hex(), "signature": ["00" * 65]}

    def test_takes_no_result_that_the_tree_does_not_have(self, box: Box) -> None:
        box.answering.change = lambda _, answer: replaced(answer, "contractRet", "SUCCESS")
        with pytest.raises(ChainLied, match="other transactions"):
            box.endpoint.blocks(1, 5)

    def test_takes_no_receipt_that_says_more_than_its_block(self, box: Box) -> None:
        box.answering.change = lambda path, answer: replaced(answer, "result", "SUCCESS") if "info" in path else answer
        with pytest.raises(BadAnswer):
            box.endpoint.receipts(box.full)
        box.answering.change = lambda path, answer: without_failures(answer) if "info" in path else answer
        with pytest.raises(ChainLied, match="another result"):
            box.endpoint.receipts(box.full)

    def test_takes_no_solid_block_above_the_newest_and_calls_it_no_lie(self, box: Box) -> None:
        box.answering.change = lambda path, answer: (
            box.answering.answer("wallet/getblock", {"id_or_num": "1"}) if path.startswith("wallet/") else answer
        )
        with pytest.raises(BadAnswer, match="above its newest"):
            box.endpoint.heights()

    def test_asks_in_halves_for_what_is_too_large(self, box: Box) -> None:
        whole = len(box.answering.post("walletsolidity/getblockbylimitnext", {"startNum": 1, "endNum": 6}))
        small = SmallEndpoint(box.fake, limit_bytes=whole - 1)
        assert TronpyEndpoint(small).blocks(1, 5) == box.truth.blocks(1, 5)
        assert small.asked.count("walletsolidity/getblockbylimitnext") == 3
        with pytest.raises(BadAnswer, match="too large"):
            TronpyEndpoint(SmallEndpoint(box.fake, limit_bytes=10)).blocks(1, 5)

    def test_asks_for_each_receipt_when_those_of_a_block_are_too_large_together(self, box: Box) -> None:
        whole = len(box.answering.post("walletsolidity/gettransactioninfobyblocknum", {"num": box.full.number}))
        small = SmallEndpoint(box.fake, limit_bytes=whole - 1)
        assert TronpyEndpoint(small).receipts(box.full) == box.truth.receipts(box.full)

    def test_reads_what_a_stranger_lets_a_contract_log_however_much_it_is(self, box: Box) -> None:
        def with_long_logs(path: str, answer: Any) -> Any:
            return replaced(answer, "data", "00" * 600_000) if "info" in path else answer

        box.answering.change = with_long_logs
        assert any(len(log.data) == 600_000 for receipt in box.endpoint.receipts(box.full) for log in receipt.logs)

    def test_tells_why_a_call_would_fail(self, box: Box) -> None:
        failing = {"result": {"code": "CONTRACT_EXE_ERROR", "message": b"REVERT opcode executed".hex()}}
        box.answering.change = lambda _, answer: failing
        for question in (SAID[6], MORE[2]):
            with pytest.raises(CallFails, match="REVERT opcode executed"):
                question(box, box.endpoint)

    def test_estimates_by_a_trial_where_an_endpoint_has_no_estimate(self, box: Box) -> None:
        missing = {"result": {"code": "OTHER_ERROR", "message": b"this node does not support estimate energy".hex()}}
        box.answering.change = lambda path, answer: missing if path.endswith("estimateenergy") else answer
        assert box.endpoint.estimate_energy(FAUCET, box.token, transfer_call(ANNA, 5)) == 7

    def test_waits_when_the_endpoint_says_that_it_has_too_much_to_do(self, box: Box) -> None:
        box.answering.change = lambda _, answer: {
            "Error": "class java.lang.IllegalAccessException : lack of computing resources"
        }
        with pytest.raises(ChainBusy):
            box.endpoint.heights()


class TestABroadcast:
    def answered(self, box: Box, answer: object) -> tuple[BroadcastCode, bytes | None]:
        box.answering.change = lambda _, __: answer
        signed = box.fake.signed(TransferTrx(FAUCET, ANNA, 5))
        said = box.endpoint.broadcast(encode_transaction(signed))
        return said.code, said.tx_id if said.tx_id != signed.tx_id else b"ours"

    @pytest.mark.parametrize("code", sorted(set(BroadcastCode) - {BroadcastCode.SUCCESS, BroadcastCode.UNKNOWN}))
    def test_is_refused_with_the_chains_code(self, box: Box, code: str) -> None:
        answer = {"result": False, "code": code, "message": "Server busy."}
        assert self.answered(box, answer) == (BroadcastCode(code), None)
        del answer["result"]
        assert self.answered(box, answer) == (BroadcastCode(code), None)

    @pytest.mark.parametrize("answer", [{"result": True}, {"result": True, "code": "SUCCESS", "message": ""}])
    def test_is_taken(self, box: Box, answer: object) -> None:
        assert self.answered(box, answer) == (BroadcastCode.SUCCESS, b"ours")

    @pytest.mark.parametrize(
        "answer",
        [
            {"Error": "class java.lang.NullPointerException : null"},
            {"result": True, "code": "SIGERROR"},
            {"result": "true"},
            {"result": 1},
            {"result": False},
            {"result": False, "code": "SUCCESS"},
            {"result": False, "code": "UNKNOWN"},
            {"result": False, "code": "A_NEW_ERROR"},
            {"code": ["SIGERROR"]},
            {"result": True, "txid": 5},
            {},
            [],
            None,
            "ok",
            True,
        ],
    )
    def test_leaves_doubt_with_any_other_answer(self, box: Box, answer: object) -> None:
        assert self.answered(box, answer)[0] is BroadcastCode.UNKNOWN

    def test_leaves_doubt_when_it_gets_another_id(self, box: Box) -> None:
        assert self.answered(box, {"result": True, "txid": "ab" * 32}) == (BroadcastCode.UNKNOWN, b"\xab" * 32)
        said = box.endpoint.broadcast(encode_transaction(box.fake.signed(TransferTrx(FAUCET, ANNA, 5))))
        assert said.names_another and said.message == f"it calls it {'ab' * 32}"

    def test_is_in_doubt_when_the_answer_is_cut(self, box: Box) -> None:
        box.answering.raw = b'{"result": tr'
        assert (
            box.endpoint.broadcast(encode_transaction(box.fake.signed(TransferTrx(FAUCET, ANNA, 5)))).code == "UNKNOWN"
        )


STRANGE: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**53,
    2**63,
    -(2**63) - 1,
    10**400,
    1.0,
    -0.5,
    1e300,
    float("inf"),
    float("nan"),
    "",
    "0",
    "1e3",
    "1.0",
    "-5",
    "٣",
    "0x",
    "0xabc",
    "zz",
    "ab" * 32,
    "41" * 21,
    "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb",
    "SUCCESS",
    "\ud800",
    "a" * 5_000,
    [],
    {},
    [[]],
    {"": None},
    [None, 1, "a"],
]


def changed(rng: Random, tree: Any) -> Any:
    """Return the tree with one thing in it changed, somewhere."""
    if not isinstance(tree, dict | list) or not tree or rng.random() < 0.1:
        return json.loads(json.dumps(rng.choice(STRANGE)))
    place = rng.choice(list(tree) if isinstance(tree, dict) else list(range(len(tree))))
    copy = tree.copy()
    match rng.randrange(6):
        case 0:
            del copy[place]
        case 1 if isinstance(copy, list):
            copy.insert(rng.randrange(len(copy) + 1), copy[place])
        case 2 if isinstance(copy, list):
            rng.shuffle(copy)
        case 3 if isinstance(copy, dict):
            other = rng.choice(list(copy))
            copy[place], copy[other] = copy[other], copy[place]
        case _:
            copy[place] = changed(rng, copy[place])
    return copy


class TestAHostileEndpoint:
    @settings(max_examples=150 * PROVE, deadline=None)
    @given(rng=st.randoms(use_true_random=False), place=st.integers(0, len(HASHED) - 1))
    def test_can_change_nothing_that_a_hash_covers(self, rng: Random, place: int) -> None:
        box = shared_box()
        truth = HASHED[place](box, box.truth)
        box.answering.change = lambda _, answer: changed(rng, answer)
        try:
            said = HASHED[place](box, box.endpoint)
        except ChainError:
            return
        assert said in (truth, None), "an answer was believed that cannot be true"

    @settings(max_examples=250 * PROVE, deadline=None)
    @given(rng=st.randoms(use_true_random=False), place=st.integers(0, len(SAID + MORE) - 1))
    def test_gets_an_error_or_a_value_of_the_right_kind(self, rng: Random, place: int) -> None:
        box = shared_box()
        question = (SAID + MORE)[place]
        box.answering.change = lambda _, answer: answer
        kind = type(question(box, box.endpoint))
        box.answering.change = lambda _, answer: changed(rng, changed(rng, answer))
        try:
            said = question(box, box.endpoint)
        except ChainError:
            return
        assert said is None or isinstance(said, kind) or kind is type(None)

    @settings(max_examples=100 * PROVE, deadline=None)
    @given(
        raw=st.binary(max_size=200)
        | st.sampled_from(
            [b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5_000, b"NaN", b'"\\ud800"', b"<html>", b"\xff\xfe"]
        ),
        place=st.integers(0, len(HASHED + SAID + MORE) - 1),
    )
    def test_gets_an_error_for_what_is_no_json(self, raw: bytes, place: int) -> None:
        box = shared_box()
        box.answering.raw = raw
        try:
            said = (HASHED + SAID + MORE)[place](box, box.endpoint)
        except ChainError as problem:
            assert str(problem).isprintable()
        else:
            assert said in (None, BroadcastCode.UNKNOWN, (), Resources()) or not said.exists  # type: ignore[attr-defined] # of an account
        finally:
            box.answering.raw = None


_SHARED: list[Box] = []


def shared_box() -> Box:
    """The examples of a property ask one chain: they change only answers."""
    if not _SHARED:
        _SHARED.append(Box())
    return _SHARED[0]


def replaced(tree: Any, key: str, value: Any) -> Any:
    """Return the tree with another value wherever that key is."""
    if isinstance(tree, list):
        return [replaced(one, key, value) for one in tree]
    if isinstance(tree, dict):
        return {name: value if name == key else replaced(one, key, value) for name, one in tree.items()}
    return tree


def with_transaction(answer: Any, other: Any) -> Any:
    blocks = [dict(block) for block in answer["block"]]
    full = next(block for block in blocks if "transactions" in block)
    full["transactions"] = [other | {"ret": [{"contractRet": "SUCCESS"}]}, *full["transactions"][1:]]
    return {"block": blocks}


def without_failures(answer: Any) -> Any:
    return [
        {name: value for name, value in one.items() if name != "result"}
        | {"receipt": one["receipt"] | ({"result": "SUCCESS"} if "result" in one["receipt"] else {})}
        for one in answer
    ]
