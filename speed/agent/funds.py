"""Money on its way into channels: reserved and committed first, then asked of the hub, and asked again until it says.

A reservation that a hub may have carried out is never forgotten: the node takes it up again after a restart. It ends
without the hub's word only when a channel that may have been opened for it must have ended, too.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from seedbox.domain.kept import kept
from speed.agent.due import Pause
from speed.agent.errands import IS_ASKED, NOT_SIGNED, Errand, channel_of, need_of, open_channel, top_up
from speed.agent.purchase import Bought, Purchase, Source, columns_of, row_of
from speed.agent.purchases import Purchases
from speed.agent.side import Floor
from speed.agent.unanswered import Unanswered
from speed.domain import buying as rules
from speed.domain.buying import Filling, has_ended
from speed.domain.deals import HUB_GONE, Wish
from speed.models import Reservation
from speed.services import budgets, buying
from speed.wire.hub_port import Answer, HubAway, HubRefused
from wallet.domain.hub import ChannelState, HubChannel
from wallet.domain.language import gettext_noop
from wallet.domain.speed1.receipt import BadReceipt, read_receipt

ASK_AGAIN = timedelta(seconds=10)  # a hub that gave no answer
RECEIPT_WAIT_S = 2  # that a hub's thread may wait for a signature
LOOK_SOON = timedelta(seconds=1)
LOOK_LATER = timedelta(seconds=30)  # at a channel whose deal is over
LOOK_SELDOM = timedelta(seconds=300)
NO_BUDGET_REST = timedelta(seconds=60)  # before a budget that had no room is asked again
MOST_FILLINGS = 2  # that may lie unused in a channel whose seller asks for more: it could ask for ever
NOT_WRITTEN = gettext_noop("The reservation could not be written.")
TOO_LATE = "The deal was over before its hub was asked."
OVER = (ChannelState.CLOSED, ChannelState.EXPIRED)


class Funds:
    """`ready` is told when a deal has a receipt that its seller has not seen, `failed` why no channel was opened.

    `known` is told when a hub has said what a channel holds.
    """

    def __init__(
        self,
        floor: Floor,
        purchases: Purchases,
        *,
        ready: Callable[[Purchase, datetime], None],
        failed: Callable[[Bought, Source, str, datetime], None],
        known: Callable[[Purchase, datetime], None],
    ) -> None:
        self.problems: dict[Purchase, str] = {}  # why a deal gets no more money, by deal
        self.unanswered = Unanswered(floor)  # what was wanted of a hub for a new channel for long enough
        self._floor = floor
        self._purchases = purchases
        self._ready = ready
        self._failed = failed
        self._known = known
        self._opening: dict[str, Source] = {}  # by torrent: one channel at a time, so that budgets are seen whole
        self._topping: set[Purchase] = set()
        self._errands: set[Errand] = set()
        self._looked_at: dict[Purchase, Pause] = {}  # until a channel is looked at next
        self._looking: set[Purchase] = set()
        self._rests: dict[Purchase, Pause] = {}

    def tick(self, now: datetime) -> None:
        for errand in list(self._errands):
            if errand.pause is not None and not errand.pause.runs(now):
                self._ask_again(errand, now)
        self.unanswered.tick(now)
        for purchase in self._purchases:
            pause = self._looked_at.get(purchase)
            if purchase not in self._looking and (pause is None or not pause.runs(now)):
                self._look(purchase)

    def take_up(self, reservations: tuple[Reservation, ...], now: datetime) -> None:
        """Ask again what may have been asked before the node stopped."""
        for row in reservations:
            bought = Bought(
                row.bid_id, row.user_id, row.bid.torrent_id, row.bid.torrent_key, row.torrent_name, row.size_bytes
            )
            peer_key, hub_id = bytes.fromhex(row.payee_key), bytes.fromhex(row.hub_id)
            source = Source(peer_key, row.place, row.endpoint, hub_id, row.account)
            purchase = next((one for one in self._purchases if one.deal.hex() == row.deal_id), None)
            if purchase is None:
                self._opening[bought.torrent_key] = source
            else:
                self._topping.add(purchase)
            errand = Errand(row, bought, source, purchase)
            self._errands.add(errand)
            self._ask_again(errand, now)

    # --- a new channel

    def is_opening(self, torrent_key: str) -> bool:
        return torrent_key in self._opening

    def on_its_way(self, bid_id: int) -> Mapping[bytes, int]:
        """Return what a bid's budgets have given for channels that are not known to hold it yet, by seller."""
        found: dict[bytes, int] = {}
        for errand in self._errands:
            if errand.bought.bid_id == bid_id:
                before_ubtt = found.get(errand.source.peer_key, 0)
                found[errand.source.peer_key] = before_ubtt + errand.reservation.amount_ubtt
        return found

    def waits_for(self, torrent_key: str, now: datetime) -> str:
        """Return in a sentence which hub has to say something before more is paid for a torrent; "" if none has."""
        for errand in self._errands:
            if errand.is_unanswered and errand.bought.torrent_key == torrent_key:
                return kept(IS_ASKED, {"hub": errand.reservation.hub_id[:10]})
        for purchase in self._purchases.of_torrent(torrent_key):
            if not purchase.receipt and now - purchase.opened_at >= ASK_AGAIN:
                return kept(NOT_SIGNED, {"hub": purchase.source.hub_id.hex()[:10]})
        return ""

    def open(self, bought: Bought, source: Source, filling: Filling, now: datetime) -> None:
        """Have a channel to a seller opened for a new deal."""
        self._opening[bought.torrent_key] = source
        need = need_of(bought, source, secrets.token_hex(16), "", filling)
        self._floor.write(
            partial(budgets.reserve, need, now=now),
            partial(self._reserved, bought, source),
            partial(self._not_reserved, bought, source),
        )

    def _reserved(self, bought: Bought, source: Source, answer: Reservation | str, now: datetime) -> None:
        if isinstance(answer, str):
            self._open_failed(bought, source, answer, now)
            return
        errand = Errand(answer, bought, source)
        self._errands.add(errand)
        self._ask(errand)

    def _not_reserved(self, bought: Bought, source: Source, now: datetime) -> None:
        self._open_failed(bought, source, NOT_WRITTEN, now)

    def _open_failed(self, bought: Bought, source: Source, text: str, now: datetime) -> None:
        self._opening.pop(bought.torrent_key, None)
        self._failed(bought, source, text, now)

    # --- more money, or more time

    def care_for(self, purchase: Purchase, wish: Wish, *, left_bytes: int, now: datetime) -> None:
        """Top a deal's channel up when half of it is used, its seller asks for it, or its time runs short."""
        pause = self._rests.get(purchase)
        rests = pause is not None and pause.runs(now)
        if purchase in self._topping or rests or not purchase.receipt or left_bytes <= 0:
            return
        filling = rules.top_up(
            wish,
            size_bytes=purchase.bought.size_bytes,
            left_bytes=left_bytes,
            amount_ubtt=purchase.amount_ubtt,
            owed_ubtt=purchase.owed_ubtt,
        )
        if filling is None and purchase.is_low:
            wanted = rules.first_filling(wish, size_bytes=purchase.bought.size_bytes, left_bytes=left_bytes)
            if purchase.amount_ubtt - purchase.owed_ubtt < MOST_FILLINGS * wanted.wanted_ubtt:
                filling = Filling(wanted.wanted_ubtt, 1)
        must_renew = rules.must_renew(expires_at_s=purchase.expires_at_s, now_s=self._hub_now(purchase, now))
        if filling is None and not must_renew:
            return
        if must_renew:
            filling = Filling(filling.wanted_ubtt if filling else 0, 0)
        assert filling is not None
        self._topping.add(purchase)
        need = need_of(purchase.bought, purchase.source, purchase.deal.hex(), purchase.channel.hex(), filling)
        self._floor.write(
            partial(budgets.reserve, need, now=now),
            partial(self._top_up_reserved, purchase),
            partial(self._top_up_not_reserved, purchase),
        )

    def _top_up_reserved(self, purchase: Purchase, answer: Reservation | str, now: datetime) -> None:
        if isinstance(answer, str):
            self._top_up_failed(purchase, answer, now)
            return
        if purchase not in self._purchases:  # its channel has ended meanwhile
            self._floor.write(partial(budgets.refused, answer.key, text=TOO_LATE))
            return
        errand = Errand(answer, purchase.bought, purchase.source, purchase)
        self._errands.add(errand)
        self._ask(errand)

    def _top_up_not_reserved(self, purchase: Purchase, now: datetime) -> None:
        self._top_up_failed(purchase, NOT_WRITTEN, now)

    def _top_up_failed(self, purchase: Purchase, text: str, now: datetime) -> None:
        self._topping.discard(purchase)
        if purchase not in self._purchases:
            return
        self._rests[purchase] = Pause(now, NO_BUDGET_REST)
        self.problems[purchase] = text

    # --- what hubs say

    def _ask(self, errand: Errand) -> None:
        errand.pause, errand.was_asked = None, True
        row = errand.reservation
        work = partial(top_up, row) if row.channel_id else partial(open_channel, row)
        self._floor.ask_hub(errand.source.hub_id, work, partial(self._answered, errand))

    def _ask_again(self, errand: Errand, now: datetime) -> None:
        """Ask once more, unless it is for a new channel and was asked for long enough; then others may be asked."""
        row = errand.reservation
        if row.channel_id or int(now.timestamp()) < errand.asks_until_s:
            self._ask(errand)
            return
        self._errands.discard(errand)
        self.unanswered.add(errand)
        self._open_failed(errand.bought, errand.source, self.unanswered.text_of(errand), now)

    def _answered(self, errand: Errand, answer: Answer[HubChannel], now: datetime) -> None:
        errand.is_unanswered = isinstance(answer, HubAway)
        if isinstance(answer, HubAway):
            errand.pause = Pause(now, max(ASK_AGAIN, timedelta(seconds=answer.wait_s)))
            return
        if isinstance(answer, HubRefused):
            self._errands.discard(errand)
            self._refused(errand, answer, now)
        elif errand.purchase is not None:
            self._topped_up(errand, errand.purchase, answer, now)
        else:
            self._begin(errand, answer, now)

    def _refused(self, errand: Errand, refusal: HubRefused, now: datetime) -> None:
        self._floor.write(partial(budgets.refused, errand.reservation.key, text=refusal.text))
        if errand.purchase is not None:
            self._top_up_failed(errand.purchase, refusal.text, now)
            self.refresh(errand.purchase)  # it may have ended
        else:
            self._open_failed(errand.bought, errand.source, refusal.text, now)

    def _begin(self, errand: Errand, channel: HubChannel, now: datetime) -> None:
        purchase = Purchase(
            deal=bytes.fromhex(errand.reservation.deal_id),
            bought=errand.bought,
            source=errand.source,
            channel=bytes.fromhex(channel.id),
            amount_ubtt=channel.amount_ubtt,
            expires_at_s=channel.expires_at_s,
            opened_at=now,
            linked_at=now,
        )
        row = row_of(purchase, self._floor.node_name)
        self._floor.write(
            partial(buying.begin, errand.reservation.key, row),
            partial(self._begun, errand, purchase, channel),
            partial(self._not_begun, errand),
        )

    def _begun(self, errand: Errand, purchase: Purchase, channel: HubChannel, _done: None, now: datetime) -> None:
        self._errands.discard(errand)
        self._opening.pop(errand.bought.torrent_key, None)
        self._purchases.add(purchase)
        self._seen(purchase, channel, now)

    def _not_begun(self, errand: Errand, now: datetime) -> None:
        """The hub has opened it, so it is neither refused nor over: try again, as after a restart."""
        errand.pause = Pause(now, ASK_AGAIN)

    def _topped_up(self, errand: Errand, purchase: Purchase, channel: HubChannel, now: datetime) -> None:
        self._floor.write(
            partial(
                buying.topped_up,
                errand.reservation.key,
                deal_id=purchase.deal.hex(),
                amount_ubtt=channel.amount_ubtt,
                expires_at=datetime.fromtimestamp(channel.expires_at_s, UTC),
            ),
            partial(self._top_up_written, errand, purchase, channel),
            partial(self._not_begun, errand),
        )

    def _top_up_written(
        self, errand: Errand, purchase: Purchase, channel: HubChannel, _done: None, now: datetime
    ) -> None:
        self._errands.discard(errand)
        self._topping.discard(purchase)
        self.problems.pop(purchase, None)
        if purchase in self._purchases:  # or the deal was over before the hub has answered: nothing is signed in it
            self._seen(purchase, channel, now)

    # --- how channels are

    def refresh(self, purchase: Purchase) -> None:
        """Look at a channel soon."""
        self._looked_at.pop(purchase, None)

    def _look(self, purchase: Purchase) -> None:
        self._looking.add(purchase)
        wait_s = RECEIPT_WAIT_S if _awaits_receipt(purchase) else 0
        work = partial(channel_of, purchase.channel.hex(), wait_s)
        self._floor.ask_hub(purchase.source.hub_id, work, partial(self._looked, purchase))

    def _looked(self, purchase: Purchase, answer: Answer[HubChannel], now: datetime) -> None:
        self._looking.discard(purchase)
        if purchase not in self._purchases:
            return
        if isinstance(answer, HubRefused | HubAway):
            self._looked_at[purchase] = Pause(now, ASK_AGAIN)
            answers = isinstance(answer, HubRefused)  # it says nothing of a channel of a key that we had
            if has_ended(expires_at_s=purchase.expires_at_s, now_s=self._hub_now(purchase, now), hub_answers=answers):
                purchase.end_reason = purchase.end_reason if answers else HUB_GONE
                self._close(purchase, ChannelState.EXPIRED if answers else HUB_GONE, now)
        else:
            self._seen(purchase, answer, now)

    def _seen(self, purchase: Purchase, channel: HubChannel, now: datetime) -> None:
        purchase.amount_ubtt = max(purchase.amount_ubtt, channel.amount_ubtt)
        purchase.expires_at_s = max(purchase.expires_at_s, channel.expires_at_s)
        purchase.redeemed_ubtt = channel.redeemed_ubtt
        if channel.state in OVER:
            self._close(purchase, f"the channel is {channel.state}", now)
            return
        self._take_receipt(purchase, channel.receipt, now)
        self._looked_at[purchase] = Pause(now, self._pause(purchase, now))
        self._known(purchase, now)

    def _take_receipt(self, purchase: Purchase, signed: bytes, now: datetime) -> None:
        hub = self._floor.hubs.get(purchase.source.hub_id)
        if not signed or signed == purchase.receipt or hub is None:
            return
        try:
            receipt = read_receipt(signed, hub_key=hub.info.key)
        except BadReceipt:
            return
        if receipt.channel == purchase.channel and receipt.amount_ubtt >= purchase.receipt_amount_ubtt:
            purchase.take_receipt(signed, amount_ubtt=receipt.amount_ubtt, expires_at_s=receipt.expires_at_s)
            self._ready(purchase, now)

    def _pause(self, purchase: Purchase, now: datetime) -> timedelta:
        if purchase.is_live and _awaits_receipt(purchase):
            return LOOK_SOON
        if purchase.expires_at_s <= self._hub_now(purchase, now):
            return ASK_AGAIN
        since = now - purchase.ended_at if purchase.ended_at is not None else LOOK_SELDOM
        if since < LOOK_LATER:  # its seller closes it soon, and its user shall have the rest back then
            return ASK_AGAIN
        return LOOK_LATER if since < LOOK_SELDOM else LOOK_SELDOM

    def _close(self, purchase: Purchase, reason: str, now: datetime) -> None:
        """Let the budgets have back what was not signed; nothing is signed in this deal any more."""
        purchase.end(reason, now)
        self._purchases.drop(purchase)
        self._errands = {errand for errand in self._errands if errand.purchase is not purchase}
        self._topping.discard(purchase)
        self._looked_at.pop(purchase, None)
        self.problems.pop(purchase, None)
        self._rests.pop(purchase, None)
        self._floor.write(partial(buying.store, [columns_of(purchase)], now=now))
        self._floor.write(partial(buying.close, purchase.deal.hex(), now=now))

    def _hub_now(self, purchase: Purchase, now: datetime) -> int:
        hub = self._floor.hubs.get(purchase.source.hub_id)
        return hub.hub.now() if hub else int(now.timestamp())


def _awaits_receipt(purchase: Purchase) -> bool:
    """Whether the channel holds more, or longer, than its receipt says."""
    return purchase.receipt_amount_ubtt < purchase.amount_ubtt or purchase.receipt_expires_at_s < purchase.expires_at_s
