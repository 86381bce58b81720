"""From a request to its answer: which part of the chain's face is asked, and which fault comes first."""

import asyncio
import logging
import re
from dataclasses import replace
from http import HTTPStatus

from wallet.devnet import builders, control, events, explorer, reads, submissions
from wallet.devnet.endpoint import Endpoint
from wallet.devnet.faults import BROKEN
from wallet.devnet.http import (
    OPEN_TO_PAGES,
    Answer,
    Arrived,
    BadRequest,
    Request,
    error_answer,
    json_answer,
    path_of,
    request_of,
)
from wallet.devnet.state_file import StateFileUnwritable

# Names that no stranger can let lead here: addresses, names without a dot, and those below localhost.
NEAR = re.compile(r"(?:[0-9.]+|\[[0-9a-f:.]+\]|[a-z0-9_-]+|[a-z0-9_.-]+\.localhost)(?::[0-9]+)?")
ALWAYS_NUMBERS = ("getnodeinfo", "getnowblock")  # java-tron writes these two by other ways, which know no such wish
OPEN_ROOTS = ("wallet", "walletsolidity", "v1", "healthcheck")
NOT_FOUND = Answer(b"404 page not found", 404, "text/plain")

_log = logging.getLogger(__name__)


class Application:
    def __init__(self, endpoint: Endpoint, *, is_controlled: bool = True) -> None:
        self._endpoint = endpoint
        self._is_controlled = is_controlled

    async def __call__(self, arrived: Arrived) -> Answer:
        root, _, name = path_of(arrived.target).partition("/")
        if root == "devnet":
            return self._of_control(arrived, name)
        try:
            answer = await self._of_the_chain(request_of(arrived), root, name)
        except BadRequest as problem:
            answer = error_answer(problem)
        except Exception:
            answer = _fault(arrived)
        return replace(answer, headers=(*answer.headers, *OPEN_TO_PAGES)) if root in OPEN_ROOTS else answer

    async def _of_the_chain(self, request: Request, root: str, name: str) -> Answer:
        if root not in OPEN_ROOTS:
            is_read = request.method in ("GET", "HEAD")
            return (explorer.page(self._endpoint, request) if is_read else None) or NOT_FOUND
        if request.method == "OPTIONS":
            return Answer(b"", 204)
        if root == "healthcheck":
            return NOT_FOUND if name else json_answer({})
        return await self._of_the_api(request, root, name)

    async def _of_the_api(self, request: Request, root: str, name: str) -> Answer:
        if root == "wallet" and name.lower() in BY_POST and request.method != "POST":
            return Answer(b"")  # as java-tron answers, whose handlers for GET are empty there
        faults = self._endpoint.faults
        if faults.delay_s:
            await asyncio.sleep(faults.delay_s)
        is_broadcast = root == "wallet" and name in submissions.PATHS
        failure = faults.next_failure(is_broadcast=is_broadcast)
        if failure and failure.kind in BROKEN:
            if failure.is_after_accept and is_broadcast:
                SUBMISSIONS[name](self._endpoint, request)
            return BROKEN[failure.kind]
        if is_broadcast:
            return json_answer(SUBMISSIONS[name](self._endpoint, request, failure))
        try:
            found = self._found(request, root, name)
        except BadRequest as problem:
            return error_answer(problem)
        is_text = request.wants_int64_as_text and root != "v1" and name.lower() not in ALWAYS_NUMBERS
        return NOT_FOUND if found is None else json_answer(found, int64_as_text=is_text)

    def _found(self, request: Request, root: str, name: str) -> object:
        """Return what java-tron says; None for a path that it does not have."""
        if root == "v1":
            return events.listing(self._endpoint, request)
        is_solid = root == "walletsolidity"
        name = name.lower()  # java-tron writes getReward and getBrokerage so, and all others small
        read = EVERYWHERE.get(name) or (None if is_solid else reads.WALLET_ONLY.get(name))
        if read:
            return read(self._endpoint, request, self._endpoint.view(is_solid=is_solid))
        build = None if is_solid else BUILDERS.get(name)
        return build(self._endpoint, request) if build else None

    def _of_control(self, arrived: Arrived, name: str) -> Answer:
        order = control.ORDERS.get(name) if self._is_controlled else None
        if order is None:
            return NOT_FOUND
        if arrived.method != "POST" and order is not control.info:
            return json_answer({"Error": "orders are given by POST"}, status=HTTPStatus.METHOD_NOT_ALLOWED)
        if not _may_order(arrived):
            return json_answer({"Error": "pages of other origins give no orders here"}, status=HTTPStatus.FORBIDDEN)
        try:
            request = request_of(arrived)
        except BadRequest:
            return json_answer({"Error": "an order is one JSON object, or empty"}, status=HTTPStatus.BAD_REQUEST)
        try:
            return json_answer(order(self._endpoint, request))
        except BadRequest as problem:
            return json_answer({"Error": str(problem)}, status=HTTPStatus.BAD_REQUEST)
        except StateFileUnwritable as problem:
            return json_answer({"Error": str(problem)}, status=HTTPStatus.INSUFFICIENT_STORAGE)
        except Exception:
            return _fault(arrived)


EVERYWHERE = reads.EVERYWHERE | builders.CALLS


def _fault(arrived: Arrived) -> Answer:
    """Log what went wrong here, and answer as java-tron does when its code fails. To be called where it is caught."""
    _log.exception("%s %s", arrived.method, path_of(arrived.target))
    return replace(error_answer(BadRequest("null", "java.lang.NullPointerException")), status=500)


def _may_order(arrived: Arrived) -> bool:
    """Tell whether no page of somebody else can have sent this, not even under a name that it lets lead here."""
    host, origin = arrived.headers.get("host", "localhost").lower(), arrived.headers.get("origin")
    # Not all browsers say Sec-Fetch-Site, and none does to a plain address of the house's network.
    is_near = NEAR.fullmatch(host) is not None and (origin is None or origin.lower().partition("://")[2] == host)
    return is_near and arrived.headers.get("sec-fetch-site", "none") in ("none", "same-origin")


SUBMISSIONS = {"broadcasttransaction": submissions.broadcast_transaction, "broadcasthex": submissions.broadcast_hex}
BUILDERS: dict[str, builders.Build] = {
    **builders.BUILDERS,
    "getsignweight": submissions.sign_weight,
    "getapprovedlist": submissions.approved_list,
}
BY_POST = frozenset({*BUILDERS, *SUBMISSIONS})
