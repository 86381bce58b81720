"""The door before what can't be taken back: a second factor, shown for this one act and used up by it."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from seedbox.models import User
from seedbox.services import factors
from seedbox.web.doors import signed_in_user

ASKED_AT = "second_factor_asked_at"  # in the login session; what was shown before that counts for something else
ANSWER_WITHIN_S = 600
SHOWN_AT = ("mfa_reauthenticate", "mfa_reauthenticate_webauthn")  # these pages carry out the form that waited
NONE_YET = "Set up a second factor first: without one, nothing leaves this box."

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def with_second_factor(view: View[P]) -> View[P]:
    """Let an act through with a second factor that its user was asked for, once; stands below the other doors.

    The form waits meanwhile, and is carried out when the code or passkey was right. A password does not help, nor does
    a code that was shown for another act a moment ago.
    """

    @wraps(view)
    def proved_only(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = signed_in_user(request)
        if not factors.has_one(user.pk):
            messages.error(request, NONE_YET)
            return redirect("security")
        if _use_up(request, user):
            return view(request, *args, **kwargs)
        request.session[ASKED_AT] = time.time()
        asked: HttpResponse = suspend_request(request, reverse(_where_to_show_it(user)))
        return asked

    return proved_only


def _use_up(request: HttpRequest, user: User) -> bool:
    """Say whether a second factor was shown since it was asked for; it is, once.

    Only the form that waited may use it, which the page of the code carries out in its own request: another one that
    is posted meanwhile must not find a proof that nobody made for it.
    """
    if request.resolver_match is None or request.resolver_match.url_name not in SHOWN_AT:
        return False
    asked_at = request.session.get(ASKED_AT)
    if not isinstance(asked_at, float) or time.time() - asked_at > ANSWER_WITHIN_S:
        return False
    shown = [
        record
        for record in get_authentication_records(request, user)
        if record.get("method") == "mfa" and record.get("reauthenticated") and record["at"] >= asked_at
    ]
    if shown:
        del request.session[ASKED_AT]
    return bool(shown)


def _where_to_show_it(user: User) -> str:
    own = factors.list_factors(user)
    return "mfa_reauthenticate" if own.app_added_at or own.codes_left else "mfa_reauthenticate_webauthn"
