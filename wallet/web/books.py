"""The operator's books: all accounts and their sums, one account, what is owed, the log of what operators did."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from wallet.domain.accounts import AccountKind
from wallet.domain.money import Asset, format_amount, format_btt, format_count
from wallet.models import Account
from wallet.services import acts, audit, liabilities, overview
from wallet.services.holders import Holder
from wallet.services.install import market_asset, other_asset
from wallet.services.overview import COUNTED, EntryLine, KindSum, Wanted
from wallet.web.doors import for_admins, for_members, user_id

MAX_ID_DIGITS = 18  # what a 64-bit column can hold
ACTS_SHOWN = 10
COUNTS_APART = timedelta(minutes=1)  # each keeps a row for every user, for ever


@for_admins
@require_GET
def books(request: HttpRequest) -> HttpResponse:
    found = overview.overview()
    run = audit.newest_run()
    wanted = _read_wanted(request)
    page = overview.list_accounts(wanted)
    context = {
        "assets": [_asset_context(asset, balance, found.sums) for asset, balance in found.balances.items()],
        "overview": found,
        "unsealed": _("more than %(counted)s") % {"counted": format_count(COUNTED)}
        if found.seal.unsealed > COUNTED
        else format_count(found.seal.unsealed),
        "owed": _owed_context(),
        "audit": run,
        "first_finding": audit.first_finding_of(run) if run else "",
        "audited": format_count(run.transfers) if run else "",
        "accounts": [_account_row(account, who) for account, who in page.accounts],
        "older": page.before,
        "wanted": wanted,
        "chosen": _chosen(wanted),
        "kinds": [(kind.value, _(kind.label)) for kind in AccountKind],
    }
    return render(request, "wallet/books.html", context)


@for_admins
@require_POST
def count_owed(request: HttpRequest) -> HttpResponse:
    """Count what is owed to all users now, unless that was done a moment ago."""
    taken = liabilities.take_due(timezone.now(), every=COUNTS_APART)
    if not taken:
        messages.info(request, _("The newest count is less than a minute old, and was left as it is."))
    else:
        total = get_text_list([format_amount(one.total_ubtt, Asset(one.asset)) for one in taken], _("and"))
        messages.success(request, _("Counted: %(total)s is owed to all users.") % {"total": total})
    return redirect("books")


@for_admins
@require_GET
def books_account(request: HttpRequest, account_id: int) -> HttpResponse:
    found = overview.find_account(account_id)
    if found is None:
        raise Http404
    account, who = found
    page = overview.entries_of(account, before=read_before(request))
    context = {
        "account": _account_row(account, who) | {"available": format_btt(account.available_ubtt)},
        "unit": Asset(account.asset).unit,
        "is_users": account.kind == AccountKind.USER,
        "created_at": account.created_at,
        "version": account.version,
        "entries": [_entry_row(line, Asset(account.asset)) for line in page.entries],
        "older": page.before,
        "log": acts.acts_on_account(account, limit=ACTS_SHOWN),
    }
    return render(request, "wallet/books_account.html", context)


@for_admins
@require_GET
def operator_acts(request: HttpRequest) -> HttpResponse:
    person = request.GET.get("person", "").strip().replace("\0", "")[: acts.MAX_NAME_CHARS]
    log = acts.all_acts(person=person, before=read_before(request))
    chosen = urlencode({"person": person}) if person else ""
    return render(request, "wallet/operator_acts.html", {"log": log, "person": person, "chosen": chosen})


@for_members
@require_GET
def own_acts(request: HttpRequest) -> HttpResponse:
    """Show somebody what operators did to their own accounts, and why."""
    log = acts.acts_on_user(user_id(request), before=read_before(request))
    return render(request, "wallet/own_acts.html", {"log": log})


def read_before(request: HttpRequest) -> int | None:
    """Return where a page begins, as the link to what is older says it."""
    text = request.GET.get("before", "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > MAX_ID_DIGITS:
        raise Http404
    return int(text)


def _read_wanted(request: HttpRequest) -> Wanted:
    """Read which accounts are asked for; what makes no sense is taken as not said."""
    kind = request.GET.get("kind", "")
    known = {str(one.value): one for one in AccountKind}
    return Wanted(
        search=request.GET.get("q", "").replace("\0", "").strip()[: overview.MAX_SEARCH_CHARS],
        kind=known.get(kind),
        frozen_only=request.GET.get("frozen") == "on",
        before=read_before(request),
    )


def _chosen(wanted: Wanted) -> str:
    asked = {"q": wanted.search, "kind": wanted.kind and str(wanted.kind.value), "frozen": wanted.frozen_only and "on"}
    return urlencode({name: value for name, value in asked.items() if value})


def _owed_context() -> list[dict[str, object]]:
    newest = [liabilities.newest(asset) for asset in (market_asset(), other_asset())]
    return [
        {"total": format_amount(taken.total_ubtt, Asset(taken.asset)), "taken_at": taken.taken_at}
        for taken in newest
        if taken is not None
    ]


def _asset_context(asset: Asset, balance_ubtt: int, sums: Any) -> dict[str, object]:
    return {
        "unit": asset.unit,
        "balance": format_amount(balance_ubtt, asset),
        "is_balanced": balance_ubtt == 0,
        "kinds": [_kind_row(one) for one in sums if one.asset is asset],
    }


def _kind_row(one: KindSum) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "label": _(one.kind.label),
        "count": one.count,
        "balance": format_btt(one.balance_ubtt),
        "held": format_btt(one.held_ubtt) if one.held_ubtt else "",
    }


def _account_row(account: Account, who: Holder) -> dict[str, object]:
    return {
        "id": account.pk,
        "name": who.name,
        "is_person": who.is_person,
        "kind": _(AccountKind(account.kind).label),
        "balance": format_btt(account.balance_ubtt),
        "held": format_btt(account.held_ubtt) if account.held_ubtt else "",
        "unit": Asset(account.asset).unit,
        "is_frozen": account.is_frozen,
    }


def _entry_row(line: EntryLine, asset: Asset) -> dict[str, object]:
    sign = "+" if line.change_ubtt > 0 else ""
    return {
        "id": line.transfer.pk,
        "at": line.transfer.written_at,
        "kind": _(line.kind.label),
        "other": line.other.name,
        "other_id": line.other_id,
        "is_credit": line.change_ubtt > 0,
        "change": f"{sign}{format_btt(line.change_ubtt)}",
        "tone": "green" if line.change_ubtt > 0 else "",
        "balance": format_btt(line.balance_ubtt),
        "unit": asset.unit,
        "is_reversible": line.is_reversible,
    }
