"""The hub's services by a clock of the test's: limits, ends, fees, receipts, statements, races."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from seedbox.models import User
from tests.at_once import LIMIT_S, at_once
from tests.box import wait_until
from tests.hubs import BUYER, HOUR_S, SELLER, STRANGER, THEN, opened, promised, signed
from tests.ledger import ASSET, BTT, balance, fund, user
from wallet import tasks
from wallet.domain.accounts import AccountKind, earnings_account, own_account
from wallet.domain.channels import GRACE, LEAST_UBTT
from wallet.domain.hub import ChannelState, HubChannel, HubRefused, Redemption, Refusal, SignedVoucher
from wallet.models import Account, HubCall, HubNonce, HubOffer, PairingCode, SpeedKey
from wallet.services import (
    audit,
    channels,
    hub_calls,
    hub_channels,
    hub_doorway,
    hub_offers,
    hub_rules,
    hub_vouchers,
    liabilities,
    speed_keys,
)
from wallet.services.operators import Actor
from wallet.services.refusals import Refused
from wallet.signer.signer import Signer

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

NODE = earnings_account(ASSET, 1)
FEES = own_account(ASSET, AccountKind.FEES)
ADA = Actor(1, "ada")
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def somebody_waits() -> bool:
    """Say whether a lock is waited for; SQLite can't tell, and lets nobody in."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(WAITS)
        return bool(cursor.fetchone()[0])


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
    @pytest.mark.parametrize("raised_to", [8 * BTT, 0])
    def test_is_what_it_was_set_to_just_before(self, bound: str, owner: User, raised_to: int) -> None:
        is_set, is_waited_for = threading.Event(), threading.Event()

        def set_it() -> None:
            with transaction.atomic():
                if raised_to:
                    speed_keys.bind_user(owner.pk, BUYER, daily_limit_ubtt=raised_to, now=THEN)
                else:
                    speed_keys.revoke(owner.pk, BUYER, now=THEN)
                is_set.set()
                assert is_waited_for.wait(LIMIT_S)

        def open_meanwhile() -> HubChannel:
            assert is_set.wait(LIMIT_S)
            return opened(bound, amount_ubtt=7 * BTT)

        def look_on() -> None:
            assert is_set.wait(LIMIT_S)
            wait_until(somebody_waits, "the call to wait for the lock", LIMIT_S)
            is_waited_for.set()

        _, found, _ = at_once(set_it, open_meanwhile, look_on)
        if raised_to:
            assert isinstance(found, HubChannel), found
        else:
            assert isinstance(found, HubRefused)
            assert found.code is Refusal.NOT_BOUND

    @pytest.mark.usefixtures("committed_books")
    def test_counts_a_call_once_that_comes_several_times_at_once(self, bound: str) -> None:
        found = at_once(*[lambda: opened(bound)] * 5)
        assert len({one.id for one in found if isinstance(one, HubChannel)}) == 1
        assert balance(user(int(bound))) == 6 * BTT


class TestAChannel:
    def test_is_one_of_so_many_that_a_key_may_have_open_of_an_account(
        self, bound: str, stranger: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub_channels, "MOST_OPEN", 2)
        opened(bound, key="1", amount_ubtt=LEAST_UBTT)
        channel = opened(bound, key="2", amount_ubtt=LEAST_UBTT)
        with pytest.raises(HubRefused, match="has 2 channels of this account open") as refused:
            opened(bound, key="3", amount_ubtt=LEAST_UBTT)
        assert refused.value.code is Refusal.TOO_MANY_CHANNELS
        fund(user(stranger.pk), BTT)
        speed_keys.bind_user(stranger.pk, BUYER, daily_limit_ubtt=BTT, now=THEN)
        opened(str(stranger.pk), key="4", amount_ubtt=LEAST_UBTT)
        hub_channels.close(caller=SELLER, channel_id=channel.id, key="5", now=THEN)
        opened(bound, key="6", amount_ubtt=LEAST_UBTT)


