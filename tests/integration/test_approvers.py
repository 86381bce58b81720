"""Who has to approve a large withdrawal is said to whoever asks for it, and to the desk about whoever has."""

import pytest
from django.test import Client
from django.urls import reverse

from seedbox.models import User
from tests.builders import NOW, make_user, signed_in
from tests.ledger import BTT
from tests.withdrawals import World
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Withdrawal
from wallet.services import withdrawal_pages, withdrawal_rules, withdrawals
from wallet.services.approvers import Approver, approver_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(withdrawal_rules.DEFAULTS, "approval_above_ubtt", 50 * BTT)


def form_of(browser: Client) -> str:
    return browser.get(reverse("withdraw")).content.decode()


class TestWhoApproves:
    def test_is_any_admin_for_members_and_another_one_for_admins(self, owner: User, admin: User) -> None:
        assert approver_for(owner.pk) is Approver.AN_ADMIN
        assert "An admin approves what is above" in form_of(signed_in(owner))
        make_user("second", admin=True)
        assert approver_for(admin.pk) is Approver.ANOTHER_ADMIN
        assert "Another admin approves what is above" in form_of(signed_in(admin))

    def test_is_nobody_for_the_only_admin_who_is_told_before_asking(self, admin: User, owner: User) -> None:
        assert approver_for(admin.pk) is Approver.NOBODY
        page = form_of(signed_in(admin))
        assert "Nobody can approve what is above" in page
        assert "waits for 72 hours, and then the money is yours again" in page


class TestTheDesk:
    def test_speaks_about_the_user_and_the_page_to_the_user(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        own, desk = withdrawal_pages.rows_of([asked])[0], withdrawal_pages.desk_rows_of([asked])[0]
        assert own["state_words"] == desk["state_words"] == "Waits for an admin"
        assert str(own["now_text"]).endswith("the money is yours again.")
        assert str(desk["now_text"]).endswith("the money is its user's again.")
        assert desk["user"] == "olga"
        withdrawals.cancel(world.signer, user_id=owner.pk, withdrawal_id=asked.pk, now=NOW)
        ended = Withdrawal.objects.get()
        assert ended.state == WithdrawalState.CANCELLED
        assert withdrawal_pages.desk_rows_of([ended])[0]["now_text"] == "Its user cancelled it."

    def test_names_users_who_are_gone_by_their_number(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        asked.user_id = 9_999
        assert withdrawal_pages.desk_rows_of([asked])[0]["user"] == "User 9999, who is gone"
