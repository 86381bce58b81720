"""Files out: one view for all of them, with what HTTP has for large files: ranges, validators, conditions."""

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from seedbox.domain.ranges import Span, Unsatisfiable, requested_span
from seedbox.models import File
from seedbox.services import downloads
from seedbox.services.downloads import Download, FileBytes
from seedbox.services.rows import file_row

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

log = logging.getLogger(__name__)

GONE = gettext_lazy(
    "The file is no longer on the box's disk. Recheck the torrent: what is missing is then fetched again."
)


@require_safe
async def download(request: HttpRequest, holding_id: int, index: int) -> HttpResponseBase:
    user = await request.auser()
    if user.pk is None:
        raise Http404
    find = sync_to_async(downloads.find_download)
    try:
        found = await find(user_id=user.pk, holding_id=holding_id, index=index)
    except downloads.NoSuchFile:
        raise Http404 from None
    except downloads.NotComplete as problem:
        return await sync_to_async(_not_complete)(request, holding_id, problem.file)
    try:
        return await _answer(request, found)
    except downloads.Vanished:
        log.warning("a complete file is missing or has another size: %r", found.path)
        return await sync_to_async(_sorry)(request, HTTPStatus.GONE, _("This file is gone"), GONE)


async def _answer(request: HttpRequest, found: Download) -> HttpResponseBase:
    if not _matches(request.headers.get("If-Match", "*"), found.etag):
        return HttpResponse(status=HTTPStatus.PRECONDITION_FAILED)
    if _matches(request.headers.get("If-None-Match", "").replace("W/", ""), found.etag):  # weak is good enough here
        return _with_validators(HttpResponseNotModified(), found)
    try:
        span = _span(request, found)
    except Unsatisfiable:
        refusal = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        refusal["Content-Range"] = f"bytes */{found.size_bytes}"
        return _with_validators(refusal, found)
    content = FileBytes(
        await sync_to_async(downloads.open_download, thread_sensitive=False)(found), span or whole(found)
    )
    return _file_response(request, found, content, span)


def whole(found: Download) -> Span:
    return Span(0, found.size_bytes)


def _matches(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in parse_etags(header)


def _span(request: HttpRequest, found: Download) -> Span | None:
    """Return the one range to send, None for all. If-Range holds for our ETag alone: we give no date to compare."""
    if request.method != "GET" or request.headers.get("If-Range", found.etag).strip() != found.etag:
        return None
    return requested_span(request.headers.get("Range", ""), size_bytes=found.size_bytes)


def _file_response(request: HttpRequest, found: Download, content: FileBytes, span: Span | None) -> HttpResponseBase:
    kind = downloads.content_type(found.name)
    response: HttpResponseBase
    if request.method == "HEAD":
        content.close()
        response = HttpResponse(content_type=kind)
    else:
        response = StreamingHttpResponse(content, content_type=kind)
    if span is not None:
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{found.size_bytes}"
    response["Content-Length"] = str((span or whole(found)).size_bytes)
    response["Content-Disposition"] = downloads.attachment(found.name)
    # Whatever a stranger has put into a torrent, it runs nowhere near our pages.
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Accel-Buffering"] = "no"  # nginx in front would copy the file to its own disk first
    return _with_validators(response, found)


def _with_validators(response: HttpResponseBase, found: Download) -> HttpResponseBase:
    response["ETag"] = found.etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache, no-transform"
    return response


def _not_complete(request: HttpRequest, holding_id: int, file: File) -> HttpResponse:
    row = file_row(holding_id, file)
    text = _("%(done)s of %(size)s are here (%(progress)s). Come back when it is complete.") % {
        "done": row["done"],
        "size": row["size"],
        "progress": row["progress"],
    }
    figures = {"progress_ppm": row["progress_ppm"], "done_bytes": file.done_bytes, "size_bytes": file.size_bytes}
    return _sorry(request, HTTPStatus.CONFLICT, _("This file is not complete yet"), text, **figures)


def _sorry(
    request: HttpRequest, status: HTTPStatus, title: str, advice: "str | _StrPromise", **figures: int | str
) -> HttpResponse:
    """Answer a person with a page, a machine that asks for JSON with JSON."""
    if request.accepts("text/html"):
        return render(
            request, "seedbox/error.html", {"status": status, "title": title, "advice": advice}, status=status
        )
    return JsonResponse({"error": title, "advice": advice, **figures}, status=status)
