"""Who may open a page of money: only who is signed in, and each sees only own accounts."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def for_members(view: View[P]) -> View[P]:
    @wraps(view)
    def members_only(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if not request.headers.get("HX-Request"):
            return redirect_to_login(request.get_full_path())
        # htmx would put the page of a redirect into a corner of the one that is open: tell it to leave.
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = f"{page.path}?{page.query}".rstrip("?") if page.path.startswith("/") else ""
        return HttpResponseClientRedirect(redirect_to_login(back).url)

    return members_only


def user_id(request: HttpRequest) -> int:
    """Return whose request this is; it came through the door above."""
    pk = request.user.pk
    if not isinstance(pk, int):
        raise TypeError("this view has no door")
    return pk
