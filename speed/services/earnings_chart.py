"""The charts of the page of earnings: what a script draws, the same numbers as a table, and as CSV.

Pure formatting; nothing here asks the database. A step has one text everywhere, and so has an amount.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from seedbox.domain.units import GIB, format_bytes
from speed.domain.earnings import MAX_SERIES, OTHERS, By, Series, Side, Span
from speed.services.deal_rows import price
from speed.services.earnings_page import Asked, Found, Outline
from speed.services.price_history import Priced, Prices
from wallet.domain import beancount
from wallet.domain.money import UBTT_PER_BTT, format_amount, format_btt
from wallet.services.exports import FORMULA
from wallet.services.install import market_asset

Drawing = dict[str, object]

_DAY = timedelta(days=1)
_RANGE = " \N{EN DASH} "


@dataclass(frozen=True)
class Figures:
    """A table: its columns, and of each step with anything the texts, the newest first."""

    names: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Cut:
    """What of a chart is looked at: from where to where, and without which series."""

    since: datetime | None = None
    until: datetime | None = None
    without: frozenset[str] = frozenset()


def side_names() -> dict[Side, str]:
    return {Side.EARNED: _("Earned"), Side.SPENT: _("Spent"), Side.NET: _("Net")}


def sums(found: Outline) -> dict[str, str]:
    parts = {"earned": found.earned_ubtt, "spent": found.spent_ubtt, "net": found.net_ubtt}
    return {name: format_btt(amount) for name, amount in parts.items()}


def name(asked: Asked) -> str:
    return {
        (Side.EARNED, By.TORRENT): _("Earned by torrent"),
        (Side.EARNED, By.NODE): _("Earned by node"),
        (Side.EARNED, By.KIND): _("Earned by kind"),
        (Side.SPENT, By.TORRENT): _("Spent by torrent"),
        (Side.SPENT, By.NODE): _("Spent by node"),
        (Side.SPENT, By.KIND): _("Spent by kind"),
        (Side.NET, By.TORRENT): _("Net by torrent"),
        (Side.NET, By.NODE): _("Net by node"),
        (Side.NET, By.KIND): _("Net by kind"),
    }[asked.side, asked.by]


def column(asked: Asked) -> str:
    """Return what the names of the series are."""
    return {By.TORRENT: _("Torrent"), By.NODE: _("Node"), By.KIND: _("Kind")}[asked.by]


def title(found: Outline) -> str:
    facts = {"name": name(found.asked), "unit": market_asset().unit, "when": between(found.span)}
    return _("%(name)s, %(unit)s: %(when)s") % facts


def price_title(span: Span, *, torrent: str) -> str:
    return _("%(name)s: %(when)s") % {"name": _price_name(torrent), "when": between(span)}


def _price_name(torrent: str) -> str:
    """Return what is priced: a torrent, or all rounds where none is named. What was granted need not have been sold."""
    if torrent:
        return _("Price of a GiB and volume, %(about)s") % {"about": torrent}
    return _("Price of a GiB and what was granted, all rounds of this box")


def _size_name(torrent: str) -> str:
    return _("Volume") if torrent else _("Granted")


def between(span: Span) -> str:
    """Return from when to when a span is, in UTC."""
    last = span.until - min(span.step, _DAY) if span.is_of_days else span.until
    return _("%(first)s to %(last)s UTC") % {"first": step_text(span, span.since), "last": step_text(span, last)}


def step_text(span: Span, at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if span.is_of_days else f"{at:%Y-%m-%d %H:%M}"


def drawing(found: Found, *, version: str) -> Drawing:
    """Return the stack for a script: of each series the amounts as texts, which say what to draw as well.

    A year of days is thousands of amounts: each is written once, and "" stands for none.
    """
    totals = found.stack.totals_ubtt
    return {
        **_frame(found.span, name(found.asked), title(found)),
        "version": version,
        "sums": sums(found),
        "names": {"step": _step_name(found.span), "total": _("Together")},
        "series": [_stacked(one, place) for place, one in enumerate(found.stack.series, start=1)],
        "totals": [format_btt(amount) if amount else "" for amount in totals],
    }


def figures(found: Found) -> Figures:
    """Return the numbers of the stack as a table, as the script writes it."""
    span, series = found.span, found.stack.series
    rows = [
        (step_text(span, at), [*(format_btt(one.values_ubtt[number]) for one in series), format_btt(total)])
        for number, (at, total) in enumerate(zip(span.starts, found.stack.totals_ubtt, strict=True))
        if any(one.values_ubtt[number] for one in series)
    ]
    return Figures([_step_heading(span), *(one.label for one in series), _("Together")], rows[::-1])


def cells(found: Found, cut: Cut) -> Iterator[list[str]]:
    """Yield the lines of a CSV file: one of names, one for each step that is looked at; amounts are exact decimals."""
    span = found.span
    series = [one for one in found.stack.series if one.key not in cut.without]
    unit = market_asset().unit
    yield [_step_name(span), *(harmless(f"{one.label} ({unit})") for one in series), f"{_('Together')} ({unit})"]
    for number, at in enumerate(span.starts):
        if is_within(span, at, cut):
            values = [one.values_ubtt[number] for one in series]
            yield [at.isoformat().replace("+00:00", "Z"), *map(beancount.number, [*values, sum(values)])]


def is_within(span: Span, at: datetime, cut: Cut) -> bool:
    return (cut.since is None or at + span.step > cut.since) and (cut.until is None or at < cut.until)


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def price_drawing(prices: Prices, span: Span, *, torrent: str) -> Drawing:
    """Return the prices as a line over bars of what was sold of a torrent, or granted in all rounds."""
    every = prices.values()
    sold = {
        "key": "sold",
        "label": _size_name(torrent),
        "total": format_bytes(sum(one.sold_bytes for one in every)),
        "draw": "bars",
        "scale": "volume",
        "unit": "GiB",
        "per": GIB,
        "colour": 2,
        "points": [[number, one.sold_bytes, format_bytes(one.sold_bytes)] for number, one in prices.items()],
    }
    line = {
        "key": "price",
        "label": _("Price"),
        "total": spread(every),
        "draw": "line",
        "scale": "price",
        "unit": market_asset().unit,
        "per": UBTT_PER_BTT,
        "colour": 1,
        "points": [[number, one.price_ubtt_per_gib, price_text(one)] for number, one in prices.items()],
    }
    return {
        **_frame(span, _price_name(torrent), price_title(span, torrent=torrent)),
        "names": {"step": _step_name(span)},
        "series": [sold, line] if prices else [],
    }


def price_figures(prices: Prices, span: Span, *, torrent: str) -> Figures:
    starts = span.starts
    rows = [
        (step_text(span, starts[number]), [format_bytes(one.sold_bytes), price_text(one)])
        for number, one in sorted(prices.items(), reverse=True)
    ]
    return Figures([_step_heading(span), _size_name(torrent), _("Price")], rows)


def price_cells(prices: Prices, span: Span, cut: Cut, *, torrent: str) -> Iterator[list[str]]:
    unit = market_asset().unit
    names = (_("Price"), _("Lowest"), _("Highest"))
    size = _("Volume (bytes)") if torrent else _("Granted (bytes)")
    yield [_step_name(span), *(f"{name} ({unit}/GiB)" for name in names), size]
    for number, one in sorted(prices.items()):
        at = span.starts[number]
        if is_within(span, at, cut):
            values = (one.price_ubtt_per_gib, one.low_ubtt_per_gib, one.high_ubtt_per_gib)
            yield [at.isoformat().replace("+00:00", "Z"), *map(beancount.number, values), str(one.sold_bytes)]


def price_text(one: Priced) -> str:
    """Return a mean with between what it lies."""
    text = price(one.price_ubtt_per_gib)
    if one.low_ubtt_per_gib == one.high_ubtt_per_gib:
        return text
    return f"{text} ({format_btt(one.low_ubtt_per_gib)}{_RANGE}{format_btt(one.high_ubtt_per_gib)})"


def spread(every: Iterable[Priced]) -> str:
    """Return between what all prices lie; "" where there is none."""
    found = list(every)
    if not found:
        return ""
    low, high = min(one.low_ubtt_per_gib for one in found), max(one.high_ubtt_per_gib for one in found)
    text = format_amount(high, market_asset())
    return f"{text}/GiB" if low == high else f"{format_btt(low)}{_RANGE}{text}/GiB"


def _stacked(one: Series, place: int) -> Mapping[str, object]:
    return {
        "key": one.key,
        "label": one.label,
        "total": format_btt(one.total_ubtt),
        "draw": "stack",
        "scale": "money",
        "unit": market_asset().unit,
        "per": 1,
        "colour": 0 if one.key == OTHERS or place > MAX_SERIES else place,
        "texts": [format_btt(amount) if amount else "" for amount in one.values_ubtt],
    }


def _frame(span: Span, name: str, title: str) -> Drawing:
    """Return what each chart says. The script writes hours and minutes in its reader's own time, also in the title."""
    return {
        "name": name,
        "title": title,
        "since": int(span.since.astimezone(UTC).timestamp()),
        "step_s": int(span.step.total_seconds()),
        "at": [step_text(span, at) for at in span.starts],
    }


def _step_heading(span: Span) -> str:
    return _step_name(span) if span.is_of_days else f"{_step_name(span)} (UTC)"


def _step_name(span: Span) -> str:
    if span.step < timedelta(hours=1):
        return _("Minute")
    if span.step < _DAY:
        return _("Hour")
    return _("Day") if span.step == _DAY else _("From")
