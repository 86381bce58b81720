"""The audit log: what stands in it, who reads it, how long it is kept."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from seedbox.models import AuditEntry, User
from seedbox.models.audit_entry import Act
from seedbox.models.user import Role
from seedbox.services import audit, people
from seedbox.services.audit import Origin
from tests.builders import NOW, PASSWORD, SOMEWHERE, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

HOSTILE = "<script>alert(1)</script>\n\x00" * 40


@pytest.fixture(autouse=True)
def no_throttles_from_before() -> None:
    cache.clear()


def try_to_sign_in(name: str) -> None:
    form = {"login": name, "password": "wrong"}
    Client().post(reverse("account_login"), form, REMOTE_ADDR="192.0.2.9", headers={"User-Agent": HOSTILE})


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))


def write(count: int, *, since: datetime, act: Act = Act.SIGNED_IN, subject: User | None = None) -> None:
    """Write lines of one second after another; a sign-in removes those that were kept long enough by true time."""
    for number in range(count):
        audit.record(
            act, origin=SOMEWHERE, now=since + timedelta(seconds=number), subject=subject, detail=f"line {number}."
        )


class TestALine:
    def test_says_who_what_when_and_from_where(self, owner: User) -> None:
        signed_in(owner)
        line = AuditEntry.objects.get()
        assert (line.act, line.actor, line.subject, line.says) == (Act.SIGNED_IN, owner, owner, "With password")
        assert line.address.startswith("127.0.31.")

    def test_is_written_of_each_step(self, owner: User) -> None:
        client = signed_in(owner)
        form = {"oldpassword": PASSWORD, "password1": "a better password", "password2": "a better password"}
        client.post(reverse("account_change_password"), form)
        client.post(reverse("account_logout"))
        assert acts() == [Act.SIGNED_IN, Act.PASSWORD_CHANGED, Act.SIGNED_OUT]

    def test_is_written_of_each_act_of_an_admin(self, admin: User, owner: User) -> None:
        client = signed_in(admin)
        client.post(reverse("people_invite"), {"role": "admin"})
        client.post(reverse("people_sign_up"), {"open": "on"})
        client.post(reverse("people_role", args=[owner.pk]), {"role": "admin"})
        client.post(reverse("people_active", args=[owner.pk]), {"active": "off"})
        expected = [Act.INVITED, Act.SETTING_CHANGED, Act.ROLE_CHANGED, Act.USER_CHANGED]
        assert acts()[1:] == expected
        assert [line.says for line in AuditEntry.objects.filter(subject=owner)] == ["From member to admin", "Shut out"]

    def test_is_written_of_a_sign_up(self, admin: User) -> None:
        fresh = people.invite(created_by=admin, role=Role.MEMBER, origin=SOMEWHERE, now=NOW)
        people.join(user=User(username="new"), invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        line = AuditEntry.objects.latest("pk")
        assert (line.act, line.actor_name) == (Act.SIGNED_UP, "new")

    def test_is_written_of_a_password_set_on_the_machine(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        client = signed_in(owner)
        monkeypatch.setattr("getpass.getpass", lambda prompt: "a better password")
        call_command("changepassword", "olga")
        line = AuditEntry.objects.latest("pk")
        assert (line.act, line.actor_name, line.subject) == (Act.PASSWORD_CHANGED, "command line", owner)
        assert client.get("/").status_code == 302

    def test_names_a_guesser_only_by_a_name_that_exists(self, owner: User) -> None:
        try_to_sign_in("OLGA")
        try_to_sign_in("my secret password")
        known, unknown = AuditEntry.objects.order_by("pk")
        assert (known.actor, known.actor_name, known.subject) == (None, "olga", owner)
        assert (unknown.actor_name, unknown.subject, unknown.detail) == ("(unknown name)", None, "")

    def test_outlives_its_user(self, owner: User) -> None:
        signed_in(owner)
        owner.delete()
        assert AuditEntry.objects.get().subject_name == "olga"


class TestThePages:
    def test_show_hostile_words_as_words(self, owner: User) -> None:
        try_to_sign_in("olga")
        for page in ("security", "security_log"):
            shown = signed_in(owner).get(reverse(page)).content.decode()
            assert "Sign-in failed" in shown
            assert "<script>alert" not in shown
            assert "&lt;script&gt;" in shown
        assert len(AuditEntry.objects.earliest("pk").agent) == audit.MAX_AGENT_CHARS

    def test_show_a_user_their_own_lines_only(self, owner: User, stranger: User) -> None:
        write(1, since=timezone.now(), subject=owner)
        assert "line 0." in signed_in(owner).get(reverse("security_log")).content.decode()
        assert "line 0." not in signed_in(stranger).get(reverse("security_log")).content.decode()

    def test_go_on_where_the_last_one_ended(self, admin: User) -> None:
        write(120, since=timezone.now() - timedelta(seconds=120))
        client = signed_in(admin)
        seen: list[str] = []
        before: int | None = None
        while True:
            page = audit.read_all(before=before)
            seen += [line.detail for line in page.lines if line.detail.startswith("line")]
            if page.before is None:
                break
            before = page.before
        assert seen == [f"line {number}." for number in reversed(range(120))]
        assert f"before={audit.read_all().before}" in client.get(reverse("audit")).content.decode()

    def test_of_the_admin_choose_by_person_and_act(self, admin: User, owner: User) -> None:
        write(1, since=timezone.now(), subject=owner)
        audit.record(Act.INVITED, origin=Origin(admin), now=timezone.now(), detail="an invitation.")
        client = signed_in(admin)
        assert "an invitation." not in client.get(reverse("audit"), {"person": "OLGA"}).content.decode()
        assert "line 0." not in client.get(reverse("audit"), {"act": "invited"}).content.decode()
        assert "line 0." in client.get(reverse("audit"), {"act": "nonsense"}).content.decode()

    @pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "\N{ARABIC-INDIC DIGIT ONE}"])
    def test_know_no_other_beginnings(self, owner: User, before: str) -> None:
        assert signed_in(owner).get(reverse("security_log"), {"before": before}).status_code == 404


class TestKeeping:
    def test_ends_after_four_hundred_days(self) -> None:
        write(3, since=NOW)
        audit.tidy(NOW + audit.KEPT_FOR + timedelta(seconds=1.5))
        assert AuditEntry.objects.get().detail == "line 2."

    def test_ends_with_the_oldest_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit, "MAX_LINES", 2)
        monkeypatch.setattr(audit, "MAX_FAILURES", 3)
        write(4, since=NOW)
        write(9, since=NOW, act=Act.SIGN_IN_FAILED)
        audit.tidy(NOW)
        kept = [AuditEntry.objects.filter(act=act).count() for act in (Act.SIGNED_IN, Act.SIGN_IN_FAILED)]
        assert kept == [2, 3]  # guessers push out guessers only
        assert AuditEntry.objects.filter(act=Act.SIGNED_IN, detail="line 3.").exists()

    def test_is_done_with_every_sign_in(self, owner: User) -> None:
        audit.record(Act.SIGNED_IN, origin=SOMEWHERE, now=NOW - 2 * audit.KEPT_FOR)
        signed_in(owner)
        assert AuditEntry.objects.count() == 1
