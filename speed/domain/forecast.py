"""A dry run: what bidding for all that is left of a torrent would probably cost, and when it would be finished."""

from dataclasses import dataclass

from seedbox.domain.kept import kept as _
from seedbox.domain.kept import told
from speed.domain import autobid_words as words
from speed.domain.autobid import lots
from speed.domain.autobid_view import View
from speed.domain.controls import RUN_BLOCKS
from wallet.domain.money import format_amount
from wallet.domain.rounding import GIB


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected, by what is known of the sellers now. Times from now on; None: as things are, never."""

    speed_bytes_per_s: int  # while it is paid for
    cost_ubtt: int
    finished_in_s: int | None
    unpaid_in_s: int | None  # without paying
    is_met: bool  # the wish, as long as the money lasts
    is_enough: bool  # the money, until it is finished


def forecast(view: View) -> Forecast:
    """Return what would come of bidding from now on, blocks of control included. Costs are rounded up."""
    planned = lots(view)
    gain = sum(lot.gain_bytes_per_s for lot in planned)
    price_bytes = sum(lot.speed_bytes_per_s * lot.price_ubtt_per_gib for lot in planned)  # µBTT · 2³⁰ a second
    free = max(view.free_bytes_per_s, 0)
    # In one block of each run nothing is paid; so all is in parts of a run.
    of_run = free * RUN_BLOCKS + gain * (RUN_BLOCKS - 1)
    cost_of_run = price_bytes * (RUN_BLOCKS - 1)
    left = max(view.left_bytes, 0)
    whole_ubtt = _up(left * cost_of_run, of_run * GIB) if of_run else 0
    cost_ubtt = min(whole_ubtt, view.money_ubtt)
    unpaid_in_s = _up(left, free) if free else None
    if cost_ubtt == whole_ubtt:
        finished_in_s = _up(left * RUN_BLOCKS, of_run) if of_run else None
    else:
        paid_bytes = left * cost_ubtt // whole_ubtt
        finished_in_s = _up(paid_bytes * RUN_BLOCKS, of_run) + _up(left - paid_bytes, free) if free else None
    return Forecast(
        speed_bytes_per_s=free + gain,
        cost_ubtt=cost_ubtt,
        finished_in_s=finished_in_s,
        unpaid_in_s=unpaid_in_s,
        is_met=free + gain >= view.needed_bytes_per_s,
        is_enough=cost_ubtt == whole_ubtt,
    )


def sentence(found: Forecast, view: View) -> str:
    """Return a forecast in words."""
    facts = {"finished": words.finished(found.finished_in_s), "unpaid": words.finished(found.unpaid_in_s)}
    if not found.cost_ubtt:
        return told(_("Nothing would be paid: %(unpaid)s.", facts))
    facts["bought"] = _bought(found, view)
    return told(_("%(bought)s: %(finished)s, and without paying %(unpaid)s.", facts))


def _bought(found: Forecast, view: View) -> str:
    """Return what is probably paid for what, as far as the money and the sellers go."""
    facts = {
        "cost": format_amount(found.cost_ubtt, view.asset),
        "speed": words.speed(found.speed_bytes_per_s),
        "wish": words.speed(view.needed_bytes_per_s),
    }
    if found.is_met:
        is_enough = _("Probably %(cost)s for %(speed)s", facts)
        return is_enough if found.is_enough else _("Probably %(cost)s, all there is, for %(speed)s", facts)
    if found.is_enough:
        return _("Probably %(cost)s for %(speed)s of the %(wish)s that are wished", facts)
    return _("Probably %(cost)s, all there is, for %(speed)s of the %(wish)s that are wished", facts)


def _up(amount: int, parts: int) -> int:
    return -(-amount // parts)
