"""What pages and the command line show of earnings. Pure formatting; nothing here asks the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.units import format_bytes
from speed.domain.asking import Way
from speed.domain.earning import Hint
from speed.services.asking import Asked
from speed.services.deal_rows import Row, price
from speed.services.earning import Line
from wallet.domain.money import format_amount, format_btt, write_btt
from wallet.services.earned import Earned
from wallet.services.install import market_asset

_WIDTH, _HEIGHT, _GAP = 720, 120, 6
_HINTS = {
    Hint.KEEP: (gettext_noop("Keep"), "green"),
    Hint.DROP: (gettext_noop("May go"), "yellow"),
    Hint.NEUTRAL: ("", "secondary"),
}
_WAYS = {
    Way.RAISE: (gettext_noop("Ask more"), "green"),
    Way.LOWER: (gettext_noop("Ask less"), "yellow"),
    Way.STAY: (gettext_noop("It fits"), "secondary"),
    Way.UNKNOWN: (gettext_noop("Not known yet"), "secondary"),
}


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    width: int
    height: int
    says: str


@dataclass(frozen=True)
class Bars:
    """What was earned on each of some days, the oldest at the left, in a box of `width` by `height`."""

    bars: Sequence[Bar]
    total: str
    highest: str
    begins: str
    ends: str
    width: int = _WIDTH
    height: int = _HEIGHT


def bars(days: Sequence[tuple[date, int]]) -> Bars | None:
    """Return the days as bars; None where nothing was earned on any of them."""
    highest = max((earned for _, earned in days), default=0)
    if not highest:
        return None
    asset, step = market_asset(), _WIDTH // len(days)
    found = []
    for number, (day, earned) in enumerate(days):
        height = -(-earned * _HEIGHT // highest)  # up: the least µBTT is seen
        says = f"{day}: {format_amount(earned, asset)}"
        found.append(Bar(number * step + _GAP // 2, _HEIGHT - height, step - _GAP, height, says))
    total = sum(earned for _, earned in days)
    return Bars(found, format_amount(total, asset), format_amount(highest, asset), f"{days[0][0]}", f"{days[-1][0]}")


def sums_row(earned: Earned) -> Row:
    """Return the cells of what a user has earned by all torrents."""
    return {
        "row": "earning",
        "today": format_btt(earned.today_ubtt),
        "week": format_btt(earned.week_ubtt),
        "total": format_btt(earned.total_ubtt),
    }


def torrent_row(line: Line) -> Row:
    """Return the cells of one torrent."""
    label, tone = _(_HINTS[line.advice.hint][0]), _HINTS[line.advice.hint][1]
    return {
        "row": f"earning-{line.facts.holding_id}",
        "id": line.facts.holding_id,
        "name": line.facts.name,
        "disk": format_bytes(line.facts.done_bytes),
        "per_gib_day": format_btt(line.per_gib_day_ubtt),
        "today": format_btt(line.today_ubtt),
        "week": format_btt(line.week_ubtt),
        "total": format_btt(line.total_ubtt),
        "hint": line.advice.hint.value,
        "label": label,
        "tone": tone,
        "sentence": line.advice.sentence,
        "unit": market_asset().unit,
    }


def ask_row(asked: Asked) -> Row:
    """Return the cells of what a node might ask; `use` is what its form is filled in with, "" to leave it."""
    found = asked.suggestion
    label, tone = _(_WAYS[found.way][0]), _WAYS[found.way][1]
    moves = found.way in (Way.RAISE, Way.LOWER)
    return {
        "row": f"ask-{asked.node_name}",
        "name": asked.node_name,
        "ask": price(asked.ask_ubtt_per_gib),
        "suggested": price(found.ask_ubtt_per_gib) if moves else "",
        "use": write_btt(found.ask_ubtt_per_gib) if moves else "",
        "way": found.way.value,
        "label": label,
        "tone": tone,
        "sentence": found.sentence,
    }
