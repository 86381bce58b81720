"""The buyer's meter of what sellers send it while it pays nothing: who starves it then is left alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from seedbox.domain.kept import kept
from seedbox.domain.lanes import PeersSeen, SwarmPeer
from speed.agent.purchase import Purchase
from speed.agent.purchases import Purchases
from speed.agent.sale import ms
from speed.agent.side import Floor
from speed.domain.deals import DealState
from speed.domain.free_service import JUDGED_MS, LEAST_BYTES_PER_S, FreeService
from speed.domain.refusals import Reason
from speed.models import Cause
from speed.services import avoided
from wallet.domain.language import gettext_noop

LOOKS_APART = timedelta(seconds=15)  # at most: what was between is not known
STARVES = gettext_noop(
    "In %(seconds)s s without a lane it sent %(speed)s bytes per second in the slots that it gave; %(least)s are due."
)


@dataclass(frozen=True)
class _Look:
    """A seller's connections of one torrent, as they were seen."""

    at: datetime
    received: dict[tuple[str, bytes], int]  # bytes, by endpoint and peer id
    has_slot: bool  # and we wanted something
    is_lane: bool
    is_unpaid: bool


class FreeMeter:
    def __init__(self, floor: Floor, purchases: Purchases) -> None:
        self._floor = floor
        self._purchases = purchases
        self._looks: dict[bytes, _Look] = {}  # by deal
        self._services: dict[bytes, FreeService] = {}  # by seller
        self._most_bytes_per_s: dict[bytes, int] = {}  # that all peers together sent during a deal's lanes

    def peers_seen(self, report: PeersSeen, now: datetime) -> None:
        total_bytes_per_s = sum(peer.down_bytes_per_s for peer in report.peers)
        for purchase in self._purchases.of_torrent(report.key):
            there = [peer for peer in report.peers if peer.place == purchase.source.place]
            before, look = self._looks.get(purchase.deal), _look(purchase, there, now)
            self._looks[purchase.deal] = look
            if before is not None:
                self._compare(purchase, before, look, total_bytes_per_s)
        self._forget()

    def _compare(self, purchase: Purchase, before: _Look, look: _Look, total_bytes_per_s: int) -> None:
        if not self._is_alone(purchase, look):
            return
        duration = look.at - before.at
        if not timedelta(0) < duration <= LOOKS_APART or look.received.keys() != before.received.keys():
            return
        grown = [size - before.received[connection] for connection, size in look.received.items()]
        if not grown or min(grown) < 0:
            return
        key, deal = purchase.source.peer_key, purchase.deal
        service = self._services.get(key, FreeService())
        duration_ms = duration // timedelta(milliseconds=1)
        if before.is_lane and look.is_lane:
            self._most_bytes_per_s[deal] = max(self._most_bytes_per_s.get(deal, 0), total_bytes_per_s)
            service = service.in_lane(speed_bytes_per_s=sum(grown) * 1_000 // max(duration_ms, 1))
        elif total_bytes_per_s * 2 > self._most_bytes_per_s.get(deal, 0):
            return  # others may fill what we can take
        elif before.is_unpaid and look.is_unpaid and before.has_slot and look.has_slot:
            service = service.unpaid(duration_ms=duration_ms, size_bytes=sum(grown))
        self._services[key] = self._judged(purchase, service, look.at)

    def _is_alone(self, purchase: Purchase, look: _Look) -> bool:
        """Whether nobody else is seen at the seller's place, whose limit is one for all and whose slots are its own."""
        others = [one for one in self._purchases.live if one.source.place == purchase.source.place]
        return len(look.received) == 1 and others == [purchase]

    def _judged(self, purchase: Purchase, service: FreeService, now: datetime) -> FreeService:
        if not service.is_known:
            return service
        if service.starves:
            speeds = {"speed": f"{service.speed_bytes_per_s:,}", "least": f"{LEAST_BYTES_PER_S:,}"}
            text = kept(STARVES, {"seconds": JUDGED_MS // 1_000, **speeds})
            seller = purchase.source.peer_key.hex()
            self._floor.write(partial(avoided.avoid, seller, cause=Cause.STARVES_UNPAID, text=text, now=now))
        return FreeService(is_lane=service.is_lane, has_shown=service.has_shown)

    def _forget(self) -> None:
        """Let go of deals and sellers that are no more."""
        live = self._purchases.live
        deals, sellers = {one.deal for one in live}, {one.source.peer_key for one in live}
        self._looks = {deal: look for deal, look in self._looks.items() if deal in deals}
        self._most_bytes_per_s = {deal: most for deal, most in self._most_bytes_per_s.items() if deal in deals}
        self._services = {key: service for key, service in self._services.items() if key in sellers}


def _look(purchase: Purchase, there: list[SwarmPeer], now: datetime) -> _Look:
    is_lane = purchase.span is not None and purchase.span.runs(ms(now))
    is_refused = purchase.state is DealState.WAITING and purchase.refusal not in (None, Reason.UNPAID)
    return _Look(
        at=now,
        received={(peer.endpoint, peer.peer_id): peer.received_bytes for peer in there},
        has_slot=any(peer.serves_us and peer.is_wanted for peer in there),
        is_lane=is_lane,
        is_unpaid=purchase.link is not None and not is_lane and (is_refused or purchase.state is DealState.PAUSED),
    )
