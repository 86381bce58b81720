"""What pages and shells show of automatic bids: how a torrent stands, what it cost and changed, and a dry run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import told
from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.domain import autobid_words as words
from speed.domain.auto_terms import OwnTerms, terms_of_torrent
from speed.domain.autobid_view import Seller, State, View
from speed.domain.forecast import Forecast, forecast, sentence
from speed.domain.shortfall import Watch
from speed.domain.supply import Quoted
from speed.domain.uplift import Pool, Savings, Uplift, pool, savings, uplift
from speed.models import AutoBidding, AutoDecision, AutoRun, Bid, Budget, BuyingDeal, Quote
from speed.services import auto_runs, autobid, avoided, budgets, quotes
from speed.services.auto_bids import WHOLE, goal_of
from speed.services.autobid import Terms
from speed.services.bids import NoSuchTorrent
from wallet.services.install import market_asset

NOTHING_SAID = gettext_noop("Nothing was bid for it by itself so far.")


@dataclass(frozen=True)
class Story:
    """All that an automatic bid tells."""

    bid: Bid
    run: AutoRun | None
    sentence: str  # why it does what it does now
    log: list[AutoDecision]  # the newest first; none where there are several stories
    spent_ubtt: int  # signed
    uplift: Uplift
    savings: Savings | None  # None: not known yet

    @property
    def state(self) -> State | None:
        """Return what the bidder does; None while the node has not looked at the torrent yet."""
        state = State(self.run.state) if self.run is not None else None
        if self.bid.is_on or (state is not None and state.is_over):
            return state
        if self.bid.note == WHOLE:
            return State.DONE
        return State.STOPPED  # its user's word holds at once, whenever the node hears of it


@dataclass(frozen=True)
class DryRun:
    """What would come of bidding, before money moves."""

    found: Forecast
    sentence: str
    sellers: int  # by whose last words; with none of them known nothing can be bought


@dataclass(frozen=True)
class Summary:
    """What all automatic bids of a user have come to."""

    torrents: int
    spent_ubtt: int
    saved_s: int | None  # None: not known yet
    cost_per_minute_ubtt: int | None  # where time was saved, rounded up


def story(user_id: int, torrent_id: int) -> Story | None:
    """Return what a user's automatic bid for a torrent tells; None if there never was one."""
    bid = Bid.objects.filter(user_id=user_id, torrent_id=torrent_id, is_auto=True).first()
    if bid is None:
        return None
    (found,) = stories_of(user_id, [bid])
    return replace(found, log=auto_runs.log(bid.pk))


def stories(user_id: int, *, limit: int | None = None) -> list[Story]:
    """Return what a user's automatic bids tell, those that stand first: all, or so many of them."""
    found = Bid.objects.filter(user_id=user_id, is_auto=True).order_by("-is_on", "-pk")
    return stories_of(user_id, list(found[:limit]))


def summary(user_id: int) -> Summary:
    return sum_up(stories(user_id))


