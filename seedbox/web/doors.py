"""Who may open a page: anonymous people are sent to sign in, members who try an admin's page find nothing there."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

from seedbox.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in_user(request: HttpRequest) -> User:
    """Return the user of a request that came through one of the doors below."""
    if not isinstance(request.user, User):
        raise TypeError("this view has no door")
    return request.user


def for_members(view: View[P]) -> View[P]:
    return login_required(view)


def for_admins(view: View[P]) -> View[P]:
    @wraps(view)
    def admins_only(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not signed_in_user(request).is_admin:
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(admins_only)
