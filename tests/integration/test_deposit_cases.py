"""The money cases 23 to 36: what can go wrong between a block and the books. Each name says the case."""

from dataclasses import replace
from datetime import timedelta

import pytest

from seedbox.models import User
from tests.exchange import BTT, BTTOLD, STRANGER, SUN, TOKEN, Exchange, credited, fates, own
from wallet.chain.endpoints import Chain
from wallet.chain.fake import FAUCET, FAUCET_KEY, FEE_LIMIT_SUN, FakeChain
from wallet.chain.fake_endpoint import BlockFault, FakeEndpoint, Problem
from wallet.chain.fake_execution import Outcome
from wallet.chain.port import Block, ChainLied, InternalTransfer, Log
from wallet.domain.accounts import AccountKind
from wallet.domain.deposits import DepositFate, Place
from wallet.domain.money import Asset
from wallet.domain.networks import DEVNET
from wallet.domain.tron.abi import transfer_call, transfer_log
from wallet.domain.tron.addresses import parse_address, to_base58
from wallet.domain.tron.keys import sha256, sign
from wallet.domain.tron.transactions import (
    Signed,
    TransferAsset,
    TriggerContract,
    decode_raw,
    encode_raw,
    encode_transaction,
)
from wallet.models import ChainMovement, Deposit, DepositAddress, HaltReason
from wallet.services import halts, scanning
from wallet.services.watched import BEYOND, watched

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

LOOK_ALIKE = parse_address("TKfjV9RNKJJCqPvBtK8L7Knykh7DNWvnYt")
UBTT = 10**12  # TRC-20 units of 1 µBTT
RICH = 5_000 * BTT


class Overtaken(Chain):
    """A chain that lets another scanner read and write whenever somebody has read its blocks."""

    by: Exchange

    def blocks(self, first: int, last: int, *, solid: bool = True) -> tuple[Block, ...]:
        found = super().blocks(first, last, solid=solid)
        self.by.scan_all()
        return found


class HandMade(Chain):
    """A chain whose first block can't be read: those of real networks were written by hand."""

    def blocks(self, first: int, last: int, *, solid: bool = True) -> tuple[Block, ...]:
        if first == 0:
            raise ChainLied("first", "block 0 has other transactions than its header says")
        return super().blocks(first, last, solid=solid)


@pytest.fixture
def exchange(owner: User) -> Exchange:
    made = Exchange()
    made.scan_all()
    return made


def reasons() -> list[str]:
    return [halt.reason for halt in halts.standing()]


