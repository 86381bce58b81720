"""Who may come in, and as what: invitations, roles, the sign-up switch."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from seedbox.models import Install, Invitation, User
from seedbox.models.user import Role

INVITATION_LIFETIME = timedelta(days=7)
_TOKEN_BYTES = 32  # nobody guesses 256 bits, so that a wrong token needs no throttle


class InvitationUnusable(Exception):
    """This invitation was used, revoked or is too old: ask for a new one."""


class LastAdmin(Exception):
    """The box needs an admin: make somebody else one first."""

    def __str__(self) -> str:
        return "The box needs an admin: make somebody else one first."


class NameTaken(Exception):
    """Somebody has just taken this user name: choose another one."""

    def __str__(self) -> str:
        return "Somebody has just taken this user name. Choose another one."


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


def list_people(*, now: datetime) -> People:
    invitations = _usable(now).select_related("created_by").order_by("-created_at")
    return People(list(User.objects.order_by("username")), list(invitations), is_sign_up_open())


def is_sign_up_open() -> bool:
    return Install.objects.filter(sign_up_open=True).exists()


def open_sign_up(*, is_open: bool) -> None:
    Install.objects.update_or_create(pk=1, defaults={"sign_up_open": is_open})


def invite(*, created_by: User, role: Role, now: datetime) -> FreshInvitation:
    """Make an invitation that lets one person sign up within a week."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    invitation = Invitation.objects.create(
        token_digest=_digest(token),
        role=role,
        created_by=created_by,
        created_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )
    return FreshInvitation(invitation, token)


def find_invitation(*, token: str, now: datetime) -> Invitation:
    """Return the invitation that the token opens; raises InvitationUnusable."""
    invitation = _usable(now).filter(token_digest=_digest(token)).first()
    if invitation is None:
        raise InvitationUnusable
    return invitation


def is_usable(*, invitation_id: int, now: datetime) -> bool:
    return _usable(now).filter(pk=invitation_id).exists()


def revoke(*, invitation_id: int) -> bool:
    """Close the door of an unused invitation; say whether there was one."""
    deleted, _ = Invitation.objects.filter(pk=invitation_id, used_at=None).delete()
    return deleted > 0


def join(*, user: User, invitation_id: int | None, now: datetime) -> User:
    """Save a new user, with the invitation's role if there is one; raises InvitationUnusable or NameTaken.

    Of two people who use one link at the same moment, the second is refused: the row is claimed by its update.
    """
    try:
        _join(user, invitation_id, now)
    except IntegrityError:
        raise NameTaken from None
    return user


def _join(user: User, invitation_id: int | None, now: datetime) -> None:
    with transaction.atomic():
        if invitation_id is not None and is_usable(invitation_id=invitation_id, now=now):
            _claim(user, invitation_id, now)
        elif is_sign_up_open():
            user.role = Role.MEMBER
            user.save()
        else:
            raise InvitationUnusable


def set_role(*, user_id: int, role: Role) -> User:
    """Make somebody admin or member; raises LastAdmin, NoSuchUser."""
    with transaction.atomic():
        admins = _locked_admins()
        user = _find_user(user_id)
        if role != Role.ADMIN:
            _refuse_last(user, admins)
        User.objects.filter(pk=user_id).update(role=role)
    user.role = role
    return user


def set_active(*, user_id: int, is_active: bool) -> User:
    """Let somebody in again, or shut somebody out at once: open logins end with the next request. Torrents stay.

    Raises LastAdmin, NoSuchUser.
    """
    with transaction.atomic():
        admins = _locked_admins()
        user = _find_user(user_id)
        if not is_active:
            _refuse_last(user, admins)
        User.objects.filter(pk=user_id).update(is_active=is_active)
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
