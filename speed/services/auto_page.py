"""What the pages of slow torrents show, what they offer to who has said nothing yet, and what stands in the way."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.services import market_facts
from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB
from speed.models import AutoBidding, BuyingDeal, Pairing, Quote, SeenRound
from speed.services import auto_rows, auto_screen, autobid, markets, node_rows, spenders
from speed.services.autobid import Terms
from speed.services.deal_rows import Row, price
from speed.services.node_rows import NodeState
from wallet.services import statements
from wallet.services.install import market_asset

SHOWN = 100  # rows of torrents
PRICES = 500  # that an offered ceiling goes by, the newest
MIB = 1 << 20
BTT = 1_000_000
BUDGET_GIB = 5  # that an offered budget is enough for at the ceiling
DAY_BUDGETS = 2

NOW_ASKED = gettext_noop("Sellers of your torrents ask about %(price)s now; offered is twice that.")
LATELY_PAID = gettext_noop("Rounds that you bid in lately cost about %(price)s; offered is twice that.")
NOTHING_KNOWN = gettext_noop("No price is known yet; offered is twice what a node asks that was told nothing else.")
NO_BIDS = gettext_noop("Node %(name)s does not bid for users yet.")
AN_ADMIN = gettext_noop("Ask an admin of the box to turn it on.")
NO_MONEY = gettext_noop("There is nothing in your account: without money no channel opens.")


@dataclass(frozen=True)
class Offered:
    """Terms to begin with, and where their ceiling comes from."""

    terms: Terms
    why: str


@dataclass(frozen=True)
class Obstacle:
    """Why nothing is bid, in sentences; `leads_to` names the page on which that is mended."""

    says: str
    leads_to: str = ""
    node_name: str = ""


@dataclass(frozen=True)
class Rows:
    """All of a user's automatic bids in words: what they have come to, and each that is shown."""

    summary: Row
    torrents: list[Row] = field(default_factory=list)
    left_off: int = 0  # older ones

    @property
    def all(self) -> list[Row]:
        return [self.summary, *self.torrents]

    @property
    def version(self) -> str:
        """Return a word that changes as torrents come and go: rows tell open pages of the rest."""
        which = sorted((str(row["row"]), row["holding"]) for row in self.torrents)
        return hashlib.blake2s(repr((which, self.left_off)).encode(), digest_size=8).hexdigest()


def rows(user_id: int) -> Rows:
    """Return what a user's automatic bids tell, those that stand first."""
    found = auto_screen.stories(user_id)
    shown = found[:SHOWN]
    ids = {one.bid.torrent_id for one in shown}
    names = {one.torrent_id: one.name for one in market_facts.torrents(ids=ids)} if ids else {}
    pages = market_facts.holdings_of(user_id, ids)
    return Rows(
        auto_rows.summary_row(auto_screen.sum_up(found)),
        [
            auto_rows.story_row(one, name=names.get(one.bid.torrent_id, ""))
            | {"holding": pages.get(one.bid.torrent_id, 0)}
            for one in shown
        ],
        left_off=len(found) - len(shown),
    )


def terms(user_id: int, *, now: datetime) -> Offered:
    """Return what a user has said for all torrents; to who has said nothing so far, what is offered, and why so."""
    day_ubtt = spenders.budget_of(user_id).day_limit_ubtt
    said = autobid.of_user(user_id)
    if said is None:
        return _offered(user_id, day_ubtt, now=now)
    kept = Terms(
        said.ceiling_ubtt_per_gib,
        said.torrent_budget_ubtt,
        day_ubtt or DAY_BUDGETS * said.torrent_budget_ubtt,
        said.least_bytes_per_s,
        said.finish_at,
        said.asks_directory,
    )
    return Offered(kept, "")


