"""What a user's torrents earn: the user's own shares of it, to the µBTT as the ledger has credited them.

All that a user holds is looked at for each page, for the best come first: in a few queries, however many they are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Q

from seedbox.domain.states import State
from seedbox.services import market_facts
from seedbox.services.market_facts import KeptFacts
from speed.domain.deals import LIVE
from speed.domain.earning import TRIED_S, Advice, Hint, Kept, advice, median_of, per_gib_day
from speed.domain.refusals import Reason
from speed.models import SellingDeal
from speed.services import markets, node_rows
from speed.services.markets import Terms
from wallet.services import earned
from wallet.services.earned import Earned
from wallet.services.install import market_asset

PAGE_LINES = 50
WEEK_DAYS, CHART_DAYS = 7, 30

Torrent = tuple[str, str]  # node, key: a deal outlives the row of its torrent


@dataclass(frozen=True, slots=True)
class Line:
    """One torrent, with its holder's share of what it earned."""

    facts: KeptFacts
    total_ubtt: int
    week_ubtt: int  # today and the six days before it, in UTC
    today_ubtt: int
    per_gib_day_ubtt: int
    advice: Advice


@dataclass(frozen=True)
class Shelf:
    """A page of a user's torrents, those first that earn most per GiB and day; sums are of all of them."""

    lines: list[Line]
    hint: Hint | None  # which ones were asked for; None: all
    counts: Mapping[Hint, int]
    page: int  # the last one when a later one was wanted
    page_count: int
    earned: Earned  # by all torrents, also by those that the user holds no longer
    gone_ubtt: int  # of the total: by these
    sells: bool  # a node sells that has torrents of the user's


@dataclass(slots=True)
class _Trade:
    """What deals say of one torrent."""

    total_ubtt: int = 0
    week_ubtt: int = 0
    today_ubtt: int = 0
    first_at: datetime | None = None
    is_sold: bool = False  # some of it, within a week
    deals: int = 0  # that run now

    def add(self, share: Earned) -> None:
        self.total_ubtt += share.total_ubtt
        self.week_ubtt += share.week_ubtt
        self.today_ubtt += share.today_ubtt
        self.first_at = min(filter(None, (self.first_at, share.first_at)), default=None)


@dataclass(frozen=True)
class _Books:
    """All that is read for a user once."""

    earned: Earned  # by all deals
    trades: Mapping[Torrent, _Trade]
    sellers: Mapping[str, Terms]  # by node


