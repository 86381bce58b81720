"""Bids as they are wanted: a deal for each good seller, its channel filled, its bid said anew when it is news."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from django.utils.translation import gettext_noop

from seedbox.domain.kept import together
from speed.agent.autobidder import Autobidder
from speed.agent.due import Pause
from speed.agent.finder import Finder, Heard
from speed.agent.funds import Funds
from speed.agent.payer import Payer
from speed.agent.purchase import Bought, Purchase, Source
from speed.agent.purchases import Purchases
from speed.agent.side import Floor
from speed.domain.buying import MAX_DEALS_OF_TORRENT, affordable, first_filling, hub_for, is_news, share_of
from speed.domain.deals import SILENCE_S, Wish
from speed.domain.messages import Bid, Withdraw
from speed.models import Cause
from speed.services import auto_bids, bids
from speed.services.bids import Standing, Want
from speed.wire.port import Link

REST = timedelta(minutes=2)  # before a new deal with who has ended one, or to whom no channel could be opened
GARBAGE_REST = timedelta(days=1)

NOBODY = gettext_noop("Nobody who is connected to this torrent sells it, as far as is known.")
TOO_DEAR = gettext_noop("All who sell it ask more than the bid's ceiling.")
LEFT_ALONE = gettext_noop("Those who sell it were found to cheat, and are left alone for seven days.")
NO_COMMON_HUB = gettext_noop("Those who sell it take money of no hub where this user has an account.")
SILENT_HUBS = gettext_noop("No hub answers where this user has an account and whose money those who sell it take.")
ENDED = gettext_noop("A deal with who sells it has just ended; there is none anew for a while.")
SENT_GARBAGE = "bad data"
GONE = "no connection"
NO_MONEY = "budget used up"
WITHDRAWN = "withdrawn"
COMPLETE = "complete"
NO_GAIN = "paying brings nothing"
LATE = "too late"
NO_ACCOUNT = "no account at its hub"
MADE_ROOM = "others sell it for less"
CHEATS = {Cause.WRONG_ROUND: "a wrong round", Cause.STARVES_UNPAID: "starves who does not pay"}
ENDS = {
    bids.WHOLE: COMPLETE,
    bids.USED_UP: NO_MONEY,
    bids.USED_UP_TODAY: NO_MONEY,
    auto_bids.NO_GAIN: NO_GAIN,
    auto_bids.LATE: LATE,
}  # why a bid stands no longer


class Bidding:
    """What a node wants, and the deals that it has for it."""

    def __init__(self, floor: Floor, purchases: Purchases, finder: Finder) -> None:
        self.wants: dict[str, Want] = {}  # by torrent
        self._floor = floor
        self._purchases = purchases
        self._finder = finder
        self.funds = Funds(floor, purchases, ready=self.bid, failed=self._not_opened, known=self._channel_known)
        self.auto = Autobidder(floor, purchases, finder, self.funds, can_begin=self._can_begin, why_none=self._why_none)
        self.payer = Payer(floor, purchases, refresh=self.funds.refresh)
        self._notes: dict[int, str] = {}  # as last written
        self._rests: dict[tuple[str, bytes], tuple[Pause, str]] = {}  # by torrent and seller, and why
        self._left_alone: Mapping[bytes, Cause] = {}  # sellers

    def take(self, standing: Standing, left_alone: Mapping[bytes, Cause], now: datetime) -> None:
        """These bids stand now, and these sellers were found to cheat; deals of others, and with those, end."""
        self._left_alone = left_alone
        self.wants = {want.torrent.key: want for want in standing.wants}
        self.auto.take(standing, now)
        for purchase in self._purchases.live:
            want = self.wants.get(purchase.bought.torrent_key)
            if want is None or want.bid_id != purchase.bought.bid_id:
                why = ENDS.get(standing.notes.get(purchase.bought.bid_id, ""), WITHDRAWN)
                self.end(purchase, why, now, rest=timedelta(0))
            elif purchase.source.hub_id not in want.accounts:
                self.end(purchase, NO_ACCOUNT, now, rest=timedelta(0))
            elif (cause := left_alone.get(purchase.source.peer_key)) is not None:
                self.end(purchase, CHEATS[cause], now)
        self._note({**standing.notes, **{want.bid_id: self._state_of(want, now) for want in standing.wants}})

    def tick(self, now: datetime) -> None:
        self._end_stale(now)
        self.auto.tick(now)
        for key, want in self.wants.items():
            self._pursue(key, want, now)

    def _state_of(self, want: Want, now: datetime) -> str:
        """Return why a bid comes to nothing, in a sentence; "" while a deal runs or begins."""
        if want.is_checking:
            return bids.CHECKED
        live = self._purchases.of_torrent(want.torrent.key)
        problems = [self.funds.problems[purchase] for purchase in live if purchase in self.funds.problems]
        if want.auto is not None and not problems and (why := self.auto.sentence_of(want)):
            return why
        if problems or live or self.funds.is_opening(want.torrent.key):
            return problems[0] if problems else self.funds.waits_for(want.torrent.key, now)
        unknown = self.funds.unanswered.about(want.torrent.key)
        return together((unknown, self._seller_problem(want, now))) or self._notes.get(want.bid_id, "")

    def _seller_problem(self, want: Want, now: datetime) -> str:
        heard = self._finder.quotes_for(want.torrent.key, now)
        if not heard:
            return NOBODY
        if all(one.quote.ask_ubtt_per_gib > want.max_price_ubtt_per_gib for one in heard):
            return TOO_DEAR
        if all(one.link.peer_key in self._left_alone for one in heard):
            return LEFT_ALONE
        if not any(_common_hubs(want, one.link) for one in heard):
            return NO_COMMON_HUB
        return SILENT_HUBS if all(self._hub_of(want, one.link) is None for one in heard) else ""

    def _why_none(self, want: Want, now: datetime) -> str:
        """Return in a sentence why no deal with those who sell a torrent can begin; "" if nobody is known to."""
        key = want.torrent.key
        found = [self.funds.unanswered.about(key)]
        if heard := self._finder.quotes_for(key, now):
            rests = {self._why_it_rests(key, one.link.peer_key, now) for one in heard}
            found += [self._seller_problem(want, now), *sorted(rests)]
        return together(found)

    def _note(self, notes: dict[int, str]) -> None:
        news = {bid_id: text for bid_id, text in notes.items() if self._notes.get(bid_id) != text}
        self._notes = notes
        if news:
            self._floor.write(partial(bids.note, news))

    def _pursue(self, key: str, want: Want, now: datetime) -> None:
        """Keep the bids for a torrent as they are wanted, their channels filled, and look for one more seller."""
        live = self._purchases.of_torrent(key)
        for purchase in live:
            self.bid(purchase, now)
            if purchase.link is None and purchase.source.endpoint:
                self._finder.call(key, purchase.source.endpoint, now)
            if purchase.link is not None and not want.is_checking:
                wish = self._wish_for(want, purchase.source.peer_key, len(live))
                if want.auto is None or not wish.is_paused:
                    self.funds.care_for(purchase, wish, left_bytes=want.left_bytes, now=now)
        if self.funds.is_opening(key):
            return
        found = self._next_one(want, len(live) + 1, now)
        if found is not None and len(live) >= MAX_DEALS_OF_TORRENT:
            self._make_room(want, live, now)
        elif found is not None:
            self._open_one(want, found, now)

    def _make_room(self, want: Want, live: list[Purchase], now: datetime) -> None:
        """End a deal in which nothing is bid any more, so that one can begin in which something is to be."""
        idle = [one for one in live if one.bid.is_paused and self._wish_for(want, one.source.peer_key, 1).is_paused]
        if want.auto is not None and idle:
            self.end(min(idle, key=lambda one: one.opened_at), MADE_ROOM, now)

    def _next_one(self, want: Want, deals: int, now: datetime) -> tuple[Heard, Wish] | None:
        """Return with whom a deal shall begin, and what is bid there."""
        for heard in self._finder.quotes_for(want.torrent.key, now):
            wish = self._wish_for(want, heard.link.peer_key, deals)
            if not wish.is_paused and self._is_good(want, heard, now):
                return heard, wish
        return None

    def _open_one(self, want: Want, found: tuple[Heard, Wish], now: datetime) -> None:
        key = want.torrent.key
        link, wish = found[0].link, found[1]
        hub_id = self._hub_of(want, link)
        assert hub_id is not None  # or it would not be a good one
        torrent = want.torrent
        bought = Bought(want.bid_id, want.user_id, torrent.torrent_id, key, torrent.name, torrent.size_bytes)
        endpoint = link.endpoint if link.is_ours else ""
        source = Source(link.peer_key, link.place, endpoint, hub_id, want.accounts[hub_id])
        filling = first_filling(wish, size_bytes=torrent.size_bytes, left_bytes=want.left_bytes)
        self.funds.open(bought, source, filling, now)

    def _wish_for(self, want: Want, seller: bytes, deals: int) -> Wish:
        """Return what is bid to one seller: of a bid by hand an equal share, of an automatic one what was decided."""
        return share_of(_wish(want), deals) if want.auto is None else self.auto.wish_for(want, seller)

    def _is_good(self, want: Want, heard: Heard, now: datetime) -> bool:
        return heard.quote.ask_ubtt_per_gib <= want.max_price_ubtt_per_gib and self._can_begin(want, heard, now)

    def _can_begin(self, want: Want, heard: Heard, now: datetime) -> bool:
        """Whether a deal could begin with a seller, at whatever price."""
        key, link = want.torrent.key, heard.link
        return (
            link in self._floor.links
            and link.peer_key not in self._left_alone
            and self._hub_of(want, link) is not None
            and not self._why_it_rests(key, link.peer_key, now)
            and self._purchases.at(key, link.place) is None
            and not any(one.source.peer_key == link.peer_key for one in self._purchases.of_torrent(key))
        )

    def _hub_of(self, want: Want, link: Link) -> bytes | None:
        """Return the hub of the user's whose money a seller takes, if there is one that answers."""
        unanswered = self.funds.unanswered
        common = _common_hubs(want, link)
        return hub_for(common, is_silent=unanswered.is_silent, owes_a_word=unanswered.has)

    def _not_opened(self, bought: Bought, source: Source, text: str, now: datetime) -> None:
        self._rests[bought.torrent_key, source.peer_key] = Pause(now, REST), text
        self._notes[bought.bid_id] = text
        self._floor.write(partial(bids.note, {bought.bid_id: text}))

    def _channel_known(self, purchase: Purchase, now: datetime) -> None:
        self.payer.refreshed(purchase, now)

    # --- what is said

    def bid(self, purchase: Purchase, now: datetime) -> None:
        """Say what is bid, if it is news to the seller: of a new deal, after a lost connection, with a new receipt."""
        want, link = self.wants.get(purchase.bought.torrent_key), purchase.link
        if link is None:
            link = self._join_any(purchase, now)
        if want is None or want.bid_id != purchase.bought.bid_id:
            return  # nothing is bid any more with this user's money
        if link is None or not purchase.receipt or not purchase.is_live:
            return
        deals = len(self._purchases.of_torrent(purchase.bought.torrent_key))
        wish = affordable(
            self._wish_for(want, purchase.source.peer_key, deals),
            amount_ubtt=purchase.receipt_amount_ubtt,
            size_bytes=purchase.bought.size_bytes,
        )
        is_again = purchase.bid_again_at is not None and now >= purchase.bid_again_at
        if purchase.is_bid_sent and not is_again and not is_news(purchase.bid, wish):
            return
        if not is_news(purchase.bid, wish):
            wish = purchase.bid
        if wish.is_paused and purchase.bid.is_paused:
            return  # it never had anything to say
        link.send(
            Bid(
                deal=purchase.deal,
                torrent=self._finder.name_of(link, want.torrent),
                max_price_ubtt_per_gib=wish.max_price_ubtt_per_gib,
                spend_ubtt_per_s=wish.spend_ubtt_per_s,
                useful_bytes_per_s=wish.useful_bytes_per_s,
                receipt=purchase.receipt,
            )
        )
        is_first = not purchase.is_bid_sent
        purchase.bid_again_at = None
        purchase.take_bid(wish, now)
        if is_first:
            self.payer.say_again(purchase)

    def _join_any(self, purchase: Purchase, now: datetime) -> Link | None:
        for link in self._floor.links:
            if link.peer_key == purchase.source.peer_key:
                self.join(purchase, link, now)
                return link
        return None

    def join(self, purchase: Purchase, link: Link, now: datetime) -> None:
        endpoint = link.endpoint if link.is_ours else purchase.source.endpoint
        old = purchase.source
        purchase.source = Source(old.peer_key, link.place, endpoint, old.hub_id, old.account)
        purchase.join(link, now)

    def end(self, purchase: Purchase, reason: str, now: datetime, *, rest: timedelta = REST) -> None:
        """End a deal: its seller is told, and gets its last voucher as soon as that is written."""
        if purchase.is_live:
            if purchase.link is not None and (purchase.is_bid_sent or not purchase.bid.is_paused):
                purchase.link.send(Withdraw(purchase.deal))
            self.over(purchase, reason, now, rest=rest)

    def over(self, purchase: Purchase, reason: str, now: datetime, *, rest: timedelta = REST) -> None:
        """A deal is over for its seller, too; there is no other with it about this torrent for a while."""
        purchase.end(reason, now)
        self._rests[purchase.bought.torrent_key, purchase.source.peer_key] = Pause(now, rest), ENDED
        self.funds.refresh(purchase)

    def _why_it_rests(self, key: str, seller: bytes, now: datetime) -> str:
        """Return why no deal with a seller begins for a while; "" if one may."""
        pause, why = self._rests.get((key, seller), (None, ""))
        return why if pause is not None and pause.runs(now) else ""

    def _end_stale(self, now: datetime) -> None:
        for purchase in self._purchases.live:
            if purchase.link is None and (now - purchase.linked_at).total_seconds() >= SILENCE_S:
                self.over(purchase, GONE, now)
            elif purchase in self.funds.problems and not purchase.has_money:
                self.end(purchase, NO_MONEY, now)

    def spoilt(self, purchase: Purchase, now: datetime) -> None:
        """Its seller has sent a second piece that was not what it should be."""
        if purchase.is_live:
            self.end(purchase, SENT_GARBAGE, now, rest=GARBAGE_REST)


def _wish(want: Want) -> Wish:
    """Return the bid as a whole; a pause, and no end, while files are read: a crashed node checks what it has."""
    if want.is_checking:
        return Wish(want.max_price_ubtt_per_gib, 0, 0)
    return Wish(want.max_price_ubtt_per_gib, want.spend_ubtt_per_s, want.useful_bytes_per_s)


def _common_hubs(want: Want, link: Link) -> list[bytes]:
    return [hub_id for hub_id in want.accounts if hub_id in link.hubs]
