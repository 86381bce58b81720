"""Who may come in, and as what: the rules, and the admin's page over them."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from seedbox.models import Install, Invitation, User
from seedbox.models.user import Role
from seedbox.services import people
from tests.builders import NOW, SOMEWHERE, let_in, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

WEEK = timedelta(days=7)
LIMIT_S = 60  # far more than it takes


def invite(admin: User, role: Role = Role.MEMBER) -> people.FreshInvitation:
    return people.invite(created_by=admin, role=role, origin=SOMEWHERE, now=NOW)


class TestAnInvitation:
    def test_gives_its_role_to_who_joins_with_it(self, admin: User) -> None:
        fresh = invite(admin, Role.ADMIN)
        user = people.join(user=User(username="new"), invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        fresh.invitation.refresh_from_db()
        assert User.objects.get(username="new").is_admin
        assert (fresh.invitation.used_by, fresh.invitation.used_at) == (user, NOW)

    def test_works_once(self, admin: User) -> None:
        fresh = invite(admin)
        people.join(user=User(username="first"), invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        with pytest.raises(people.InvitationUnusable):
            people.join(user=User(username="second"), invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        assert not User.objects.filter(username="second").exists()

    def test_works_for_a_week(self, admin: User) -> None:
        fresh = invite(admin)
        assert people.find_invitation(token=fresh.token, now=NOW + WEEK - timedelta(seconds=1)) == fresh.invitation
        with pytest.raises(people.InvitationUnusable):
            people.find_invitation(token=fresh.token, now=NOW + WEEK)

    def test_does_not_work_once_it_is_revoked(self, admin: User) -> None:
        fresh = invite(admin)
        assert people.revoke(invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        assert not people.revoke(invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        with pytest.raises(people.InvitationUnusable):
            people.find_invitation(token=fresh.token, now=NOW)

    def test_that_was_used_cannot_be_revoked(self, admin: User) -> None:
        fresh = invite(admin)
        people.join(user=User(username="new"), invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        assert not people.revoke(invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)

    @pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.MEMBER}])
    def test_does_not_outlive_its_makers_power(self, admin: User, change: dict[str, object]) -> None:
        fresh = invite(admin)
        User.objects.filter(pk=admin.pk).update(**change)
        with pytest.raises(people.InvitationUnusable):
            people.find_invitation(token=fresh.token, now=NOW)

    def test_is_kept_as_a_digest_only(self, admin: User) -> None:
        fresh = invite(admin)
        assert fresh.token not in str(Invitation.objects.values())

    @pytest.mark.parametrize("token", ["", "x", "é" * 500, "../.."])
    def test_is_not_found_by_a_guess(self, admin: User, token: str) -> None:
        invite(admin)
        with pytest.raises(people.InvitationUnusable):
            people.find_invitation(token=token, now=NOW)


@pytest.mark.django_db(transaction=True)
class TestTwoAtTheSameMoment:
    def test_who_use_one_link_only_one_gets_in(self, admin: User) -> None:
        fresh = invite(admin)
        join = partial(people.join, invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        outcomes = at_once(*(partial(join, user=User(username=name)) for name in ("one", "two", "three")))
        assert sorted(outcomes) == ["InvitationUnusable", "InvitationUnusable", "done"]
        assert User.objects.exclude(pk=admin.pk).count() == 1

    def test_admins_who_shut_out_each_other_leave_one_admin(self, admin: User) -> None:
        other = make_user("abe", admin=True)
        outcomes = at_once(
            lambda: people.set_active(user_id=admin.pk, is_active=False, origin=SOMEWHERE, now=NOW),
            lambda: people.set_role(user_id=other.pk, role=Role.MEMBER, origin=SOMEWHERE, now=NOW),
        )
        assert sorted(outcomes) == ["LastAdmin", "done"]
        assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


def at_once(*actions: Callable[[], object]) -> list[str]:
    """Run the actions in threads that start together; say of each "done" or what was raised."""
    gate = threading.Barrier(len(actions))
    outcomes: list[str] = []

    def run(action: Callable[[], object]) -> None:
        gate.wait(timeout=LIMIT_S)
        try:
            action()
            outcomes.append("done")
        except (people.InvitationUnusable, people.LastAdmin) as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LIMIT_S)
        assert not thread.is_alive(), "an action waits for ever"
    return outcomes


class TestJoining:
    def test_without_an_invitation_needs_an_open_door(self) -> None:
        with pytest.raises(people.InvitationUnusable):
            people.join(user=User(username="new"), invitation_id=None, origin=SOMEWHERE, now=NOW)
        people.open_sign_up(is_open=True, origin=SOMEWHERE, now=NOW)
        people.join(user=User(username="new"), invitation_id=None, origin=SOMEWHERE, now=NOW)
        assert User.objects.get(username="new").role == Role.MEMBER

    def test_under_a_name_that_is_taken_says_so(self, owner: User) -> None:
        people.open_sign_up(is_open=True, origin=SOMEWHERE, now=NOW)
        with pytest.raises(people.NameTaken):
            people.join(user=User(username=owner.username), invitation_id=None, origin=SOMEWHERE, now=NOW)


class TestTheLastAdmin:
    def test_can_neither_step_down_nor_leave(self, admin: User) -> None:
        with pytest.raises(people.LastAdmin):
            people.set_role(user_id=admin.pk, role=Role.MEMBER, origin=SOMEWHERE, now=NOW)
        with pytest.raises(people.LastAdmin):
            people.set_active(user_id=admin.pk, is_active=False, origin=SOMEWHERE, now=NOW)
        assert User.objects.filter(pk=admin.pk, role=Role.ADMIN, is_active=True).exists()

    def test_is_not_relieved_by_an_admin_who_is_shut_out(self, admin: User) -> None:
        other = make_user("abe", admin=True)
        people.set_active(user_id=other.pk, is_active=False, origin=SOMEWHERE, now=NOW)
        with pytest.raises(people.LastAdmin):
            people.set_role(user_id=admin.pk, role=Role.MEMBER, origin=SOMEWHERE, now=NOW)

    def test_can_go_once_there_is_another(self, admin: User, owner: User) -> None:
        people.set_role(user_id=owner.pk, role=Role.ADMIN, origin=SOMEWHERE, now=NOW)
        assert not people.set_role(user_id=admin.pk, role=Role.MEMBER, origin=SOMEWHERE, now=NOW).is_admin


class TestThePeoplePage:
    @pytest.fixture
    def page(self, admin: User) -> Client:
        return let_in(admin)

    def test_shows_a_link_that_lets_somebody_in_only_once(self, page: Client) -> None:
        made = page.post(reverse("people_invite"), {"role": "member"}).content.decode()
        link = made.split('id="fresh-link" readonly value="')[1].split('"')[0]
        assert link.startswith("http://localhost:8000/invitation/")
        assert link not in page.get(reverse("people")).content.decode()
        guest = Client()
        assert guest.get(link).headers["Location"] == reverse("account_signup")
        form = {"username": "Nora", "password1": "plenty of characters", "password2": "plenty of characters"}
        assert guest.post(reverse("account_signup"), form).headers["Location"] == reverse("overview")
        assert User.objects.get(username="nora").role == Role.MEMBER
        late = Client()
        assert late.get(link).status_code == 404

    def test_refuses_a_sign_up_whose_invitation_was_used_meanwhile(self, page: Client, admin: User) -> None:
        fresh = people.invite(created_by=admin, role=Role.MEMBER, origin=SOMEWHERE, now=NOW.replace(year=2999))
        guest = Client()
        guest.get(reverse("invitation", args=[fresh.token]))
        people.join(user=User(username="quick"), invitation_id=fresh.invitation.pk, origin=SOMEWHERE, now=NOW)
        form = {"username": "slow", "password1": "plenty of characters", "password2": "plenty of characters"}
        assert "Sign-up is by invitation" in guest.post(reverse("account_signup"), form).content.decode()
        assert not User.objects.filter(username="slow").exists()

    def test_opens_sign_up_to_everybody_and_closes_it_again(self, page: Client) -> None:
        page.post(reverse("people_sign_up"), {"open": "on"})
        assert Install.objects.get().sign_up_open
        assert "Welcome to the box" in Client().get(reverse("account_signup")).content.decode()
        assert "Sign up" in Client().get(reverse("account_login")).content.decode()
        page.post(reverse("people_sign_up"), {"open": "off"})
        assert "Sign-up is by invitation" in Client().get(reverse("account_signup")).content.decode()

    def test_says_why_the_last_admin_stays(self, page: Client, admin: User) -> None:
        answer = page.post(reverse("people_role", args=[admin.pk]), {"role": "member"}, follow=True)
        assert "The box needs an admin" in answer.content.decode()

    def test_shuts_somebody_out_at_once_and_lets_them_sign_in_again(self, page: Client, owner: User) -> None:
        theirs = let_in(owner)
        page.post(reverse("people_active", args=[owner.pk]), {"active": "off"})
        assert theirs.get(reverse("torrents")).status_code == 302
        page.post(reverse("people_active", args=[owner.pk]), {"active": "on"})
        assert theirs.get(reverse("torrents")).status_code == 302  # the login has ended, it does not rest
        assert let_in(owner).get(reverse("torrents")).status_code == 200

    @pytest.mark.parametrize("role", ["", "root", "ADMIN"])
    def test_knows_no_other_roles(self, page: Client, owner: User, role: str) -> None:
        assert page.post(reverse("people_role", args=[owner.pk]), {"role": role}).status_code == 404
        assert page.post(reverse("people_invite"), {"role": role}).status_code == 404

    def test_knows_nobody_who_is_not_there(self, page: Client) -> None:
        assert page.post(reverse("people_role", args=[10**15]), {"role": "admin"}).status_code == 404
