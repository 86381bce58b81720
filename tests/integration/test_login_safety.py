"""What a login may do, how others see and end it, and what is written of it."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from seedbox.models import AuditEntry, User
from seedbox.models.audit_entry import Act
from seedbox.models.user import Role
from tests.builders import PASSWORD

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "an even better password"
WRONG = "something that was guessed"


@pytest.fixture(autouse=True)
def no_throttles_from_before() -> None:
    cache.clear()


def signed_in(name: str, password: str = PASSWORD, agent: str = "Firefox") -> Client:
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR="203.0.113.7")
    client.post(reverse("account_login"), {"login": name, "password": password})
    return client


class TestADangerousAct:
    def test_asks_again_for_the_password_of_an_older_login(self, admin: User, owner: User) -> None:
        client = Client()
        client.force_login(admin)  # without a fresh proof of who it is
        address = reverse("people_role", args=[owner.pk])
        answer = client.post(address, {"role": "admin"})
        assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
        owner.refresh_from_db()
        assert owner.role == Role.MEMBER

    def test_goes_through_after_a_fresh_sign_in(self, admin: User, owner: User) -> None:
        signed_in("ada").post(reverse("people_role", args=[owner.pk]), {"role": "admin"})
        owner.refresh_from_db()
        assert owner.role == Role.ADMIN


class TestLoginsElsewhere:
    def test_are_seen_and_can_be_ended(self, owner: User) -> None:
        here, elsewhere = signed_in("olga"), signed_in("olga", agent="Safari")
        assert "203.0.113.7" in here.get(reverse("security")).content.decode()
        here.post(reverse("logins_end_others"))
        assert elsewhere.get(reverse("torrents")).status_code == 302
        assert here.get(reverse("torrents")).status_code == 200

    def test_end_with_a_new_password(self, owner: User) -> None:
        here, elsewhere = signed_in("olga"), signed_in("olga")
        form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        here.post(reverse("account_change_password"), form)
        assert elsewhere.get(reverse("torrents")).status_code == 302
        assert here.get(reverse("torrents")).status_code == 200


class TestTheAuditLog:
    def test_has_each_sign_in_and_each_failure_and_no_password(self, owner: User) -> None:
        signed_in("olga", WRONG)
        signed_in("olga")
        assert list(AuditEntry.objects.order_by("id").values_list("act", flat=True)) == [
            Act.SIGN_IN_FAILED,
            Act.SIGNED_IN,
        ]
        written = "".join(str(vars(entry)) for entry in AuditEntry.objects.all())
        assert WRONG not in written
        assert PASSWORD not in written

    def test_says_who_when_from_where_and_with_what(self, owner: User) -> None:
        signed_in("olga", agent="Firefox")
        entry = AuditEntry.objects.get(act=Act.SIGNED_IN)
        assert (entry.actor, entry.subject, entry.address, entry.agent) == (owner, owner, "203.0.113.7", "Firefox")
        assert entry.at.tzinfo is not None

    def test_of_an_account_is_shown_to_its_owner(self, owner: User) -> None:
        client = signed_in("olga")
        form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        client.post(reverse("account_change_password"), form)
        assert "Changed the password" in client.get(reverse("security_log")).content.decode()