def _offered(user_id: int, day_ubtt: int, *, now: datetime) -> Offered:
    usual_ubtt, why = _usual_price(user_id, now=now)
    ceiling_ubtt = _whole(2 * usual_ubtt)
    budget_ubtt = _whole(BUDGET_GIB * ceiling_ubtt)
    day_ubtt = day_ubtt or DAY_BUDGETS * budget_ubtt
    return Offered(Terms(ceiling_ubtt, min(budget_ubtt, day_ubtt), day_ubtt, MIB), why)


def _usual_price(user_id: int, *, now: datetime) -> tuple[int, str]:
    """Return what a GiB probably costs, and how that is known."""
    keys = {one.key for one in market_facts.downloading(user_id=user_id)}
    quoted = Quote.objects.filter(torrent_key__in=keys, valid_until__gt=now).order_by("-seen_at")[:PRICES]
    asked = [max(one.ask_ubtt_per_gib, one.last_price_ubtt_per_gib) for one in quoted]
    if asked:
        return _told(asked, _(NOW_ASKED))
    deals = BuyingDeal.objects.filter(user_id=user_id).order_by("-pk").values_list("deal_id", flat=True)[:PRICES]
    seen = SeenRound.objects.filter(deal_id__in=list(deals), price_ubtt_per_gib__gt=0).order_by("-at")
    paid = list(seen.values_list("price_ubtt_per_gib", flat=True)[:PRICES])
    if paid:
        return _told(paid, _(LATELY_PAID))
    return markets.Terms().ask_ubtt_per_gib, _(NOTHING_KNOWN)


def _told(prices_ubtt: list[int], sentence: str) -> tuple[int, str]:
    usual_ubtt = int(median(prices_ubtt))
    return usual_ubtt, sentence % {"price": price(usual_ubtt)}


def _whole(amount_ubtt: int) -> int:
    """Round an amount of some BTT up to a whole one, and keep it within what a price may be."""
    rounded = -(-amount_ubtt // BTT) * BTT if amount_ubtt > BTT else amount_ubtt
    return min(max(rounded, MIN_PRICE_UBTT_PER_GIB), MAX_PRICE_UBTT_PER_GIB)


def obstacles(user_id: int, *, is_admin: bool, node_name: str = "", now: datetime) -> list[Obstacle]:
    """Return what keeps a user's torrents from being bid for, whatever is said of them: on that node, or on any."""
    loading = {one.node_name for one in market_facts.downloading(user_id=user_id)}
    states = node_rows.node_states(now=now, only={node_name} if node_name else loading or None)
    found = [_obstacle(state, is_admin=is_admin) for state in states if not state.terms.buys or state.buying_problem]
    if not node_name and not loading and len(found) < len(states):
        found = []  # one of them will do
    return [*found, *([] if _has_money(user_id) else [Obstacle(_(NO_MONEY), "deposit")])]


def _obstacle(state: NodeState, *, is_admin: bool) -> Obstacle:
    if state.terms.obstacle or state.terms.buys:
        return Obstacle(
            _("Node %(name)s: %(why)s") % {"name": state.name, "why": _(state.terms.obstacle) or state.buying_problem}
        )
    says = _(NO_BIDS) % {"name": state.name}
    return Obstacle(says, "market_node", state.name) if is_admin else Obstacle(f"{says} {_(AN_ADMIN)}")


def is_late(said: AutoBidding | None, *, now: datetime) -> bool:
    """Whether what a user has said for all torrents is on, and bids for none, as its time has passed."""
    return said is not None and said.is_on and said.finish_at is not None and said.finish_at <= now


def _has_money(user_id: int) -> bool:
    """Whether there is anything that a channel may be opened with, here or at another hub."""
    account = statements.account_of(user_id, market_asset())
    has = statements.balance(account) if account is not None else None
    own_ubtt = has.available_ubtt + has.in_channels_ubtt if has is not None else 0
    return own_ubtt > 0 or Pairing.objects.filter(user_id=user_id, held_ubtt__gt=0).exists()
