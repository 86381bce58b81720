"""Whose word about a client's address, and about https, is believed."""

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

# Of a request that has come by a proxy, whether its word is believed or not: it is never one of this machine's own.
FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)
_OWN_NAMES = ("localhost", "127.0.0.1", "::1")
_CAME_BY_PROXY = "seedbox.came_by_proxy"  # remembered, as some of these are taken out of the request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Respond = Callable[[HttpRequest], HttpResponse]
RespondLater = Callable[[HttpRequest], Awaitable[HttpResponse]]


@dataclass(frozen=True)
class Proxies:
    """The networks whose X-Forwarded-For and X-Forwarded-Proto are believed."""

    networks: tuple[Network, ...]

    def client(self, *, sender: str, forwarded: str) -> str:
        """Return the address of the client, given who sent the request and its X-Forwarded-For.

        Read from the right, the first address that is no listed proxy is the client: what stands further left was
        written by the client itself.
        """
        client = sender
        for text in reversed(forwarded.split(",")):
            if not self.trust(client) or _address(text.strip()) is None:
                return client
            client = text.strip()
        return client

    def trust(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self.networks)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address; none has a zone ("fe80::1%eth0"): that could be any text."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def is_of_this_machine(request: HttpRequest) -> bool:
    """Say whether a program on this machine asks, and nobody through a proxy or a name of ours that is known elsewhere.

    A proxy on this machine that says nothing of whom it speaks for, and asks for the address that it was given instead
    of the browser's, can't be told from such a program: those in the README do say it.
    """
    address = _address(request.META.get("REMOTE_ADDR", ""))
    if address is None or request.META.get(_CAME_BY_PROXY) or any(name in request.META for name in FORWARDED):
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    host = urlsplit(f"//{request.get_host()}").hostname
    return plain.is_loopback and host in _OWN_NAMES


@sync_and_async_middleware
def trusted_proxies(get_response: Respond | RespondLater) -> Respond | RespondLater:
    """Put the client's address in place of a listed proxy's; without a list, nobody's header is ever read."""
    if not settings.TRUSTED_PROXIES:
        raise MiddlewareNotUsed
    proxies = Proxies(tuple(ipaddress.ip_network(text, strict=False) for text in settings.TRUSTED_PROXIES))

    def believe(request: HttpRequest) -> None:
        request.META[_CAME_BY_PROXY] = any(name in request.META for name in FORWARDED)
        sender = request.META["REMOTE_ADDR"]
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        if not proxies.trust(sender):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)  # or anybody could claim to have come by https
        if forwarded:
            request.META["REMOTE_ADDR"] = proxies.client(sender=sender, forwarded=forwarded)

    if iscoroutinefunction(get_response):

        async def respond_later(request: HttpRequest) -> HttpResponse:
            believe(request)
            response: HttpResponse = await get_response(request)
            return response

        return respond_later

    def respond(request: HttpRequest) -> HttpResponse:
        believe(request)
        response: HttpResponse = get_response(request)  # type: ignore[assignment]  # the other kind is above
        return response

    return respond
