"""Second factors: set up, asked for, guessed at, lost."""

from typing import TYPE_CHECKING

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from seedbox.models import AuditEntry, Install, User
from seedbox.models.audit_entry import Act
from seedbox.models.install import FactorRule
from seedbox.services import factors
from tests.builders import NOW, PASSWORD, SOMEWHERE, make_user, signed_in
from tests.factors import code_of, fresh_code, set_up_app

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

TRIES = 5  # wrong codes in five minutes for one user
NONSENSE = [
    "",
    "{",
    "[]",
    '"x"',
    "7",
    "null",
    '{"id": 3}',
    '{"response": "x"}',
    '{"type": "public-key", "rawId": "AA"}',
]


@pytest.fixture(autouse=True)
def clean_slate(settings: Settings) -> None:
    cache.clear()
    settings.MFA_TOTP_TOLERANCE = 1  # a test must not fail because its code grew old between two lines


def give_password(user: User) -> Client:
    """Sign in with the password alone, and stand before the second factor."""
    client = Client()
    answer = client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    return client


def enter(client: Client, code: str) -> "Response":
    response = client.post(reverse("mfa_authenticate"), {"code": code})
    return response


def acts_of(user: User) -> list[tuple[str, str]]:
    return [(line.act, line.says) for line in AuditEntry.objects.filter(subject=user).order_by("pk")]


class TestAnAuthenticatorApp:
    def test_is_asked_for_after_the_password(self, owner: User) -> None:
        secret, _ = set_up_app(signed_in(owner))
        client = give_password(owner)
        assert client.get(reverse("torrents")).status_code == 302
        assert "not right" in enter(client, "000000").content.decode()
        assert enter(client, fresh_code(secret)).headers["Location"] == reverse("overview")
        assert client.get(reverse("torrents")).status_code == 200

    def test_gives_codes_that_work_once(self, owner: User) -> None:
        secret, _ = set_up_app(signed_in(owner))
        code = code_of(secret)
        enter(give_password(owner), code)
        assert "not right" in enter(give_password(owner), code).content.decode()

    def test_gives_codes_that_grow_old(self, owner: User) -> None:
        secret, _ = set_up_app(signed_in(owner))
        assert "not right" in enter(give_password(owner), code_of(secret, periods_ago=3)).content.decode()

    def test_needs_a_right_code_to_be_set_up(self, owner: User) -> None:
        client = signed_in(owner)
        client.get(reverse("mfa_activate_totp"))
        assert "not right" in client.post(reverse("mfa_activate_totp"), {"code": "000000"}).content.decode()
        assert not factors.has_one(owner.pk)

    def test_shows_its_secret_as_a_picture_that_the_policy_allows(self, owner: User) -> None:
        page = signed_in(owner).get(reverse("mfa_activate_totp"))
        assert 'src="data:image/svg+xml;base64,' in page.content.decode()
        assert "style=" not in page.content.decode()
        assert "data:" in page.headers["Content-Security-Policy"].split("img-src")[1].split(";")[0]

    def test_keeps_its_secret_sealed_in_the_database(self, owner: User) -> None:
        secret, codes = set_up_app(signed_in(owner))
        kept = str(list(Authenticator.objects.values()))
        assert secret not in kept
        assert not any(code in kept for code in codes)

    def test_under_another_secret_key_says_what_to_do(self, owner: User, settings: Settings) -> None:
        secret, _ = set_up_app(signed_in(owner))
        client = give_password(owner)
        Authenticator.objects.filter(type=Authenticator.Type.TOTP).update(data={"secret": "gAAAAA-of-another-key"})
        assert "Ask your admin to reset" in enter(client, code_of(secret)).content.decode()

    def test_is_not_guessed(self, owner: User) -> None:
        secret, _ = set_up_app(signed_in(owner))
        client = give_password(owner)
        for _ in range(TRIES):
            assert enter(client, "000000").status_code == 200
        answer = enter(client, code_of(secret))
        assert answer.status_code == 429
        assert "Wait five minutes" in answer.content.decode()
        assert acts_of(owner).count((Act.SIGN_IN_FAILED, "Wrong code at sign-in")) == TRIES

    def test_can_be_removed(self, owner: User) -> None:
        client = signed_in(owner)
        set_up_app(client)
        client.post(reverse("mfa_deactivate_totp"))
        assert not Authenticator.objects.exists()
        assert acts_of(owner)[-1] == (Act.FACTOR_REMOVED, "Authenticator app")


