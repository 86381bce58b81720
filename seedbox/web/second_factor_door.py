"""The door before what can't be taken back: a second factor, shown for this one act and used up by it.

Whoever has stolen a login session can post a form of their own while its user looks at the page that asks for the code,
and it takes the place of the one that waits. So that page says what would be done, and its form carries the name of
that act: a code that was typed below another act is not used, and the page is shown anew.
"""

import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypedDict, cast
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.mfa.base.views import ReauthenticateView
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from seedbox.models import User
from seedbox.services import factors
from seedbox.web.doors import signed_in_user

ASKED = "second_factor_asked"  # in the login session
ACT_FIELD = "act"
ANSWER_WITHIN_S = 600
SHOWN_AT = ("mfa_reauthenticate", "mfa_reauthenticate_webauthn")  # these pages carry out the form that waited
PASSWORD = "reauthenticate"  # allauth's name of that way, which does not help here
NONE_YET = _("Set up a second factor first: without one, nothing leaves this box.")
REPLACED = _(
    "Another form was sent from this login meanwhile, and nothing was confirmed. What is asked for now stands below. "
    "If it is not yours, do not confirm it: end your other logins on the page Security."
)

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Says = Callable[Concatenate[HttpRequest, P], str]


class Asked(TypedDict):
    """The one act that waits for a second factor."""

    at: float  # what was shown before that counts for something else
    act: str  # a name that nobody can guess
    says: str  # what would be done
    path: str  # of the form that waits
    back: str  # where that form stood, "" when nobody knows


def with_second_factor(says: Says[P]) -> Callable[[View[P]], View[P]]:
    """Let an act through with a second factor that its user was asked for, once; stands below the other doors.

    `says` is what the act would do, for the page that asks. The form waits meanwhile, and is carried out when the code
    or passkey was right. A password does not help, nor does a code that was shown for another act a moment ago.
    """

    def door(view: View[P]) -> View[P]:
        @wraps(view)
        def proved_only(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user = signed_in_user(request)
            if not factors.has_one(user.pk):
                messages.error(request, NONE_YET)
                return redirect("security")
            if _use_up(request, user):
                return view(request, *args, **kwargs)
            asked = Asked(
                at=time.time(),
                act=secrets.token_urlsafe(16),
                says=says(request, *args, **kwargs),
                path=request.get_full_path(),
                back=_where_it_stood(request),
            )
            request.session[ASKED] = asked
            suspend_request(request, "")
            return redirect(_page_of(asked, reverse(_where_to_show_it(user))))

        return proved_only

    return door


class _ActShown:
    """What both pages add: the act that waits is shown, and a code below another one is not used."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        asked, given = _waiting(request), _given(request)
        if asked is not None and given and given != asked["act"]:
            messages.warning(request, REPLACED)
            return redirect(_page_of(asked, request.path))
        request.shown_act = given  # type: ignore[attr-defined]  # the form that waits takes the place of this one
        return cast("HttpResponseBase", super().dispatch(request, *args, **kwargs))  # type: ignore[misc]  # of the view

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context: dict[str, object] = super().get_context_data(**kwargs)  # type: ignore[misc]  # of the view
        asked = _waiting(self.request)
        if asked is None or _given(self.request) != asked["act"]:
            return context
        ways = cast("list[dict[str, str]]", context["reauthentication_alternatives"])
        ways = [way | {"url": _page_of(asked, way["url"].partition("?")[0])} for way in ways if way["id"] != PASSWORD]
        return context | {
            "act": asked["act"],
            "act_says": asked["says"],
            "act_back": asked["back"],
            "reauthentication_alternatives": ways,  # without the password, which does not help
        }


class CodePage(_ActShown, ReauthenticateView):  # type: ignore[misc]  # allauth has no types
    """Asks for a code."""


class PasskeyPage(_ActShown, ReauthenticateWebAuthnView):  # type: ignore[misc]  # allauth has no types
    """Asks for a passkey."""


def _page_of(asked: Asked, page: str) -> str:
    return f"{page}?{urlencode({REDIRECT_FIELD_NAME: asked['path'], ACT_FIELD: asked['act']})}"


def _given(request: HttpRequest) -> str:
    return request.POST.get(ACT_FIELD, "") or request.GET.get(ACT_FIELD, "")


def _waiting(request: HttpRequest) -> Asked | None:
    asked = request.session.get(ASKED)
    if not isinstance(asked, dict) or time.time() - asked["at"] > ANSWER_WITHIN_S:
        return None
    return cast("Asked", asked)


def _use_up(request: HttpRequest, user: User) -> bool:
    """Say whether a second factor was shown for the act that waits; it is, once.

    Only the form that waited may use it, which the page of the code carries out in its own request: another one that
    is posted meanwhile must not find a proof that nobody made for it.
    """
    if request.resolver_match is None or request.resolver_match.url_name not in SHOWN_AT:
        return False
    asked = _waiting(request)
    if asked is None or getattr(request, "shown_act", "") != asked["act"]:
        return False
    shown = [
        record
        for record in get_authentication_records(request, user)
        if record.get("method") == "mfa" and record.get("reauthenticated") and record["at"] >= asked["at"]
    ]
    if shown:
        del request.session[ASKED]
    return bool(shown)


def _where_it_stood(request: HttpRequest) -> str:
    """Return the page that its form names as the way back, or that it was sent from; "" for one that is not ours."""
    for address in (request.POST.get("back", ""), request.META.get("HTTP_REFERER", "")):
        if url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
            below = urlsplit(address.strip())._replace(scheme="", netloc="").geturl()
            # Without its host a path of ours may name one itself: //evil.example of http://ours//evil.example.
            if below.startswith("/") and url_has_allowed_host_and_scheme(below, allowed_hosts=None):
                return below
    return ""


def _where_to_show_it(user: User) -> str:
    own = factors.list_factors(user)
    return "mfa_reauthenticate" if own.app_added_at or own.codes_left else "mfa_reauthenticate_webauthn"
