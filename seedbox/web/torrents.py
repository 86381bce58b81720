"""The list of torrents: look, add, change."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, replace_url, trigger_client_event

from seedbox.models import User
from seedbox.services import holdings, listing, nodes, switching
from seedbox.web import adding, list_choice, list_columns, list_query
from seedbox.web.doors import for_members, signed_in_user
from seedbox.web.throttled import is_search, throttled

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# verb -> what the toast says of one, of several
VERB_TEXTS: dict[holdings.Verb, "_StrPromise"] = {
    "start": ngettext_lazy("Torrent started.", "%(count)d torrents started.", "count"),
    "stop": ngettext_lazy("Torrent stopped.", "%(count)d torrents stopped.", "count"),
    "recheck": ngettext_lazy(
        "The torrent's files are being checked.", "The files of %(count)d torrents are being checked.", "count"
    ),
    "fetch": ngettext_lazy(
        "What is missing is fetched again.", "What is missing of %(count)d torrents is fetched again.", "count"
    ),
    "remove": ngettext_lazy("Torrent removed.", "%(count)d torrents removed.", "count"),
}
_MAX_ID_DIGITS = 18  # what a 64-bit column can hold


@gzip_page  # its length says nothing: Django adds some bytes by chance, and masks the token anew each time
@for_members
@require_GET
@throttled("search", when=is_search)
def torrents(request: HttpRequest) -> HttpResponse:
    return render(request, "seedbox/torrents.html", _list_context(request, signed_in_user(request)))


@gzip_page
@for_members
@require_GET
@throttled("search", when=is_search)
def torrents_fragment(request: HttpRequest) -> HttpResponse:
    response = render(request, "seedbox/_torrents.html", _list_context(request, signed_in_user(request)))
    if request.headers.get("HX-Source") == "form#search-form":
        query = request.GET.copy()
        if not query.get("q"):
            query.pop("q", None)
        replace_url(response, f"{reverse('torrents')}?{query.urlencode()}".rstrip("?"))
    return response


@for_members
@require_POST
def torrents_columns(request: HttpRequest) -> HttpResponse:
    """Keep which columns are shown, and show the part of the list that the address asks for with them."""
    user = signed_in_user(request)
    list_choice.save(request.POST, user_id=user.pk)
    if "HX-Request" not in request.headers:
        return redirect(f"{reverse('torrents')}?{request.GET.urlencode()}".rstrip("?"))
    return render(request, "seedbox/_torrents.html", _list_context(request, user))


@for_members
@require_POST
@throttled("add")
def torrents_add(request: HttpRequest) -> HttpResponse:
    try:
        outcomes = adding.add_all(request, user=signed_in_user(request), now=timezone.now())
    except adding.TooManyItems as problem:
        typed = request.POST.get("magnets", "").strip()
        outcomes = [adding.Outcome(_("Nothing was added"), "failed", _(str(problem)), None, typed)]
    context = _outcome_context(outcomes)
    if "HX-Request" not in request.headers:
        return render(request, "seedbox/added.html", context)
    response = render(request, "seedbox/_added.html", context)
    return trigger_client_event(response, "box:added", {"leftOver": len(context["left_over"])})


@for_members
@require_POST
def torrents_change(request: HttpRequest) -> HttpResponse:
    verb = next((verb for verb in holdings.VERBS if verb == request.POST.get("verb")), None)
    if verb is None:
        raise BadRequest(_("Choose start, stop, recheck, fetch or remove."))
    ids = request.POST.getlist("ids")
    if not ids or not all(text.isdecimal() and len(text) <= _MAX_ID_DIGITS for text in ids):
        raise Http404
    user, now, holding_ids = signed_in_user(request), timezone.now(), [int(text) for text in ids]
    try:
        if verb in ("start", "stop"):
            switched = switching.switch(user=user, holding_ids=holding_ids, verb=verb, now=now)
            return _changed(request, verb, switched.count, undo=switched.undo)
        return _changed(request, verb, holdings.change(user=user, holding_ids=holding_ids, verb=verb, now=now))
    except holdings.NotFound:
        raise Http404 from None


@for_members
@require_POST
def torrents_undo(request: HttpRequest) -> HttpResponse:
    """Take back what was just started or stopped, as the word in the toast says."""
    try:
        switching.undo(request.POST.get("word", ""), user=signed_in_user(request), now=timezone.now())
    except switching.TooLate:
        return _answer(request, "warning", _("It is too late to undo this."))
    return _answer(request, "success", _("Undone."))


def _changed(request: HttpRequest, verb: holdings.Verb, count: int, *, undo: str = "") -> HttpResponse:
    text = VERB_TEXTS[verb] % {"count": count}
    leaves = verb == "remove" and request.POST.get("from") == "torrent"  # its page is no more
    return _answer(request, "success", text, leaves=leaves, undo=undo)


def _answer(request: HttpRequest, tone: str, text: str, *, leaves: bool = False, undo: str = "") -> HttpResponse:
    by_htmx = "HX-Request" in request.headers
    if leaves or not by_htmx:
        messages.add_message(request, messages.SUCCESS if tone == "success" else messages.WARNING, text)
        return HttpResponseClientRedirect(reverse("torrents")) if by_htmx else redirect("torrents")
    response = render(request, "seedbox/_toast.html", {"tone": tone, "text": text, "undo": undo})
    return trigger_client_event(response, "box:changed")


def _list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    choice = list_choice.of_user(user.pk)
    wanted = list_query.read_wanted(request.GET, page_size=choice.page_size)
    version = listing.version(user.pk)  # first: what changes while the rest is read is fetched once more
    page = listing.list_holdings(user=user, wanted=wanted)
    columns = [column.said for column in (list_columns.NAME, *choice.columns)]
    return {
        "rows": [list_columns.row(holding, columns) for holding in page.holdings],
        "listing": page,
        "version": version,
        "wanted": wanted,
        "q": wanted.search or None,  # None: not in the links
        "tabs": list_query.tabs(page, wanted),
        "headings": list_query.headings(wanted, columns),
        "orders": list_query.headings(wanted, dict.fromkeys((*columns, list_columns.ADDED))),
        "choice": choice,
        "offers": list_choice.offers(choice),
        "page_sizes": list_choice.PAGE_SIZES,
        "total": page.counts[wanted.filter],
        "last": page.first + len(page.holdings) - 1,
        "trouble": nodes.trouble(timezone.now()),
    }


def _outcome_context(outcomes: list[adding.Outcome]) -> dict[str, Any]:
    added = [outcome for outcome in outcomes if outcome.kind == "added"]
    return {
        "outcomes": outcomes,
        "added": added,
        "left_over": [outcome for outcome in outcomes if outcome.kind != "added"],
    }
