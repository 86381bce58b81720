"""What every answer carries beside Django's own headers, whatever has made it: a page, a file, an error."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

Respond = Callable[[HttpRequest], HttpResponseBase]
RespondLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

# Nothing of ours uses them, so no script that slips in can ask for them. Passkeys and copying stay allowed.
UNUSED_FEATURES = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    # Pages are somebody's own: no cache keeps what its view did not allow it to. Static files do allow it.
    "Cache-Control": "no-store",
}


@sync_and_async_middleware
def safe_headers(get_response: Respond | RespondLater) -> Respond | RespondLater:
    """Add the headers that the answer does not have yet."""

    def add(response: HttpResponseBase) -> HttpResponseBase:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    if iscoroutinefunction(get_response):

        async def respond_later(request: HttpRequest) -> HttpResponseBase:
            return add(await get_response(request))

        return respond_later

    def respond(request: HttpRequest) -> HttpResponseBase:
        return add(get_response(request))  # type: ignore[arg-type]  # the other kind is above

    return respond
