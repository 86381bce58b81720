"""In which language pages speak, and how they write numbers."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.conf.locale import LANG_INFO
from django.core.exceptions import MiddlewareNotUsed
from django.db import Error
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils.decorators import sync_and_async_middleware
from django.utils.formats import get_format
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_GET
from django.views.i18n import JavaScriptCatalog

from seedbox.domain.numerals import PLAIN, Numerals, called, with_signs
from seedbox.models import User
from seedbox.services import readers
from seedbox.services.numerals import Reader, read_by

Respond = Callable[[HttpRequest], HttpResponseBase]
RespondLater = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

words = require_GET(JavaScriptCatalog.as_view())  # of the scripts; pages in English speak without


@sync_and_async_middleware
def readers_language(get_response: Callable[..., Any]) -> LocaleMiddleware:
    """Speak the language that the reader's browser asks for, of those that there are.

    While there is only one, nobody pays for asking: Django's own costs each request two changes of thread.
    """
    if len(settings.LANGUAGES) == 1:
        raise MiddlewareNotUsed
    return LocaleMiddleware(get_response)


@sync_and_async_middleware
def readers_numerals(get_response: Respond | RespondLater) -> Respond | RespondLater:
    """Write numbers as the reader does; who that is is asked when a page writes the first one."""
    if iscoroutinefunction(get_response):

        async def respond_later(request: HttpRequest) -> HttpResponseBase:
            with read_by(Reader(partial(_numerals_of, request))):
                response: HttpResponseBase = await get_response(request)
            return response

        return respond_later

    def respond(request: HttpRequest) -> HttpResponseBase:
        with read_by(Reader(partial(_numerals_of, request))):
            response: HttpResponseBase = get_response(request)  # type: ignore[assignment]  # the other kind is above
        return response

    return respond


def _numerals_of(request: HttpRequest) -> Numerals:
    asked_for = request.headers.get("Accept-Language", "")
    with suppress(Error):  # the page that says so has numbers too
        user = request.user
        if isinstance(user, User):
            if user.language != (language := readers.spoken()):
                readers.note_language(language, user_id=user.pk)
            if user.numerals:
                return called(user.numerals)
            if asked_for:
                readers.suppose(numerals_of_languages(asked_for), user_id=user.pk)
    return numerals_of_languages(asked_for)


def numerals_of_languages(accepted: str) -> Numerals:
    """Return how the first language that Django knows writes numbers; `accepted` is as browsers say it (RFC 9110)."""
    for language, _ in parse_accept_lang_header(accepted):
        for code in (language, language.partition("-")[0]):
            if code in LANG_INFO:
                decimal, group = (get_format(sign, code, use_l10n=True) for sign in _SIGNS)
                return with_signs(str(decimal), str(group))
    return PLAIN


_SIGNS = ("DECIMAL_SEPARATOR", "THOUSAND_SEPARATOR")
