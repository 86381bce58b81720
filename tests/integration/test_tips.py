"""Tips between users: once each, and never past the limits."""

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from seedbox.models import User
from tests.at_once import at_once
from tests.builders import NOW, make_user
from tests.ledger import BTT, balance, fund, user
from wallet.models import Account, Transfer
from wallet.services import tips
from wallet.services.refusals import Refused

pytestmark = pytest.mark.both_databases


def wish(sender: User, receiver: User, amount_ubtt: int, **fields: Any) -> tips.Wish:
    defaults: dict[str, Any] = {"memo": "", "key": uuid.uuid4().hex}
    return tips.Wish(sender_id=sender.pk, receiver_id=receiver.pk, amount_ubtt=amount_ubtt, **defaults | fields)


def refusal(asked: tips.Wish, *, now: datetime = NOW) -> str:
    with pytest.raises(Refused) as refused:
        tips.send(asked, now=now)
    return str(refused.value)


@pytest.mark.django_db
class TestATip:
    def test_moves_the_amount_with_its_words(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 3 * BTT)
        transfer_id = tips.send(wish(owner, stranger, BTT, memo="danke"), now=NOW)
        assert (balance(user(owner.pk)), balance(user(stranger.pk))) == (2 * BTT, BTT)
        assert Transfer.objects.get(pk=transfer_id).memo == "danke"

    def test_is_sent_once_for_its_form(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 3 * BTT)
        asked = wish(owner, stranger, BTT)
        assert tips.send(asked, now=NOW) == tips.send(asked, now=NOW + timedelta(days=2))
        assert balance(user(stranger.pk)) == BTT
        assert refusal(wish(owner, stranger, 2 * BTT, key=asked.key)) == tips.USED

    def test_uses_up_no_key_of_another_sender(self, owner: User, stranger: User, admin: User) -> None:
        fund(user(owner.pk), BTT)
        fund(user(stranger.pk), BTT)
        asked = wish(owner, admin, BTT)
        tips.send(asked, now=NOW)
        tips.send(wish(stranger, admin, BTT, key=asked.key), now=NOW)
        assert balance(user(admin.pk)) == 2 * BTT

    def test_needs_the_money(self, owner: User, stranger: User) -> None:
        assert refusal(wish(owner, stranger, 1)).startswith("You have only 0 BTT available.")
        fund(user(owner.pk), BTT)
        asked = wish(owner, stranger, 2 * BTT)
        assert refusal(asked).startswith("You have only 1 BTT available.")
        fund(user(owner.pk), 5 * BTT)
        refusal(asked)  # what was refused stays so: a late duplicate moves nothing
        assert balance(user(stranger.pk)) == 0

    def test_out_of_a_frozen_account_is_refused_and_into_one_is_not(self, owner: User, stranger: User) -> None:
        for person in (owner, stranger):
            fund(user(person.pk), BTT)
        Account.objects.filter(ref=str(owner.pk)).update(is_frozen=True)
        assert refusal(wish(owner, stranger, 1)).startswith("An operator has frozen your account")
        tips.send(wish(stranger, owner, 1), now=NOW)

    def test_reaches_nobody_who_is_gone_shut_out_or_oneself(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), BTT)
        assert refusal(wish(owner, owner, 1)) == tips.TO_ONESELF
        User.objects.filter(pk=stranger.pk).update(is_active=False)
        assert refusal(wish(owner, stranger, 1)) == tips.UNKNOWN


@pytest.mark.django_db
class TestAReceiver:
    def test_is_found_by_the_exact_name_only(self, owner: User, stranger: User) -> None:
        assert tips.find_receiver(" Sam ", sender_id=owner.pk) == tips.Receiver(stranger.pk, "sam")
        for name in ("sa", "sam%", "s_m", "", "sam\0", "nobody"):
            with pytest.raises(Refused, match="Nobody here"):
                tips.find_receiver(name, sender_id=owner.pk)

    def test_who_was_shut_out_is_answered_like_nobody(self, owner: User, stranger: User) -> None:
        User.objects.filter(pk=stranger.pk).update(is_active=False)
        with pytest.raises(Refused, match="Nobody here"):
            tips.find_receiver("sam", sender_id=owner.pk)


