"""Who may open a page: anonymous people are sent to sign in, members who try an admin's page find nothing there."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect

from seedbox.models import User

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
        return view(request, *args, **kwargs)

    return for_members(admins_only)


def _lead_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect; but htmx would put the page of a redirect into a corner of the one that is open: tell it to leave."""
    page = request.headers.get("HX-Current-URL")
    if page is None:
        return redirect_to_login(request.get_full_path())
    back = urlsplit(page)
    return HttpResponseClientRedirect(redirect_to_login(f"{back.path}?{back.query}".rstrip("?")).url)
