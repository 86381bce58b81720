"""A user's own money: what there is, and what happened."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET
from django_htmx.http import replace_url

from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Account
from wallet.services import day_sums, screen, seals, statements
from wallet.services.entry_rows import Row, balance_row, day_row, entry_row, hold_row, minute
from wallet.services.parties import WORDS
from wallet.services.statements import Balance, Entry
from wallet.services.wanted import Wanted
from wallet.web.assets import Choice, choice_of
from wallet.web.doors import for_members, user_id
from wallet.web.history_query import KINDS, read_asked

FILES = (
    (gettext_noop("CSV"), "csv"),
    (gettext_noop("JSON lines"), "jsonl"),
    (gettext_noop("Beancount"), "beancount"),
)


@gzip_page  # its length says nothing: Django adds some bytes by chance, and masks the token anew each time
@for_members
@require_GET
def money(request: HttpRequest) -> HttpResponse:
    choice = choice_of(request, user_id(request))
    asset = choice.asset
    account = statements.account_of(user_id(request), asset)
    balance = statements.balance(account) if account else Balance(asset, 0, 0, 0)
    holds = statements.running_holds(account) if account else []
    seal = seals.newest()
    context = _history_context(request, choice) | {
        "choice": choice,
        "parts": {part: screen.name_of(part, asset) for part in ("money", "holds")},
        "seal": f"{seal.number}:{seal.hash.hex()}" if seal.number else "",  # as the audit takes it
        "balance": balance_row(balance),
        "holds": [hold_row(hold) for hold in holds],
        "is_frozen": balance.is_frozen,
    }
    return render(request, "wallet/money.html", context)


@gzip_page
@for_members
@require_GET
def money_history(request: HttpRequest) -> HttpResponse:
    """Answer with the history alone, for the filters and for what was missed."""
    choice = choice_of(request, user_id(request))
    response = render(request, "wallet/_history.html", _history_context(request, choice))
    if request.headers.get("HX-Source") == "form#history-filter":
        replace_url(response, reverse("money") + read_asked(request.GET, asset=choice.name).query(before=None))
    return response


def _history_context(request: HttpRequest, choice: Choice) -> dict[str, Any]:
    asked = read_asked(request.GET, asset=choice.name)
    account = statements.account_of(user_id(request), choice.asset)
    page = statements.read(account, wanted=asked.wanted, before=asked.before) if account else statements.Page([], None)
    searched = page.searched_back_to
    return {
        "days": _days(account, page.entries, asked.wanted) if account else [],
        "rows": page.entries,
        "asked": asked,
        "unit": choice.asset.unit,
        "files": [(_(name), form, reverse("money_export", args=[form])) for name, form in FILES],
        "entries_part": screen.name_of("entries", choice.asset),
        "everything": choice.query,
        "is_newest": not asked.filters and asked.before is None,
        "filters_query": asked.query(before=None),
        "here": asked.query(before=asked.before),
        "older": asked.query(before=page.before) if page.before is not None else None,
        "searched_back_to": minute(searched) if searched else "",
        "kinds": [(kind.name.lower(), _(kind.label)) for kind in TransferKind if kind.name.lower() in KINDS],
        "parties": sorted(_(words) for words in WORDS.values()),
    }


def _days(account: Account, entries: Sequence[Entry], wanted: Wanted) -> list[tuple[Row, list[Row]]]:
    """Return the entries in groups, each with the heading of its day."""
    groups = [
        (day, [entry_row(entry) for entry in of_day])
        for day, of_day in groupby(entries, key=lambda entry: day_sums.day_of(entry.written_at))
    ]
    if not entries:
        return []
    shown = (entries[-1].version, entries[0].version)
    sums = day_sums.of_days(account, [day for day, _ in groups], shown=shown, wanted=wanted)
    return [(day_row(day, sums.get(day), Asset(account.asset)), rows) for day, rows in groups]
