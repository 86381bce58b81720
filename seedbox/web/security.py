"""Somebody's own page about their account: password, second factors, logins, and what the audit log says of them."""

from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from seedbox.services import audit, factors, logins
from seedbox.web.doors import for_members, reauthenticated, signed_in_user
from seedbox.web.factors import passkey_obstacle
from seedbox.web.origin import origin_of

LINES_SHOWN = 8
MAX_ID = 2**63 - 1
MAX_ID_DIGITS = 19  # Python refuses to read numbers of thousands


@for_members
@never_cache
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    context = {
        "factors": factors.list_factors(user),
        "factor_is_must": factors.must_have_one(user),
        "logins": logins.list_logins(user, this_key=request.session.session_key, now=timezone.now()),
        "log": audit.read_own(user, limit=LINES_SHOWN),
        "passkey_obstacle": passkey_obstacle(request),
    }
    return render(request, "seedbox/security.html", context)


@for_members
@require_GET
def security_log(request: HttpRequest) -> HttpResponse:
    page = audit.read_own(signed_in_user(request), before=read_before(request))
    return render(request, "seedbox/security_log.html", {"log": page})


@for_members
@require_POST
def login_end(request: HttpRequest, login_id: int) -> HttpResponse:
    user = signed_in_user(request)
    if not logins.end_login(user=user, login_id=login_id, origin=origin_of(request), now=timezone.now()):
        raise Http404
    messages.success(request, _("That login has ended."))
    return redirect("security")


@for_members
@require_POST
@reauthenticated
def logins_end_others(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    key = request.session.session_key
    count = logins.end_others(user=user, this_key=key, origin=origin_of(request), now=timezone.now())
    messages.success(
        request,
        ngettext(
            "Signed out everywhere else: %(count)d login ended.",
            "Signed out everywhere else: %(count)d logins ended.",
            count,
        )
        % {"count": count},
    )
    return redirect("security")


@for_members
@never_cache
@require_GET
def factor_wanted(request: HttpRequest) -> HttpResponse:
    """Say to somebody without a second factor that the box asks for one, and how to set it up."""
    if not factors.must_set_up(signed_in_user(request)):
        return redirect("security")
    return render(request, "seedbox/factor_wanted.html", {"passkey_obstacle": passkey_obstacle(request)})


class RemovePasskey(RemoveWebAuthnView):  # type: ignore[misc]  # allauth has no types
    """allauth asks for an app whether it may go, for a passkey it does not."""

    def form_valid(self, form: object) -> HttpResponse:
        if not factors.may_remove(user=signed_in_user(self.request), factor_id=self.get_object().pk):
            messages.error(
                self.request, _("This box asks you for a second factor. Add another one before this one goes.")
            )
            return redirect("security")
        response: HttpResponse = super().form_valid(form)
        return response


def read_before(request: HttpRequest) -> int | None:
    """Return the line at which a page of the log begins, as the link to older lines says it."""
    text = request.GET.get("before", "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > MAX_ID_DIGITS or int(text) > MAX_ID:
        raise Http404
    return int(text)
