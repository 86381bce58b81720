"""Who may come in, and as what: invitations, roles, the sign-up switch."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept
from seedbox.models import Install, Invitation, User
from seedbox.models.audit_entry import Act
from seedbox.models.install import FactorRule
from seedbox.models.user import Role
from seedbox.services import factors, logins, notices
from seedbox.services.audit import Origin, record

# What a line of the audit log calls each.
_ROLES = {Role.ADMIN: gettext_noop("admin"), Role.MEMBER: gettext_noop("member")}
INVITATION_LIFETIME = timedelta(days=7)
_TOKEN_BYTES = 32  # nobody guesses 256 bits, so that a wrong token needs no throttle


class InvitationUnusable(Exception):
    """This invitation was used, revoked or is too old: ask for a new one."""


class LastAdmin(Exception):
    """The box needs an admin: make somebody else one first."""

    def __str__(self) -> str:
        return _("The box needs an admin: make somebody else one first.")


class NameTaken(Exception):
    """Somebody has just taken this user name: choose another one."""

    def __str__(self) -> str:
        return _("Somebody has just taken this user name. Choose another one.")


class NoSuchUser(Exception):
    """There is no such user."""


@dataclass(frozen=True)
class FreshInvitation:
    """An invitation with its token, which nobody can read ever again."""

    invitation: Invitation
    token: str


@dataclass(frozen=True)
class People:
    """Everybody, and every door that is open."""

    users: Sequence[User]
    invitations: Sequence[Invitation]  # that can still be used
    sign_up_open: bool
    with_factor: Collection[int]  # ids of the users who have a second factor
    factor_rule: FactorRule


def list_people(*, now: datetime) -> People:
    invitations = _usable(now).select_related("created_by").order_by("-created_at")
    return People(
        users=list(User.objects.order_by("username")),
        invitations=list(invitations),
        sign_up_open=is_sign_up_open(),
        with_factor=factors.users_with_one(),
        factor_rule=factors.rule(),
    )


def is_sign_up_open() -> bool:
    return Install.objects.filter(sign_up_open=True).exists()


@transaction.atomic
def open_sign_up(*, is_open: bool, origin: Origin, now: datetime) -> None:
    Install.objects.update_or_create(pk=1, defaults={"sign_up_open": is_open})
    detail = gettext_noop("Sign-up for anybody") if is_open else gettext_noop("Sign-up by invitation")
    record(Act.SETTING_CHANGED, origin=origin, now=now, detail=detail)


@transaction.atomic
def invite(*, created_by: User, role: Role, origin: Origin, now: datetime) -> FreshInvitation:
    """Make an invitation that lets one person sign up within a week."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    invitation = Invitation.objects.create(
        token_digest=_digest(token),
        role=role,
        created_by=created_by,
        created_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )
    detail = kept(gettext_noop("As %(role)s, invitation %(number)d"), {"role": _ROLES[role], "number": invitation.pk})
    record(Act.INVITED, origin=origin, now=now, detail=detail)
    return FreshInvitation(invitation, token)


def find_invitation(*, token: str, now: datetime) -> Invitation:
    """Return the invitation that the token opens; raises InvitationUnusable."""
    invitation = _usable(now).filter(token_digest=_digest(token)).first()
    if invitation is None:
        raise InvitationUnusable
    return invitation


def is_usable(*, invitation_id: int, now: datetime) -> bool:
    return _usable(now).filter(pk=invitation_id).exists()


@transaction.atomic
def revoke(*, invitation_id: int, origin: Origin, now: datetime) -> bool:
    """Close the door of an unused invitation; say whether there was one."""
    deleted, _by_table = Invitation.objects.filter(pk=invitation_id, used_at=None).delete()
    if deleted:
        detail = kept(gettext_noop("Invitation %(number)d"), {"number": invitation_id})
        record(Act.INVITATION_REVOKED, origin=origin, now=now, detail=detail)
    return deleted > 0


def join(*, user: User, invitation_id: int | None, origin: Origin, now: datetime) -> User:
    """Save a new user, with the invitation's role if there is one; raises InvitationUnusable or NameTaken.

    Of two people who use one link at the same moment, the second is refused: the row is claimed by its update.
    """
    try:
        _join(user, invitation_id, origin, now)
    except IntegrityError:
        raise NameTaken from None
    return user


def _join(user: User, invitation_id: int | None, origin: Origin, now: datetime) -> None:
    with transaction.atomic():
        if invitation_id is not None and is_usable(invitation_id=invitation_id, now=now):
            _claim(user, invitation_id, now)
        elif is_sign_up_open():
            user.role = Role.MEMBER
            user.save()
        else:
            raise InvitationUnusable
        detail = (
            "" if invitation_id is None else kept(gettext_noop("With invitation %(number)d"), {"number": invitation_id})
        )
        record(Act.SIGNED_UP, origin=replace(origin, actor=user), now=now, detail=detail)


def set_role(*, user_id: int, role: Role, origin: Origin, now: datetime) -> User:
    """Make somebody admin or member; raises LastAdmin, NoSuchUser."""
    with transaction.atomic():
        admins = _locked_admins()
        user = _find_user(user_id)
        if role != Role.ADMIN:
            _refuse_last(user, admins)
        User.objects.filter(pk=user_id).update(role=role)
        roles = {"before": _ROLES[Role(user.role)], "after": _ROLES[role]}
        detail = kept(gettext_noop("From %(before)s to %(after)s"), roles)
        record(Act.ROLE_CHANGED, origin=origin, now=now, subject=user, detail=detail)
        logins.check_sockets(user.pk)
        notices.let_pages_show(user.pk)  # an admin's are not a member's
    user.role = role
    return user


def set_active(*, user_id: int, is_active: bool, origin: Origin, now: datetime) -> User:
    """Let somebody in again, or shut somebody out at once: all logins end, open pages too. Torrents stay.

    Raises LastAdmin, NoSuchUser.
    """
    with transaction.atomic():
        admins = _locked_admins()
        user = _find_user(user_id)
        if not is_active:
            _refuse_last(user, admins)
        User.objects.filter(pk=user_id).update(is_active=is_active)
        if not is_active:
            logins.end_all(user_id=user_id)
        detail = gettext_noop("Let in again") if is_active else gettext_noop("Shut out")
        record(Act.USER_CHANGED, origin=origin, now=now, subject=user, detail=detail)
    user.is_active = is_active
    return user


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _usable(now: datetime) -> QuerySet[Invitation]:
    """Unused, in time, and from somebody who is still an admin: who was shut out leaves no door behind."""
    admins = User.objects.filter(role=Role.ADMIN, is_active=True)
    # No joins: as the WHERE of an UPDATE this is checked again on the row that somebody else has just changed.
    return Invitation.objects.filter(used_at=None, expires_at__gt=now, created_by__in=admins)


def _claim(user: User, invitation_id: int, now: datetime) -> None:
    if not _usable(now).filter(pk=invitation_id).update(used_at=now):
        raise InvitationUnusable
    user.role = Invitation.objects.values_list("role", flat=True).get(pk=invitation_id)
    user.save()
    Invitation.objects.filter(pk=invitation_id).update(used_by=user)


def _locked_admins() -> set[int]:
    """Lock all admins' rows, so that two admins can't shut out each other at the same moment."""
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    return set(admins.order_by("pk").values_list("pk", flat=True))


def _find_user(user_id: int) -> User:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NoSuchUser
    return user


def _refuse_last(user: User, admins: set[int]) -> None:
    if admins == {user.pk}:
        raise LastAdmin