class TestADeposit:
    def test_case_23_is_credited_once_by_two_scanners_and_after_a_restart(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.fake.pay_token(exchange.address(owner.pk), RICH)
        exchange.fake.make_solid()
        chain = Overtaken(exchange.endpoints, DEVNET)
        chain.by = exchange
        assert scanning.scan(chain, now=exchange.now) == 0  # the other one was faster
        assert Deposit.objects.count() == 1
        exchange.restart()
        exchange.scan_all()
        assert (credited(owner.pk), Deposit.objects.count()) == (5_000_000_000, 1)

    def test_case_24_is_never_credited_when_a_reorg_drops_it_and_once_when_it_moves_to_another_block(
        self, exchange: Exchange, owner: User
    ) -> None:
        address = exchange.address(owner.pk)
        dropped = exchange.fake.pay_token(address, RICH)
        exchange.fake.mine()
        moved = exchange.fake.pay_token(address, 2_000 * BTT)
        exchange.fake.mine()
        exchange.scan_all()
        exchange.fake.reorg(2, drop=[dropped])
        exchange.arrive()
        assert list(Deposit.objects.values_list("tx_id", flat=True)) == [moved.hex()]
        assert credited(owner.pk) == 2_000_000_000

    def test_case_25_waits_while_the_solid_height_goes_backwards_and_halts_when_it_goes_far(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.fake.mine(40)
        exchange.scan_all()
        height = exchange.cursor.height
        exchange.fake.pay_token(exchange.address(owner.pk), RICH)
        exchange.fake.make_solid()
        exchange.endpoints[1].lag = 9
        assert exchange.scan() == 0
        assert not halts.is_halted()  # a server of another age behind the same address
        exchange.restart()
        exchange.endpoints[1].lag = 40
        assert exchange.scan() == 0
        assert reasons() == [HaltReason.NETWORK]
        assert (exchange.cursor.height, credited(owner.pk)) == (height, 0)
        exchange.endpoints[1].lag = 0
        exchange.scan_all()
        assert credited(owner.pk) == 5_000_000_000  # deposits are credited while withdrawals are halted

    def test_case_25_is_not_credited_from_an_endpoint_of_another_network(self, exchange: Exchange, owner: User) -> None:
        exchange.endpoints[1].genesis = bytes(31) + b"\1"
        exchange.restart()
        exchange.deposit(owner.pk, RICH)
        assert reasons() == [HaltReason.NETWORK]
        assert credited(owner.pk) == 0

    def test_case_25_is_not_credited_when_both_endpoints_have_become_another_chain(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.fake.mine(10)
        exchange.scan_all()
        other = FakeChain(DEVNET, salt=7)
        exchange.endpoints = [FakeEndpoint(other, name) for name in ("first", "second")]
        exchange.restart()
        other.pay_token(exchange.address(owner.pk), RICH)
        other.mine(20)
        exchange.scan_all()
        assert reasons() == [HaltReason.NETWORK]
        assert Deposit.objects.count() == 0

    @pytest.mark.parametrize("fault", list(BlockFault))
    def test_case_26_waits_behind_a_gap(self, exchange: Exchange, owner: User, fault: BlockFault) -> None:
        before = exchange.cursor.height
        exchange.fake.pay_token(exchange.address(owner.pk), RICH)
        exchange.fake.mine(5)
        for endpoint in exchange.endpoints:
            endpoint.block_fault = fault
        assert exchange.scan() == 0
        assert (exchange.cursor.height, credited(owner.pk)) == (before, 0)
        assert exchange.cursor.trouble
        for endpoint in exchange.endpoints:
            endpoint.block_fault = None
        exchange.scan_all()
        assert credited(owner.pk) == 5_000_000_000
        assert not exchange.cursor.trouble

    def test_case_27_is_found_in_a_backlog_of_a_day_of_which_no_block_is_skipped(
        self, exchange: Exchange, owner: User
    ) -> None:
        address = exchange.address(owner.pk)
        for _ in range(10):
            exchange.fake.pay_asset(address, BTTOLD)
            exchange.fake.mine(95)
        exchange.fake.make_solid()
        exchange.now += timedelta(days=1)
        assert exchange.scan() == 100
        assert halts.is_halted()  # nothing is paid while so much is unread
        assert not halts.standing()  # and that ends by itself
        exchange.scan_all()
        assert exchange.cursor.height == exchange.fake.solid.number == 951
        assert credited(owner.pk, Asset.TRC10) == 10_000_000
        assert not halts.is_halted()

    def test_case_28_waits_for_receipts_that_fail_or_are_too_few(self, exchange: Exchange, owner: User) -> None:
        exchange.fake.mine(3)
        exchange.fake.pay_token(exchange.address(owner.pk), RICH)
        exchange.fake.make_solid()
        for endpoint in exchange.endpoints:
            endpoint.short_receipts = True
        exchange.scan_all()
        assert exchange.cursor.height == 3  # the blocks before are read; this one is not skipped
        assert credited(owner.pk) == 0
        for endpoint in exchange.endpoints:
            endpoint.short_receipts = False
        exchange.scan_all()
        assert credited(owner.pk) == 5_000_000_000

    def test_case_28_waits_for_receipts_that_nobody_gives(self, exchange: Exchange, owner: User) -> None:
        exchange.fake.mine(3)
        exchange.fake.pay_token(exchange.address(owner.pk), RICH)
        exchange.fake.make_solid()
        for endpoint in exchange.endpoints:
            endpoint.receipts_problem = Problem.AWAY
        exchange.scan_all()
        assert (exchange.cursor.height, credited(owner.pk)) == (3, 0)
        for endpoint in exchange.endpoints:
            endpoint.receipts_problem = None
        exchange.scan_all()
        assert credited(owner.pk) == 5_000_000_000

    def test_case_28_is_not_credited_by_the_forged_receipt_of_one_endpoint(
        self, exchange: Exchange, owner: User
    ) -> None:
        tx_id = exchange.fake.pay_token(STRANGER, RICH)
        exchange.fake.make_solid()
        found = exchange.fake.find(tx_id)
        assert found
        topics, data = transfer_log(FAUCET, exchange.address(owner.pk), RICH)
        forged = replace(found[1], logs=(Log(TOKEN, topics, data),))
        exchange.endpoints[0].forged_receipts[tx_id] = forged
        exchange.scan_all()
        assert credited(owner.pk) == 0
        assert reasons() == [HaltReason.LIED]

    def test_case_29_of_another_token_with_the_same_name_is_ignored(self, exchange: Exchange, owner: User) -> None:
        exchange.fake.pay_asset(exchange.address(owner.pk), 10 * BTTOLD, asset_id=1_002_278)
        exchange.arrive()
        assert (Deposit.objects.count(), ChainMovement.objects.count()) == (0, 0)

    def test_case_30_of_a_fake_contract_or_with_our_address_in_the_wrong_topic_is_ignored(
        self, exchange: Exchange, owner: User
    ) -> None:
        address = exchange.address(owner.pk)
        exchange.fake.pay_token(address, RICH, contract=LOOK_ALIKE)
        topics, data = transfer_log(FAUCET, address, RICH)
        wrong = [
            Log(TOKEN, (topics[0], topics[2]), data),  # two topics
            Log(TOKEN, (*topics, topics[2]), data),  # four
            Log(TOKEN, (bytes(32), *topics[1:]), data),  # another event
            Log(TOKEN, topics, data + bytes(32)),
            Log(LOOK_ALIKE, topics, data),
        ]
        exchange.fake.call(TOKEN, Outcome(logs=tuple(wrong)))
        exchange.arrive()
        assert Deposit.objects.count() == 0

    def test_case_30_that_names_our_address_as_sender_credits_nobody(self, exchange: Exchange, owner: User) -> None:
        topics, data = transfer_log(exchange.address(owner.pk), STRANGER, RICH)
        exchange.fake.call(TOKEN, Outcome(logs=(Log(TOKEN, topics, data),)))
        exchange.arrive()
        assert Deposit.objects.count() == 0
        assert reasons() == [HaltReason.OUTGOING]  # of the real contract it would mean that our money is gone

    @pytest.mark.parametrize("fault", ["REVERT", "OUT_OF_ENERGY"])
    def test_case_31_of_a_call_that_failed_is_ignored(self, exchange: Exchange, owner: User, fault: str) -> None:
        exchange.fake.execution.token_faults.append(fault)
        exchange.deposit(owner.pk, RICH)
        assert (Deposit.objects.count(), credited(owner.pk)) == (0, 0)

    def test_case_32_of_nothing_or_dust_or_between_own_addresses_credits_nobody(
        self, exchange: Exchange, owner: User
    ) -> None:
        address = exchange.address(owner.pk)
        topics, data = transfer_log(STRANGER, address, 0)
        exchange.fake.call(TOKEN, Outcome(logs=(Log(TOKEN, topics, data),)))
        exchange.arrive()
        assert fates() == []
        exchange.deposit(owner.pk, 1_000 * BTT - 1)
        exchange.deposit(owner.pk, 999_999, Asset.TRC10)
        assert fates() == [(DepositFate.SMALL, 0, 0)] * 2
        exchange.fake.pay_trx(exchange.hot, 100 * SUN)
        exchange.fake.pay_token(exchange.hot, RICH)
        exchange.arrive()
        call = TriggerContract(exchange.hot, TOKEN, transfer_call(address, RICH))
        exchange.fake.send(call, exchange.signer.hot_key, fee_limit_sun=FEE_LIMIT_SUN)
        exchange.arrive()
        assert ChainMovement.objects.filter(side="inside").count() == 1
        assert (credited(owner.pk), credited(owner.pk, Asset.TRC10)) == (0, 0)
        assert not halts.is_halted()

    def test_case_33_paid_by_a_contract_is_recorded_only_and_a_rejected_one_not_even_that(
        self, exchange: Exchange, owner: User
    ) -> None:
        address = exchange.address(owner.pk)
        paid = (
            InternalTransfer(LOOK_ALIKE, address, 7 * SUN, None, rejected=False),
            InternalTransfer(LOOK_ALIKE, address, 8 * BTTOLD, 1_002_000, rejected=False),
            InternalTransfer(LOOK_ALIKE, address, 9 * BTTOLD, 1_002_278, rejected=False),
            InternalTransfer(LOOK_ALIKE, address, 9 * BTTOLD, 1_002_000, rejected=True),
        )
        exchange.fake.call(LOOK_ALIKE, Outcome(internal=paid))
        exchange.arrive()
        assert list(Deposit.objects.order_by("pk").values_list("kind", "fate", "amount")) == [
            ("itrx", DepositFate.INTERNAL, 7 * SUN),
            ("itrc", DepositFate.INTERNAL, 8 * BTTOLD),
        ]
        assert credited(owner.pk, Asset.TRC10) == 0

    def test_case_34_of_several_logs_in_one_transaction_is_credited_to_each_user_once(
        self, exchange: Exchange, owner: User, stranger: User
    ) -> None:
        wanted = [(owner, 2_000), (stranger, 3_000), (owner, 4_000)]
        logs = []
        for user, amount in wanted:
            topics, data = transfer_log(STRANGER, exchange.address(user.pk), amount * BTT)
            logs.append(Log(TOKEN, topics, data))
        exchange.fake.call(
            LOOK_ALIKE, Outcome(logs=tuple(logs))
        )  # a multi-sender: whose contract is called says nothing
        exchange.arrive()
        assert (credited(owner.pk), credited(stranger.pk)) == (6_000_000_000, 3_000_000_000)
        assert sorted(Deposit.objects.values_list("index", flat=True)) == [0, 1, 2]

    def test_case_35_keeps_bttold_and_btt_apart_and_amounts_beyond_64_bits_exact(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.deposit(owner.pk, 5_000 * BTTOLD, Asset.TRC10)
        units = 123_456_789_012 * BTT + 345_678 * UBTT + 901_234_567_890
        assert units > 2**63
        exchange.deposit(owner.pk, units)
        assert credited(owner.pk, Asset.TRC10) == 5_000_000_000  # 5,000 BTTOLD, though it was worth 5,000,000 BTT
        assert credited(owner.pk) == 123_456_789_012_345_678
        assert fates()[1] == (DepositFate.CREDITED, 123_456_789_012_345_678, 901_234_567_890)
        assert Deposit.objects.latest("pk").amount == units

    def test_case_35_of_more_than_the_books_can_hold_is_recorded_only(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 2**62 * UBTT + UBTT)
        exchange.deposit(owner.pk, 2**62 * UBTT)
        exchange.deposit(owner.pk, RICH)  # fits by itself, but not onto what is there
        assert [fate for fate, _, _ in fates()] == [DepositFate.LARGE, DepositFate.CREDITED, DepositFate.LARGE]
        assert credited(owner.pk) == 2**62

    def test_case_36_to_an_address_that_nobody_has_or_whose_user_is_gone_goes_into_suspense(
        self, exchange: Exchange, owner: User, stranger: User
    ) -> None:
        gone = exchange.address(stranger.pk)
        stranger.delete()
        newest = DepositAddress.objects.get().index
        beyond, far_beyond = (
            parse_address(exchange.signer.confirm_address(newest + number)) for number in (BEYOND, BEYOND + 1)
        )
        for address in (gone, beyond, far_beyond):
            exchange.fake.pay_token(address, RICH)
        exchange.arrive()
        assert fates() == [(DepositFate.SUSPENSE, 5_000_000_000, 0)] * 2
        assert own(AccountKind.SUSPENSE) == 10_000_000_000

    def test_case_36_to_an_address_that_nobody_has_is_looked_for_without_deriving_it_anew_for_each_scan(
        self, exchange: Exchange, owner: User, stranger: User
    ) -> None:
        for person in (owner, stranger):
            exchange.address(person.pk)
            found, again = watched(DEVNET.name), watched(DEVNET.name)
            beyond = [address for address, one in found.items() if one.place is Place.NOBODY]
            newest = DepositAddress.objects.latest("index").index
            assert [to_base58(address) for address in beyond] == [
                exchange.signer.confirm_address(newest + number) for number in range(1, BEYOND + 1)
            ]
            assert all(found[address] is again[address] for address in beyond)

    def test_case_36_with_a_memo_counts_by_its_address_alone(self, exchange: Exchange, owner: User) -> None:
        contract = TransferAsset(FAUCET, exchange.address(owner.pk), 1_002_000, 5 * BTTOLD)
        raw = replace(decode_raw(exchange.fake.signed(contract).raw_bytes), memo=b"for sam")
        signature = sign(FAUCET_KEY, sha256(encode_raw(raw)))
        exchange.fake.accept(encode_transaction(Signed(encode_raw(raw), (signature,))))
        exchange.arrive()
        assert credited(owner.pk, Asset.TRC10) == 5_000_000


class TestTheFirstBlock:
    def test_is_where_the_scan_begins_and_needs_not_be_read(self, owner: User) -> None:
        exchange = Exchange()
        exchange.chain = HandMade(exchange.endpoints, DEVNET, clock=lambda: 0.0)
        exchange.deposit(owner.pk, RICH)
        assert (credited(owner.pk), reasons()) == (5_000_000_000, [])


class TestTrx:
    def test_pays_for_the_chain_whoever_sends_it(self, exchange: Exchange, owner: User) -> None:
        exchange.deposit(owner.pk, 7 * SUN, Asset.TRX)
        assert fates() == [(DepositFate.OPERATOR, 7_000_000, 0)]
        assert own(AccountKind.NETWORK_FEES, Asset.TRX) == 7_000_000

    def test_that_a_transaction_of_ours_costs_is_booked_once(self, exchange: Exchange, owner: User) -> None:
        exchange.fake.pay_trx(exchange.hot, 100 * SUN)
        exchange.fake.pay_token(exchange.hot, RICH)
        exchange.arrive()
        call = TriggerContract(exchange.hot, TOKEN, transfer_call(exchange.address(owner.pk), RICH))
        tx_id = exchange.fake.send(call, exchange.signer.hot_key, fee_limit_sun=FEE_LIMIT_SUN)
        exchange.arrive()
        found = exchange.fake.find(tx_id)
        assert found
        assert found[1].fee_sun > 0
        assert own(AccountKind.NETWORK_FEES, Asset.TRX) == 100 * SUN - found[1].fee_sun
