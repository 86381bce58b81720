"""Who may open a page: anonymous people are sent to sign in, members who try an admin's page find nothing there."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from seedbox.models import User

MAX_WAITING_CHARS = 2_000  # of a form that waits until its user has proved who they are

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in_user(request: HttpRequest) -> User:
    """Return the user of a request that came through one of the doors below."""
    if not isinstance(request.user, User):
        raise TypeError("this view has no door")
    return request.user


def for_members(view: View[P]) -> View[P]:
    @wraps(view)
    def members_only(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _lead_to_sign_in(request)
        return view(request, *args, **kwargs)

    return members_only


def for_admins(view: View[P]) -> View[P]:
    @wraps(view)
    def admins_only(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not signed_in_user(request).is_admin:
            raise Http404
        request.is_for_admins = True  # type: ignore[attr-defined]  # the layout lets it watch that it stays so
        return view(request, *args, **kwargs)

    return for_members(admins_only)


def _lead_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect; but htmx would put the page of a redirect into a corner of the one that is open: tell it to leave."""
    page = request.headers.get("HX-Current-URL")
    if page is None:
        return redirect_to_login(request.get_full_path())
    return HttpResponseClientRedirect(redirect_to_login(page_path(page)).url)


def page_path(url: str) -> str:
    """Return the part of an address that leads back to a page of ours; "" when there is no sense in it."""
    try:
        back = urlsplit(url)
    except ValueError:
        return ""
    if not back.path.startswith("/") or back.path.startswith("//"):
        return ""
    return f"{back.path}?{back.query}".rstrip("?")


def reauthenticated(view: View[P]) -> View[P]:
    """Let an act through only from somebody who proved within minutes who they are; stands below the other doors.

    Others are asked for password, code or passkey, then the act is carried out and its answer shown. Acts that came
    from htmx, or carry secrets, are not kept meanwhile: their users come back to the page and press again.
    """

    @wraps(view)
    def fresh_only(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        need_fresh_proof(request)
        return view(request, *args, **kwargs)

    return fresh_only


def need_fresh_proof(request: HttpRequest) -> None:
    """Do what `reauthenticated` does, for a view of which only some acts are dangerous.

    allauth's middleware catches what is raised.
    """
    if did_recently_reauthenticate(request):
        return
    if not request.headers.get("HX-Request") and _can_wait(request):
        raise ReauthenticationRequired
    back = page_path(request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")) or reverse("torrents")
    messages.info(request, _("Confirm that it's you, then repeat the step."))
    address = f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}"
    raise ImmediateHttpResponse(
        HttpResponseClientRedirect(address) if request.headers.get("HX-Request") else HttpResponseRedirect(address)
    )


def _can_wait(request: HttpRequest) -> bool:
    """Say whether a form may lie in the login session until its user is back: not if it is large or holds a secret."""
    size = sum(len(value) for _, values in request.POST.lists() for value in values)
    return size <= MAX_WAITING_CHARS and not any("password" in name for name in request.POST)
