"""Second factors: who has one, who must have one, and the way out for somebody who lost theirs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Exists, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept
from seedbox.models import Install, User
from seedbox.models.audit_entry import Act
from seedbox.models.install import FactorRule
from seedbox.services import logins
from seedbox.services.audit import Origin, record
from seedbox.services.sealing import SealBroken

FEW_CODES = 3  # so many recovery codes left are a reason to make new ones

_RULES_OF_ADMINS = (FactorRule.ADMINS, FactorRule.EVERYBODY)
_RULES_OF_MEMBERS = (FactorRule.EVERYBODY,)


class OwnFactorMissing(Exception):
    """Set up a second factor of your own first: otherwise the rule would lock you out."""

    def __str__(self) -> str:
        return _("Set up a second factor of your own first: the rule would hold for you, too.")


class NoSuchUser(Exception):
    """There is no such user, or they have no second factor."""


@dataclass(frozen=True)
class Passkey:
    id: int
    name: str
    signs_in_alone: bool  # without user name and password
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Factors:
    """What somebody has set up."""

    app_added_at: datetime | None  # of the authenticator app
    app_used_at: datetime | None
    passkeys: Collection[Passkey]
    codes_left: int | None  # None: no recovery codes

    @property
    def has_any(self) -> bool:
        return self.app_added_at is not None or bool(self.passkeys)

    @property
    def codes_run_out(self) -> bool:
        return self.codes_left is not None and self.codes_left <= FEW_CODES


def rule() -> FactorRule:
    found = Install.objects.values_list("factor_rule", flat=True).first()
    return FactorRule(found or FactorRule.NOBODY)


def must_have_one(user: User) -> bool:
    """Say whether the box's rule asks this user for a second factor."""
    return Install.objects.filter(factor_rule__in=_rules_for(user)).exists()


def must_set_up(user: User) -> bool:
    """Say whether the rule asks this user for a second factor and there is none; one query, for it is asked always."""
    return Install.objects.filter(~Exists(_real(user.pk)), factor_rule__in=_rules_for(user)).exists()


def has_one(user_id: int) -> bool:
    return _real(user_id).exists()


def may_remove(*, user: User, factor_id: int) -> bool:
    """Say whether one factor can go: the last one stays while the rule asks for it."""
    return _real(user.pk).exclude(pk=factor_id).exists() or not must_have_one(user)


def passkeys_in_use() -> bool:
    return bool(Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).exists())


def users_with_one() -> set[int]:
    real = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    return set(real.values_list("user_id", flat=True))


def list_factors(user: User) -> Factors:
    found = {factor.pk: factor for factor in Authenticator.objects.filter(user_id=user.pk).order_by("created_at")}
    by_type = {factor.type: factor for factor in found.values()}
    app = by_type.get(Authenticator.Type.TOTP)
    codes = by_type.get(Authenticator.Type.RECOVERY_CODES)
    return Factors(
        app_added_at=app.created_at if app else None,
        app_used_at=app.last_used_at if app else None,
        passkeys=[
            Passkey(
                id=factor.pk,
                name=factor.wrap().name,
                signs_in_alone=bool(factor.wrap().is_passwordless),
                added_at=factor.created_at,
                used_at=factor.last_used_at,
            )
            for factor in found.values()
            if factor.type == Authenticator.Type.WEBAUTHN
        ],
        codes_left=_count_codes(codes) if codes else None,
    )


# What a line of the audit log calls each.
_PEOPLE = {
    FactorRule.NOBODY: gettext_noop("Nobody"),
    FactorRule.ADMINS: gettext_noop("Admins"),
    FactorRule.EVERYBODY: gettext_noop("Everybody"),
}


def set_rule(*, wanted: FactorRule, origin: Origin, now: datetime) -> None:
    """Say who must have a second factor; raises OwnFactorMissing when it would catch the one who says so."""
    with transaction.atomic():
        if wanted != FactorRule.NOBODY and origin.actor is not None and not has_one(origin.actor.pk):
            raise OwnFactorMissing
        Install.objects.update_or_create(pk=1, defaults={"factor_rule": wanted})
        detail = kept(gettext_noop("Second factor required of: %(people)s"), {"people": _PEOPLE[wanted]})
        record(Act.SETTING_CHANGED, origin=origin, now=now, detail=detail)
        for user in User.objects.filter(is_active=True):
            logins.check_sockets(user.pk)


def reset(*, user_id: int, origin: Origin, now: datetime) -> User:
    """Take away all second factors and recovery codes of a user who lost them, and end the logins.

    Raises NoSuchUser.
    """
    with transaction.atomic():
        user = User.objects.filter(pk=user_id).first()
        if user is None:
            raise NoSuchUser
        Authenticator.objects.filter(user_id=user.pk).delete()
        logins.end_all(user_id=user.pk)
        record(
            Act.FACTOR_REMOVED,
            origin=origin,
            now=now,
            subject=user,
            detail=gettext_noop("All of them, and all logins ended"),
        )
    return user


def _rules_for(user: User) -> tuple[FactorRule, ...]:
    return _RULES_OF_ADMINS if user.is_admin else _RULES_OF_MEMBERS


def _count_codes(codes: Authenticator) -> int:
    """Count what still works: under another secret key, none."""
    try:
        return len(codes.wrap().get_unused_codes())
    except SealBroken:
        return 0


def _real(user_id: int) -> "QuerySet[Authenticator]":
    """Return what counts: recovery codes alone are no second factor."""
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user_id)
    return found.exclude(type=Authenticator.Type.RECOVERY_CODES)
