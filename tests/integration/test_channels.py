"""Channels: what goes in comes out once, to the payee as promised and to the payer as rest, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import ASSET, BTT, balance, fund, user
from wallet.domain.accounts import AccountKind, channel_account, own_account
from wallet.domain.channels import GRACE, MAX_LIFE, Answer, Voucher
from wallet.domain.items import BadItem
from wallet.models import Channel, Transfer
from wallet.services import channels, vouchers

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

ID = "0123456789abcdef0123456789abcdef"
OTHER_ID = "f" * 32
PAYER_KEY, PAYEE_KEY = "02" + "ab" * 32, "03" + "cd" * 32
FEES = own_account(ASSET, AccountKind.FEES)
HOUR = timedelta(hours=1)

Open = Callable[..., vouchers.ChannelAnswer]


@pytest.fixture
def open_one(owner: User, stranger: User) -> Open:
    """Olga has 10 BTT and pays Sam by a channel with 4."""
    fund(user(owner.pk), 10 * BTT)

    def open_one(**fields: Any) -> vouchers.ChannelAnswer:
        terms: dict[str, Any] = {
            "channel_id": ID,
            "payer": user(owner.pk),
            "payee": user(stranger.pk),
            "payer_key": PAYER_KEY,
            "payee_key": PAYEE_KEY,
            "amount_ubtt": 4 * BTT,
            "fee_ppm": 25_000,
            "expires_at": NOW + HOUR,
            "now": NOW,
        }
        return channels.open_channel(**terms | fields)

    return open_one


def redeem(*cumulatives: int, channel_id: str = ID, after: timedelta = timedelta(0)) -> list[Answer]:
    found = vouchers.redeem([Voucher(channel_id, ubtt) for ubtt in cumulatives], now=NOW + after)
    return [answer.answer for answer in found]


class TestOpening:
    def test_takes_the_money_out_of_the_payers_account(self, open_one: Open, owner: User) -> None:
        assert open_one().answer is Answer.OK
        assert balance(user(owner.pk)) == 6 * BTT
        assert balance(channel_account(ASSET, ID)) == 4 * BTT

    def test_again_with_the_same_terms_changes_nothing(self, open_one: Open, owner: User) -> None:
        open_one()
        assert open_one().answer is Answer.UNCHANGED
        assert open_one(fee_ppm=1).answer is Answer.CONFLICT
        assert open_one(amount_ubtt=BTT).answer is Answer.CONFLICT
        assert balance(user(owner.pk)) == 6 * BTT

    def test_with_more_than_there_is_makes_no_channel(self, open_one: Open) -> None:
        assert open_one(amount_ubtt=11 * BTT).answer is Answer.INSUFFICIENT
        assert not Channel.objects.exists()

    def test_for_a_payee_who_does_not_exist_makes_no_channel(self, open_one: Open, owner: User) -> None:
        assert open_one(payee=user(owner.pk + 1_000_000)).answer is Answer.NO_PAYEE
        assert balance(user(owner.pk)) == 10 * BTT

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("channel_id", "xyz"),
            ("payer_key", "04" + "ab" * 32),
            ("payee", own_account(ASSET, AccountKind.FEES)),
            ("fee_ppm", 1_000_001),
            ("fee_ppm", 0.5),
            ("amount_ubtt", 0),
            ("amount_ubtt", 2**63),
            ("expires_at", NOW + timedelta(seconds=599)),
            ("expires_at", NOW + MAX_LIFE + timedelta(seconds=1)),
        ],
    )
    def test_refuses_nonsense_and_names_the_field(self, open_one: Open, field: str, value: object) -> None:
        with pytest.raises(BadItem) as refusal:
            open_one(**{field: value})
        assert refusal.value.field == field
        assert not Channel.objects.exists()


class TestRedeeming:
    def test_pays_what_is_new_and_the_fee_of_the_whole(self, open_one: Open, stranger: User) -> None:
        open_one()
        assert redeem(999_999) == [Answer.OK]  # its fee is 24,999.975, rounded down
        assert (balance(user(stranger.pk)), balance(FEES)) == (975_000, 24_999)
        assert redeem(1_000_000) == [Answer.OK]  # one more, which is the fee that has become whole
        assert (balance(user(stranger.pk)), balance(FEES)) == (975_000, 25_000)

    def test_counts_the_highest_only_in_any_order_and_as_often_as_it_comes(
        self, open_one: Open, stranger: User
    ) -> None:
        open_one(fee_ppm=0)
        assert redeem(300, 500, 400, 500) == [Answer.UNCHANGED, Answer.OK, Answer.UNCHANGED, Answer.OK]
        assert redeem(500) == redeem(499) == redeem(0) == [Answer.UNCHANGED]
        assert balance(user(stranger.pk)) == 500
        assert Transfer.objects.filter(debit__kind=AccountKind.CHANNEL).count() == 1

    def test_refuses_whole_what_is_over_the_amount(self, open_one: Open, stranger: User) -> None:
        open_one(fee_ppm=0)
        assert redeem(4 * BTT + 1, 3 * BTT) == [Answer.OVER_AMOUNT, Answer.OK]
        assert balance(user(stranger.pk)) == 3 * BTT

    def test_of_many_channels_hinders_none(self, open_one: Open, stranger: User) -> None:
        open_one(fee_ppm=0)
        open_one(fee_ppm=0, channel_id=OTHER_ID)
        found = vouchers.redeem([Voucher(OTHER_ID, 7), Voucher("a" * 32, 1), Voucher(ID, 5)], now=NOW)
        assert [answer.answer for answer in found] == [Answer.OK, Answer.UNKNOWN, Answer.OK]
        assert [answer.paid_ubtt for answer in found] == [7, 0, 5]
        assert balance(user(stranger.pk)) == 12

    def test_goes_on_for_five_minutes_after_the_end(self, open_one: Open) -> None:
        open_one()
        late = HOUR + GRACE
        assert redeem(1, after=late - timedelta(seconds=1)) == [Answer.OK]
        assert redeem(2, after=late) == [Answer.EXPIRED]

    def test_refuses_nonsense(self) -> None:
        for cumulative in (-1, 1.5, True, "1", 2**63):
            with pytest.raises(BadItem):
                Voucher(ID, cumulative)  # type: ignore[arg-type]  # that is what is tested
        with pytest.raises(BadItem):
            vouchers.redeem([], now=NOW)


class TestToppingUp:
    def test_adds_money_and_time_once_for_its_key(self, open_one: Open, owner: User) -> None:
        open_one(fee_ppm=0)
        more: dict[str, Any] = {
            "channel_id": ID,
            "amount_ubtt": BTT,
            "expires_at": NOW + 2 * HOUR,
            "key": "1",
            "now": NOW,
        }
        assert channels.top_up(**more).answer is Answer.OK
        assert channels.top_up(**more).answer is Answer.UNCHANGED
        channel = Channel.objects.get()
        assert (channel.amount_ubtt, channel.expires_at) == (5 * BTT, NOW + 2 * HOUR)
        assert balance(user(owner.pk)) == 5 * BTT
        assert redeem(5 * BTT) == [Answer.OK]

    def test_never_shortens_and_may_add_time_only(self, open_one: Open) -> None:
        open_one()
        none: dict[str, Any] = {"channel_id": ID, "amount_ubtt": 0, "key": "1", "now": NOW}
        assert channels.top_up(expires_at=NOW + HOUR / 2, **none).answer is Answer.UNCHANGED
        assert channels.top_up(expires_at=NOW + 3 * HOUR, **none).answer is Answer.OK
        assert Channel.objects.get().expires_at == NOW + 3 * HOUR

    def test_is_too_late_after_the_end(self, open_one: Open) -> None:
        open_one()
        late: dict[str, Any] = {"channel_id": ID, "amount_ubtt": 1, "key": "1"}
        late |= {"expires_at": NOW + 3 * HOUR, "now": NOW + HOUR}
        assert channels.top_up(**late).answer is Answer.EXPIRED


class TestTheEnd:
    def test_by_the_payee_pays_a_last_voucher_and_gives_the_rest_back(
        self, open_one: Open, owner: User, stranger: User
    ) -> None:
        open_one(fee_ppm=0)
        closed = channels.close(channel_id=ID, last=Voucher(ID, BTT), now=NOW)
        assert (closed.answer, closed.paid_ubtt) == (Answer.OK, BTT)
        assert (balance(user(owner.pk)), balance(user(stranger.pk))) == (9 * BTT, BTT)
        assert channels.close(channel_id=ID, now=NOW).answer is Answer.UNCHANGED
        assert redeem(2 * BTT) == [Answer.CLOSED]
        assert balance(channel_account(ASSET, ID)) == 0

    def test_by_a_last_voucher_that_is_over_the_amount_closes_nothing(self, open_one: Open) -> None:
        open_one()
        assert channels.close(channel_id=ID, last=Voucher(ID, 5 * BTT), now=NOW).answer is Answer.OVER_AMOUNT
        assert not Channel.objects.get().end

    def test_by_time_gives_the_payer_the_rest_and_happens_once(
        self, open_one: Open, owner: User, stranger: User
    ) -> None:
        open_one(fee_ppm=0)
        open_one(fee_ppm=0, channel_id=OTHER_ID)
        redeem(BTT)
        redeem(4 * BTT, channel_id=OTHER_ID)  # nothing is left of this one
        assert channels.expire_due(now=NOW + HOUR) == 0
        assert channels.expire_due(now=NOW + HOUR + GRACE) == 2
        assert channels.expire_due(now=NOW + HOUR + GRACE) == 0
        assert (balance(user(owner.pk)), balance(user(stranger.pk))) == (5 * BTT, 5 * BTT)
        assert channels.close(channel_id=ID, now=NOW).answer is Answer.EXPIRED


class TestRaces:
    @pytest.mark.usefixtures("committed_books")
    def test_of_redeeming_closing_and_expiring_pay_everything_once(
        self, open_one: Open, owner: User, stranger: User
    ) -> None:
        open_one(fee_ppm=0)

        def act(number: int) -> None:
            try:
                if number % 4 == 0:
                    channels.close(channel_id=ID, last=Voucher(ID, 3 * BTT), now=NOW)
                elif number % 4 == 1:
                    channels.expire_due(now=NOW + HOUR + GRACE)
                else:
                    redeem(number * 1000)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(act, range(24)))
        channel = Channel.objects.get()
        assert channel.end
        assert balance(user(stranger.pk)) == channel.redeemed_ubtt
        assert balance(user(owner.pk)) == 10 * BTT - channel.redeemed_ubtt
        assert balance(channel_account(ASSET, ID)) == 0
