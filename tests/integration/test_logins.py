"""Where somebody is signed in, how that ends, and what asks once more who one is."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from redis import Redis

from seedbox.domain.browsers import browser_in_words
from seedbox.models import AuditEntry, Install, User
from seedbox.models.audit_entry import Act
from seedbox.models.install import FactorRule
from seedbox.models.user import Role
from seedbox.services import logins, people
from seedbox.web.consumers import LiveConsumer
from seedbox.web.logins import BEGAN_KEY, NOTICED_KEY
from seedbox.web.rights import DEMOTED, FACTOR_WANTED, SIGNED_OUT
from tests.builders import NOW, PASSWORD, SOMEWHERE, let_in, make_user, signed_in
from tests.sockets import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
OTHER = "an even better password"


def age(client: Client, **keys: timedelta) -> None:
    session = client.session
    for key, by in keys.items():
        session[key] = time.time() - by.total_seconds()
    session.save()


def grow_stale(client: Client) -> None:
    """Let the sign-in be too long ago for a dangerous act."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 301
    session.save()


class TestTheList:
    def test_shows_ones_own_logins_and_marks_this_one(self, owner: User, stranger: User) -> None:
        client = signed_in(owner)
        signed_in(owner)
        signed_in(stranger)
        page = client.get(reverse("security")).content.decode()
        assert page.count("signed in 2") == 2
        assert page.count("this one") == 1

    def test_ends_one(self, owner: User) -> None:
        client, other = signed_in(owner), signed_in(owner)
        login = UserSession.objects.get(session_key=other.session.session_key)
        client.post(reverse("login_end", args=[login.pk]))
        assert (client.get("/").status_code, other.get("/").status_code) == (200, 302)
        assert AuditEntry.objects.latest("pk").act == Act.LOGIN_ENDED

    def test_ends_all_others(self, owner: User) -> None:
        client, *others = (signed_in(owner) for _ in range(3))
        client.post(reverse("logins_end_others"))
        assert client.get("/").status_code == 200
        assert [other.get("/").status_code for other in others] == [302, 302]

    def test_names_browsers_in_words(self) -> None:
        assert browser_in_words(FIREFOX) == "Firefox on Linux"
        assert browser_in_words("curl/8.0") == "curl/8.0"
        assert browser_in_words("\x00\x1b[31m" * 99) == "[31m" * 15
        assert browser_in_words("") == "Unknown browser"


class TestALogin:
    def test_gets_a_new_key_at_sign_in(self, owner: User) -> None:
        client = Client()
        client.get(reverse("account_login"))
        session = client.session
        session["planted"] = 1
        session.save()
        before = session.session_key
        client.post(reverse("account_login"), {"login": "olga", "password": PASSWORD})
        assert client.session.session_key != before

    def test_that_tests_make_without_the_form_is_as_a_sign_in_leaves_it(self, owner: User) -> None:
        by_form, without = ({**client(owner).session} for client in (signed_in, let_in))
        for login in (by_form, without):
            login |= dict.fromkeys((BEGAN_KEY, NOTICED_KEY), "now")
            for record in login["account_authentication_methods"]:
                record["at"] = "now"
        assert without == by_form
        assert UserSession.objects.filter(user=owner).count() == 2

    def test_ends_after_thirty_days_however_busy(self, owner: User) -> None:
        client = signed_in(owner)
        age(client, **{BEGAN_KEY: timedelta(days=29)})
        assert client.get("/").status_code == 200
        age(client, **{BEGAN_KEY: timedelta(days=31)})
        assert client.get("/").status_code == 302

    def test_ends_after_a_week_without_use(self, owner: User) -> None:
        assert signed_in(owner).session.get_expiry_age() == 7 * 24 * 3600

    def test_writes_that_it_was_seen_every_few_minutes_only(self, owner: User) -> None:
        client = signed_in(owner)
        for _ in range(3):
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("health"))
            assert not [query for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]
        age(client, **{NOTICED_KEY: timedelta(minutes=6)})
        client.get(reverse("health"), headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.44")
        seen = UserSession.objects.get()
        assert (seen.ip, seen.user_agent) == ("192.0.2.44", FIREFOX)

    def test_survives_a_change_of_password_and_no_other_does(self, owner: User) -> None:
        client, other = signed_in(owner), signed_in(owner)
        form = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
        assert client.post(reverse("account_change_password"), form).headers["Location"] == reverse("security")
        assert (client.get("/").status_code, other.get("/").status_code) == (200, 302)
        assert "signed in 2" in client.get(reverse("security")).content.decode()
        assert UserSession.objects.count() == 1


class TestADangerousAct:
    def test_asks_who_one_is_and_is_then_carried_out(self, admin: User, owner: User) -> None:
        client = signed_in(admin)
        grow_stale(client)
        asked = client.post(reverse("people_role", args=[owner.pk]), {"role": "admin"})
        assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
        owner.refresh_from_db()
        assert not owner.is_admin
        wrong = client.post(asked.headers["Location"], {"password": "wrong"})
        assert wrong.status_code == 200
        assert AuditEntry.objects.latest("pk").says == "Wrong password when asked to confirm"
        done = client.post(asked.headers["Location"], {"password": PASSWORD}, follow=True)
        assert "olga is an admin now." in done.content.decode()
        owner.refresh_from_db()
        assert owner.is_admin

    @pytest.mark.parametrize(
        ("name", "form"),
        [
            ("people_invite", {"role": "admin"}),
            ("people_factor_rule", {"rule": "nobody"}),
            ("logins_end_others", {}),
        ],
    )
    def test_of_each_kind_asks(self, admin: User, name: str, form: dict[str, str]) -> None:
        client = signed_in(admin)
        grow_stale(client)
        asked = client.post(reverse(name), form)
        assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))

    @pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"])
    def test_on_factors_asks(self, owner: User, name: str) -> None:
        client = signed_in(owner)
        grow_stale(client)
        assert client.get(reverse(name)).headers["Location"].startswith(reverse("account_reauthenticate"))

    def test_does_not_ask_for_a_members_invitation(self, admin: User) -> None:
        client = signed_in(admin)
        grow_stale(client)
        assert client.post(reverse("people_invite"), {"role": "member"}).status_code == 200

    def test_from_htmx_leads_the_page_there_and_back(self, admin: User) -> None:
        client = signed_in(admin)
        grow_stale(client)
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/people/"}
        asked = client.post(reverse("people_factor_rule"), {"rule": "nobody"}, headers=headers)
        assert asked.headers["HX-Redirect"] == "/accounts/reauthenticate/?next=%2Fpeople%2F"

    def test_with_a_secret_is_not_kept_meanwhile(self, admin: User) -> None:
        client = signed_in(admin)
        grow_stale(client)
        client.post(reverse("people_factor_rule"), {"rule": "nobody", "proxy_password": "hush"})
        assert "hush" not in str(dict(client.session.items()))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_client")
