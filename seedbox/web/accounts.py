"""Sign-in, and the door that an invitation opens."""

from typing import Any

from allauth.account.views import LoginView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from seedbox.services import factors, people
from seedbox.web.adapter import INVITATION_KEY
from seedbox.web.factors import passkey_obstacle


class SignIn(LoginView):  # type: ignore[misc]  # allauth has no types
    """allauth's page, which also says who may sign up and whether a passkey would work here."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "sign_up_open": people.is_sign_up_open(),
            "passkey_obstacle": passkey_obstacle(self.request),
            "passkeys_in_use": factors.passkeys_in_use(),
        }


@never_cache
@require_GET
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Remember the invitation in the login session and lead to sign-up; the sign-up uses it up."""
    if request.user.is_authenticated:
        messages.info(request, _("You are signed in already. Give the link to the person whom it is for."))
        return redirect("overview")
    try:
        found = people.find_invitation(token=token, now=timezone.now())
    except people.InvitationUnusable:
        return render(request, "seedbox/invitation_unusable.html", status=404)
    request.session[INVITATION_KEY] = found.pk
    return redirect("account_signup")
