"""What an automatic bid's torrent got over time: a chart with its scales, and the same as a sentence and a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from seedbox.domain.units import format_bytes, format_speed
from speed.domain import plot as drawing
from speed.domain.plot import Plot, Point
from speed.models import AutoSample
from speed.services import auto_runs
from speed.services.deal_rows import Row, price
from wallet.domain.money import format_amount
from wallet.services.install import market_asset

LISTED = 30  # of the newest samples
FRESH = timedelta(minutes=1)  # older than that it is of before
LEAST_SPAN = timedelta(minutes=10)
DAY = timedelta(days=1)
DAYS = 2 * DAY  # from here on days are named, not hours
_ALL = "all"
# By its name in the address: what a page says, how long it is, and into how many parts the scale of time is cut.
RANGES = {
    "10m": ("10 min", timedelta(minutes=10), 5),
    "1h": ("1 h", timedelta(hours=1), 4),
    "2h": ("2 h", timedelta(hours=2), 4),
    _ALL: (gettext_noop("All"), LEAST_SPAN, 4),
}


@dataclass(frozen=True)
class Chart:
    """A plot, and what stands at its edges: speeds from the top to zero, times from the oldest."""

    span: str  # one of RANGES
    plot: Plot
    speeds: list[str]
    top_price: str
    top_spent: str
    times: list[tuple[datetime, str]]
    has_clock: bool  # those are hours, not days
    seen: tuple[datetime, datetime] | None  # the first and the last sample
    summary: str
    rows: list[Row]  # the newest samples


def chart(bid_id: int, *, span: str, now: datetime) -> Chart | None:
    """Return the chart of that span, up to now or to where a bid that is over ended; None where nothing was seen.

    Without one of the spans it is the shortest for a bid that has just begun, else the last hour.
    """
    seen = auto_runs.sampled(bid_id)
    if seen is None:
        return None
    oldest, newest = seen
    end = now if timedelta(0) <= now - newest <= FRESH else newest
    if span not in RANGES:
        span = "10m" if end - oldest <= LEAST_SPAN else "1h"
    length, parts = RANGES[span][1:]
    begin = min(oldest - timedelta(seconds=drawing.LENGTH_S), end - length) if span == _ALL else end - length
    samples = auto_runs.samples(bid_id, since=begin)
    points = [_point(sample) for sample in samples]
    found = drawing.plot(points, begin_s=int(begin.timestamp()), end_s=int(end.timestamp()))
    top, asset = found.top_bytes_per_s, market_asset()
    steps = range(drawing.STEPS, -1, -1)
    return Chart(
        span=span,
        plot=found,
        speeds=[f"{format_bytes(top * step // drawing.STEPS)}/s" if step else "0" for step in steps],
        top_price=price(found.top_price_ubtt_per_gib if found.price else 0),
        top_spent=format_amount(found.top_spent_ubtt if samples and samples[-1].spent_ubtt else 0, asset),
        times=[_time(begin + (end - begin) * part / parts, end - begin) for part in range(parts + 1)],
        has_clock=end - begin < DAYS,
        seen=(samples[0].at, samples[-1].at) if samples else None,
        summary=_summary(samples, found),
        rows=[_row(sample) for sample in reversed(samples[-LISTED:])],
    )


def _point(sample: AutoSample) -> Point:
    return Point(
        at_s=int(sample.at.timestamp()),
        total_bytes_per_s=sample.total_bytes_per_s,
        free_bytes_per_s=sample.free_bytes_per_s,
        needed_bytes_per_s=sample.needed_bytes_per_s,
        price_ubtt_per_gib=sample.price_ubtt_per_gib,
        spent_ubtt=sample.spent_ubtt,
        is_control=sample.is_control,
        is_coarse=sample.is_coarse,
    )


def _time(at: datetime, length: timedelta) -> tuple[datetime, str]:
    return at, dateformat.format(at, "M j") if length >= DAYS else f"{at:%H:%M}"


def _summary(samples: Sequence[AutoSample], found: Plot) -> str:
    """Return in words what the chart shows from its first sample to its last, for who can't see it."""
    if not samples:
        return _("Nothing was seen in this time.")
    total, free = found.mean_bytes_per_s, found.mean_free_bytes_per_s
    oldest, newest, asset = samples[0], samples[-1], market_asset()
    blocks = len(found.bands)
    words = [
        _("%(total)s on average, of it %(free)s for nothing and %(bought)s bought; the wish is %(wish)s.")
        % {
            "total": _speed(total),
            "free": _speed(free),
            "bought": _speed(max(total - free, 0)),
            "wish": _speed(newest.needed_bytes_per_s),
        },
        ngettext("%(count)d unpaid block.", "%(count)d unpaid blocks.", blocks) % {"count": blocks}
        if blocks
        else _("No unpaid blocks."),
    ]
    prices = [one.price_ubtt_per_gib for one in samples if one.price_ubtt_per_gib]
    if prices:
        low, high = price(min(prices)), price(max(prices))
        words.append(
            _("A lane cost %(low)s.") % {"low": low}
            if low == high
            else _("Lanes cost %(low)s to %(high)s.") % {"low": low, "high": high}
        )
    spent, in_all = newest.spent_ubtt - oldest.spent_ubtt, newest.spent_ubtt
    words.append(
        _("Spent in this time: %(spent)s of %(in_all)s in all.")
        % {"spent": format_amount(spent, asset), "in_all": format_amount(in_all, asset)}
    )
    return " ".join(words)


def _speed(speed_bytes_per_s: int) -> str:
    """Return a speed in a sentence, in which a dash says nothing."""
    return format_speed(speed_bytes_per_s) if speed_bytes_per_s > 0 else _("nothing")


def _row(sample: AutoSample) -> Row:
    return {
        "at": sample.at.isoformat(),
        "at_text": f"{sample.at:%H:%M:%S}",
        "total": format_speed(sample.total_bytes_per_s),
        "free": format_speed(sample.free_bytes_per_s),
        "bought": format_speed(max(sample.total_bytes_per_s - sample.free_bytes_per_s, 0)),
        "wish": format_speed(sample.needed_bytes_per_s),
        "price": price(sample.price_ubtt_per_gib),
        "spent": format_amount(sample.spent_ubtt, market_asset()),
        "block": _("Unpaid") if sample.is_control else "",
    }
