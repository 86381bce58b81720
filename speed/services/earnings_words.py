"""What the page of earnings says in words: the month's end and its basis, the best torrents, what bidding bought."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from seedbox.domain.units import format_bytes, format_decimal, format_duration
from speed.domain.earnings import Side
from speed.domain.month_end import DAY_S, LEAST_DAYS, MonthEnd, seconds_left
from speed.domain.uplift import DECISIONS
from speed.services.auto_rows import MINUS, savings_text
from speed.services.best_torrents import Best
from speed.services.deal_rows import Row
from speed.services.uplift_summary import Bought
from wallet.domain.language import number
from wallet.domain.money import format_amount, format_btt
from wallet.services.install import market_asset

NOT_KNOWN = "\N{EN DASH}"


def forecast_row(found: MonthEnd | None, side: Side, *, now: datetime) -> Row:
    """Return what a month will probably come to, between what, and by what that is known."""
    names = {
        Side.EARNED: _("Earned this month, forecast"),
        Side.SPENT: _("Spent this month, forecast"),
        Side.NET: _("Net this month, forecast"),
    }
    row: Row = {"name": names[side], "is_known": int(found is not None)}
    if found is None:
        says = _("Not enough is known yet: a forecast takes %(days)s full days since the first one with a deal.")
        return row | {"expected": NOT_KNOWN, "range": "", "basis": says % {"days": LEAST_DAYS}}
    asset = market_asset()
    basis = _(
        "Basis: %(mean)s a day, the mean of the last %(days)s full days, on top of %(so_far)s so far this month; "
        "%(left)s are left. The range holds in four months of five, if days go on to differ as those did."
    )
    return row | {
        "expected": format_btt(found.expected_ubtt),
        "range": f"{format_btt(found.low_ubtt)} \N{EN DASH} {format_btt(found.high_ubtt)}",
        "basis": basis
        % {
            "mean": format_amount(found.per_day_ubtt, asset),
            "days": found.days,
            "so_far": format_amount(found.so_far_ubtt, asset),
            "left": _left(seconds_left(now)),
        },
    }


def _left(left_s: int) -> str:
    days = left_s // DAY_S
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days} if days else format_duration(left_s)


def best_row(found: Best) -> Row:
    return {
        "id": found.holding_id,
        "name": found.name,
        "disk": format_bytes(found.disk_bytes),
        "earned": format_btt(found.earned_ubtt),
        "per_gib_day": format_btt(found.per_gib_day_ubtt),
    }


def bought_row(found: Bought) -> Row:
    """Return what bidding came to; what is not known yet says so, and by how many unpaid blocks it will be."""
    asset, shown = market_asset(), found.shown
    row: Row = {
        "torrents": found.torrents,
        "known": found.known,
        "spent": format_amount(found.spent_ubtt, asset),
        "factor": _("not known yet"),
        "factor_range": _("%(controls)s of %(needed)s unpaid blocks measured")
        % {"controls": found.controls, "needed": DECISIONS[0]},
        "saved": _("not known yet"),
        "saved_range": "",
        "per_minute": NOT_KNOWN,
    }
    if shown is not None:
        row["factor"] = _("%(times)s times as fast") % {"times": format_decimal(shown.factor, 2)}
        row["factor_range"] = number(f"95 %: {shown.low:.2f} \N{EN DASH} {shown.high:.2f}")
    if found.known:
        row["saved"] = _signed(found.saved_s) if found.saved_s > 0 else _("no time saved")
        row["saved_range"] = f"95 %: {_signed(found.low_s)} \N{EN DASH} {_signed(found.high_s)}"
    if found.cost_per_minute_ubtt is not None:
        row["per_minute"] = format_amount(found.cost_per_minute_ubtt, asset)
    return row


def told_rows(found: Bought) -> list[Row]:
    """Return the torrents that cost most, with what each of them got for it."""
    return [
        {
            "id": one.holding_id,
            "name": one.name,
            "spent": format_amount(one.story.spent_ubtt, market_asset()),
            "saved": savings_text(one.story.savings),
        }
        for one in found.told
    ]


def _signed(duration_s: int) -> str:
    return f"{MINUS if duration_s < 0 else ''}{format_duration(abs(duration_s))}"