class TestAPairingCode:
    def test_is_kept_as_a_hash_and_over_after_ten_minutes(self, owner: User) -> None:
        code = speed_keys.make_pairing_code(owner.pk, most_ubtt=BTT, earns=False, now=THEN)
        assert code.code.replace("-", "").encode() not in bytes(PairingCode.objects.get().digest)
        typed = f" {code.code.lower().replace('-', ' ')}"
        late = {
            "caller": STRANGER,
            "code": typed,
            "daily_limit_ubtt": 1,
            "earns": False,
            "key": "1",
            "now": code.expires_at,
        }
        with pytest.raises(HubRefused, match="ten minutes"):
            speed_keys.pair(**late)  # type: ignore[arg-type]  # its arguments
        in_time = late | {"key": "2", "now": code.expires_at - timedelta(seconds=1)}
        assert speed_keys.pair(**in_time) == str(owner.pk)  # type: ignore[arg-type]  # as above

    @pytest.mark.usefixtures("committed_books")
    def test_is_used_by_one_of_those_who_come_at_once(self, owner: User) -> None:
        code = speed_keys.make_pairing_code(owner.pk, most_ubtt=BTT, earns=False, now=THEN).code
        calls = [
            lambda key=key: speed_keys.pair(caller=key, code=code, daily_limit_ubtt=1, earns=False, key="1", now=THEN)
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
        (paid,) = hub_vouchers.redeem(caller=SELLER, brought=[promised(channel, 999_999)], key="1", now=THEN)
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
        (paid,) = hub_vouchers.redeem(caller=SELLER, brought=[promised(channel, BTT)], key="1", now=late)
        assert paid.outcome is Redemption.PAID
        assert channels.expire_due(now=late) == 0
        assert channels.expire_due(now=over + GRACE) == 1
        assert (balance(user(int(bound))), balance(NODE)) == (9 * BTT, BTT)
        (refused,) = hub_vouchers.redeem(caller=SELLER, brought=[promised(channel, 2 * BTT)], key="2", now=over + GRACE)
        assert refused.code is Refusal.EXPIRED

    def test_of_a_channel_whose_receipt_never_came_gives_all_back(self, bound: str) -> None:
        opened(bound)
        assert channels.expire_due(now=THEN + timedelta(seconds=HOUR_S) + GRACE) == 1
        assert balance(user(int(bound))) == 10 * BTT


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

    def test_of_what_was_refused_is_the_newest_of_a_key_and_for_an_hour(
        self, bound: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub_calls, "MOST_REFUSED", 3)
        opened(bound, key="good")
        for number in range(5):
            with pytest.raises(HubRefused):
                opened(bound, key=f"{number}", amount_ubtt=9 * BTT)
        assert [call.key for call in HubCall.objects.order_by("pk")] == ["good", "2", "3", "4"]
        hub_calls.forget(now=THEN + hub_calls.REFUSED_KEPT)
        assert HubCall.objects.get().key == "good"

    def test_goes_in_portions(self, bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hub_calls, "FORGOTTEN_AT_ONCE", 2)
        for number in range(5):
            hub_calls.note(caller=SELLER, key=f"{number}", call="offers", body={}, now=THEN)
        hub_calls.note(caller=SELLER, key="new", call="offers", body={}, now=THEN + timedelta(seconds=1))
        hub_calls.forget(now=THEN + hub_calls.KEPT)
        assert [call.key for call in HubCall.objects.all()] == ["new"]

    def test_is_nothing_of_keys_that_nobody_here_has_to_do_with(self, bound: str) -> None:
        made_up = SignedVoucher("0" * 32, 1, bytes(65))
        with pytest.raises(HubRefused):
            speed_keys.pair(caller=STRANGER, code="ABCDE", daily_limit_ubtt=1, earns=False, key="1", now=THEN)
        with pytest.raises(HubRefused):
            hub_channels.close(caller=STRANGER, channel_id="0" * 32, key="2", now=THEN)
        for caller in (STRANGER, SELLER):
            (refused,) = hub_vouchers.redeem(caller=caller, brought=[made_up], key="3", now=THEN)
            assert refused.code is Refusal.UNKNOWN_CHANNEL
        assert not HubCall.objects.exists()

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