class TestRecoveryCodes:
    def test_sign_in_once_each(self, owner: User) -> None:
        _, codes = set_up_app(signed_in(owner))
        assert enter(give_password(owner), codes[3]).headers["Location"] == reverse("overview")
        assert "not right" in enter(give_password(owner), codes[3]).content.decode()
        assert (Act.CODE_USED, "9 left") in acts_of(owner)

    def test_are_shown_once(self, owner: User) -> None:
        client = signed_in(owner)
        _, codes = set_up_app(client)
        again = client.get(reverse("mfa_view_recovery_codes")).content.decode()
        assert "You have 10 of 10 left" in again
        assert not any(code in again for code in codes)

    @pytest.mark.django_db(transaction=True)  # allauth says what has changed when it is committed
    def test_can_be_replaced(self, owner: User) -> None:
        client = signed_in(owner)
        _, codes = set_up_app(client)
        answer = client.post(reverse("mfa_generate_recovery_codes"), follow=True).content.decode()
        assert "Save as a file" in answer
        assert not any(code in answer for code in codes)
        assert "not right" in enter(give_password(owner), codes[0]).content.decode()
        assert [act for act, _ in acts_of(owner)][1:3] == [Act.FACTOR_ADDED, Act.CODES_MADE]

    def test_warn_when_few_are_left(self, owner: User) -> None:
        client = signed_in(owner)
        _, codes = set_up_app(client)
        kept = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
        for code in codes[:7]:
            assert kept.wrap().validate_code(code)
        assert "Only 3 left" in client.get(reverse("security")).content.decode()

    def test_are_not_made_without_a_second_factor(self, owner: User) -> None:
        client = signed_in(owner)
        assert "without having two-factor" in client.post(reverse("mfa_generate_recovery_codes")).content.decode()


class TestPasskeys:
    """What needs no device; adding and using one is in the browser's tests."""

    @pytest.mark.parametrize("credential", NONSENSE)
    def test_that_are_nonsense_are_refused(self, owner: User, credential: str) -> None:
        client = signed_in(owner)
        client.get(reverse("mfa_add_webauthn"))
        form = {"name": "x", "credential": credential, "passwordless": "on"}
        assert client.post(reverse("mfa_add_webauthn"), form).status_code == 200
        assert not Authenticator.objects.exists()
        guest = Client()
        guest.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
        answer = guest.post(reverse("mfa_login_webauthn"), {"credential": credential})
        assert answer.headers["Location"] == reverse("account_login")
        assert guest.get(reverse("torrents")).status_code == 302

    def test_ask_for_the_boxs_own_host_whatever_a_request_calls_it(self, owner: User) -> None:
        options = Client().get(
            reverse("mfa_login_webauthn"), headers={"Accept": "application/json", "Host": "127.0.0.1:8000"}
        )
        assert options.json()["request_options"]["publicKey"]["rpId"] == "localhost"

    def test_are_not_guessed(self) -> None:
        client = Client()
        answers = [client.post(reverse("mfa_login_webauthn"), {"credential": "{}"}).status_code for _ in range(11)]
        assert answers == [302] * 10 + [429]

    @pytest.mark.parametrize(
        ("public", "host", "sentence"),
        [
            ("http://localhost:8000", "localhost:8000", ""),
            ("https://box.example.org", "box.example.org", ""),
            ("http://localhost:8000", "127.0.0.1:8000", "Passkeys work at http://localhost:8000 only"),
            ("http://192.0.2.9:8000", "192.0.2.9:8000", "Passkeys need a name"),
            ("http://[2001:db8::1]", "[2001:db8::1]", "Passkeys need a name"),
            ("http://box.example.org", "box.example.org", "Passkeys need https"),
        ],
    )
    def test_say_where_they_do_not_work(
        self, owner: User, settings: Settings, public: str, host: str, sentence: str
    ) -> None:
        client = signed_in(owner)
        settings.PUBLIC_URL = settings.PUBLIC_ORIGIN = public
        settings.ALLOWED_HOSTS = ["*"]
        page = client.get(reverse("security"), headers={"Host": host}).content.decode()
        assert (sentence in page) if sentence else (reverse("mfa_add_webauthn") in page)


