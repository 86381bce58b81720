"""Holds whose time is over give back what they reserve: once, however often, late or with what clock somebody looks."""

from datetime import timedelta

import pytest

from seedbox.models import User
from tests.builders import NOW
from tests.ledger import BTT, fund, place_hold, post, transfer, user
from wallet.domain.items import HoldEnd, HoldPurpose
from wallet.domain.posting import Code
from wallet.models import Account, EndedHold
from wallet.services import holds, ledger

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

HOUR = timedelta(hours=1)


def available(person: User) -> int:
    return Account.objects.get(ref=str(person.pk)).available_ubtt


class TestTheCleaner:
    def test_ends_what_is_over_once_also_late_twice_or_with_a_clock_that_went_back(self, owner: User) -> None:
        fund(user(owner.pk), 10 * BTT)
        post(place_hold(user(owner.pk), 3 * BTT, expires_at=NOW + HOUR))
        post(place_hold(user(owner.pk), 2 * BTT, expires_at=NOW + 2 * HOUR))
        post(place_hold(user(owner.pk), BTT, purpose=HoldPurpose.WITHDRAWAL, expires_at=None))
        assert available(owner) == 4 * BTT
        assert holds.expire_due(now=NOW + HOUR - timedelta(seconds=1)) == 0
        assert [holds.expire_due(now=NOW + HOUR) for _ in range(2)] == [1, 0]
        assert available(owner) == 7 * BTT
        assert holds.expire_due(now=NOW) == 0
        assert holds.expire_due(now=NOW + 1_000 * HOUR) == 1
        assert available(owner) == 9 * BTT  # a withdrawal's has no time: its states end it
        assert {ended.end for ended in EndedHold.objects.all()} == {HoldEnd.EXPIRED}

    def test_ends_nothing_that_was_posted_and_a_hold_that_is_over_is_not_posted_before_it_has_run(
        self, owner: User, stranger: User
    ) -> None:
        fund(user(owner.pk), 10 * BTT)
        posted, late = (post(place_hold(user(owner.pk), BTT, expires_at=NOW + HOUR)).hold_id for _ in range(2))
        assert post(transfer(user(owner.pk), user(stranger.pk), BTT, hold=posted)).code is Code.OK
        taking = transfer(user(owner.pk), user(stranger.pk), BTT, hold=late)
        assert ledger.post_one(taking, now=NOW + HOUR).code is Code.HOLD_EXPIRED
        assert holds.expire_due(now=NOW + HOUR) == 1
        assert available(owner) == 9 * BTT

    def test_ends_more_than_one_batch_of_them(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(holds, "AT_ONCE", 2)
        fund(user(owner.pk), BTT)
        for _ in range(5):
            post(place_hold(user(owner.pk), 1, expires_at=NOW + HOUR))
        assert holds.expire_due(now=NOW + HOUR) == 5
        assert available(owner) == BTT
