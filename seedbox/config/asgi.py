"""The web process: Django for pages, Channels for the one live socket."""

import os

from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seedbox.config.settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  # Django must be set up first
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  # as above
from django.conf import settings  # noqa: E402  # as above
from django.template import engines  # noqa: E402  # as above
from django.urls import reverse  # noqa: E402  # as above

from seedbox.services.downloads import CHUNK_BYTES  # noqa: E402  # as above
from seedbox.web.bodies import BodyLimits  # noqa: E402  # as above
from seedbox.web.sockets import OwnPages, TryLater, socket_urls  # noqa: E402  # as above

# Now, as no page has been asked for yet: whoever came first would wait for all that pages import.
reverse("overview")
engines.all()

ASGIHandler.chunk_size = CHUNK_BYTES  # Django would cut each chunk of a file into sixteen, at twice the work per byte

application = ProtocolTypeRouter(
    {
        "http": BodyLimits(django_application),
        "websocket": OwnPages(
            TryLater(AuthMiddlewareStack(URLRouter(socket_urls))),  # type: ignore[arg-type]  # its stubs want a private class
            settings.PAGE_ORIGINS,
        ),
    }
)
