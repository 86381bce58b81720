"""The bell of the bar on top: how many notices nobody has read yet."""

from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest

from seedbox.models import User
from seedbox.services import notices
from seedbox.services.notices import Bell


def bell(request: HttpRequest) -> dict[str, Callable[[], Bell]]:
    """Return what a template may ask for, as a context processor does; fragments do not, and cost no query."""

    def now() -> Bell:
        user = getattr(request, "user", None)
        try:
            return notices.bell(user.pk) if isinstance(user, User) else Bell(0, 0)
        except DatabaseError:  # the page that says so has a bar, too
            return Bell(0, 0)

    return {"bell": now}
