"""What hubs are asked for a user's money: one reservation each, until the hub has answered."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from seedbox.domain.kept import kept
from speed.agent.due import Pause
from speed.agent.purchase import Bought, Purchase, Source
from speed.domain.buying import CHANNEL_LIFE_S, CLOCKS_S, RETURNED_AFTER_S, Filling, asks_until_s
from speed.models import Reservation
from speed.services.budgets import Need
from speed.wire.hub_port import Hub
from wallet.domain.hub import HubChannel
from wallet.domain.language import gettext_noop

NO_ANSWER = gettext_noop(
    "The hub %(hub)s gives no answer: what was reserved there counts as spent until %(until)s UTC, "
    "when a channel that it may have opened has ended."
)
IS_ASKED = gettext_noop("The hub %(hub)s has given no answer so far, and is asked again until it does.")
NOT_SIGNED = gettext_noop("The hub %(hub)s has opened a channel, but not signed for it so far.")
NOT_HEARD_OF = gettext_noop(
    "Whether the hub %(hub)s has opened a channel that was wanted before is not known: what was reserved for it "
    "counts as spent until %(until)s UTC, when it has ended in any case."
)


@dataclass(eq=False)
class Errand:
    """One reservation that the hub has not answered."""

    reservation: Reservation
    bought: Bought
    source: Source
    purchase: Purchase | None = None  # to be topped up
    pause: Pause | None = None  # then it is asked again; None: an answer is awaited
    was_asked: bool = False  # since the node was started
    is_unanswered: bool = False  # when it was asked last

    @property
    def asks_until_s(self) -> int:
        row = self.reservation
        return asks_until_s(made_at_s=int(row.made_at.timestamp()), expires_s=row.expires_s)

    @property
    def last_expiry_s(self) -> int:
        """Return when a channel ends that the hub may have opened when it was last asked."""
        return self.asks_until_s + self.reservation.expires_s

    def unknown_text(self, *, is_away: bool) -> str:
        """Return in a sentence what it means that nothing was heard of it; the hub may answer other questions."""
        until = datetime.fromtimestamp(self.last_expiry_s + RETURNED_AFTER_S + CLOCKS_S, UTC)
        text = NO_ANSWER if is_away else NOT_HEARD_OF
        return kept(text, {"hub": self.reservation.hub_id[:10], "until": f"{until:%Y-%m-%d %H:%M}"})


def need_of(bought: Bought, source: Source, deal_id: str, channel_id: str, filling: Filling) -> Need:
    return Need(
        key=secrets.token_hex(16),
        bid_id=bought.bid_id,
        deal_id=deal_id,
        channel_id=channel_id,
        hub_id=source.hub_id.hex(),
        account=source.account,
        payee_key=source.peer_key.hex(),
        place=source.place,
        endpoint=source.endpoint,
        torrent_name=bought.name,
        size_bytes=bought.size_bytes,
        wanted_ubtt=filling.wanted_ubtt,
        least_ubtt=filling.least_ubtt,
        expires_s=CHANNEL_LIFE_S,
    )


def open_channel(row: Reservation, hub: Hub) -> HubChannel:
    return hub.open_channel(
        key=row.key,
        account=row.account,
        payee_key=row.payee_key,
        amount_ubtt=row.amount_ubtt,
        expires_s=row.expires_s,
    )


def top_up(row: Reservation, hub: Hub) -> HubChannel:
    return hub.top_up(row.channel_id, key=row.key, amount_ubtt=row.amount_ubtt, expires_s=row.expires_s)


def channel_of(channel_id: str, wait_s: int, hub: Hub) -> HubChannel:
    return hub.channel(channel_id, wait_s=wait_s)
