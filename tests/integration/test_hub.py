"""The hub's services by a clock of the test's: limits, ends, fees, receipts, statements, races."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from seedbox.models import User
from tests.at_once import at_once
from tests.builders import NOW
from tests.hubs import BUYER, BUYER_KEY, SELLER, STRANGER
from tests.ledger import ASSET, BTT, balance, fund, user
from tests.signers import NOW_MS, PASSPHRASE, found_signer
from wallet import tasks
from wallet.domain.accounts import AccountKind, earnings_account, own_account
from wallet.domain.channels import GRACE
from wallet.domain.hub import ChannelState, HubChannel, HubRefused, Redemption, Refusal, SignedVoucher
from wallet.domain.proofs import verify
from wallet.domain.speed1.voucher import Voucher
from wallet.models import Account, HubCall, HubKey, HubNonce, HubOffer, PairingCode, ReceiptVersion, SpeedKey
from wallet.services import (
    audit,
    channels,
    hub_calls,
    hub_channels,
    hub_doorway,
    hub_identity,
    hub_offers,
    hub_receipts,
    hub_rules,
    hub_statement,
    hub_vouchers,
    liabilities,
    seals,
    speed_keys,
)
from wallet.services.operators import Actor
from wallet.services.refusals import Refused
from wallet.signer.signer import Signer

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

NODE = earnings_account(ASSET, 1)
FEES = own_account(ASSET, AccountKind.FEES)
HOUR_S = 3_600
THEN = datetime.fromtimestamp(NOW_MS / 1000, NOW.tzinfo)  # by the clock of the tests' signers
ADA = Actor(1, "ada")


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[Signer]:
    signer = found_signer(tmp_path)
    yield signer
    signer.close()


@pytest.fixture
def bound(owner: User) -> str:
    """Olga has 10 BTT, and lets a node spend 6 a day; a node of ours earns. Return her account."""
    fund(user(owner.pk), 10 * BTT)
    speed_keys.bind_user(owner.pk, BUYER, daily_limit_ubtt=6 * BTT, now=THEN)
    speed_keys.bind_node(1, SELLER, now=THEN)
    return str(owner.pk)


def opened(account: str, *, key: str = "1", amount_ubtt: int = 4 * BTT, now: datetime = THEN) -> HubChannel:
    return hub_channels.open_channel(
        caller=BUYER,
        key=key,
        account=account,
        payee_key=SELLER,
        amount_ubtt=amount_ubtt,
        expires_s=HOUR_S,
        now=now,
    )


def promise(channel: HubChannel, cumulative_ubtt: int) -> SignedVoucher:
    hub_id = channel.receipt[20:40]
    voucher = Voucher(hub_id, bytes.fromhex(channel.id), bytes.fromhex(SELLER), cumulative_ubtt)
    return SignedVoucher(channel.id, cumulative_ubtt, voucher.sign(BUYER_KEY))


def signed(channel: HubChannel, signer: Signer) -> HubChannel:
    hub_receipts.sign_waiting(signer, now=THEN)
    return hub_channels.seen(channel.id, SELLER, now=THEN)


class TestTheDailyLimit:
    def test_rolls_over_24_hours(self, bound: str) -> None:
        opened(bound)
        day = timedelta(hours=24)
        with pytest.raises(HubRefused, match="within 24 hours"):
            opened(bound, key="2", amount_ubtt=2 * BTT + 1, now=THEN + day - timedelta(seconds=1))
        opened(bound, key="3", amount_ubtt=6 * BTT, now=THEN + day)

    def test_is_each_accounts_own_though_the_key_is_one(self, bound: str, stranger: User) -> None:
        fund(user(stranger.pk), 10 * BTT)
        speed_keys.bind_user(stranger.pk, BUYER, daily_limit_ubtt=BTT, now=THEN)
        opened(bound, amount_ubtt=6 * BTT)
        opened(str(stranger.pk), key="2", amount_ubtt=BTT)
        assert [one.left_today_ubtt for one in speed_keys.accounts_of(BUYER, now=THEN)] == [0, 0]
        speed_keys.revoke(stranger.pk, BUYER, now=THEN)
        assert [one.account for one in speed_keys.accounts_of(BUYER, now=THEN)] == [bound]

    def test_counts_what_went_before_when_it_is_set_anew(self, bound: str, owner: User) -> None:
        opened(bound)
        speed_keys.bind_user(owner.pk, BUYER, daily_limit_ubtt=5 * BTT, now=THEN)
        assert speed_keys.accounts_of(BUYER, now=THEN)[0].left_today_ubtt == BTT
        assert SpeedKey.objects.filter(key=BUYER).count() == 2

    @pytest.mark.usefixtures("committed_books")
    def test_holds_against_callers_who_come_at_once(self, bound: str) -> None:
        calls = [lambda key=f"k{number}": opened(bound, key=key, amount_ubtt=2 * BTT) for number in range(6)]
        outcomes = at_once(*calls)
        assert sum(isinstance(one, HubChannel) for one in outcomes) == 3
        assert {one.code for one in outcomes if isinstance(one, HubRefused)} == {Refusal.OVER_DAILY_LIMIT}
        assert balance(user(int(bound))) == 4 * BTT

    @pytest.mark.usefixtures("committed_books")
    def test_counts_a_call_once_that_comes_several_times_at_once(self, bound: str) -> None:
        found = at_once(*[lambda: opened(bound)] * 5)
        assert len({one.id for one in found if isinstance(one, HubChannel)}) == 1
        assert balance(user(int(bound))) == 6 * BTT


class TestAPairingCode:
    def test_is_kept_as_a_hash_and_over_after_ten_minutes(self, owner: User) -> None:
        code = speed_keys.make_pairing_code(owner.pk, most_ubtt=BTT, earns=False, now=THEN)
        assert code.code.replace("-", "").encode() not in bytes(PairingCode.objects.get().digest)
        typed = f" {code.code.lower().replace('-', ' ')}"
        late = {"caller": STRANGER, "code": typed, "daily_limit_ubtt": 1, "key": "1", "now": code.expires_at}
        with pytest.raises(HubRefused, match="ten minutes"):
            speed_keys.pair(**late)  # type: ignore[arg-type]  # its arguments
        in_time = late | {"key": "2", "now": code.expires_at - timedelta(seconds=1)}
        assert speed_keys.pair(**in_time) == str(owner.pk)  # type: ignore[arg-type]  # as above

    @pytest.mark.usefixtures("committed_books")
    def test_is_used_by_one_of_those_who_come_at_once(self, owner: User) -> None:
        code = speed_keys.make_pairing_code(owner.pk, most_ubtt=BTT, earns=False, now=THEN).code
        calls = [
            lambda key=key: speed_keys.pair(caller=key, code=code, daily_limit_ubtt=1, key="1", now=THEN)
            for key in (BUYER, SELLER, STRANGER)
        ]
        outcomes = at_once(*calls)
        assert outcomes.count(str(owner.pk)) == 1
        assert sum(isinstance(one, HubRefused) for one in outcomes) == 2

    def test_for_nothing_or_nobody_is_not_made(self, owner: User) -> None:
        with pytest.raises(Refused):
            speed_keys.make_pairing_code(owner.pk, most_ubtt=0, earns=False, now=THEN)
        with pytest.raises(Refused):
            speed_keys.make_pairing_code(owner.pk + 1_000_000, most_ubtt=1, earns=False, now=THEN)


class TestEarningsOfANode:
    def test_come_from_vouchers_less_the_operators_fee_and_stay_in_the_books(self, bound: str, signer: Signer) -> None:
        hub_rules.set_fee(25_000, actor=ADA, reason="to live on", key="1", now=THEN)
        channel = signed(opened(bound), signer)
        assert channel.fee_ppm == 25_000
        assert hub_rules.set_fee(0, actor=ADA, reason="no more", key="2", now=THEN).fee_ppm == 0  # for later ones
        (paid,) = hub_vouchers.redeem(caller=SELLER, brought=[promise(channel, 999_999)], key="1", now=THEN)
        assert (paid.outcome, paid.paid_ubtt) == (Redemption.PAID, 999_999)
        assert (balance(NODE), balance(FEES)) == (975_000, 24_999)
        assert liabilities.take_snapshot(ASSET, THEN).total_ubtt == 10 * BTT - 24_999
        report = audit.audit()
        assert report.findings == []
        assert [one.account for one in report.uncleared] == ["earnings node-1 (BTT)"]

    def test_go_to_one_node_whose_key_is_bound_as_often_as_it_starts(self, bound: str) -> None:
        for _ in range(2):
            speed_keys.bind_node(1, SELLER, now=THEN)
        with pytest.raises(HubRefused):
            speed_keys.bind_node(2, SELLER, now=THEN)
        assert SpeedKey.objects.filter(key=SELLER, revoked_at__isnull=True).count() == 1


class TestTheEnd:
    def test_by_time_gives_the_rest_back_and_not_before_the_grace_is_over(self, bound: str, signer: Signer) -> None:
        channel = signed(opened(bound), signer)
        over = THEN + timedelta(seconds=HOUR_S)
        assert hub_channels.seen(channel.id, BUYER, now=over).state is ChannelState.EXPIRED
        late = over + GRACE - timedelta(seconds=1)
        (paid,) = hub_vouchers.redeem(caller=SELLER, brought=[promise(channel, BTT)], key="1", now=late)
        assert paid.outcome is Redemption.PAID
        assert channels.expire_due(now=late) == 0
        assert channels.expire_due(now=over + GRACE) == 1
        assert (balance(user(int(bound))), balance(NODE)) == (9 * BTT, BTT)
        (refused,) = hub_vouchers.redeem(caller=SELLER, brought=[promise(channel, 2 * BTT)], key="2", now=over + GRACE)
        assert refused.code is Refusal.EXPIRED

    def test_of_a_channel_whose_receipt_never_came_gives_all_back(self, bound: str) -> None:
        opened(bound)
        assert channels.expire_due(now=THEN + timedelta(seconds=HOUR_S) + GRACE) == 1
        assert balance(user(int(bound))) == 10 * BTT


class TestReceipts:
    def test_wait_for_a_signer_that_is_locked(self, bound: str, tmp_path: Path) -> None:
        signer = found_signer(tmp_path / "locked", passphrase=True)
        channel = opened(bound)
        assert hub_receipts.sign_waiting(signer, now=THEN) == 0
        assert not HubKey.objects.exists()
        signer.unlock(PASSPHRASE)
        assert hub_receipts.sign_waiting(signer, now=THEN) == 1
        assert hub_channels.seen(channel.id, BUYER, now=THEN).state is ChannelState.OPEN
        assert hub_identity.hub_id() == hub_channels.seen(channel.id, BUYER, now=THEN).receipt[20:40]
        signer.close()

    def test_come_in_order_and_the_newest_is_shown(self, bound: str, signer: Signer) -> None:
        channel = opened(bound)
        hub_channels.top_up(
            caller=BUYER, channel_id=channel.id, key="2", amount_ubtt=BTT, expires_s=HOUR_S + 60, now=THEN
        )
        assert hub_receipts.sign_waiting(signer, now=THEN) == 2
        assert hub_receipts.sign_waiting(signer, now=THEN) == 0
        assert hub_channels.seen(channel.id, BUYER, now=THEN).is_signed

    def test_that_the_signer_refuses_are_not_asked_for_again(self, bound: str, signer: Signer) -> None:
        channel = opened(bound, now=THEN - timedelta(days=8))  # a clock that ran wrong
        ReceiptVersion.objects.filter(channel_id=channel.id).update(trouble="")
        speed_keys.bind_user(int(bound), BUYER, daily_limit_ubtt=6 * BTT, now=THEN)
        ahead = opened(bound, key="2", now=THEN + timedelta(days=8))
        assert hub_receipts.sign_waiting(signer, now=THEN) == 1
        assert "seven days" in ReceiptVersion.objects.get(channel_id=ahead.id).trouble
        assert hub_channels.seen(ahead.id, BUYER, now=THEN).state is ChannelState.OPENING

    def test_wait_for_the_day_when_the_signers_limit_is_used_up(self, bound: str, signer: Signer) -> None:
        signer.status()
        signer.set_rules(replace(signer.rules, receipts_per_day_ubtt=BTT))
        opened(bound)
        small = opened(bound, key="2", amount_ubtt=BTT)
        assert hub_receipts.sign_waiting(signer, now=THEN) == 1
        assert hub_channels.seen(small.id, BUYER, now=THEN).is_signed
        assert not ReceiptVersion.objects.exclude(trouble="").exists()

    def test_of_a_hub_with_a_new_key_keep_the_old_promises(self, bound: str, signer: Signer, tmp_path: Path) -> None:
        channel = signed(opened(bound), signer)
        other = found_signer(tmp_path / "other", words="abandon " * 11 + "about")
        hub_identity.note_key(other, now=THEN)
        other.close()
        assert hub_identity.hub_id() != channel.receipt[20:40]
        (paid,) = hub_vouchers.redeem(caller=SELLER, brought=[promise(channel, 5)], key="1", now=THEN)
        assert paid.outcome is Redemption.PAID


class TestAStatement:
    def test_tells_both_sides_what_is_sealed_and_proves_it(self, bound: str, signer: Signer) -> None:
        channel = signed(opened(bound), signer)
        assert hub_statement.read(caller=BUYER, after=0).entries == ()
        hub_vouchers.redeem(caller=SELLER, brought=[promise(channel, 5)], key="1", now=THEN)
        seals.seal_new(now=THEN)
        found = hub_statement.read(caller=BUYER, after=0)
        assert [(one.kind, one.amount_ubtt, one.is_in) for one in found.entries] == [
            ("channel opened", 4 * BTT, True),
            ("voucher", 5, False),
        ]
        assert {one.channel for one in found.entries} == {channel.id}
        for entry in found.entries:
            assert verify(entry.proof).hash == entry.seal_hash
        assert hub_statement.read(caller=SELLER, after=found.entries[0].sequence).entries == found.entries[1:]
        assert hub_statement.read(caller=STRANGER, after=0).entries == ()

    def test_comes_in_pages(self, bound: str, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hub_statement, "PAGE_ENTRIES", 2)
        channel = signed(opened(bound), signer)
        for number in range(1, 4):
            hub_vouchers.redeem(caller=SELLER, brought=[promise(channel, number)], key=f"v{number}", now=THEN)
        seals.seal_new(now=THEN)
        seen, page = [], hub_statement.read(caller=SELLER, after=0)
        while True:
            seen += [one.amount_ubtt for one in page.entries]
            if not page.more:
                break
            page = hub_statement.read(caller=SELLER, after=page.entries[-1].sequence)
        assert seen == [4 * BTT, 1, 1, 1]


class TestWhatIsKept:
    def test_is_forgotten_when_its_time_is_over(self, bound: str) -> None:
        opened(bound)
        hub_offers.put(caller=SELLER, offer_keys=[bytes(32)], address="192.0.2.7", port=6890, key="1", now=THEN)
        HubNonce.objects.create(caller=BUYER, nonce=bytes(16), expires_at=THEN)
        speed_keys.make_pairing_code(int(bound), most_ubtt=1, earns=False, now=THEN)
        tasks.forget_hub_calls()  # by the real clock, years later
        left = [model._default_manager.count() for model in (HubCall, HubNonce, HubOffer, PairingCode)]
        assert left == [0, 0, 0, 0]
        assert Account.objects.get(kind=AccountKind.USER).balance_ubtt == 6 * BTT

    def test_of_a_call_stays_for_longer_than_a_channel_lives(self, bound: str) -> None:
        channel = opened(bound)
        hub_calls.forget(now=THEN + timedelta(days=7))
        assert opened(bound, now=THEN + timedelta(days=7)).id == channel.id


class TestTheFee:
    def test_is_set_once_for_a_form_and_with_a_reason(self) -> None:
        assert hub_rules.fee_ppm() == 0
        hub_rules.set_fee(7, actor=ADA, reason="a try", key="1", now=THEN)
        hub_rules.set_fee(7, actor=ADA, reason="a try", key="1", now=THEN)
        assert [one.fee_ppm for one in hub_rules.history(limit=9)] == [7]
        for ppm, reason, key in ((8, "a try", "1"), (500_001, "greed", "2"), (-1, "alms", "3"), (9, " ", "4")):
            with pytest.raises(Refused):
                hub_rules.set_fee(ppm, actor=ADA, reason=reason, key=key, now=THEN)
        assert hub_rules.fee_ppm() == 7


class TestTurns:
    def test_run_out_and_come_back_for_a_household_of_addresses(self) -> None:
        pace = hub_doorway.Pace(at_once=2, per_s=0.01)  # the cache forgets by the real clock
        for address in ("2001:db8::1", "2001:db8::2"):
            hub_doorway.take_turn("test", pace, address, now=THEN)
        with pytest.raises(HubRefused) as refused:
            hub_doorway.take_turn("test", pace, "2001:db8::3", now=THEN)
        assert (refused.value.code, refused.value.wait_s) == (Refusal.TOO_OFTEN, 100)
        hub_doorway.take_turn("test", pace, "2001:db8:0:1::1", now=THEN)
        hub_doorway.take_turn("test", pace, "2001:db8::3", now=THEN + timedelta(seconds=100))
