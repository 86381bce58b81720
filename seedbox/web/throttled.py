"""Views that a person may open so often, and no more."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from seedbox.services.throttles import Act, TooOften, take_turn
from seedbox.web import errors
from seedbox.web.doors import signed_in_user
from seedbox.web.origin import origin_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def always(request: HttpRequest) -> bool:
    return True


def is_search(request: HttpRequest) -> bool:
    return bool(request.GET.get("q"))


def throttled(act: Act, *, when: Callable[[HttpRequest], bool] = always) -> Callable[[View[P]], View[P]]:
    """Let a request through that has a turn left, tell the others how long to wait. Stands inside a door."""

    def with_turns(view: View[P]) -> View[P]:
        @wraps(view)
        def in_turn(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if when(request):
                user, address = signed_in_user(request), origin_of(request).address
                try:
                    take_turn(act, user_id=user.pk, address=address, now=timezone.now())
                except TooOften as problem:
                    return errors.too_often(request, problem)
            return view(request, *args, **kwargs)

        return in_turn

    return with_turns