@pytest.mark.django_db
class TestTheLimits:
    @pytest.fixture(autouse=True)
    def small_limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tips, "MAX_TIP_UBTT", 4 * BTT)
        monkeypatch.setattr(tips, "MAX_DAY_UBTT", 10 * BTT)
        monkeypatch.setattr(tips, "MAX_DAY_COUNT", 5)

    def test_hold_for_one_tip(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 100 * BTT)
        assert refusal(wish(owner, stranger, 4 * BTT + 1)).startswith("One tip carries at most 4 BTT.")
        tips.send(wish(owner, stranger, 4 * BTT), now=NOW)

    def test_hold_for_any_24_hours_and_say_when_there_is_room(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 100 * BTT)
        for hours in (0, 12):
            tips.send(wish(owner, stranger, 4 * BTT), now=NOW + timedelta(hours=hours))
        late = NOW + timedelta(hours=24, seconds=-1)
        assert "fits again on 2024-11-24 at 12:00 UTC" in refusal(wish(owner, stranger, 3 * BTT), now=late)
        tips.send(wish(owner, stranger, 3 * BTT), now=NOW + timedelta(hours=24))
        assert tips.means_of(owner.pk, now=NOW + timedelta(hours=24)).left_today_ubtt == 3 * BTT

    def test_hold_for_the_number_of_tips(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 100 * BTT)
        for _ in range(5):
            tips.send(wish(owner, stranger, 1), now=NOW)
        assert "at most 5 tips" in refusal(wish(owner, stranger, 1))

    def test_keep_what_they_refused(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 100 * BTT)
        asked = wish(owner, stranger, 5 * BTT)
        refusal(asked)
        refusal(asked, now=NOW + timedelta(days=3))
        assert balance(user(stranger.pk)) == 0

    def test_count_nothing_but_ones_own_tips(self, owner: User, stranger: User) -> None:
        for person in (owner, stranger):
            fund(user(person.pk), 100 * BTT)
        for _ in range(2):
            tips.send(wish(stranger, owner, 4 * BTT), now=NOW)
        assert tips.means_of(owner.pk, now=NOW).sent_ubtt == 0
        tips.send(wish(owner, stranger, 4 * BTT), now=NOW)


@pytest.mark.usefixtures("committed_books")
class TestTipsAtOnce:
    def test_never_pass_the_limit_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tips, "MAX_DAY_UBTT", 3 * BTT)
        sender, *receivers = [make_user(f"user{number}") for number in range(9)]
        fund(user(sender.pk), 100 * BTT)
        outcomes = at_once(*(partial(tips.send, wish(sender, one, BTT), now=NOW) for one in receivers))
        assert sum(isinstance(outcome, int) for outcome in outcomes) == 3, outcomes
        assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 5, outcomes
        assert balance(user(sender.pk)) == 97 * BTT

    def test_with_the_same_key_are_one(self) -> None:
        sender, receiver = make_user("olga"), make_user("sam")
        fund(user(sender.pk), 10 * BTT)
        asked = wish(sender, receiver, BTT)
        outcomes = at_once(*[partial(tips.send, asked, now=NOW)] * 6)
        assert len(set(outcomes)) == 1, outcomes
        assert balance(user(receiver.pk)) == BTT

    def test_there_and_back_never_wait_for_each_other_for_ever(self) -> None:
        olga, sam = make_user("olga"), make_user("sam")
        for person in (olga, sam):
            fund(user(person.pk), 100 * BTT)

        def send_often(sender: User, receiver: User) -> int:
            return sum(tips.send(wish(sender, receiver, BTT), now=NOW) > 0 for _ in range(10))

        outcomes = at_once(*[partial(send_often, olga, sam), partial(send_often, sam, olga)] * 3)
        assert outcomes == [10] * 6
        assert balance(user(olga.pk)) + balance(user(sam.pk)) == 200 * BTT
