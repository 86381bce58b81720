"""Requests to the hub: who has signed them, what they carry, and how they are answered: JSON, whatever happens.

There is no login and no form here: a request is its Speed key's, whatever cookies come with it.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from wallet.domain.hub import HubRefused, Refusal
from wallet.domain.items import BadItem
from wallet.domain.json_fields import BadJson, Json, obj
from wallet.services import hub_doorway
from wallet.services.hub_doorway import Pace, Signed

AGAIN_S = 5  # after which it is worth asking a hub again whose signer or database is away
STATUS: Mapping[Refusal, int] = {
    Refusal.BAD_REQUEST: 400,
    Refusal.NOT_SIGNED: 401,
    Refusal.STALE: 401,
    Refusal.REPLAYED: 401,
    Refusal.NOT_BOUND: 403,
    Refusal.NOT_THE_PAYEE: 403,
    Refusal.NOT_THE_PAYER: 403,
    Refusal.OVER_DAILY_LIMIT: 403,
    Refusal.FROZEN: 403,
    Refusal.BAD_PAIRING: 403,
    Refusal.MAY_NOT_EARN: 403,
    Refusal.NOT_FOUND: 404,
    Refusal.UNKNOWN_CHANNEL: 404,
    Refusal.TOO_OFTEN: 429,
    Refusal.LOCKED: 503,
    Refusal.BUSY: 503,
}  # all others: 409, as it is what stands in the books that is against it
_HEADERS = {
    "Speed-Key": re.compile(r"0[23][0-9a-f]{64}", re.ASCII),
    "Speed-Time": re.compile(r"[0-9]{1,12}", re.ASCII),
    "Speed-Nonce": re.compile(r"[0-9a-f]{32}", re.ASCII),
    "Speed-Sig": re.compile(r"[0-9a-f]{130}", re.ASCII),
}
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)

logger = logging.getLogger(__name__)
Call = Callable[..., HttpResponse]


def answered(call: Call) -> Call:
    """Answer in JSON also what goes wrong."""

    @csrf_exempt
    @wraps(call)
    def answer(request: HttpRequest, /, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return call(request, *args, **kwargs)
        except HubRefused as refusal:
            return refused(refusal)
        except (BadJson, BadItem) as problem:
            return refused(HubRefused(Refusal.BAD_REQUEST, f"{problem}."))
        except RequestDataTooBig:
            return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Refusal.BAD_REQUEST, "The body is larger than 1 MiB.")
        except UnreadablePostError:
            return refused(HubRefused(Refusal.BAD_REQUEST, "The body did not come whole."))
        except (OperationalError, InterfaceError) as problem:
            logger.warning("the hub's database does not answer: %s", problem)
            return refused(HubRefused(Refusal.BUSY, "The hub is too busy, or its database is away.", wait_s=AGAIN_S))
        except Exception:
            logger.exception("a call of the hub failed")
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", "Something broke, and it is in the hub's log.")

    return answer


def refused(refusal: HubRefused) -> HttpResponse:
    status = STATUS.get(refusal.code, HTTPStatus.CONFLICT)
    response = _error(status, refusal.code, refusal.text)
    wait_s = refusal.wait_s or (AGAIN_S if status == HTTPStatus.SERVICE_UNAVAILABLE else 0)
    if wait_s:
        response["Retry-After"] = str(wait_s)
    return response


def for_methods(**calls: Call) -> Call:
    """Return a view that goes by the method of the request."""

    @answered
    def by_method(request: HttpRequest, /, *args: object, **kwargs: object) -> HttpResponse:
        call = calls.get(request.method or "")
        if call is None:
            response = _error(HTTPStatus.METHOD_NOT_ALLOWED, Refusal.BAD_REQUEST, f"This takes {' or '.join(calls)}.")
            response["Allow"] = ", ".join(calls)
            return response
        return call(request, *args, **kwargs)

    return by_method


@answered
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    raise HubRefused(Refusal.NOT_FOUND, "The hub has no such call.")


def caller_of(request: HttpRequest, *, what: str = "calls", pace: Pace = hub_doorway.CALLS) -> str:
    """Return the Speed key that has signed this request just now. Raises HubRefused, BadJson."""
    now = timezone.now()
    hub_doorway.take_turn(what, pace, address_of(request), now=now)
    key, time_s, nonce, signature = (_header(request, name) for name in _HEADERS)
    query = request.META.get("QUERY_STRING", "")
    signed = Signed(
        method=request.method or "",
        path=f"{request.path_info}?{query}" if query else request.path_info,
        body=request.body,
        speed_key=key,
        time_s=int(time_s),
        nonce=bytes.fromhex(nonce),
        signature=bytes.fromhex(signature),
    )
    hub_doorway.check(signed, now=now)
    return key


def address_of(request: HttpRequest) -> str:
    """Return where the request comes from, as the box's list of trusted proxies has settled it."""
    return str(request.META.get("REMOTE_ADDR", ""))


def body_of(request: HttpRequest) -> Json:
    """Return the object that a request carries. Raises BadJson."""
    return parse_body(request.body)


def parse_body(raw: bytes) -> Json:
    """Return the object in a body; a nest of brackets, or a number that JSON does not know, is none. Raises BadJson."""
    try:
        given = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BadJson("body", "a JSON object") from None
    return obj(given)


def number_of(request: HttpRequest, name: str) -> int:
    """Return a number of the query; 0 when it is not there. Raises BadJson."""
    given = request.GET.get(name, "0")
    if not _DIGITS.fullmatch(given):
        raise BadJson(name, "a whole number")
    return int(given)


def said(content: Json, *, status: int = HTTPStatus.OK) -> HttpResponse:
    return JsonResponse(content, status=status)


def _header(request: HttpRequest, name: str) -> str:
    given = request.headers.get(name, "")
    if not _HEADERS[name].fullmatch(given):
        raise HubRefused(Refusal.NOT_SIGNED, f"{name} is missing, or is none: sign the request with a Speed key.")
    return given


def _error(status: int, code: str, text: str) -> HttpResponse:
    return JsonResponse({"code": str(code), "text": text}, status=status)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
