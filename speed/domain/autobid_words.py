"""The automatic bidder's reasons, in plain words with units. All its sentences are here, as they are kept."""

from collections.abc import Mapping

from seedbox.domain.kept import kept as _
from seedbox.domain.kept import kept_counted as ngettext
from seedbox.domain.kept import together
from seedbox.domain.units import format_bytes, format_duration
from speed.domain.autobid_view import State, View
from speed.domain.deals import Wish
from wallet.domain.language import gettext_noop
from wallet.domain.money import format_amount, format_btt

STOPPED = gettext_noop("Stopped by its user: nothing is bid, and only what is owed already is paid.")
_OVER: Mapping[State, str] = {
    State.STOPPED: STOPPED,
    State.DONE: gettext_noop("Everything wanted of it is loaded: nothing is bid any more."),
    State.LATE: gettext_noop("The time by which it should be finished has passed: nothing is bid any more."),
    State.NO_GAIN: gettext_noop("Measured beside unpaid minutes, paying made it no faster: nothing is bid any more."),
}


def resting(state: State, view: View) -> str:
    """Return why nothing is bid."""
    if state in _OVER:
        return _(_OVER[state])
    seen = {"seen": _seen(view)}
    if state is State.FAST_ENOUGH:
        return _("%(seen)s: fast enough without paying.", seen)
    if state is State.WATCHING:
        return _("%(seen)s: too slow, and bid for if it stays so.", seen)
    if state is State.CONTROL:
        return _("%(seen)s: unpaid for a moment, to see what paying changes.", seen)
    if state is State.WAITING:
        return together((_("%(seen)s: nothing is bid for now.", seen), view.obstacle))
    if state is State.NO_SELLERS:
        return _("%(seen)s, but nobody who is connected sells it: nothing is bid.", seen)
    facts = {**seen, "sellers": _sellers(view)}
    if state is State.TOO_DEAR:
        facts["ceiling"] = _price(view, view.ceiling_ubtt_per_gib)
        return _("%(seen)s, %(sellers)s: above the ceiling of %(ceiling)s, so nothing is bid.", facts)
    if view.is_day_the_limit:
        return _("%(seen)s, %(sellers)s: the budget today is used up, or would be, so nothing is bid.", facts)
    return _("%(seen)s, %(sellers)s: the budget for this torrent is used up, or would be, so nothing is bid.", facts)


def bidding(view: View, bids: Mapping[str, Wish], *, is_hope: bool) -> str:
    """Return what is bid and why, or what that waits for; without its unit, which stands beside the sellers' price."""
    prices = sorted({bid.max_price_ubtt_per_gib for bid in bids.values()})
    low, high = format_btt(prices[0]), format_btt(prices[-1])
    facts = {
        "seen": _seen(view),
        "sellers": _sellers(view),
        "bids": low if low == high else _("%(low)s to %(high)s", {"low": low, "high": high}),
        "money": _money(view),
    }
    if view.obstacle:
        waits = _("%(seen)s, %(sellers)s: %(bids)s is to be bid, at most %(money)s.", facts)
        return together((waits, view.obstacle))
    if is_hope:
        return _("%(seen)s, %(sellers)s: others bid more so far, bidding %(bids)s, at most %(money)s.", facts)
    return _("%(seen)s, %(sellers)s: bidding %(bids)s, at most %(money)s.", facts)


def speed(speed_bytes_per_s: int) -> str:
    """Return a speed; in a sentence a dash says nothing."""
    return f"{format_bytes(speed_bytes_per_s)}/s" if speed_bytes_per_s > 0 else _("nothing")


def finished(in_s: int | None) -> str:
    """Return when something is ready, from now on."""
    if in_s is None:
        return _("never finished as things are")
    return _("finished in %(time)s", {"time": format_duration(in_s)})


def _seen(view: View) -> str:
    """Return what comes, and what is wished; speeds are means, so in a control it is what came before."""
    facts = {"free": speed(view.free_bytes_per_s), "wish": _goal(view)}
    bought = view.total_bytes_per_s - view.free_bytes_per_s
    if bought > 0 and view.watch.is_slow and not view.is_control:
        facts["bought"] = speed(bought)
        return _("The swarm gives %(free)s and %(bought)s for money, the wish is %(wish)s", facts)
    return _("The swarm gives %(free)s, the wish is %(wish)s", facts)


def _goal(view: View) -> str:
    needed = speed(view.needed_bytes_per_s)
    if view.goal.finish_at_s is None:
        return needed
    time = format_duration(view.goal.finish_at_s - view.now_s)
    return _("%(speed)s to be finished in %(time)s", {"speed": needed, "time": time})


def _sellers(view: View) -> str:
    if not view.sellers:
        return _("no seller")
    number = len(view.sellers)
    price = _price(view, min(seller.quoted.ask_ubtt_per_gib for seller in view.sellers))
    return ngettext(
        "%(number)s seller from %(price)s",
        "%(number)s sellers from %(price)s",
        number,
        {"number": number, "price": price},
    )


def _money(view: View) -> str:
    money = {"money": format_amount(view.money_ubtt, view.asset)}
    return _("%(money)s today", money) if view.is_day_the_limit else _("%(money)s for this torrent", money)


def _price(view: View, price_ubtt_per_gib: int) -> str:
    return f"{format_amount(price_ubtt_per_gib, view.asset)}/GiB"
