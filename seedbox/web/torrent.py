"""A torrent's page, as one holder sees it."""

from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from seedbox.domain.magnets import magnet_link
from seedbox.domain.states import STATES
from seedbox.domain.units import format_bytes
from seedbox.models import Holding
from seedbox.services import listing
from seedbox.services.live import log_rows
from seedbox.services.rows import Row, file_row, seen_state, torrent_row
from seedbox.web import torrent_tabs
from seedbox.web.doors import for_members, signed_in_user

TABS = {"files": _("Files"), "peers": _("Peers"), "trackers": _("Trackers"), "log": _("Log"), "details": _("Details")}
_MAX_PAGE_DIGITS = 6


@for_members
@require_GET
def torrent(request: HttpRequest, holding_id: int) -> HttpResponse:
    try:
        holding = listing.find_holding(user=signed_in_user(request), holding_id=holding_id)
    except Holding.DoesNotExist:
        raise Http404 from None
    tabs = TABS | torrent_tabs.labels()
    tab = request.GET.get("tab", "files")
    if tab not in tabs:
        raise Http404
    lent = torrent_tabs.find(tab)
    row = torrent_row(holding)
    context = {
        "holding": holding,
        "torrent": holding.torrent,
        "row": row,
        "state_meaning": _(STATES[seen_state(holding)].meaning),
        "tabs": tabs,
        "tab": tab,
        "tab_template": lent.template if lent else f"seedbox/_torrent_{tab}.html",
    }
    if lent:
        context |= lent.context(signed_in_user(request), holding.pk, request.GET.dict())
    return render(request, "seedbox/torrent.html", context | _tab_context(request, holding, tab))


def _tab_context(request: HttpRequest, holding: Holding, tab: str) -> dict[str, Any]:
    if tab == "files":
        page = request.GET.get("page", "")
        number = int(page) if page.isdecimal() and len(page) <= _MAX_PAGE_DIGITS else 1
        files = listing.list_files(holding=holding, page=number)
        return {"files": files, "folders": _folders([file_row(holding.pk, file) for file in files.files])}
    if tab == "log":
        return {"log": log_rows(holding, listing.list_log(holding=holding)).values()}
    if tab == "details":
        return {"piece_length": format_bytes(holding.torrent.piece_length_bytes), "magnet": _magnet(holding)}
    return {}


def _folders(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """Group neighbours that lie in one folder; each row gains its name without the folder."""
    named: list[Row] = [
        row | {"name": PurePosixPath(str(row["path"])).name, "folder": str(PurePosixPath(str(row["path"])).parent)}
        for row in rows
    ]
    groups = groupby(named, lambda row: str(row["folder"]))
    return [("" if folder == "." else folder, list(group)) for folder, group in groups]


def _magnet(holding: Holding) -> str:
    """A link with this holder's own trackers; none for a private torrent, which lives by its torrent file only."""
    torrent = holding.torrent
    if torrent.private:
        return ""
    return magnet_link(
        info_hash_v1=torrent.info_hash_v1,
        info_hash_v2=torrent.info_hash_v2,
        name=torrent.name or holding.name,
        trackers=holding.trackers,
    )
