"""allauth's forms of second factors, with what it leaves out: a line in the audit log, and no crash over nonsense."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as code_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as passkey_forms
from cryptography.exceptions import InvalidSignature
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept
from seedbox.models import User
from seedbox.models.audit_entry import UNKNOWN_NAME, Act
from seedbox.services import audit
from seedbox.services.sealing import SealBroken
from seedbox.web.origin import origin_of

MAX_PASSKEY_NAME_CHARS = 60
SEAL_BROKEN = _(
    "The box's secret key has changed, so this can't be checked. Ask your admin to reset your second factors."
)
NOT_A_PASSKEY = _("That was no passkey of yours. Try again.")

# What fido2 and allauth let through of a forged answer, beside their own words.
_NONSENSE = (TypeError, ValueError, LookupError, AttributeError, InvalidSignature)


class CodeForm(code_forms.AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """Asks for a code at sign-in."""

    def clean_code(self) -> str:
        return _checked_code(super().clean_code, self.user, gettext_noop("Wrong code at sign-in"))

    def save(self) -> None:
        super().save()
        _note_recovery_code(self.authenticator)


class ConfirmCodeForm(code_forms.ReauthenticateForm):  # type: ignore[misc]  # allauth has no types
    """Asks for a code before a dangerous act."""

    def clean_code(self) -> str:
        return _checked_code(super().clean_code, self.user, gettext_noop("Wrong code when asked to confirm"))

    def save(self) -> None:
        super().save()
        _note_recovery_code(self.authenticator)


class PasskeyForm(passkey_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """Asks for a passkey at sign-in, after the password."""

    def clean_credential(self) -> Authenticator:
        with _refused(self.user, gettext_noop("Wrong passkey at sign-in")):
            return super().clean_credential()


class ConfirmPasskeyForm(passkey_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """Asks for a passkey before a dangerous act."""

    def clean_credential(self) -> Authenticator:
        with _refused(self.user, gettext_noop("Wrong passkey when asked to confirm")):
            return super().clean_credential()


class PasskeySignInForm(passkey_forms.LoginWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """Asks for a passkey and nothing else."""

    def clean_credential(self) -> Authenticator:
        with _refused(None, gettext_noop("Wrong passkey")):
            return super().clean_credential()


class AddPasskeyForm(passkey_forms.AddWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """Takes a new passkey."""

    name = forms.CharField(required=False, max_length=MAX_PASSKEY_NAME_CHARS)
    passwordless = forms.BooleanField(required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except _NONSENSE:
            raise ValidationError(NOT_A_PASSKEY) from None
        return cleaned


def _checked_code(check: Callable[[], str], user: User, detail: str) -> str:
    try:
        return check()
    except SealBroken:
        raise ValidationError(SEAL_BROKEN) from None
    except ValidationError:
        _note_failure(user, detail)
        raise


@contextmanager
def _refused(user: User | None, detail: str) -> Iterator[None]:
    try:
        yield
    except ValidationError:
        _note_failure(user, detail)
        raise ValidationError(NOT_A_PASSKEY) from None
    except _NONSENSE:
        _note_failure(user, detail)
        raise ValidationError(NOT_A_PASSKEY) from None


def _note_failure(user: User | None, detail: str) -> None:
    seen = origin_of(context.request)
    name = user.username if user else UNKNOWN_NAME
    origin = seen if seen.actor else audit.Origin(None, seen.address, seen.agent, name=name)
    audit.record(Act.SIGN_IN_FAILED, origin=origin, now=timezone.now(), subject=user, detail=detail)


def _note_recovery_code(factor: Authenticator) -> None:
    if factor.type != Authenticator.Type.RECOVERY_CODES:
        return
    seen = origin_of(context.request)
    origin = audit.Origin(factor.user, seen.address, seen.agent)
    left = Authenticator.objects.get(pk=factor.pk)  # allauth marks the code in a copy of its own
    detail = kept(gettext_noop("%(count)d left"), {"count": len(left.wrap().get_unused_codes())})
    audit.record(Act.CODE_USED, origin=origin, now=timezone.now(), detail=detail)
