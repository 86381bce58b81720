"""What sellers say of rounds: which of it is believed, what follows from it, and what is kept for an audit."""

from dataclasses import astuple
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from seedbox.domain.lanes import Bounce
from speed.agent.bidding import Bidding
from speed.agent.purchase import Purchase
from speed.agent.purchases import Purchases
from speed.agent.sale import ms
from speed.agent.side import Floor
from speed.domain.buying import believed_speed
from speed.domain.claims import Count
from speed.domain.deals import DealState
from speed.domain.messages import Grant, Meters, Refuse
from speed.domain.meters import granted
from speed.domain.refusals import ENDING, Reason
from speed.services import buying
from speed.wire.port import Link

BID_AGAIN = timedelta(seconds=10)  # to a seller that was too busy to look at it
RESTS = {
    Reason.NOT_SELLING: timedelta(minutes=10),
    Reason.BAD_RECEIPT: timedelta(hours=1),
    Reason.SHARED_ADDRESS: timedelta(hours=1),
    Reason.METERS_DISAGREE: timedelta(hours=1),
}  # before a new deal about a torrent with who has ended one so
MAX_UNSEEN = 10_000  # rounds that wait to be written
OVERCHARGED = "asks above the bid"
INFLATED = "meter_inflated"  # it claims to have sent far more than came


class Replies:
    def __init__(self, floor: Floor, purchases: Purchases, bidding: Bidding) -> None:
        self._floor = floor
        self._purchases = purchases
        self._bidding = bidding
        self._unseen: list[dict[str, Any]] = []

    def grant(self, link: Link, grant: Grant, bids_hash: bytes, now: datetime) -> None:
        purchase = self._purchases.get(grant.deal, link)
        if purchase is None or not purchase.is_live or purchase.state is DealState.PAUSED:
            return
        if grant.round < purchase.tally.newest_round or not purchase.is_timely(grant.round, now):
            return
        price_ubtt_per_gib = purchase.tally.price_of(grant.round) or grant.price_ubtt_per_gib
        speed = believed_speed(
            grant.speed_bytes_per_s, price_ubtt_per_gib=price_ubtt_per_gib, wishes=purchase.wishes_at(now)
        )
        if speed is None:
            self._bidding.end(purchase, OVERCHARGED, now)
            return
        span = granted(
            purchase.span,
            round_number=grant.round,
            speed_bytes_per_s=speed,
            price_ubtt_per_gib=price_ubtt_per_gib,
            now_ms=ms(now),
        )
        purchase.grant(span)
        self._saw(purchase, grant, now, granted_bytes_per_s=grant.speed_bytes_per_s, bids_hash=bids_hash)
        if purchase.judge_claims(span, ms(now)):
            self._bidding.end(purchase, INFLATED, now, rest=RESTS[Reason.METERS_DISAGREE])
            return
        self._bounce(purchase, link)

    def _bounce(self, purchase: Purchase, link: Link) -> None:
        """Make our connections with the seller anew, once: those that it had before its lane are not in it."""
        if not purchase.is_bounced:
            at_place = [one for one in self._purchases.live if one.source.place == purchase.source.place]
            if not any(one.is_bounced for one in at_place):
                self._floor.ask(Bounce(purchase.source.place, ports=link.data_ports))
            purchase.is_bounced = True

    def refused(self, link: Link, refuse: Refuse, now: datetime) -> None:
        purchase = self._purchases.get(refuse.deal, link)
        if (
            purchase is None
            or not purchase.is_live
            or (purchase.state is DealState.PAUSED and refuse.reason not in ENDING)
            or not purchase.is_timely(refuse.round, now)
        ):
            return
        had_lane = purchase.state is DealState.IN_LANE
        self._saw(purchase, refuse, now, granted_bytes_per_s=0, bids_hash=refuse.bids_hash or b"")
        purchase.refuse(refuse.reason, now)
        if refuse.reason in ENDING:
            self._bidding.over(purchase, str(refuse.reason), now, rest=RESTS[refuse.reason])
        elif refuse.reason is Reason.UNPAID:
            purchase.is_waited_for = True
            unpaid_bytes = self._purchases.unpaid_bytes(purchase.source.peer_key)
            if had_lane and not purchase.is_signing and unpaid_bytes * 2 < self._purchases.window_bytes(purchase):
                self._purchases.was_too_large(purchase)
        elif refuse.reason is Reason.CHANNEL_LOW:
            purchase.is_low = True
        elif refuse.reason is Reason.BUSY and not purchase.tally.rounds:
            purchase.bid_again_at = purchase.bid_again_at or now + BID_AGAIN

    def meter(self, link: Link, message: Meters, now: datetime) -> None:
        for meter in message.meters:
            if purchase := self._purchases.get(meter.deal, link):
                purchase.take_claim(Count(meter.sent_bytes, meter.owed_ubtt), ms(now))

    def _saw(
        self, purchase: Purchase, said: Grant | Refuse, now: datetime, *, granted_bytes_per_s: int, bids_hash: bytes
    ) -> None:
        """Keep what the seller said of a round."""
        wish, reason = purchase.bid, said.reason if isinstance(said, Refuse) else None
        self._bidding.auto.hear_round(
            purchase,
            price_ubtt_per_gib=said.price_ubtt_per_gib,
            speed_bytes_per_s=granted_bytes_per_s,
            reason=reason,
            now=now,
        )
        is_known = said.round >= (purchase.first_round or 0)  # who counts down could fill the table, too
        if is_known and len(self._unseen) < MAX_UNSEEN:
            self._unseen.append(
                {
                    "deal_id": purchase.deal.hex(),
                    "number": said.round,
                    "at": now,
                    "price_ubtt_per_gib": said.price_ubtt_per_gib,
                    "granted_bytes_per_s": granted_bytes_per_s,
                    "reason": str(reason or ""),
                    "salt": (said.salt or b"").hex(),
                    "bids_hash": bids_hash.hex(),
                    "max_price_ubtt_per_gib": wish.max_price_ubtt_per_gib,
                    "spend_ubtt_per_s": wish.spend_ubtt_per_s,
                    "useful_bytes_per_s": wish.useful_bytes_per_s,
                    "earlier_bids": [list(astuple(bid)) for bid, _ in purchase.earlier_bids if bid != wish],
                }
            )

    def keep(self, now: datetime) -> None:
        """Write down what was said since the last time."""
        if self._unseen:
            rows, self._unseen = self._unseen, []
            self._floor.write(partial(buying.see, rows, now=now))
