"""The till: vouchers are redeemed in batches, channels are closed, and what came in is booked."""

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from speed.agent.sale import Sale
from speed.agent.shop import Shop
from speed.agent.side import Then
from speed.agent.vouchers import stored
from speed.domain import deals
from speed.domain.credit import is_redeem_due
from speed.domain.deals import DealState
from speed.services import selling, settlement
from speed.services.settlement import Paid
from speed.wire.hub_port import Answer, Hub, HubAway, HubRefused
from wallet.domain.channels import MAX_VOUCHERS
from wallet.domain.hub import ChannelState, HubChannel, Redeemed, Redemption, Refusal, SignedVoucher

TRY_AGAIN = timedelta(seconds=10)  # a hub that gave no answer
PAUSE = timedelta(seconds=60)  # between two redemptions of one deal
MAX_ASKED = 32  # questions that a hub is asked at once
EXPOSED_PAUSE = timedelta(seconds=5)  # when its hub owes us too much
BUYER_AWAY = "its buyer was away"
ENDED = frozenset({Refusal.CLOSED, Refusal.EXPIRED, Refusal.UNKNOWN_CHANNEL, Refusal.NOT_FOUND})

logger = logging.getLogger(__name__)


class Till:
    """`gone` is told of deals whose channel the hub has ended."""

    def __init__(self, shop: Shop, *, gone: Callable[[Sale, datetime], None]) -> None:
        self.redeemed_ubtt = 0
        self._shop = shop
        self._gone = gone
        self._swept = 0  # the number of the last deal that was looked at for what waits in it
        self._busy: dict[Sale, bytes] = {}  # asked about, without an answer so far, and which hub
        self._asked: Counter[bytes] = Counter()  # how many of them, by hub
        self._well: set[bytes] = set()  # hubs that gave an answer when they were last asked
        self._rest_until: dict[bytes, datetime] = {}  # hubs that gave none
        self._brought: dict[Sale, tuple[int, datetime]] = {}  # the total that was last redeemed, or refused, and when

    def tick(self, now: datetime) -> None:
        """Ask hubs about what is due."""
        for sale in self._shop.book:
            if sale in self._busy or self._rests(sale, now) or not self._may_ask(self._shop.hub_id_of(sale)):
                continue
            if not sale.is_checked:
                self._check(sale)
            elif deals.is_close_due(state=sale.state, since_s=_since_s(sale, now)):
                self._close(sale, now)
        for hub_id, due in self._due(now).items():
            if due and self._may_ask(hub_id):
                self._redeem(hub_id, due[:MAX_VOUCHERS])

    def _rests(self, sale: Sale, now: datetime) -> bool:
        until = self._rest_until.get(self._shop.hub_id_of(sale))
        return until is not None and now < until

    def _may_ask(self, hub_id: bytes) -> bool:
        """One question finds out whether a hub answers at all; the others wait for it."""
        return self._asked[hub_id] < (MAX_ASKED if hub_id in self._well else 1)

    # --- what the hub knows

    def _check(self, sale: Sale) -> None:
        """Ask about a deal of before: we may have been restored from a backup that is older than its money."""
        self._ask(sale, partial(_channel, sale.receipt.channel.hex()), partial(self._checked, sale))

    def _checked(self, sale: Sale, answer: Answer[HubChannel], now: datetime) -> None:
        self._heard([sale], answer)
        if isinstance(answer, HubAway):
            self._rest(sale, now)
        elif isinstance(answer, HubRefused):
            self._end(sale, sale.redeemed_ubtt, now)
        else:
            sale.is_checked = True
            hub = self._shop.hub_of(sale)
            sale.take_hubs_word(answer, hub.info.key if hub else b"")
            self._shop.floor.write(partial(selling.store, [stored(sale)]))  # the amount first, then what came of it
            if answer.state in (ChannelState.CLOSED, ChannelState.EXPIRED):
                self._end(sale, answer.redeemed_ubtt, now)
            else:
                self._book(sale, answer.redeemed_ubtt, is_closed=False, now=now)

    # --- what waits

    def share_rest(self, now: datetime) -> None:
        """Share what could not be shared when its deal was closed."""
        node = self._shop.floor.terms.node
        if node is not None:
            sweep = partial(
                settlement.share_rest,
                self._shop.floor.node_name,
                node_id=node.node_id,
                after=self._swept,
                now=now,
            )
            self._shop.floor.write(sweep, self._have_swept)

    def _have_swept(self, after: int, _now: datetime) -> None:
        self._swept = after

    # --- redeeming

    def _due(self, now: datetime) -> dict[bytes, list[Sale]]:
        """Return the deals whose vouchers are to be redeemed now, by their hub."""
        found: dict[bytes, list[Sale]] = defaultdict(list)
        owed: dict[bytes, list[Sale]] = defaultdict(list)
        for sale in self._shop.book:
            if sale in self._busy or not sale.is_checked or not sale.voucher_sig or self._rests(sale, now):
                continue
            if self._brought.get(sale, (sale.redeemed_ubtt, now))[0] < sale.cumulative_ubtt:
                owed[self._shop.hub_id_of(sale)].append(sale)
        for hub_id, sales in owed.items():
            if sum(sale.unredeemed_ubtt for sale in sales) >= self._exposure_limit(hub_id):
                found[hub_id] = [sale for sale in sales if self._rested(sale, EXPOSED_PAUSE, now)]
            else:
                found[hub_id] = [sale for sale in sales if self._rested(sale, PAUSE, now) and self._is_due(sale, now)]
        return found

    def _rested(self, sale: Sale, pause: timedelta, now: datetime) -> bool:
        """Say whether a deal's vouchers were left alone for long enough: towards a channel's end all would be due."""
        return sale not in self._brought or now - self._brought[sale][1] >= pause

    def _is_due(self, sale: Sale, now: datetime) -> bool:
        """80 % of the channel's money is used by what is not redeemed yet, or of its time."""
        hub = self._shop.hub_of(sale)
        return is_redeem_due(
            cumulative_ubtt=sale.unredeemed_ubtt,
            amount_ubtt=sale.receipt.amount_ubtt - sale.redeemed_ubtt,
            opened_at_s=sale.receipt.opened_at_s,
            expires_at_s=sale.receipt.expires_at_s,
            now_s=hub.time_s(now) if hub else int(now.timestamp()),
        )

    def _exposure_limit(self, hub_id: bytes) -> int:
        hubs = {hub.hub_id: hub.exposure_limit_ubtt for hub in self._shop.floor.terms.hubs}
        return hubs.get(hub_id.hex(), 0)

    def _redeem(self, hub_id: bytes, sales: Sequence[Sale]) -> None:
        vouchers = [_voucher(sale) for sale in sales]
        self._wait_for(sales, hub_id)
        self._shop.floor.ask_hub(hub_id, partial(_redeem, vouchers), partial(self._redeemed, sales, vouchers))

    def _redeemed(
        self,
        sales: Sequence[Sale],
        vouchers: Sequence[SignedVoucher],
        answer: Answer[list[Redeemed]],
        now: datetime,
    ) -> None:
        self._heard(sales, answer)
        if isinstance(answer, HubRefused | HubAway):
            for sale in sales:
                self._rest(sale, now)
            return
        for sale, voucher, redeemed in zip(sales, vouchers, answer, strict=True):
            self._brought[sale] = voucher.cumulative_ubtt, now
            if redeemed.outcome is not Redemption.REFUSED:
                self._book(sale, redeemed.redeemed_ubtt, is_closed=False, now=now)
            elif redeemed.code in ENDED:
                self._end(sale, max(redeemed.redeemed_ubtt, sale.redeemed_ubtt), now)

    # --- closing

    def _close(self, sale: Sale, now: datetime) -> None:
        if sale.is_live:
            sale.end(BUYER_AWAY, now)
        last = _voucher(sale) if sale.voucher_sig and sale.unredeemed_ubtt else None
        self._ask(sale, partial(_close, sale.receipt.channel.hex(), last), partial(self._closed, sale))

    def _closed(self, sale: Sale, answer: Answer[HubChannel], now: datetime) -> None:
        self._heard([sale], answer)
        if isinstance(answer, HubAway) or (isinstance(answer, HubRefused) and answer.code not in ENDED):
            self._rest(sale, now)
        elif isinstance(answer, HubRefused):
            self._end(sale, sale.redeemed_ubtt, now)
        else:
            self._end(sale, answer.redeemed_ubtt, now)

    def _end(self, sale: Sale, redeemed_ubtt: int, now: datetime) -> None:
        """Book what came out of this channel: nothing more can."""
        if sale.state is not DealState.ENDING:
            sale.end("its channel has ended", now)
        sale.state, sale.is_closed = DealState.CLOSED, True
        self._book(sale, redeemed_ubtt, is_closed=True, now=now)
        if sale.unredeemed_ubtt > 0:
            logger.warning(
                "the channel %s at the hub %s has ended, and %d µBTT that were promised in it are lost",
                sale.receipt.channel.hex(),
                sale.receipt.hub_id.hex(),
                sale.unredeemed_ubtt,
            )
        self._brought.pop(sale, None)
        self._gone(sale, now)

    # --- books

    def _book(self, sale: Sale, redeemed_ubtt: int, *, is_closed: bool, now: datetime) -> None:
        if redeemed_ubtt > sale.receipt.amount_ubtt:
            logger.error(
                "the hub %s says that it has paid more than was in channel %s, which is not believed",
                sale.receipt.hub_id.hex(),
                sale.receipt.channel.hex(),
            )
            redeemed_ubtt = sale.receipt.amount_ubtt
        self.redeemed_ubtt += max(redeemed_ubtt - sale.redeemed_ubtt, 0)
        sale.redeemed_ubtt = max(sale.redeemed_ubtt, redeemed_ubtt)
        node = self._shop.floor.terms.node
        paid = Paid(sale.deal.hex(), redeemed_ubtt, is_closed)
        self._shop.floor.write(
            partial(
                settlement.book,
                paid,
                node_id=node.node_id if node else 0,
                is_own_hub=sale.on_own_hub,
                now=now,
            )
        )

    def _ask(
        self,
        sale: Sale,
        work: Callable[[Hub], HubChannel],
        then: Then[Answer[HubChannel]],
    ) -> None:
        hub_id = self._shop.hub_id_of(sale)
        self._wait_for([sale], hub_id)
        self._shop.floor.ask_hub(hub_id, work, then)

    def _wait_for(self, sales: Sequence[Sale], hub_id: bytes) -> None:
        self._busy |= dict.fromkeys(sales, hub_id)
        self._asked[hub_id] += 1

    def _heard(self, sales: Sequence[Sale], answer: object) -> None:
        hub_id = self._busy[sales[0]]
        for sale in sales:
            del self._busy[sale]
        self._asked[hub_id] -= 1
        if isinstance(answer, HubAway):
            self._well.discard(hub_id)
        else:
            self._well.add(hub_id)

    def _rest(self, sale: Sale, now: datetime) -> None:
        self._rest_until[self._shop.hub_id_of(sale)] = now + TRY_AGAIN


def _since_s(sale: Sale, now: datetime) -> int:
    """Return for how long a deal has been over, or without a connection."""
    if sale.state is DealState.ENDING and sale.ended_at is not None:
        return int((now - sale.ended_at).total_seconds())
    return 0 if sale.alone_since is None else int((now - sale.alone_since).total_seconds())


def _voucher(sale: Sale) -> SignedVoucher:
    return SignedVoucher(sale.receipt.channel.hex(), sale.cumulative_ubtt, sale.voucher_sig)


def _channel(channel_id: str, hub: Hub) -> HubChannel:
    return hub.channel(channel_id)


def _close(channel_id: str, last: SignedVoucher | None, hub: Hub) -> HubChannel:
    return hub.close(channel_id, key=_key("close", channel_id, last.cumulative_ubtt if last else 0), last=last)


def _redeem(vouchers: Sequence[SignedVoucher], hub: Hub) -> list[Redeemed]:
    parts = [part for voucher in vouchers for part in (voucher.channel, voucher.cumulative_ubtt)]
    return hub.redeem(vouchers, key=_key("redeem", *parts))


def _key(*parts: object) -> str:
    """Return the key of a call: the same for the same wish, so that asking twice pays once."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