class TestTheRule:
    def ask_of(self, rule: FactorRule) -> None:
        Install.objects.update_or_create(pk=1, defaults={"factor_rule": rule})

    def test_leads_who_has_no_second_factor_to_set_one_up(self, owner: User) -> None:
        self.ask_of(FactorRule.EVERYBODY)
        client = signed_in(owner)
        wanted = reverse("factor_wanted")
        for page in ("torrents", "security", "health", "mfa_generate_recovery_codes"):
            assert client.get(reverse(page)).headers["Location"] == wanted
        assert client.get(reverse("torrents_fragment"), headers={"HX-Request": "true"}).headers["HX-Redirect"] == wanted
        assert client.get(reverse("download", args=[1, 0])).headers["Location"] == wanted
        assert client.post(reverse("torrents_add"), {"magnets": "x"}).headers["Location"] == wanted
        assert "asks for a second factor" in client.get(wanted).content.decode()
        assert client.get("/healthz").status_code == 503
        set_up_app(client)
        assert client.get(reverse("torrents")).status_code == 200

    def test_lets_who_has_none_sign_out(self, owner: User) -> None:
        self.ask_of(FactorRule.EVERYBODY)
        client = signed_in(owner)
        assert client.post(reverse("account_logout")).status_code == 302
        assert client.get(reverse("factor_wanted")).headers["Location"].startswith(reverse("account_login"))

    @pytest.mark.parametrize(
        ("rule", "member", "admin"),
        [(FactorRule.NOBODY, 200, 200), (FactorRule.ADMINS, 200, 302), (FactorRule.EVERYBODY, 302, 302)],
    )
    def test_holds_for_whom_it_names(self, owner: User, rule: FactorRule, member: int, admin: int) -> None:
        self.ask_of(rule)
        boss = make_user("boss", admin=True)
        answers = [signed_in(user).get(reverse("torrents")).status_code for user in (owner, boss)]
        assert answers == [member, admin]

    def test_keeps_the_last_factor_in_place(self, owner: User) -> None:
        client = signed_in(owner)
        set_up_app(client)
        self.ask_of(FactorRule.EVERYBODY)
        assert "Add another one before" in client.get(reverse("mfa_deactivate_totp")).content.decode()
        client.post(reverse("mfa_deactivate_totp"))
        assert factors.has_one(owner.pk)

    def test_keeps_the_last_passkey_in_place_too(self, owner: User) -> None:
        client = signed_in(owner)
        data = {"name": "Phone", "credential": {}}
        passkey = Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data=data)
        self.ask_of(FactorRule.EVERYBODY)
        answer = client.post(reverse("mfa_remove_webauthn", args=[passkey.pk]), follow=True)
        assert "Add another one before" in answer.content.decode()
        self.ask_of(FactorRule.NOBODY)
        client.post(reverse("mfa_remove_webauthn", args=[passkey.pk]))
        assert not factors.has_one(owner.pk)

    def test_is_set_by_an_admin_who_keeps_to_it(self, admin: User) -> None:
        client = signed_in(admin)
        answer = client.post(reverse("people_factor_rule"), {"rule": "admins"}, follow=True)
        assert "Set up a second factor of your own first" in answer.content.decode()
        assert factors.rule() == FactorRule.NOBODY
        set_up_app(client)
        answer = client.post(reverse("people_factor_rule"), {"rule": "admins"}, follow=True)
        assert "Every admin needs a second factor now." in answer.content.decode()
        assert factors.rule() == FactorRule.ADMINS
        assert AuditEntry.objects.latest("pk").says == "Second factor required of: Admins"

    def test_knows_no_other_words(self, admin: User) -> None:
        assert signed_in(admin).post(reverse("people_factor_rule"), {"rule": "some"}).status_code == 404


class TestAnAdmin:
    def test_helps_somebody_who_lost_the_phone(self, admin: User, owner: User) -> None:
        theirs = signed_in(owner)
        set_up_app(theirs)
        page = signed_in(admin)
        assert "Reset second factors" in page.get(reverse("people")).content.decode()
        page.post(reverse("people_reset_factors", args=[owner.pk]))
        assert theirs.get(reverse("torrents")).status_code == 302
        assert signed_in(owner).get(reverse("torrents")).status_code == 200
        assert (Act.FACTOR_REMOVED, "All of them, and all logins ended") in acts_of(owner)

    def test_changes_their_own_factors_on_their_own_page(self, admin: User) -> None:
        client = signed_in(admin)
        set_up_app(client)
        client.post(reverse("people_reset_factors", args=[admin.pk]))
        assert factors.has_one(admin.pk)


class TestTheCommandLine:
    def test_lets_a_locked_out_admin_in_again(self, admin: User, capsys: pytest.CaptureFixture[str]) -> None:
        client = signed_in(admin)
        set_up_app(client)
        call_command("factors", "list")
        call_command("factors", "reset", "ADA")
        assert "ada  has a second factor" in capsys.readouterr().out
        assert client.get(reverse("torrents")).status_code == 302
        assert signed_in(admin).get(reverse("torrents")).status_code == 200
        line = AuditEntry.objects.get(act=Act.FACTOR_REMOVED)
        assert (line.actor_name, line.subject) == ("command line", admin)

    def test_takes_a_rule_back(self, admin: User) -> None:
        client = signed_in(admin)
        set_up_app(client)
        factors.set_rule(wanted=FactorRule.EVERYBODY, origin=SOMEWHERE, now=NOW)
        call_command("factors", "rule", "nobody")
        assert factors.rule() == FactorRule.NOBODY

    def test_knows_nobody_who_is_not_there(self) -> None:
        with pytest.raises(CommandError, match="There is no user 'nobody'"):
            call_command("factors", "reset", "nobody")