def sum_up(found: Sequence[Story]) -> Summary:
    """Return what these have come to; time and its cost of those alone of which it is known."""
    known = [(one.spent_ubtt, one.savings.saved_s) for one in found if one.savings is not None]
    known_ubtt, saved_s = sum(ubtt for ubtt, _ in known), sum(seconds for _, seconds in known)
    return Summary(
        torrents=len(found),
        spent_ubtt=sum(one.spent_ubtt for one in found),
        saved_s=saved_s if known else None,
        cost_per_minute_ubtt=-(-known_ubtt * 60 // saved_s) if saved_s > 0 else None,
    )


def stories_of(user_id: int, bids: Sequence[Bid]) -> list[Story]:
    """Return what these bids of a user tell, without their logs."""
    ids = [bid.pk for bid in bids]
    runs = {run.pk: run for run in AutoRun.objects.filter(bid__user_id=user_id)}
    spent = dict(
        BuyingDeal.objects.filter(bid_id__in=ids).order_by().values_list("bid_id").annotate(Sum("cumulative_ubtt"))
    )
    pooled = pool(run.pairs for run in runs.values())  # once: there may be thousands of bids
    return [_story(bid, runs.get(bid.pk), pooled, int(spent.get(bid.pk, 0))) for bid in bids]


def _story(bid: Bid, run: AutoRun | None, pooled: Pool, spent_ubtt: int) -> Story:
    changed = uplift(run.pairs if run else (), pooled=pooled)
    saved = None
    if run is not None and changed.shown is not None:
        saved = savings(changed.shown, paid_s=run.all_paid_ms // 1_000, spent_ubtt=spent_ubtt)
    found = Story(
        bid=bid,
        run=run,
        sentence=told(bid.note or (run.sentence if run else "") or NOTHING_SAID),
        log=[],
        spent_ubtt=spent_ubtt,
        uplift=changed,
        savings=saved,
    )
    return replace(found, sentence=_(words.STOPPED)) if not bid.note and found.state is State.STOPPED else found


def dry_run(
    user_id: int, torrent_id: int, *, general: Terms | None = None, own: OwnTerms | None = None, now: datetime
) -> DryRun:
    """Return what would come of bidding for a torrent from now on, by what its sellers last said. Raises NoSuchTorrent.

    Terms that are not given are as they were said; what was never said is nothing: then nothing would be bid.
    """
    torrent = market_facts.torrent(torrent_id)
    if torrent is None or user_id not in torrent.holders:
        raise NoSuchTorrent
    budget = Budget.objects.filter(pk=user_id).first() or Budget(user_id=user_id)
    if general is not None:
        budget.day_limit_ubtt = general.day_limit_ubtt
    view = _view(torrent, _as_said(user_id, torrent, general, own), budget, now=now)
    found = forecast(view)
    return DryRun(found, sentence(found, view), sellers=len(view.sellers))


def _as_said(user_id: int, torrent: TorrentFacts, general: Terms | None, own: OwnTerms | None) -> Bid:
    """Return the bid that these terms would make; it is not written."""
    kept = AutoBidding.objects.filter(pk=user_id).first()
    if general is None:
        general = (
            Terms(kept.ceiling_ubtt_per_gib, kept.torrent_budget_ubtt, 0, kept.least_bytes_per_s, kept.finish_at)
            if kept
            else Terms(0, 0, 0)
        )
    terms = terms_of_torrent(general, autobid.own_terms(user_id, torrent.torrent_id) if own is None else own)
    return Bid(
        user_id=user_id,
        node_name=torrent.node_name,
        torrent_id=torrent.torrent_id,
        torrent_key=torrent.key,
        max_price_ubtt_per_gib=terms.ceiling_ubtt_per_gib,
        budget_ubtt=terms.budget_ubtt,
        spend_ubtt_per_s=0,
        least_bytes_per_s=terms.least_bytes_per_s,
        finish_at=terms.finish_at,
    )


def _view(torrent: TorrentFacts, said: Bid, budget: Budget, *, now: datetime) -> View:
    bid = Bid.objects.filter(user_id=said.user_id, torrent_id=torrent.torrent_id).first()
    run = AutoRun.objects.filter(pk=bid.pk).first() if bid is not None else None
    used_ubtt = budgets.of_torrent(bid).used_ubtt if bid is not None else 0
    free = run.free_bytes_per_s if run is not None and run.is_slow else torrent.down_bytes_per_s
    left_alone = avoided.avoided(now=now)
    found = quotes.of_torrent(node_name=torrent.node_name, torrent_key=torrent.key, now=now)
    return View(
        now_s=int(now.timestamp()),
        goal=goal_of(said),
        ceiling_ubtt_per_gib=said.max_price_ubtt_per_gib,
        torrent_left_ubtt=said.budget_ubtt - used_ubtt,
        day_left_ubtt=budgets.of_day(budget, now=now).left_ubtt,
        left_bytes=max(torrent.wanted_bytes - torrent.done_bytes, 0),
        total_bytes_per_s=torrent.down_bytes_per_s,
        free_bytes_per_s=free,
        watch=Watch(is_slow=True),
        sellers=tuple(_seller(quote) for quote in found if bytes.fromhex(quote.peer_key) not in left_alone),
        asset=market_asset(),
    )


def _seller(quote: Quote) -> Seller:
    """Return a seller by its last word; whoever bids there is taken for another, so a forecast is rather too dear."""
    quoted = Quoted(quote.ask_ubtt_per_gib, quote.last_price_ubtt_per_gib, quote.for_sale_bytes_per_s, quote.bidders)
    return Seller(quote.peer_key, quoted)
