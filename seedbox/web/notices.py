"""The notice centre: what is in the bell's panel, the page of all notices, and what people want to be told."""

from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from seedbox.models import Notice
from seedbox.services import notice_kinds
from seedbox.services import notices as service
from seedbox.web.doors import for_members, signed_in_user

IN_PANEL = 20
MAX_BEFORE_CHARS = 40
MAX_ID = 2**63 - 1
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@for_members
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    only_unread = request.GET.get("show") == "unread"
    before = _read_before(request.GET.get("before", ""))
    found = list(service.newest(user.pk, before=before, unread=only_unread, limit=service.PAGE + 1))
    shown = found[: service.PAGE]
    silenced = notice_kinds.silenced(user.pk)
    kinds = [(kind, kind.name not in silenced) for kind in notice_kinds.offered(is_admin=user.is_admin)]
    context = {
        "shown": shown,
        "only_unread": only_unread,
        "is_first": before is None,
        "older": _write_before(shown[-1]) if len(found) > len(shown) else "",
        "kinds": kinds,
        "kept": service.KEPT,
    }
    return render(request, "seedbox/notices.html", context)


@for_members
@require_GET
def notices_panel(request: HttpRequest) -> HttpResponse:
    return _panel(request)


@for_members
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    service.mark_read(signed_in_user(request).pk, now=timezone.now())
    return _panel(request) if "HX-Request" in request.headers else redirect("notices")


@for_members
@require_POST
def notices_choose(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    wanted = frozenset(request.POST.getlist("kinds"))
    notice_kinds.choose(wanted, user_id=user.pk, is_admin=user.is_admin)
    messages.success(request, _("Saved. It holds for what happens from now on."))
    return redirect("notices")


@for_members
@require_GET
def notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Lead to what a notice is about; that it is read now, the page's script says as it is left."""
    found = _own(request, notice_id)
    try:
        return redirect(reverse(found.url_name, args=found.url_args))
    except NoReverseMatch:  # it leads nowhere, or to a page of an earlier version
        return redirect("notices")


@for_members
@require_POST
def notice_read(request: HttpRequest, notice_id: int) -> HttpResponse:
    found = _own(request, notice_id)
    service.mark_read(found.user_id, now=timezone.now(), ids=[found.pk])
    return HttpResponse(status=204)


def _own(request: HttpRequest, notice_id: int) -> Notice:
    found = service.find(signed_in_user(request).pk, notice_id) if notice_id <= MAX_ID else None
    if found is None:
        raise Http404
    return found


def _panel(request: HttpRequest) -> HttpResponse:
    shown = service.newest(signed_in_user(request).pk, limit=IN_PANEL)
    return render(request, "seedbox/_notices.html", {"shown": shown})


def _write_before(last: Notice) -> str:
    return f"{(last.at - EPOCH) // MICROSECOND}-{last.pk}"


def _read_before(text: str) -> tuple[datetime, int] | None:
    """Return behind which notice a page begins, as the link to older ones says it."""
    if not text:
        return None
    at, _dash, pk = text[:MAX_BEFORE_CHARS].partition("-")
    if not (at.isascii() and at.isdecimal() and pk.isascii() and pk.isdecimal()) or int(pk) > MAX_ID:
        raise Http404
    try:
        return EPOCH + int(at) * MICROSECOND, int(pk)
    except OverflowError:
        raise Http404 from None