class TestAnOpenPage:
    """Its socket; renewals are too far away to help but where they are asked for."""

    @pytest.fixture(autouse=True)
    def rare_renewals(self, monkeypatch: pytest.MonkeyPatch, redis_client: Redis) -> None:
        monkeypatch.setattr(LiveConsumer, "renewal_s", 60.0)

    def code_after(self, user: User, act: Callable[[], object]) -> int:
        async def scenario() -> int:
            async with browser_of(None, client=signed) as browser:
                await browser.say(resync=[])
                await browser.hear()
                await sync_to_async(act)()
                return await browser.close_code()

        signed = signed_in(user)
        return async_to_sync(scenario)()

    def test_closes_when_its_user_is_shut_out(self, admin: User, owner: User) -> None:
        def act() -> None:
            people.set_active(user_id=owner.pk, is_active=False, origin=SOMEWHERE, now=NOW)

        assert self.code_after(owner, act) == SIGNED_OUT

    def test_closes_when_its_login_is_ended_elsewhere(self, owner: User) -> None:
        assert self.code_after(owner, lambda: logins.end_all(user_id=owner.pk)) == SIGNED_OUT

    def test_closes_when_its_user_is_deleted(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LiveConsumer, "renewal_s", 0.1)
        assert self.code_after(owner, owner.delete) == SIGNED_OUT

    def test_closes_when_the_box_asks_for_a_second_factor(self, owner: User) -> None:
        def act() -> None:
            Install.objects.update_or_create(pk=1, defaults={"factor_rule": FactorRule.EVERYBODY})
            logins.check_sockets(owner.pk)

        assert self.code_after(owner, act) == FACTOR_WANTED

    def test_closes_for_admins_when_its_user_becomes_a_member_and_is_not_opened_again(self, admin: User) -> None:
        boss = make_user("boss", admin=True)

        async def scenario() -> None:
            async with browser_of(None, client=signed) as browser:
                await browser.say(watch=["operator"])
                assert "operator-glance" in str(await browser.hear())
                await sync_to_async(people.set_role)(user_id=boss.pk, role=Role.MEMBER, origin=SOMEWHERE, now=NOW)
                assert await browser.close_code() == DEMOTED
            async with browser_of(None, client=signed) as browser:
                await browser.say(watch=["operator"])
                assert await browser.hear() == {"type": "shut", "code": DEMOTED}

        signed = signed_in(boss)
        async_to_sync(scenario)()

    def test_stays_when_its_user_becomes_something_else(self, admin: User) -> None:
        boss = make_user("boss", admin=True)

        async def scenario() -> bool:
            async with browser_of(boss) as browser:
                await sync_to_async(people.set_role)(user_id=boss.pk, role=Role.MEMBER, origin=SOMEWHERE, now=NOW)
                return await browser.hears_nothing()

        assert async_to_sync(scenario)()