def shelf(user_id: int, *, hint: Hint | None = None, page: int = 1, now: datetime) -> Shelf:
    """Return a page of what a user holds, and what all of it has earned."""
    held = market_facts.kept_by(user_id)
    books = _books(user_id, held, now=now)
    lines = _lines(held, books, now=now)
    counts = Counter(line.advice.hint for line in lines)
    wanted = [line for line in lines if hint is None or line.advice.hint is hint]
    page_count = max(-(-len(wanted) // PAGE_LINES), 1)
    page = min(max(page, 1), page_count)
    return Shelf(
        lines=wanted[(page - 1) * PAGE_LINES : page * PAGE_LINES],
        hint=hint,
        counts=counts,
        page=page,
        page_count=page_count,
        earned=books.earned,
        gone_ubtt=books.earned.total_ubtt - sum(line.total_ubtt for line in lines),
        sells=bool(books.sellers),
    )


def days(user_id: int, *, now: datetime) -> list[tuple[date, int]]:
    """Return what a user has earned on each of the last thirty days in UTC, the oldest first."""
    since = _midnight(now) - timedelta(days=CHART_DAYS - 1)
    found = earned.by_day(user_id, market_asset(), since=since)
    every = (since.date() + timedelta(days=number) for number in range(CHART_DAYS))
    return [(day, found.get(day, 0)) for day in every]


def sums(user_id: int, *, now: datetime) -> Earned:
    """Return what a user has earned, today and within seven days of UTC."""
    return earned.by_all(user_id, market_asset(), **_spans(now))


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _spans(now: datetime) -> dict[str, datetime]:
    today = _midnight(now)
    return {"today_from": today, "week_from": today - timedelta(days=WEEK_DAYS - 1)}


def _books(user_id: int, held: Iterable[KeptFacts], *, now: datetime) -> _Books:
    shares = earned.by_deal(user_id, market_asset(), **_spans(now))
    nodes = {facts.node_name for facts in held}
    terms = {name: markets.terms_of(name, now=now) for name in node_rows.selling_nodes() if name in nodes}
    everything = Earned(
        sum(share.total_ubtt for share in shares.values()),
        sum(share.week_ubtt for share in shares.values()),
        sum(share.today_ubtt for share in shares.values()),
        None,
    )
    trades = _trades(user_id, shares, now=now)
    return _Books(everything, trades, {name: one for name, one in terms.items() if one.sells})


def _trades(user_id: int, shares: Mapping[str, Earned], *, now: datetime) -> dict[Torrent, _Trade]:
    """Return what became of the deals about what a user holds."""
    about = SellingDeal.objects.filter(torrent_key__in=market_facts.keys_held_by(user_id)).order_by()
    trades: dict[Torrent, _Trade] = {}
    for node_name, key, deal_id in about.filter(shared_ubtt__gt=0).values_list("node_name", "torrent_key", "deal_id"):
        if share := shares.get(deal_id):
            trades.setdefault((node_name, key), _Trade()).add(share)
    lives = Q(state__in=LIVE) & ~Q(refusal=Reason.PRICE_TOO_LOW)
    was_sold = Q(linked_at__gt=now - timedelta(seconds=TRIED_S), accepted_bytes__gt=0)
    demand = about.filter(lives | was_sold).values_list("node_name", "torrent_key")
    counted = demand.annotate(deals=Count("pk", filter=lives), sales=Count("pk", filter=was_sold))
    for node_name, key, deals, sales in counted:
        trade = trades.setdefault((node_name, key), _Trade())
        trade.deals, trade.is_sold = deals, sales > 0
    return trades


def _lines(held: Iterable[KeptFacts], books: _Books, *, now: datetime) -> list[Line]:
    nothing = _Trade()
    found = [(facts, books.trades.get((facts.node_name, facts.key), nothing)) for facts in held]
    values = [_per_gib_day(facts, trade, now) for facts, trade in found]
    median_ubtt, asset = median_of(values), market_asset()
    lines = [
        Line(
            facts,
            trade.total_ubtt,
            trade.week_ubtt,
            trade.today_ubtt,
            value,
            advice(_kept(facts, trade, value, books, now), median_ubtt=median_ubtt, asset=asset),
        )
        for (facts, trade), value in zip(found, values, strict=True)
    ]
    return sorted(lines, key=lambda line: (-line.per_gib_day_ubtt, -line.total_ubtt, -line.facts.done_bytes))


def _per_gib_day(facts: KeptFacts, trade: _Trade, now: datetime) -> int:
    since = min(facts.added_at, trade.first_at or facts.added_at)
    return per_gib_day(
        earned_ubtt=trade.total_ubtt, disk_bytes=facts.done_bytes, since_s=int((now - since).total_seconds())
    )


def _kept(facts: KeptFacts, trade: _Trade, per_gib_day_ubtt: int, books: _Books, now: datetime) -> Kept:
    terms = books.sellers.get(facts.node_name)
    return Kept(
        is_whole=facts.is_complete,
        seeds=facts.state is State.SEEDING,
        is_for_sale=terms is not None and terms.is_for_sale(facts.key, private=facts.private),
        private=facts.private,
        disk_bytes=facts.done_bytes,
        held_s=int((now - facts.added_at).total_seconds()),
        is_sold=trade.is_sold,
        deals=trade.deals,
        leechers=facts.leechers,
        week_ubtt=trade.week_ubtt,
        per_gib_day_ubtt=per_gib_day_ubtt,
    )
