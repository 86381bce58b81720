"""What allauth asks of us and tells us: who may sign up, what happens to guessers, what goes into the audit log.

allauth says "notify the user" for every change of a password or factor: we have no mail, so it becomes a line of the
log. That and the methods below are all it offers without signals, and all we need.
"""

from functools import reduce
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import respond_429
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept as _
from seedbox.models import User
from seedbox.models.audit_entry import UNKNOWN_NAME, Act
from seedbox.services import audit, logins, people
from seedbox.web.logins import begin
from seedbox.web.origin import origin_of

INVITATION_KEY = "invitation_id"  # in the login session, from the invitation's link until sign-up

_CHANGES = {
    "account/email/password_changed": (Act.PASSWORD_CHANGED, gettext_noop("All other logins ended")),
    "mfa/email/totp_activated": (Act.FACTOR_ADDED, gettext_noop("Authenticator app")),
    "mfa/email/totp_deactivated": (Act.FACTOR_REMOVED, gettext_noop("Authenticator app")),
    "mfa/email/webauthn_added": (Act.FACTOR_ADDED, gettext_noop("Passkey")),
    "mfa/email/webauthn_removed": (Act.FACTOR_REMOVED, gettext_noop("Passkey")),
    "mfa/email/recovery_codes_generated": (Act.CODES_MADE, ""),
}
_WAYS_IN = {
    "password": gettext_noop("password"),
    "totp": gettext_noop("code of the authenticator app"),
    "webauthn": gettext_noop("passkey"),
    "recovery_codes": gettext_noop("recovery code"),
}
_TOO_MANY = {"too_many_login_attempts", "rate_limited"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        if people.is_sign_up_open():
            return True
        invitation_id = request.session.get(INVITATION_KEY)
        return invitation_id is not None and people.is_usable(invitation_id=invitation_id, now=timezone.now())

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002  # allauth calls it so
        super().save_user(request, user, form, commit=False)
        invitation_id = request.session.get(INVITATION_KEY)
        try:
            people.join(user=user, invitation_id=invitation_id, origin=origin_of(request), now=timezone.now())
        except people.InvitationUnusable:
            request.session.pop(INVITATION_KEY, None)
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403)) from None
        except people.NameTaken as taken:
            messages.error(request, str(taken))
            raise ImmediateHttpResponse(redirect("account_signup")) from None
        request.session.pop(INVITATION_KEY, None)
        return user

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("security")

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Answer too many wrong passwords or codes with the page that says how long to wait, not with the form."""
        if code in _TOO_MANY:
            raise ImmediateHttpResponse(respond_429(context.request))
        error: ValidationError = super().validation_error(code, *args)
        return error

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note a wrong password: at sign-in, or where the page asked for it once more."""
        origin = origin_of(request)
        if origin.actor is not None:
            detail = _("Wrong password when asked to confirm")
            audit.record(Act.SIGN_IN_FAILED, origin=origin, now=timezone.now(), detail=detail)
            return
        meant = User.objects.filter(username__iexact=credentials.get("username", "")).first()
        tried = audit.Origin(None, origin.address, origin.agent, name=meant.username if meant else UNKNOWN_NAME)
        detail = _("Wrong password") if meant else ""
        audit.record(Act.SIGN_IN_FAILED, origin=tried, now=timezone.now(), subject=meant, detail=detail)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        now = timezone.now()
        audit.record(Act.SIGNED_IN, origin=origin_of(request), now=now, detail=_in_words(request, user))
        begin(request, user)
        audit.tidy(now)
        logins.forget_expired(now)

    def logout(self, request: HttpRequest) -> None:
        origin = origin_of(request)
        key = request.session.session_key
        super().logout(request)
        if origin.actor is not None:
            audit.record(Act.SIGNED_OUT, origin=origin, now=timezone.now())
            logins.forget(user_id=origin.actor.pk, login_key=key)

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        act, detail = _CHANGES[template_prefix]
        request = context.request
        audit.record(act, origin=origin_of(request), now=timezone.now(), subject=user, detail=detail and _(detail))
        if act == Act.PASSWORD_CHANGED:
            logins.end_all(user_id=user.pk, but_key=request.session.session_key)


def _in_words(request: HttpRequest, user: User) -> str:
    """Say how somebody has signed in."""
    kinds = dict.fromkeys(record.get("type", record["method"]) for record in get_authentication_records(request, user))
    words = [_WAYS_IN.get(kind, kind) for kind in kinds]
    if not words:
        return ""
    ways = reduce(lambda first, second: _("%(first)s and %(second)s", {"first": first, "second": second}), words)
    return _("With %(ways)s", {"ways": ways})
