"""Hand WhiteNoise's files to ASGI in the way it wants them."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse


def async_static_files(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:
    """Turn a file that is read step by step into an asynchronous stream.

    Django would do the same, and write a warning about each process's first file into its log. Whole files fit: they
    are our own styles and scripts. Downloads of torrents are asynchronous already.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(request, ASGIRequest) and isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _parts(cast("Iterable[bytes]", response.streaming_content))
        return response

    return middleware


async def _parts(content: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in await sync_to_async(_read)(content):
        yield part


def _read(content: Iterable[bytes]) -> list[bytes]:
    return list(content)
