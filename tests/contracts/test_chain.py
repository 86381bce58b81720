"""What every endpoint promises, shown on the fake chain and over HTTP on the development chain alike."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.chains import ASSETS, FEE_LIMIT_SUN, TRX, ChainBox, DevnetBox, FakeBox
from tests.devnet import private_key
from wallet.chain.endpoints import Chain
from wallet.chain.port import BadAnswer, BroadcastCode, CallFails
from wallet.chain.scanning import Movement, MovementKind, movements
from wallet.domain.networks import DEVNET
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.addresses import BLACK_HOLE, Address
from wallet.domain.tron.keys import address_of_key, sign
from wallet.domain.tron.transactions import (
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    encode_raw,
    encode_transaction,
)

ANNA_KEY, BERT_KEY = private_key("anna"), private_key("bert")
ANNA, BERT, CARL = (address_of_key(private_key(name)) for name in ("anna", "bert", "carl"))


@pytest.fixture(params=[FakeBox, DevnetBox], ids=["fake", "devnet"])
def box(request: pytest.FixtureRequest) -> Iterator[ChainBox]:
    with request.param() as box:
        yield box


def scanned(box: ChainBox, last: int, watched: frozenset[Address]) -> list[Movement]:
    return [
        movement
        for block in box.endpoint.blocks(0, last)
        for movement in movements(block, box.endpoint.receipts(block), watched, ASSETS)
    ]


class TestBlocks:
    def test_are_a_chain_from_the_first_to_the_newest(self, box: ChainBox) -> None:
        box.pay_trx(ANNA, TRX)
        box.mine(6)
        heights = box.endpoint.heights()
        assert heights.head.number == heights.solid.number + 2
        blocks = box.endpoint.blocks(0, heights.head.number, solid=False)
        assert blocks[0].id == box.endpoint.genesis_id()
        assert [one.parent_id for one in blocks[1:]] == [one.id for one in blocks[:-1]]
        assert (blocks[-1].ref, blocks[-3].ref) == (heights.head, heights.solid)
        assert [box.endpoint.block_ref(one.number, solid=False) for one in blocks] == [one.ref for one in blocks]

    def test_are_given_only_up_to_the_solid_one(self, box: ChainBox) -> None:
        box.mine(6)
        solid = box.endpoint.heights().solid.number
        assert len(box.endpoint.blocks(1, solid)) == solid
        assert box.endpoint.block_ref(solid + 1) is None
        with pytest.raises(BadAnswer, match="missing"):
            box.endpoint.blocks(1, solid + 1)

    def test_are_asked_for_a_hundred_at_a_time(self, box: ChainBox) -> None:
        box.mine(105)
        assert len(box.endpoint.blocks(2, 101)) == 100
        for first, last in ((1, 101), (3, 2), (-1, 5)):
            with pytest.raises(ValueError, match="ask for 1 to 100"):
                box.endpoint.blocks(first, last)

    def test_come_back_otherwise_after_a_reorganisation(self, box: ChainBox) -> None:
        kept, dropped = box.pay_trx(ANNA, TRX), box.pay_trx(BERT, TRX)
        box.mine()
        before = box.endpoint.heights().head
        box.reorg(1, drop=[dropped])
        after = box.endpoint.block_ref(before.number, solid=False)
        assert after is not None
        assert after.id != before.id
        solid = box.settle()
        found = {one.tx_id for block in box.endpoint.blocks(1, solid) for one in block.transactions}
        assert (kept in found, dropped in found) == (True, False)
        assert box.endpoint.receipt(dropped, solid=False) is None


class TestATransaction:
    def test_is_pending_then_seen_then_final(self, box: ChainBox) -> None:
        signed = box.signed(TransferTrx(box.rich, ANNA, TRX))
        assert box.endpoint.broadcast(encode_transaction(signed)).tx_id == signed.tx_id
        stages = []
        for _ in range(4):
            found = box.endpoint.transaction(signed.tx_id, solid=False)
            assert found is not None
            assert (found.raw_bytes, found.signatures) == (signed.raw_bytes, signed.signatures)
            stages.append(
                (
                    box.endpoint.receipt(signed.tx_id, solid=False) is not None,
                    box.endpoint.transaction(signed.tx_id, solid=True) is not None,
                    box.endpoint.receipt(signed.tx_id, solid=True) is not None,
                )
            )
            box.mine()
        assert stages == [(False, False, False), (True, False, False), (True, False, False), (True, True, True)]

    def test_is_nothing_when_nobody_has_sent_it(self, box: ChainBox) -> None:
        for solid in (False, True):
            assert box.endpoint.transaction(bytes(32), solid=solid) is None
            assert box.endpoint.receipt(bytes(32), solid=solid) is None

    def test_is_refused_with_the_chains_code(self, box: ChainBox) -> None:
        pay = TransferTrx(box.rich, ANNA, TRX)
        codes = [
            box.offer(pay, BERT_KEY).code,
            box.offer(pay, life_ms=1_000).code,
            box.offer(pay, life_ms=25 * 3600 * 1000).code,
            box.offer(TransferTrx(box.rich, box.rich, TRX)).code,
            box.offer(TransferAsset(box.rich, ANNA, 1_999_999, 5)).code,
            box.offer(TriggerContract(box.rich, ANNA, transfer_call(BERT, 5))).code,
            box.endpoint.broadcast(encode_transaction(astray(box))).code,
            box.endpoint.broadcast(b"nothing").code,
        ]
        assert codes[:-1] == [
            BroadcastCode.SIGERROR,
            BroadcastCode.TRANSACTION_EXPIRATION_ERROR,
            BroadcastCode.TRANSACTION_EXPIRATION_ERROR,
            BroadcastCode.CONTRACT_VALIDATE_ERROR,
            BroadcastCode.CONTRACT_VALIDATE_ERROR,
            BroadcastCode.CONTRACT_VALIDATE_ERROR,
            BroadcastCode.TAPOS_ERROR,
        ]
        assert codes[-1] is not BroadcastCode.SUCCESS

    def test_is_known_when_it_comes_again(self, box: ChainBox) -> None:
        signed = encode_transaction(box.signed(TransferTrx(box.rich, ANNA, TRX)))
        codes = [box.endpoint.broadcast(signed).code, box.endpoint.broadcast(signed).code]
        box.mine()
        codes.append(box.endpoint.broadcast(signed).code)
        assert codes == ["SUCCESS", "DUP_TRANSACTION_ERROR", "DUP_TRANSACTION_ERROR"]

    def test_needs_somebody_who_can_pay_for_it(self, box: ChainBox) -> None:
        box.pay_token(ANNA, 10)
        box.mine()
        call = TriggerContract(ANNA, ASSETS.trc20_contract, transfer_call(BERT, 5))
        assert box.offer(call, ANNA_KEY).code in (
            BroadcastCode.BANDWITH_ERROR,
            BroadcastCode.CONTRACT_VALIDATE_ERROR,
        )


def astray(box: ChainBox) -> Signed:
    """A transaction that names a block of nowhere."""
    now_ms = box.endpoint.heights().head.timestamp_ms
    return signed_by(box.rich_key, Raw(b"\0\0", b"nowhere!", now_ms + 60_000, now_ms, TransferTrx(box.rich, ANNA, 1)))


def signed_by(key: bytes, raw: Raw) -> Signed:
    raw_bytes = encode_raw(raw)
    return Signed(raw_bytes, (sign(key, Signed(raw_bytes).tx_id),))


class TestMoney:
    def test_moves_as_blocks_and_receipts_say(self, box: ChainBox) -> None:
        box.pay_trx(ANNA, 100 * TRX)
        box.pay_asset(BERT, 7)
        box.pay_token(CARL, 10**30)
        found = scanned(box, box.settle(), frozenset({ANNA, BERT, CARL}))
        assert [(one.kind.name, one.sender, one.recipient, one.amount) for one in found] == [
            ("TRX", box.rich, ANNA, 100 * TRX),
            ("TRC10", box.rich, BERT, 7),
            ("TRC20", box.rich, CARL, 10**30),
        ]
        assert [box.endpoint.account(one).exists for one in (ANNA, BERT, CARL)] == [True, True, False]

    def test_adds_up_to_what_accounts_hold(self, box: ChainBox) -> None:
        watched = frozenset({ANNA, BERT})
        box.pay_trx(ANNA, 100 * TRX)
        box.pay_asset(ANNA, 1_000)
        box.pay_token(ANNA, 10**20)
        box.mine()
        box.send(TransferTrx(ANNA, BERT, 30 * TRX), ANNA_KEY)
        box.mine()
        box.send(TransferAsset(ANNA, BERT, ASSETS.trc10_id, 400), ANNA_KEY)
        box.pay_token(BERT, 10**19, ANNA_KEY)
        box.mine()
        box.pay_token(CARL, 10**18, BERT_KEY)
        failed = box.pay_token(CARL, 10**25, BERT_KEY)
        solid = box.settle()

        held = Counter[tuple[Address, str]]()
        for one in scanned(box, solid, watched):
            asset = "TRX" if one.kind is MovementKind.FEE else one.kind.name
            held[one.sender, asset] -= one.amount
            held[one.recipient, asset] += one.amount
        for address in watched:
            account = box.endpoint.account(address)
            assert account.balance_sun == held[address, "TRX"]
            assert account.assets.get(ASSETS.trc10_id, 0) == held[address, "TRC10"]
            assert box.endpoint.token_balance(ASSETS.trc20_contract, address) == held[address, "TRC20"]
        assert held[BLACK_HOLE, "TRX"] > 0
        receipt = box.endpoint.receipt(failed, solid=True)
        assert receipt is not None
        assert (receipt.succeeded, receipt.contract_result, receipt.logs) == (False, "REVERT", ())
        assert 0 < receipt.fee_sun == receipt.net_fee_sun + receipt.energy_fee_sun <= FEE_LIMIT_SUN

    def test_costs_what_the_parameters_say_when_the_recipient_is_new(self, box: ChainBox) -> None:
        prices = box.endpoint.parameters()
        tx_id = box.pay_trx(ANNA, TRX)
        box.mine()
        receipt = box.endpoint.receipt(tx_id, solid=False)
        assert receipt is not None
        assert receipt.fee_sun == prices.create_account_fee_sun + prices.new_account_fee_sun
        assert min(prices.transaction_fee_sun, prices.energy_fee_sun, prices.max_fee_limit_sun) > 0

    def test_of_a_token_costs_the_energy_that_was_estimated(self, box: ChainBox) -> None:
        estimated = box.endpoint.estimate_energy(box.rich, ASSETS.trc20_contract, transfer_call(ANNA, 5))
        tx_id = box.pay_token(ANNA, 5)
        box.mine()
        receipt = box.endpoint.receipt(tx_id, solid=False)
        assert receipt is not None
        assert receipt.energy_usage == estimated > 0
        assert receipt.energy_fee_sun == estimated * box.endpoint.parameters().energy_fee_sun

    def test_that_is_not_there_fails_before_it_is_sent(self, box: ChainBox) -> None:
        box.pay_trx(ANNA, TRX)
        box.mine()
        with pytest.raises(CallFails):
            box.endpoint.estimate_energy(ANNA, ASSETS.trc20_contract, transfer_call(BERT, 5))
        with pytest.raises(CallFails):
            box.endpoint.token_facts(ANNA)

    def test_uses_up_the_free_bandwidth_of_the_day(self, box: ChainBox) -> None:
        box.pay_trx(ANNA, 10 * TRX)
        box.mine()
        before = box.endpoint.resources(ANNA)
        tx_id = box.send(TransferTrx(ANNA, box.rich, 1), ANNA_KEY)
        box.mine()
        receipt = box.endpoint.receipt(tx_id, solid=False)
        assert receipt is not None
        after = box.endpoint.resources(ANNA)
        assert before.free_bandwidth_left - after.free_bandwidth_left == receipt.net_usage_bytes > 0
        assert (receipt.fee_sun, before.energy_left) == (0, 0)


class TestTheTokens:
    def test_are_those_of_the_network(self, box: ChainBox) -> None:
        Chain((box.endpoint, box.endpoint), DEVNET).check()
        token, asset = box.endpoint.token_facts(ASSETS.trc20_contract), box.endpoint.asset_facts(ASSETS.trc10_id)
        assert (token.symbol, token.decimals) == ("BTT", 18)
        assert asset is not None
        assert (asset.symbol, asset.decimals) == ("BTT", 6)
        assert box.endpoint.asset_facts(1_999_999) is None
        assert box.endpoint.account(ASSETS.trc20_contract).is_contract


class TestTheDoor:
    def test_agrees_on_the_solid_block_and_finds_everything(self, box: ChainBox) -> None:
        chain = Chain((box.endpoint, box.endpoint), DEVNET)
        tx_id = box.pay_token(ANNA, 5)
        solid = box.settle()
        agreed = chain.solid_agreement()
        assert agreed.number == solid
        blocks = chain.blocks(1, solid)
        assert blocks[-1].ref == agreed
        full = blocks[-1]
        assert [one.tx_id for one in chain.receipts(full)] == [tx_id]
        assert [(one.solid.number, one.found) for one in chain.sightings(tx_id)] == [(solid, True)] * 2
        assert chain.receipt(tx_id, solid=True) == chain.receipts(full)[0]
