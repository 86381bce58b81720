"""What people see when something goes wrong: what it was, and what to do. For htmx a toast, else a page."""

import sys
from typing import TYPE_CHECKING

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seedbox.services.throttles import TooOften

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

GUESSERS_WAIT_S = 300  # as settings.ACCOUNT_RATE_LIMITS and templates/429.html have it
NOT_FOUND = (gettext_lazy("There is nothing here"), gettext_lazy("The page does not exist, or it is not yours to see."))
FORBIDDEN = (gettext_lazy("You may not do this"), gettext_lazy("Sign in with the right account, or ask your admin."))
FAILED = (
    gettext_lazy("Something broke"),
    gettext_lazy("It is not your fault, and it has been written to the box's log. Try again in a moment."),
)
NO_DATABASE = (
    gettext_lazy("The database does not answer"),
    gettext_lazy(
        "Torrents go on, and nothing is lost. Try again in a minute; if it lasts, the admin should look whether the "
        "database runs and its disk has room."
    ),
)
FULL_DISK = (
    gettext_lazy("The disk of the box is full"),
    gettext_lazy(
        "Nothing was changed, and nothing is lost. The admin should free some space where the database is; then all "
        "goes on by itself."
    ),
)
_DISK_IS_FULL = ("database or disk is full", "No space left on device")  # SQLite's words, PostgreSQL's words
DATABASE_WAIT_S = 10
STALE = (
    gettext_lazy("This page is too old"),
    gettext_lazy("You have signed in or out since it was opened. Load it again, then repeat the step."),
)
TOO_MANY_FILES = (gettext_lazy("Too many files at once"), gettext_lazy("Add at most 100 torrent files in one go."))
TOO_LARGE = (
    gettext_lazy("Too much text at once"),
    gettext_lazy("A form may carry at most 1 MiB. Add the magnet links in several steps."),
)
TOO_LARGE_TO_ADD = (
    gettext_lazy("Too much at once"),
    gettext_lazy("At most 100 MiB of torrent files fit in one go. Add them in several steps."),
)
TOO_SLOW = (
    gettext_lazy("The connection is too slow"),
    gettext_lazy("What you sent did not arrive in time. Check your connection, then send less."),
)
NO_FORM = (
    gettext_lazy("The box takes forms only"),
    gettext_lazy("Send it as a form: application/x-www-form-urlencoded or multipart/form-data."),
)
BAD_REQUEST = (
    gettext_lazy("The box did not understand that"),
    gettext_lazy("Go back, load the page again, and repeat the step."),
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, TooManyFilesSent):
        return _answer(request, 400, TOO_MANY_FILES)
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, 413, TOO_LARGE)
    return _answer(request, 400, BAD_REQUEST)


def refused_body(request: HttpRequest, reason: str) -> HttpResponse:
    """Answer what `bodies.py` did not let through; the browser need not send it again to hear that."""
    if reason == "too slow":
        return _answer(request, 408, TOO_SLOW)
    if reason == "of another type":
        return _answer(request, 415, NO_FORM)
    is_add = request.path_info == "/torrents/add/"
    return _answer(request, 413, TOO_LARGE_TO_ADD if is_add else TOO_LARGE)


def refused_body_of_api(request: HttpRequest, reason: str) -> HttpResponse:
    """Answer the same to a program."""
    status = {"too slow": 408, "of another type": 415}.get(reason, 413)
    return JsonResponse(
        {"code": "bad_request", "text": _("The body is %(reason)s.") % {"reason": reason}}, status=status
    )


def too_often(request: HttpRequest, problem: TooOften) -> HttpResponse:
    response = _answer(request, 429, (_("That was too often"), _(str(problem))))
    response["Retry-After"] = str(problem.wait_s)
    return response


def too_many_attempts(request: HttpRequest) -> HttpResponse:
    """Answer where allauth slows a guesser down; it does not tell how long, so this is the longest of its spans."""
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(GUESSERS_WAIT_S)
    return response


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, NOT_FOUND)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, 403, STALE)


def failed(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever broke may be what context processors ask, the database above all."""
    problem = sys.exc_info()[1]
    is_database = isinstance(problem, OperationalError | InterfaceError)
    # Who tried in vain has the database's words as its cause.
    said = f"{problem} {problem.__cause__}" if problem else ""
    is_full = is_database and any(words in said for words in _DISK_IS_FULL)
    title, advice = FULL_DISK if is_full else NO_DATABASE if is_database else FAILED
    status = 503 if is_database else 500
    again = request.get_full_path() if is_database and request.method == "GET" else ""
    context = {"status": status, "title": title, "advice": advice, "tone": "danger", "text": f"{title}. {advice}"}
    template = "seedbox/_toast.html" if request.headers.get("HX-Request") else "seedbox/error.html"
    response = HttpResponse(render_to_string(template, context | {"again": again}), status=status)
    if is_database:
        response["Retry-After"] = str(DATABASE_WAIT_S)
    return response


def _answer(request: HttpRequest, status: int, words: "tuple[str | _StrPromise, str | _StrPromise]") -> HttpResponse:
    title, advice = words
    if request.headers.get("HX-Request"):
        toast = {"tone": "danger", "text": f"{title}. {advice}"}
        return render(request, "seedbox/_toast.html", toast, status=status)
    return render(request, "seedbox/error.html", {"status": status, "title": title, "advice": advice}, status=status)
