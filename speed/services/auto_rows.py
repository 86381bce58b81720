"""Automatic bids in words, as page and shell show them."""

from datetime import datetime

from seedbox.domain.units import format_duration, format_speed
from speed.domain.uplift import Savings, Uplift, Verdict
from speed.models import AutoBidding, Budget
from speed.services.auto_screen import Story
from speed.services.deal_rows import Row, minute, price
from wallet.domain.money import format_amount, format_btt
from wallet.services.install import market_asset

NOT_KNOWN = "not known yet"


def general_row(said: AutoBidding, budget: Budget) -> Row:
    """Return what a user wants for all slow torrents."""
    return {
        "row": "auto-all",
        "state": "On" if said.is_on and budget.is_on else "Off",
        "ceiling": price(said.ceiling_ubtt_per_gib),
        "budget": format_amount(said.torrent_budget_ubtt, market_asset()),
        "day": format_amount(budget.day_limit_ubtt, market_asset()),
        "wish": wish(said.least_bytes_per_s, said.finish_at),
    }


def story_row(story: Story, *, name: str) -> Row:
    """Return what one torrent's automatic bid tells."""
    bid = story.bid
    return {
        "row": f"auto-{bid.pk}",
        "torrent_id": bid.torrent_id,
        "name": name or bid.torrent_key,
        "is_on": bid.is_on,
        "state": story.run.state if story.run is not None else "",
        "sentence": story.sentence,
        "wish": wish(bid.least_bytes_per_s, bid.finish_at),
        "ceiling": price(bid.max_price_ubtt_per_gib),
        "spent": f"{format_btt(story.spent_ubtt)} of {format_amount(bid.budget_ubtt, market_asset())}",
        "spent_ubtt": story.spent_ubtt,
        "total": format_speed(story.run.total_bytes_per_s if story.run else 0),
        "free": format_speed(story.run.free_bytes_per_s if story.run else 0),
        "uplift": uplift_text(story.uplift),
        "controls": story.uplift.controls,
        "saved": savings_text(story.savings),
    }


def log_rows(story: Story) -> list[Row]:
    """Return its sentences, the newest first."""
    return [{"at": minute(one.at), "state": one.state, "sentence": one.sentence} for one in story.log]


def wish(least_bytes_per_s: int, finish_at: datetime | None) -> str:
    parts = [format_speed(least_bytes_per_s)] if least_bytes_per_s else []
    if finish_at is not None:
        parts.append(f"finished by {minute(finish_at)} UTC")
    return ", ".join(parts)


def uplift_text(found: Uplift) -> str:
    """Return how many times faster it is while it is paid for, with the interval of 95 %."""
    shown = found.shown
    if shown is None:
        return f"{NOT_KNOWN}: {found.controls} of 6 unpaid blocks measured"
    text = f"{shown.factor:.2f} times as fast, 95 %: {shown.low:.2f} to {shown.high:.2f}"
    if found.is_pooled:
        text += ", from all your torrents together"
    return text + (": it brings nothing" if found.verdict is Verdict.BRINGS_NOTHING else "")


def savings_text(found: Savings | None) -> str:
    """Return the time that was saved, between what it may lie, and what a minute of it cost."""
    if found is None:
        return NOT_KNOWN
    if found.saved_s <= 0:
        return "no time saved"
    low, high = format_duration(max(found.low_s, 0)), format_duration(max(found.high_s, 0))
    text = f"{format_duration(found.saved_s)} saved, 95 %: {low} to {high}"
    if found.cost_per_minute_ubtt is not None:
        text += f", {format_amount(found.cost_per_minute_ubtt, market_asset())} for a minute"
    return text
