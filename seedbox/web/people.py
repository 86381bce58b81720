"""The admin's page: who is here, who may come, and as what."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from seedbox.models import User
from seedbox.models.install import FactorRule
from seedbox.models.user import Role
from seedbox.services import factors
from seedbox.services import people as service
from seedbox.web.doors import for_admins, need_fresh_proof, reauthenticated, signed_in_user
from seedbox.web.origin import origin_of

_RULE_IN_WORDS = {
    FactorRule.NOBODY: gettext_lazy("Second factors are up to each user now."),
    FactorRule.ADMINS: gettext_lazy("Every admin needs a second factor now."),
    FactorRule.EVERYBODY: gettext_lazy("Everybody needs a second factor now. Who has none is asked to set one up."),
}


@for_admins
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    return _render(request)


@for_admins
@never_cache
@require_POST
def people_invite(request: HttpRequest) -> HttpResponse:
    """Make an invitation and show its link in this one answer: we keep only a digest of it."""
    role = _read_role(request)
    if role == Role.ADMIN:
        need_fresh_proof(request)
    fresh = service.invite(created_by=signed_in_user(request), role=role, origin=origin_of(request), now=timezone.now())
    link = settings.PUBLIC_ORIGIN + reverse("invitation", args=[fresh.token])
    return _render(request, fresh_link=link, fresh_role=str(role.label))


@for_admins
@require_POST
def people_revoke(request: HttpRequest, invitation_id: int) -> HttpResponse:
    if not service.revoke(invitation_id=invitation_id, origin=origin_of(request), now=timezone.now()):
        raise Http404
    messages.success(request, _("Invitation revoked: its link opens nothing any more."))
    return redirect("people")


@for_admins
@require_POST
def people_sign_up(request: HttpRequest) -> HttpResponse:
    is_open = request.POST.get("open") == "on"
    service.open_sign_up(is_open=is_open, origin=origin_of(request), now=timezone.now())
    messages.success(request, _("Anybody can sign up now.") if is_open else _("Sign-up is by invitation only now."))
    return redirect("people")


@for_admins
@require_POST
@reauthenticated
def people_factor_rule(request: HttpRequest) -> HttpResponse:
    try:
        wanted = FactorRule(request.POST.get("rule", ""))
    except ValueError:
        raise Http404 from None
    try:
        factors.set_rule(wanted=wanted, origin=origin_of(request), now=timezone.now())
    except factors.OwnFactorMissing as refusal:
        messages.error(request, _(str(refusal)))
        return redirect("security")
    messages.success(request, _RULE_IN_WORDS[wanted])
    return redirect("people")


@for_admins
@require_POST
@reauthenticated
def people_reset_factors(request: HttpRequest, user_id: int) -> HttpResponse:
    """Help somebody who lost their second factors. One's own are changed on one's own page."""
    if user_id == signed_in_user(request).pk:
        return redirect("security")
    return _carry_out(
        request,
        lambda: factors.reset(user_id=user_id, origin=origin_of(request), now=timezone.now()),
        lambda user: (
            _("%(username)s has no second factor any more, and is signed out everywhere.") % {"username": user.username}
        ),
    )


@for_admins
@require_POST
@reauthenticated
def people_role(request: HttpRequest, user_id: int) -> HttpResponse:
    role = _read_role(request)
    return _carry_out(
        request,
        lambda: service.set_role(user_id=user_id, role=role, origin=origin_of(request), now=timezone.now()),
        lambda user: (
            (_("%(name)s is an admin now.") if role == Role.ADMIN else _("%(name)s is a member now."))
            % {"name": user.username}
        ),
    )


@for_admins
@require_POST
@reauthenticated
def people_active(request: HttpRequest, user_id: int) -> HttpResponse:
    is_active = request.POST.get("active") == "on"
    return _carry_out(
        request,
        lambda: service.set_active(user_id=user_id, is_active=is_active, origin=origin_of(request), now=timezone.now()),
        lambda user: (
            (_("%(name)s can sign in again.") if is_active else _("%(name)s is shut out; the torrents stay."))
            % {"name": user.username}
        ),
    )


def _carry_out(request: HttpRequest, change: Callable[[], User], say: Callable[[User], str]) -> HttpResponse:
    try:
        messages.success(request, say(change()))
    except service.LastAdmin as refusal:
        messages.error(request, _(str(refusal)))
    except (service.NoSuchUser, factors.NoSuchUser):
        raise Http404 from None
    return redirect("people")


def _read_role(request: HttpRequest) -> Role:
    try:
        return Role(request.POST.get("role", ""))
    except ValueError:
        raise Http404 from None


def _render(request: HttpRequest, *, fresh_link: str = "", fresh_role: str = "") -> HttpResponse:
    context = {
        "people": service.list_people(now=timezone.now()),
        "roles": Role.choices,
        "rules": FactorRule.choices,
        "fresh_link": fresh_link,
        "fresh_role": fresh_role,
    }
    return render(request, "seedbox/people.html", context)
