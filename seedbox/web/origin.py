"""Who sent a request, and from where, as the audit log wants it."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from seedbox.models import User
from seedbox.services.audit import Origin


def origin_of(request: HttpRequest) -> Origin:
    """Return the signed-in user, the client's address as the throttles see it, and what the browser calls itself."""
    user = getattr(request, "user", None)
    return Origin(
        actor=user if isinstance(user, User) else None,
        address=_client_address(request),
        agent=request.headers.get("User-Agent", ""),
    )


def _client_address(request: HttpRequest) -> str:
    """Return "" when there is none, as behind a proxy on a Unix socket that says nothing: allauth would refuse."""
    try:
        address: str = get_adapter().get_client_ip(request)
    except PermissionDenied:
        return ""
    return address
