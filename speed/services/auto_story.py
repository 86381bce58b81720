"""What a torrent's tab of the market tells of its automatic bid: how it stands, why, and whether that is news."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Sum
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import told
from seedbox.domain.units import PPM, format_speed
from speed.domain.autobid_view import State
from speed.models import AutoBidding, AutoDecision, AutoRun, AutoSample, AutoTorrent, Bid, BuyingDeal
from speed.services import auto_runs, auto_screen, autobid, bids, budgets, spenders
from speed.services.auto_chart import FRESH
from speed.services.auto_rows import NOT_KNOWN, savings_facts, state_in_words, uplift_text, wish
from speed.services.auto_screen import Story
from speed.services.autobid import Choice
from speed.services.deal_rows import Row, part_of, price
from wallet.domain.money import format_amount, format_btt
from wallet.services.install import market_asset

SENTENCES = 10  # that are shown at first, and that many more each time
RIDES = gettext_noop(
    "Another user's bid speeds this torrent up on this node, and you ride along: it costs you nothing."
)
PROMISE = gettext_noop(
    "When it is slow the box bids for it by itself, within your ceiling and budgets, and only as long as that helps."
)


@dataclass(frozen=True)
class Switch:
    """Whether a torrent is bid for by itself, as its user has said."""

    is_on: bool
    says: str
    is_ready: bool  # all is said that it takes: one click turns it on
    may_stop: bool


def switch(user_id: int, torrent_id: int) -> Switch:
    general, own = autobid.of_user(user_id), autobid.of_torrent(user_id, torrent_id)
    choice = own.choice if own is not None else Choice.AS_ALL
    if choice == Choice.AS_ALL:
        is_on = general is not None and general.is_on
        says = _("On, as for all slow torrents") if is_on else _("Off, as for all torrents")
    else:
        is_on = choice == Choice.ON
        says = _("On for this torrent") if is_on else _("Off for this torrent")
    spends = spenders.budget_of(user_id).is_on
    return Switch(is_on, says, is_ready=general is not None and spends, may_stop=spends)


def card(user_id: int, torrent_id: int, *, now: datetime) -> Row | None:
    """Return the cells of a torrent's automatic bid; None if there never was one."""
    story = auto_screen.story(user_id, torrent_id)
    if story is None:
        return None
    bid, run, asset = story.bid, story.run, market_asset()
    newest = AutoSample.objects.filter(run_id=bid.pk).order_by("-at", "-pk").first()
    is_fresh = bid.is_on and newest is not None and now - newest.at <= FRESH
    total, free = (run.total_bytes_per_s, run.free_bytes_per_s) if run is not None and is_fresh else (0, 0)
    budget = spenders.budget_of(user_id)
    day = budgets.of_day(budget, now=now)
    label, tone = _badge(story)
    return {
        "bid": bid.pk,
        "is_on": bid.is_on,
        "label": label,
        "tone": tone,
        "sentence": story.sentence,
        "wish": wish(bid.least_bytes_per_s, bid.finish_at),
        "total": format_speed(total),
        "free": format_speed(free),
        "bought": format_speed(max(total - free, 0)),
        "price": price(newest.price_ubtt_per_gib if newest is not None and is_fresh else 0),
        "ceiling": price(bid.max_price_ubtt_per_gib),
        "spent": part_of(format_btt(story.spent_ubtt), format_amount(bid.budget_ubtt, asset)),
        "spent_ppm": min(story.spent_ubtt * PPM // max(bid.budget_ubtt, 1), PPM),
        "day_left": part_of(format_btt(day.left_ubtt), format_amount(day.limit_ubtt, asset))
        if budget.is_on
        else "\N{EN DASH}",
        "uplift": uplift_text(story.uplift),
        **_savings(story),
    }


def _badge(story: Story) -> tuple[str, str]:
    rides = story.bid.is_on and story.bid.note in (bids.RIDES_ALONG, bids.OTHERS)
    return (_("Rides along"), "azure") if rides else state_in_words(story.state)


def _savings(story: Story) -> Row:
    found = story.savings
    if found is None:
        return {"saved": _(NOT_KNOWN), "per_minute": _(NOT_KNOWN)}
    if found.cost_per_minute_ubtt is None:
        return {"saved": _("no time saved"), "per_minute": "\N{EN DASH}"}
    return {
        "saved": _("%(saved)s, 95 %%: %(low)s to %(high)s") % savings_facts(found),
        "per_minute": format_amount(found.cost_per_minute_ubtt, market_asset()),
    }


def sentences(bid_id: int, *, limit: int) -> list[Row]:
    """Return what was said, the newest first."""
    return [
        {
            "row": f"said-{one.pk}",
            "at": one.at.isoformat(),
            "at_text": dateformat.format(one.at, "M j, H:i:s"),
            "label": state_in_words(State(one.state))[0],
            "tone": state_in_words(State(one.state))[1],
            "sentence": told(one.sentence),
        }
        for one in auto_runs.log(bid_id, limit=limit)
    ]


def rides_along(user_id: int, torrent_ids: Collection[int]) -> frozenset[int]:
    """Return those of these torrents for which another user pays now."""
    others = BuyingDeal.objects.filter(torrent_id__in=torrent_ids, is_closed=False).exclude(user_id=user_id)
    return frozenset(others.values_list("torrent_id", flat=True))


def versions(user_id: int, torrent_ids: Collection[int]) -> dict[int, str]:
    """Return by torrent a word that changes with all that its story tells: open pages fetch what is new alone."""
    own = {bid.torrent_id: bid for bid in Bid.objects.filter(user_id=user_id, torrent_id__in=torrent_ids, is_auto=True)}
    ids = [bid.pk for bid in own.values()]
    runs = AutoRun.objects.in_bulk(ids)
    samples = dict(AutoSample.objects.filter(run_id__in=ids).values_list("run_id").annotate(Max("pk")).order_by())
    said = dict(AutoDecision.objects.filter(run_id__in=ids).values_list("run_id").annotate(Max("pk")).order_by())
    deals = BuyingDeal.objects.filter(bid_id__in=ids)
    spent = dict(deals.values_list("bid_id").annotate(Sum("cumulative_ubtt")).order_by())
    choices = dict(
        AutoTorrent.objects.filter(user_id=user_id, torrent_id__in=torrent_ids).values_list("torrent_id", "choice")
    )
    general = AutoBidding.objects.filter(pk=user_id).values_list("is_on").first()
    budget, rides = spenders.budget_of(user_id), rides_along(user_id, torrent_ids)
    of_all = [general, budget.is_on, budget.day_limit_ubtt]
    found = {}
    for number in torrent_ids:
        facts: list[object] = [*of_all, choices.get(number), number in rides]
        if (bid := own.get(number)) is not None:
            facts += [
                *_of_bid(bid),
                samples.get(bid.pk),
                said.get(bid.pk),
                spent.get(bid.pk),
                *_of_run(runs.get(bid.pk)),
            ]
        found[number] = hashlib.blake2s(json.dumps(facts, default=str).encode(), digest_size=8).hexdigest()
    return found


def _of_bid(bid: Bid) -> list[object]:
    return [bid.is_on, bid.note, bid.max_price_ubtt_per_gib, bid.budget_ubtt, bid.least_bytes_per_s, bid.finish_at]


def _of_run(run: AutoRun | None) -> list[object]:
    if run is None:
        return []
    speeds = [run.total_bytes_per_s, run.free_bytes_per_s]
    return [run.state, run.sentence, *speeds, run.pairs, run.all_paid_ms]
