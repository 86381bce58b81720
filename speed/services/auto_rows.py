"""Automatic bids in words, as page and shell show them."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept, told
from seedbox.domain.units import PPM, format_duration, format_speed
from speed.domain.autobid_view import State
from speed.domain.uplift import Savings, Uplift, Verdict
from speed.models import AutoBidding, Budget
from speed.services.auto_screen import DryRun, Story, Summary
from speed.services.deal_rows import Row, minute, part_of, price
from wallet.domain.money import format_amount, format_btt
from wallet.services.install import market_asset

NOT_KNOWN = gettext_noop("not known yet")
MINUS = "\N{MINUS SIGN}"
STATES: dict[State | None, tuple[str, str]] = {
    None: (gettext_noop("Begins"), "secondary"),
    State.STOPPED: (gettext_noop("Stopped"), "secondary"),
    State.DONE: (gettext_noop("Loaded"), "secondary"),
    State.LATE: (gettext_noop("Too late"), "secondary"),
    State.NO_GAIN: (gettext_noop("Brings nothing"), "yellow"),
    State.FAST_ENOUGH: (gettext_noop("Fast enough"), "green"),
    State.WATCHING: (gettext_noop("Watching"), "azure"),
    State.CONTROL: (gettext_noop("Unpaid for a moment"), "azure"),
    State.WAITING: (gettext_noop("Waiting"), "yellow"),
    State.NO_SELLERS: (gettext_noop("No seller"), "yellow"),
    State.TOO_DEAR: (gettext_noop("Too dear"), "yellow"),
    State.NO_MONEY: (gettext_noop("No money left"), "yellow"),
    State.BIDDING: (gettext_noop("Bidding"), "green"),
}


def general_row(said: AutoBidding, budget: Budget) -> Row:
    """Return what a user wants for all slow torrents."""
    return {
        "row": "auto-all",
        "state": _("On") if said.is_on and budget.is_on else _("Off"),
        "ceiling": price(said.ceiling_ubtt_per_gib),
        "budget": format_amount(said.torrent_budget_ubtt, market_asset()),
        "day": format_amount(budget.day_limit_ubtt, market_asset()),
        "wish": wish(said.least_bytes_per_s, said.finish_at),
    }


def state_in_words(state: State | None) -> tuple[str, str]:
    """Return what a state is called, and its tone."""
    label, tone = STATES[state]
    return _(label), tone


def story_row(story: Story, *, name: str) -> Row:
    """Return what one torrent's automatic bid tells."""
    bid = story.bid
    label, tone = state_in_words(story.state)
    return {
        "row": f"auto-{bid.pk}",
        "torrent_id": bid.torrent_id,
        "name": name or bid.torrent_key,
        "is_on": bid.is_on,
        "state": story.state or "",
        "label": label,
        "tone": tone,
        "sentence": story.sentence,
        "wish": wish(bid.least_bytes_per_s, bid.finish_at),
        "ceiling": price(bid.max_price_ubtt_per_gib),
        "spent": part_of(format_btt(story.spent_ubtt), format_amount(bid.budget_ubtt, market_asset())),
        "spent_ubtt": story.spent_ubtt,
        "spent_ppm": min(story.spent_ubtt * PPM // max(bid.budget_ubtt, 1), PPM),
        "total": format_speed(story.run.total_bytes_per_s if story.run else 0),
        "free": format_speed(story.run.free_bytes_per_s if story.run else 0),
        "uplift": uplift_text(story.uplift),
        "controls": story.uplift.controls,
        "saved": savings_text(story.savings),
    }


def summary_row(found: Summary) -> Row:
    """Return what all automatic bids of a user have come to."""
    known = _("none") if (found.saved_s or 0) <= 0 else format_duration(found.saved_s or 0)
    cost = found.cost_per_minute_ubtt
    return {
        "row": "auto-summary",
        "torrents": found.torrents,
        "spent": format_amount(found.spent_ubtt, market_asset()),
        "saved": _(NOT_KNOWN) if found.saved_s is None else known,
        "per_minute": format_amount(cost, market_asset()) if cost is not None else "\N{EN DASH}",
    }


def forecast_row(found: DryRun) -> Row:
    """Return what bidding would probably come to."""
    return {
        "sentence": found.sentence,
        "sellers": found.sellers,
        "cost": format_amount(found.found.cost_ubtt, market_asset()),
        "speed": format_speed(found.found.speed_bytes_per_s if found.found.cost_ubtt else 0),
        "finished": _time(found.found.finished_in_s),
        "unpaid": _time(found.found.unpaid_in_s),
    }


def _time(in_s: int | None) -> str:
    return _("never, as things are") if in_s is None else format_duration(in_s)


def log_rows(story: Story) -> list[Row]:
    """Return its sentences, the newest first."""
    return [{"at": minute(one.at), "state": one.state, "sentence": told(one.sentence)} for one in story.log]


def wish(least_bytes_per_s: int, finish_at: datetime | None) -> str:
    parts = [format_speed(least_bytes_per_s)] if least_bytes_per_s else []
    if finish_at is not None:
        parts.append(_("finished by %(finish_at)s UTC") % {"finish_at": minute(finish_at)})
    return ", ".join(parts)


def uplift_text(found: Uplift) -> str:
    """Return how many times faster it is while it is paid for, with the interval of 95 %."""
    return told(uplift_kept(found))


def uplift_kept(found: Uplift) -> str:
    """Return the same as it is kept, for a reader who is not known yet."""
    shown = found.shown
    if shown is None:
        says = gettext_noop("not known yet: %(controls)s of 6 unpaid blocks measured")
        return kept(says, {"controls": found.controls})
    factors = {"factor": shown.factor, "low": shown.low, "high": shown.high}
    text = kept(
        gettext_noop("%(factor)s times as fast, 95 %%: %(low)s to %(high)s"),
        {name: f"{value:,.2f}" for name, value in factors.items()},
    )
    if found.is_pooled:
        text = kept(gettext_noop("%(text)s, from all your torrents together"), {"text": text})
    brings_nothing = gettext_noop("%(text)s: it brings nothing")
    return kept(brings_nothing, {"text": text}) if found.verdict is Verdict.BRINGS_NOTHING else text


def savings_facts(found: Savings) -> dict[str, str]:
    """Return the saved time, and between what it may lie; below zero it took longer than without."""
    low, high = (f"{MINUS if one < 0 else ''}{format_duration(abs(one))}" for one in (found.low_s, found.high_s))
    return {"saved": format_duration(found.saved_s), "low": low, "high": high}


def savings_text(found: Savings | None) -> str:
    """Return the time that was saved, between what it may lie, and what a minute of it cost."""
    if found is None:
        return _(NOT_KNOWN)
    if found.saved_s <= 0:
        return _("no time saved")
    facts = savings_facts(found)
    if found.cost_per_minute_ubtt is None:
        return _("%(saved)s saved, 95 %%: %(low)s to %(high)s") % facts
    cost = format_amount(found.cost_per_minute_ubtt, market_asset())
    return _("%(saved)s saved, 95 %%: %(low)s to %(high)s, %(cost)s for a minute") % {**facts, "cost": cost}
