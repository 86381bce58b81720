"""The socket routes of the seedbox app."""

from django.conf import settings
from django.urls import URLPattern, path

from seedbox.web.consumers import LiveConsumer

# Proxies differ in whether they cut the sub-path off; Django strips it from pages itself, Channels does not.
_prefixes = {"", f"{settings.FORCE_SCRIPT_NAME or ''}/".lstrip("/")}

socket_urls: list[URLPattern] = [
    path(f"{prefix}live/", LiveConsumer.as_asgi())  # type: ignore[arg-type]  # a route to a consumer, as Channels has it
    for prefix in sorted(_prefixes)
]
