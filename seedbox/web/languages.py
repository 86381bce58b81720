"""In which language pages speak."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.middleware.locale import LocaleMiddleware
from django.utils.decorators import sync_and_async_middleware
from django.views.decorators.http import require_GET
from django.views.i18n import JavaScriptCatalog

words = require_GET(JavaScriptCatalog.as_view())  # of the scripts; pages in English speak without


@sync_and_async_middleware
def readers_language(get_response: Callable[..., Any]) -> LocaleMiddleware:
    """Speak the language that the reader's browser asks for, of those that there are.

    While there is only one, nobody pays for asking: Django's own costs each request two changes of thread.
    """
    if len(settings.LANGUAGES) == 1:
        raise MiddlewareNotUsed
    return LocaleMiddleware(get_response)
