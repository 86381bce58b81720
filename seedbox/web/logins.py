"""What every page asks of a login: that it is not too old, that it has the second factor the box wants."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from asgiref.sync import iscoroutinefunction
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from seedbox.models import User
from seedbox.services import factors, logins
from seedbox.web.origin import origin_of

Respond = Callable[[HttpRequest], HttpResponseBase]
RespondLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

BEGAN_KEY = "began_at"  # in the login session, in seconds since the epoch
NOTICED_KEY = "noticed_at"

# What somebody can open who must set up a second factor first.
_OPEN_WITHOUT_FACTOR = {
    "factor_wanted",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "account_login",
    "account_logout",
    "account_inactive",
    "healthz",
}


def begin(request: HttpRequest, user: User) -> None:
    """Start the clock of a login, and let the sign-in count as what dangerous acts ask for."""
    now = timezone.now()
    request.session[BEGAN_KEY] = request.session[NOTICED_KEY] = now.timestamp()
    records = get_authentication_records(request, user)
    method = records[-1]["method"] if records else "password"
    record_authentication(request, user, method, reauthenticated=True)


def has_expired(session: SessionBase, now: datetime) -> bool:
    """Say whether a login has reached the end of its life, in use or not."""
    began = session.get(BEGAN_KEY)
    return began is not None and now.timestamp() - began > logins.LIFETIME.total_seconds()


@sync_and_async_middleware
def watched_logins(get_response: Respond | RespondLater) -> Respond | RespondLater:
    """Pass requests on as they are: the work is done in `process_view`, when the address is known."""
    if iscoroutinefunction(get_response):

        async def respond_later(request: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = await get_response(request)
            return response

        respond_later.process_view = _watch  # type: ignore[attr-defined]  # this is how Django finds it
        return respond_later

    def respond(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)  # type: ignore[assignment]  # the other kind is above
        return response

    respond.process_view = _watch  # type: ignore[attr-defined]  # as above
    return respond


def _watch(request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]) -> HttpResponseBase | None:
    """End a login that is too old, notice one that is used, and lead to set-up who must have a second factor."""
    user = request.user
    if not isinstance(user, User):
        return None
    now = timezone.now()
    if has_expired(request.session, now):
        logout(request)
        messages.info(request, _("You were signed in for a long time. Please sign in again."))
        return None
    _notice(request, user, now)
    name = request.resolver_match.url_name if request.resolver_match else None
    if name in _OPEN_WITHOUT_FACTOR or not factors.must_set_up(user):
        return None
    wanted = reverse("factor_wanted")
    return HttpResponseClientRedirect(wanted) if request.headers.get("HX-Request") else redirect(wanted)


def _notice(request: HttpRequest, user: User, now: datetime) -> None:
    """Write at most every few minutes: the login session says when it was done last, and is read anyway."""
    age_s = now.timestamp() - request.session.get(NOTICED_KEY, 0)
    if timedelta(0) <= timedelta(seconds=age_s) < logins.NOTICE_EVERY:
        return
    request.session.setdefault(BEGAN_KEY, now.timestamp())
    request.session[NOTICED_KEY] = now.timestamp()
    if request.session.session_key:
        logins.notice(user_id=user.pk, login_key=request.session.session_key, origin=origin_of(request), now=now)
