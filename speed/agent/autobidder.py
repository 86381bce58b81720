"""The automatic bidder of a node: every round it decides what is bid to whom for each slow torrent, and says why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept
from seedbox.domain.lanes import PeersSeen
from speed.agent.auto_run import Run
from speed.agent.finder import Finder, Heard
from speed.agent.funds import Funds
from speed.agent.purchase import Purchase
from speed.agent.purchases import Purchases
from speed.agent.side import Floor
from speed.domain import autobid_words as words
from speed.domain.autobid import Decision, decide
from speed.domain.autobid_view import Seller, State, View
from speed.domain.credit import least_channel_ubtt
from speed.domain.deals import Wish
from speed.domain.refusals import Reason
from speed.domain.rounds import ROUND_S
from speed.domain.supply import NOTHING_SEEN, Outcome, Quoted
from speed.domain.uplift import Verdict
from speed.models import Cause
from speed.services import auto_bids, auto_runs, avoided, bids
from speed.services.auto_bids import Auto
from speed.services.auto_runs import Loaded
from speed.services.bids import Standing, Want
from wallet.services.install import market_asset

DECIDES_EVERY = timedelta(seconds=ROUND_S)
TAKEN_UP_WITHIN = timedelta(seconds=30)  # after a restart sellers are found again, and what stood stands
SAYS_MARKET = {None, Reason.PRICE_TOO_LOW, Reason.NO_CAPACITY}  # other refusals say nothing of price and supply
STARVES = gettext_noop(
    "In two unpaid minutes in a row it sent less than half of the %(speed)s bytes per second of before."
)
# What stands for a bid that stands no longer, by the note that says why; after anything else it may go on by itself.
ENDS = {
    bids.WHOLE: State.DONE,
    bids.USED_UP: State.NO_MONEY,
    bids.USED_UP_TODAY: State.NO_MONEY,
    bids.NOT_ON: State.STOPPED,
    "": State.STOPPED,
    auto_bids.LATE: State.LATE,
    auto_bids.NO_GAIN: State.NO_GAIN,
}
NOT_BUYING = gettext_noop(
    "Its node buys nothing at the moment, as its operator has decided: nothing is bid until it does."
)

CanBegin = Callable[[Want, Heard, datetime], bool]
WhyNone = Callable[[Want, datetime], str]


class Autobidder:
    def __init__(
        self,
        floor: Floor,
        purchases: Purchases,
        finder: Finder,
        funds: Funds,
        *,
        can_begin: CanBegin,
        why_none: WhyNone,
    ) -> None:
        """`can_begin` says whether a new deal with a seller could begin now, `why_none` why with none."""
        self._floor = floor
        self._purchases = purchases
        self._finder = finder
        self._funds = funds
        self._can_begin = can_begin
        self._why_none = why_none
        self._wants: dict[str, Want] = {}  # automatic ones, by torrent
        self._runs: dict[str, Run] = {}
        self._loading: set[int] = set()  # bids

    def take(self, standing: Standing, now: datetime) -> None:
        """These bids stand now; what is automatic among them is decided here."""
        self._wants = {want.torrent.key: want for want in standing.wants if want.auto is not None}
        for key, run in list(self._runs.items()):
            want = self._wants.get(key)
            if want is None or want.auto is None or want.bid_id != run.bid_id:
                self._let_go(key, run, standing.notes.get(run.bid_id, ""), now)
            elif want.auto.seed != run.seed:
                del self._runs[key]  # its user has said that it shall be measured anew
        for key, want in self._wants.items():
            if key not in self._runs and want.bid_id not in self._loading:
                self._loading.add(want.bid_id)
                self._floor.write(
                    partial(auto_runs.take_up, want.bid_id),
                    partial(self._loaded, key, want.bid_id),
                    partial(self._not_loaded, want.bid_id),
                )

    def _let_go(self, key: str, run: Run, why: str, now: datetime) -> None:
        """It stands no longer: keep what was measured, and the reason. Who has no money stays so while others pay."""
        del self._runs[key]
        self._keep(run)
        terms = self._floor.terms
        not_buying = terms.obstacle or ("" if terms.buys else NOT_BUYING)
        state = State.WAITING if not_buying else ENDS.get(why, State.WAITING)
        if state is State.WAITING and run.state is State.NO_MONEY:
            state = run.state
        if not (state is run.state and state.is_over):
            sentence = not_buying or why or words.STOPPED
            self._floor.write(partial(auto_runs.say, [run.bid_id], state=state, sentence=sentence, now=now))

    def _loaded(self, key: str, bid_id: int, loaded: Loaded, now: datetime) -> None:
        self._loading.discard(bid_id)
        want = self._wants.get(key)
        if want is not None and want.bid_id == bid_id:
            self._runs[key] = Run(loaded, now)

    def _not_loaded(self, bid_id: int, _now: datetime) -> None:
        self._loading.discard(bid_id)  # the next reading tries again

    def wish_for(self, want: Want, seller: bytes) -> Wish:
        """Return what is bid to one seller; a pause where nothing is decided.

        Until the first decision after a restart it is what stood before, unless budgets were lowered under what
        channels hold: a lane is not given up for a moment.
        """
        run, wish = self._runs.get(want.torrent.key), None
        if run is not None and run.decided_at is not None:
            wish = run.wishes.get(seller)
        else:
            deals = [deal for deal in self._purchases.of_torrent(want.torrent.key) if deal.source.peer_key == seller]
            is_over = want.auto is not None and min(want.auto.torrent_left_ubtt, want.auto.day_left_ubtt) < 0
            wish = deals[0].bid if deals and not is_over else None
        if wish is None or want.is_checking:
            return Wish(want.max_price_ubtt_per_gib, 0, 0)
        return replace(wish, max_price_ubtt_per_gib=min(wish.max_price_ubtt_per_gib, want.max_price_ubtt_per_gib))

    def sentence_of(self, want: Want) -> str:
        """Return why nothing is bid; "" while something is, or where that is for whoever looks for sellers to say."""
        run = self._runs.get(want.torrent.key)
        return run.sentence if run is not None and run.state not in (State.BIDDING, State.NO_SELLERS) else ""

    # --- what is seen and heard

    def peers_seen(self, report: PeersSeen, now: datetime) -> None:
        run = self._runs.get(report.key)
        if run is None:
            return
        deals = self._purchases.of_torrent(report.key)
        sellers = {one.link.peer_key: one.link.place for one in self._finder.quotes_for(report.key, now)}
        sellers |= {deal.source.peer_key: deal.source.place for deal in deals}
        run.look(report, deals, sellers, now)

    def hear_round(
        self,
        purchase: Purchase,
        *,
        price_ubtt_per_gib: int,
        speed_bytes_per_s: int,
        reason: Reason | None,
        now: datetime,
    ) -> None:
        """A seller has said what its round made of our bid. When that was goes by our clock, not by its number."""
        run = self._runs.get(purchase.bought.torrent_key)
        if run is not None and run.bid_id == purchase.bought.bid_id and reason in SAYS_MARKET:
            number = int(now.timestamp()) // ROUND_S
            outcome = Outcome(number, purchase.bid, price_ubtt_per_gib, speed_bytes_per_s)
            run.hear_round(purchase.source.peer_key, outcome, now)

    # --- what is decided

    def tick(self, now: datetime) -> None:
        for key, run in list(self._runs.items()):
            want = self._wants[key]
            if want.is_checking:
                self._rest(run, bids.CHECKED, now)
            elif want.auto is not None and self._is_due(run, want, now):
                self._decide(run, want, want.auto, now)

    def _rest(self, run: Run, why: str, now: datetime) -> None:
        """Nothing is decided for the moment, and nothing is bid."""
        if (run.state, run.sentence) != (State.WAITING, why):
            run.state, run.sentence = State.WAITING, why
            self._floor.write(partial(auto_runs.say, [run.bid_id], state=run.state, sentence=why, now=now))

    def _is_due(self, run: Run, want: Want, now: datetime) -> bool:
        """Whether a round has gone by, a control begins or ends, or the user has said something else."""
        if run.speeds is None:
            return False
        if run.decided_at is None and timedelta(0) <= now - run.taken_up_at < TAKEN_UP_WITHIN:
            deals = self._purchases.of_torrent(want.torrent.key)
            heard = {one.link.peer_key for one in self._finder.quotes_for(want.torrent.key, now)}
            return all(deal.link is not None and deal.source.peer_key in heard for deal in deals)
        if run.decided_at is None or not timedelta(0) <= now - run.decided_at < DECIDES_EVERY:
            return True
        place = run.place_at(now)
        return (place is not None and place.control != run.control) or run.decided_by != _said(want)

    def _decide(self, run: Run, want: Want, auto: Auto, now: datetime) -> None:
        self._keep_sample(run, want, auto, now)
        run.heed_clock(now)
        place = run.place_at(now)
        before, run.control = run.control, place.control if place is not None else None
        if before is not None and run.control != before:
            self._judge(run, want, now)
        decision = decide(self._view(run, want, auto, now))
        if decision.state is State.BIDDING and run.controls is None:
            run.begin(now)  # with a block that is paid
        wishes = {bytes.fromhex(name): wish for name, wish in decision.bids.items()}
        is_news = decision.state is not run.state or wishes != run.wishes or not run.sentence
        run.wishes = wishes
        run.note_first_bids()
        run.decided_at, run.decided_by = now, _said(want)
        self._say(run, decision, is_news=is_news, now=now)

    def _view(self, run: Run, want: Want, auto: Auto, now: datetime) -> View:
        total, free = run.speeds or (0, 0)
        now_s = int(now.timestamp())
        needed = _needed(want, auto, now)
        run.watch = run.watch.after(
            total_bytes_per_s=total,
            free_bytes_per_s=free,
            needed_bytes_per_s=needed,
            now_s=now_s,
            slow_s=settings.SPEED_SLOW_S,
        )
        sellers, is_poor = self._sellers(run, want, auto, now)
        torrent_left, day_left = auto.torrent_left_ubtt, auto.day_left_ubtt
        if is_poor:  # what is left fills no channel, so there is nothing of the scarcer one; the sentence names it
            less = min(torrent_left, day_left)
            torrent_left, day_left = torrent_left - less, day_left - less
        return View(
            now_s=now_s,
            goal=auto.goal,
            ceiling_ubtt_per_gib=want.max_price_ubtt_per_gib,
            torrent_left_ubtt=torrent_left,
            day_left_ubtt=day_left,
            left_bytes=want.left_bytes,
            total_bytes_per_s=total,
            free_bytes_per_s=free,
            watch=run.watch,
            sellers=sellers,
            asset=market_asset(),
            obstacle=self._obstacle(want, now) if sellers else self._why_none(want, now),
            is_control=run.is_control,
            brings_nothing=run.verdict is Verdict.BRINGS_NOTHING,
        )

    def _obstacle(self, want: Want, now: datetime) -> str:
        """Return what bids have to wait for before one of them stands; "" if one does, or can."""
        deals = self._purchases.of_torrent(want.torrent.key)
        if any(deal.link is not None and deal.receipt and deal.has_money for deal in deals):
            return ""
        return self._funds.waits_for(want.torrent.key, now)

    def _sellers(self, run: Run, want: Want, auto: Auto, now: datetime) -> tuple[tuple[Seller, ...], bool]:
        """Return who can be bid to; what channels hold beyond budgets that were lowered is not there to be spent.

        If there is none for want of money for a channel, those that it can't be opened to, and True.
        """
        key = want.torrent.key
        deals = {deal.source.peer_key: deal for deal in self._purchases.of_torrent(key) if deal.link is not None}
        heard = {one.link.peer_key: one for one in self._finder.quotes_for(key, now)}
        on_its_way = self._funds.on_its_way(want.bid_id)
        over_ubtt = max(-min(auto.torrent_left_ubtt, auto.day_left_ubtt), 0)
        found: list[Seller] = []
        too_dear: list[Seller] = []
        for peer_key, one in heard.items():
            run.quoted[peer_key] = _quoted(one, deals.get(peer_key))
        for peer_key in sorted({*heard, *deals} & run.quoted.keys()):
            deal, quoted = deals.get(peer_key), run.quoted[peer_key]
            if deal is None and not self._can_begin(want, heard[peer_key], now):
                continue
            room_ubtt = on_its_way.get(peer_key, 0)
            if deal is not None:
                room_ubtt += max(deal.amount_ubtt - max(deal.owed_ubtt, deal.cumulative_ubtt), 0)
            less_ubtt = min(room_ubtt, over_ubtt)
            over_ubtt -= less_ubtt
            seller = Seller(
                peer_key.hex(),
                quoted,
                run.supplies.get(peer_key, NOTHING_SEEN),
                bid=deal.bid if deal is not None and deal.is_bid_sent else None,
                in_channel_ubtt=room_ubtt - less_ubtt,
                free_bytes_per_s=run.free_of(peer_key),
            )
            has_money = deal is not None or peer_key in on_its_way or _has_money(want, auto, quoted)
            (found if has_money else too_dear).append(seller)
        return tuple(found or too_dear), not found and bool(too_dear)

    def _judge(self, run: Run, want: Want, now: datetime) -> None:
        """Judge those that lanes are bought of: who is left alone already owes nothing."""
        buys_of = {deal.source.peer_key for deal in self._purchases.of_torrent(want.torrent.key)}
        for seller in run.end_control(buys_of):
            text = kept(STARVES, {"speed": f"{run.services[seller].baseline_bytes_per_s:,}"})
            cause = Cause.STARVES_UNPAID
            self._floor.write(partial(avoided.avoid, seller.hex(), cause=cause, text=text, now=now))

    def _keep_sample(self, run: Run, want: Want, auto: Auto, now: datetime) -> None:
        deals = self._purchases.of_torrent(want.torrent.key)
        seen = run.take_sample(deals, needed_bytes_per_s=_needed(want, auto, now), now=now)
        if seen is not None:
            self._floor.write(partial(auto_runs.sample, run.bid_id, seen))

    def _say(self, run: Run, decision: Decision, *, is_news: bool, now: datetime) -> None:
        """Keep the newest sentence, and log it if more than what was measured has changed."""
        run.state, run.sentence = state, sentence = decision.state, decision.sentence
        if is_news:
            self._floor.write(partial(auto_runs.say, [run.bid_id], state=state, sentence=sentence, now=now))
        self._keep(run, state=str(state), sentence=sentence)

    def _keep(self, run: Run, **said: str) -> None:
        services = {key.hex(): service for key, service in run.services.items()}
        self._floor.write(partial(auto_runs.keep, run.bid_id, run.columns() | said, services, seed=run.seed))

    def finish(self) -> None:
        """Write down what was measured; the node stops, and will go on from there."""
        for run in self._runs.values():
            self._keep(run)


def _needed(want: Want, auto: Auto, now: datetime) -> int:
    return auto.goal.needed_bytes_per_s(left_bytes=want.left_bytes, now_s=int(now.timestamp()))


def _said(want: Want) -> object:
    return (want.max_price_ubtt_per_gib, want.auto.goal, want.auto.limits_ubtt) if want.auto else None


def _quoted(heard: Heard, deal: Purchase | None) -> Quoted:
    quote = heard.quote
    ours = 1 if deal is not None and deal.is_bid_sent and not deal.bid.is_paused else 0
    return Quoted(
        quote.ask_ubtt_per_gib,
        quote.last_price_ubtt_per_gib,
        quote.for_sale_bytes_per_s,
        max(quote.bidders - ours, 0),
    )


def _has_money(want: Want, auto: Auto, quoted: Quoted) -> bool:
    """Whether the budgets could fill a new channel to a seller, if its price is its ask."""
    least_ubtt = least_channel_ubtt(max_price_ubtt_per_gib=quoted.ask_ubtt_per_gib, left_bytes=want.torrent.size_bytes)
    return min(auto.torrent_left_ubtt, auto.day_left_ubtt) >= least_ubtt
