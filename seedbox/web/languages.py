"""In which language pages speak."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.middleware.locale import LocaleMiddleware
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def readers_language(get_response: Callable[..., Any]) -> LocaleMiddleware:
    """Speak the language that the reader's browser asks for, of those that there are.

    While there is only one, nobody pays for asking: Django's own costs each request two changes of thread.
    """
    if len(settings.LANGUAGES) == 1:
        raise MiddlewareNotUsed
    return LocaleMiddleware(get_response)
