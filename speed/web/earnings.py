"""The page of earnings: what was earned and spent over time, what a GiB cost, and what bidding bought.

All that is chosen stands in the address; what makes no sense there is taken as not said.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from seedbox.web.doors import for_members, signed_in_user
from speed.domain.earnings import MAX_SERIES, By, Period, Side, Span, span_of
from speed.services import best_torrents, earnings_chart, earnings_page, earnings_words, price_history, uplift_summary
from speed.services.earnings_chart import Cut
from speed.services.earnings_page import Asked
from speed.services.price_history import Prices
from speed.services.rollups import Best
from wallet.services.install import market_asset

MAX_SECONDS_DIGITS = 11
Choice = TypeVar("Choice", bound=StrEnum)


@gzip_page  # its length says nothing: Django adds some bytes by chance, and masks the token anew each time
@for_members
@require_GET
def earnings(request: HttpRequest) -> HttpResponse:
    user, now, asked = signed_in_user(request), timezone.now(), _asked(request.GET)
    version = earnings_page.version(user.pk, now=now)  # first: what comes in meanwhile is read once more
    found = earnings_page.outline(user.pk, asked, now=now)
    span = _price_span(asked, now=now)
    torrents = price_history.torrents(user.pk, since=span.since)
    torrent = _torrent(request.GET, torrents)
    bought = uplift_summary.bought(user.pk, since=found.span.since)
    best_span = _best_span(found.span, now=now)
    traded = best_torrents.traded(user.pk, best_span)
    best = best_torrents.best(user.pk, traded, best_span, now=now)
    context = {
        "asked": asked,
        "found": found,
        "version": version,
        "query": _query(asked, torrent=torrent),
        "fields": _said(asked),
        "choices": _choices(asked, torrent),
        "sums": earnings_chart.sums(found),
        "title": earnings_chart.title(found),
        "series_count": _series_count(asked, traded),
        "shown_name": earnings_chart.name(asked),
        "by_name": earnings_chart.column(asked),
        "between": earnings_chart.between(found.span),
        "is_by_day": found.span.is_of_days,
        "forecast": earnings_words.forecast_row(
            earnings_page.until_month_end(user.pk, asked.side, now=now), asked.side, now=now
        ),
        "best": [earnings_words.best_row(one) for one in best],
        "torrents": torrents,
        "torrent": torrent,
        "price_title": earnings_chart.price_title(span, torrent=torrents.get(torrent, "")),
        "price_between": earnings_chart.between(span),
        "price_span": span,
        "has_prices": bool(torrent) or price_history.has_rounds(span),
        "bought": earnings_words.bought_row(bought),
        "told": earnings_words.told_rows(bought),
        "unit": market_asset().unit,
    }
    if request.GET.get("figures"):  # who has no script; a script writes them itself
        context["figures"] = earnings_chart.figures(earnings_page.read(user.pk, asked, now=now))
        context["price_figures"] = earnings_chart.price_figures(_prices(user.pk, torrent, span), span, torrent=torrent)
    return render(request, "speed/earnings.html", context)


@gzip_page  # nothing in it is a secret beside somebody else's words
@for_members
@require_GET
def earnings_data(request: HttpRequest) -> HttpResponse:
    """Answer with what the chart of amounts shows, for the script that draws it."""
    user_id, now = signed_in_user(request).pk, timezone.now()
    version = earnings_page.version(user_id, now=now)
    found = earnings_page.read(user_id, _asked(request.GET), now=now)
    return JsonResponse(earnings_chart.drawing(found, version=version))


@gzip_page
@for_members
@require_GET
def earnings_prices(request: HttpRequest) -> HttpResponse:
    """Answer with what the chart of prices shows."""
    torrent, span, prices = _priced(request)
    return JsonResponse(earnings_chart.price_drawing(prices, span, torrent=torrent))


@for_members
@require_GET
def earnings_csv(request: HttpRequest) -> HttpResponse:
    found = earnings_page.read(signed_in_user(request).pk, _asked(request.GET), now=timezone.now())
    name = f"{found.asked.side}-by-{found.asked.by}-{found.asked.period}"
    return _csv(earnings_chart.cells(found, _cut(request.GET)), name=name)


@for_members
@require_GET
def earnings_prices_csv(request: HttpRequest) -> HttpResponse:
    torrent, span, prices = _priced(request)
    return _csv(earnings_chart.price_cells(prices, span, _cut(request.GET), torrent=torrent), name="prices")


def _asked(query: QueryDict) -> Asked:
    return Asked(
        _one_of(Period, query.get("period"), Period.MONTH),
        _one_of(By, query.get("by"), By.TORRENT),
        _one_of(Side, query.get("side"), Side.EARNED),
    )


def _one_of(choices: type[Choice], text: str | None, otherwise: Choice) -> Choice:
    return next((one for one in choices if one == text), otherwise)


def _said(asked: Asked) -> dict[str, str]:
    """Return what stands in the address of a choice; what is so anyway does not."""
    words = {"period": asked.period, "by": asked.by, "side": asked.side}
    usual = {"period": Period.MONTH, "by": By.TORRENT, "side": Side.EARNED}
    return {name: str(word) for name, word in words.items() if word != usual[name]}


def _query(asked: Asked, *, torrent: str) -> str:
    return "?" + urlencode(_said(asked) | ({"torrent": torrent} if torrent else {}))


def _choices(asked: Asked, torrent: str) -> dict[str, list[dict[str, Any]]]:
    """Return the links to what else can be shown."""
    periods = {
        Period.HOUR: _("Hour"),
        Period.DAY: _("Day"),
        Period.WEEK: _("Week"),
        Period.MONTH: _("Month"),
        Period.YEAR: _("Year"),
        Period.ALL: _("All"),
    }
    bys = {By.TORRENT: _("Torrents"), By.NODE: _("Nodes"), By.KIND: _("Kinds")}
    return {
        "periods": _links(periods, asked.period, lambda one: Asked(one, asked.by, asked.side), torrent),
        "bys": _links(bys, asked.by, lambda one: Asked(asked.period, one, asked.side), torrent),
        "sides": _links(
            earnings_chart.side_names(), asked.side, lambda one: Asked(asked.period, asked.by, one), torrent
        ),
    }


def _links(
    labels: dict[Choice, str], shown: Choice, leads_to: Callable[[Choice], Asked], torrent: str
) -> list[dict[str, Any]]:
    return [
        {"label": label, "query": _query(leads_to(one), torrent=torrent), "is_shown": one is shown}
        for one, label in labels.items()
    ]


def _series_count(asked: Asked, traded: Sequence[Best]) -> int:
    """Return how many lines the chart probably has, for room to be kept for them: of kinds and nodes there are few."""
    if asked.by is not By.TORRENT:
        return 1
    moved = sum(1 for one in traded if asked.side is Side.NET or getattr(one, f"{asked.side}_ubtt"))
    return min(max(moved, 1), MAX_SERIES + 1)


def _price_span(asked: Asked, *, now: datetime) -> Span:
    """Return the span of prices: no more than a month is kept of rounds."""
    period = Period.MONTH if asked.period in (Period.YEAR, Period.ALL) else asked.period
    return span_of(period, first_at=None, now=now)


def _best_span(span: Span, *, now: datetime) -> Span:
    """Return the span in which torrents are compared: a day at least, for what they earn is summed up by the hour."""
    return max(span, span_of(Period.DAY, first_at=None, now=now), key=lambda one: one.until - one.since)


def _torrent(query: QueryDict, torrents: dict[str, str]) -> str:
    """Return the key of the torrent that is asked for, if it is one of the user's; "" for all rounds."""
    key = query.get("torrent", "")
    return key if key in torrents else ""


def _priced(request: HttpRequest) -> tuple[str, Span, Prices]:
    """Return the name of the torrent that is asked for, and its prices."""
    user_id = signed_in_user(request).pk
    span = _price_span(_asked(request.GET), now=timezone.now())
    torrents = price_history.torrents(user_id, since=span.since)
    torrent = _torrent(request.GET, torrents)
    return torrents.get(torrent, ""), span, _prices(user_id, torrent, span)


def _prices(user_id: int, torrent: str, span: Span) -> Prices:
    return price_history.of_torrent(user_id, torrent, span) if torrent else price_history.of_rounds(span)


def _cut(query: QueryDict) -> Cut:
    return Cut(
        _moment(query.get("from", "")),
        _moment(query.get("to", "")),
        frozenset(query.getlist("without")[: MAX_SERIES + 1]),
    )


def _moment(text: str) -> datetime | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_SECONDS_DIGITS):
        return None
    return datetime.fromtimestamp(int(text), tz=UTC)


def _csv(lines: Iterable[list[str]], *, name: str) -> HttpResponse:
    """Answer with a file: of some hundred lines at most, so it is made at once."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
