"""The automatic bidder's reasons, in plain words with units. All its sentences are here."""

from collections.abc import Mapping

from seedbox.domain.units import format_bytes, format_duration
from speed.domain.autobid_view import State, View
from speed.domain.deals import Wish
from wallet.domain.money import format_amount, format_btt

STOPPED = "Stopped by its user: nothing is bid, and only what is owed already is paid."
_RESTS: Mapping[State, str] = {
    State.STOPPED: STOPPED,
    State.DONE: "Everything wanted of it is loaded: nothing is bid any more.",
    State.LATE: "The time by which it should be finished has passed: nothing is bid any more.",
    State.NO_GAIN: "Measured beside unpaid minutes, paying made it no faster: nothing is bid any more.",
    State.FAST_ENOUGH: "{seen}: fast enough without paying.",
    State.WATCHING: "{seen}: too slow, and bid for if it stays so.",
    State.CONTROL: "{seen}: unpaid for a moment, to see what paying changes.",
    State.WAITING: "{seen}: nothing is bid for now. {obstacle}",
    State.NO_SELLERS: "{seen}, but nobody who is connected sells it: nothing is bid.",
    State.TOO_DEAR: "{seen}, {sellers}: above the ceiling of {ceiling}, so nothing is bid.",
    State.NO_MONEY: "{seen}, {sellers}: the budget {span} is used up, or would be, so nothing is bid.",
}
_BIDS = "{seen}, {sellers}: bidding {bids}, at most {money} {span}."
_HOPES = "{seen}, {sellers}: others bid more so far, bidding {bids}, at most {money} {span}."
_WAITS = "{seen}, {sellers}: {bids} is to be bid, at most {money} {span}. {obstacle}"


def resting(state: State, view: View) -> str:
    """Return why nothing is bid."""
    return _RESTS[state].format(**_facts(view))


def bidding(view: View, bids: Mapping[str, Wish], *, is_hope: bool) -> str:
    """Return what is bid and why, or what that waits for; without its unit, which stands beside the sellers' price."""
    prices = sorted({bid.max_price_ubtt_per_gib for bid in bids.values()})
    low, high = format_btt(prices[0]), format_btt(prices[-1])
    text = _WAITS if view.obstacle else _HOPES if is_hope else _BIDS
    return text.format(**_facts(view), bids=low if low == high else f"{low} to {high}")


def _facts(view: View) -> dict[str, str]:
    return {
        "seen": f"The swarm gives {speed(view.free_bytes_per_s)}{_bought(view)}, the wish is {_goal(view)}",
        "sellers": _sellers(view),
        "ceiling": _price(view, view.ceiling_ubtt_per_gib),
        "money": format_amount(view.money_ubtt, view.asset),
        "span": "today" if view.is_day_the_limit else "for this torrent",
        "obstacle": view.obstacle,
    }


def speed(speed_bytes_per_s: int) -> str:
    """Return a speed; in a sentence a dash says nothing."""
    return f"{format_bytes(speed_bytes_per_s)}/s" if speed_bytes_per_s > 0 else "nothing"


def finished(in_s: int | None) -> str:
    """Return when something is ready, from now on."""
    return "never finished as things are" if in_s is None else f"finished in {format_duration(in_s)}"


def _bought(view: View) -> str:
    """Return what comes for money; both speeds are means, so in a control it is what came before."""
    bought = view.total_bytes_per_s - view.free_bytes_per_s
    return f" and {speed(bought)} for money" if bought > 0 and view.watch.is_slow and not view.is_control else ""


def _goal(view: View) -> str:
    needed = speed(view.needed_bytes_per_s)
    if view.goal.finish_at_s is None:
        return needed
    return f"{needed} to be finished in {format_duration(view.goal.finish_at_s - view.now_s)}"


def _sellers(view: View) -> str:
    if not view.sellers:
        return "no seller"
    count = "1 seller" if len(view.sellers) == 1 else f"{len(view.sellers)} sellers"
    return f"{count} from {_price(view, min(seller.quoted.ask_ubtt_per_gib for seller in view.sellers))}"


def _price(view: View, price_ubtt_per_gib: int) -> str:
    return f"{format_amount(price_ubtt_per_gib, view.asset)}/GiB"
