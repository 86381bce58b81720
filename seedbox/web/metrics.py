"""The address that Prometheus reads: for programs on this machine, and for whoever has the token."""

import secrets
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from seedbox.domain.exposition import CONTENT_TYPE, Metric, Sample
from seedbox.services import metrics as service
from seedbox.web.consumers import LiveConsumer
from seedbox.web.proxies import is_of_this_machine

PLAIN = "text/plain; charset=utf-8"
REFUSAL = (
    "Metrics are for programs on this machine that ask without a proxy, and for whoever has the token: set "
    "SEEDBOX_METRICS_TOKEN for the box, and send it as the header Authorization: Bearer TOKEN.\n"
)
_SCHEME = "Bearer "


@require_GET
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        return HttpResponse(REFUSAL, status=403, content_type=PLAIN)
    return HttpResponse(service.page.value(), content_type=CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    """Let in whoever has the token; one that is wrong opens nothing, wherever it comes from."""
    shown = request.headers.get("Authorization", "")
    if not shown:
        return is_of_this_machine(request)
    scheme, token = shown[: len(_SCHEME)], shown[len(_SCHEME) :]
    is_right = secrets.compare_digest(token.encode(), settings.METRICS_TOKEN.encode())
    return bool(settings.METRICS_TOKEN) and scheme.lower() == _SCHEME.lower() and is_right


def of_this_process(now: datetime) -> Iterator[Metric]:
    """Count what only the web process that answers knows: there may be others."""
    count = Sample(LiveConsumer.seats.taken)
    yield Metric("seedbox_sockets_open", "gauge", "Live sockets of the web process that answers.", [count])
    slow = Sample(LiveConsumer.seats.begun_anew)
    meaning = "How often this process's sockets dropped messages of a slow browser and sent it everything once more."
    yield Metric("seedbox_sockets_begun_anew_total", "counter", meaning, [slow])
