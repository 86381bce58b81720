"""Vouchers that go out: written down, then signed away, each for the bytes that it names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from speed.agent.purchase import Purchase, columns_of
from speed.agent.purchases import Purchases
from speed.agent.sale import ms
from speed.agent.side import Floor
from speed.domain.buying import adopted, within
from speed.domain.credit import is_voucher_due
from speed.domain.messages import MAX_ACKS, MAX_DEALS, Ack, SignedTotal, State, Vouchers
from speed.domain.meters import Tally
from speed.domain.vouchers import OpenChannel, Verdict, judge
from speed.services import buying
from speed.wire.port import Link


@dataclass(frozen=True)
class _Payment:
    """A total that is on its way into the database, and what it is for."""

    purchase: Purchase
    cumulative_ubtt: int
    signature: bytes
    tally: Tally


class Payer:
    """Pays what is due. Of one deal one total is on its way at a time."""

    def __init__(self, floor: Floor, purchases: Purchases, *, refresh: Callable[[Purchase], None]) -> None:
        """`refresh` asks a deal's hub what its channel holds: the seller has shown a total above it."""
        self.sent = 0
        self._floor = floor
        self._purchases = purchases
        self._refresh = refresh
        self._states: dict[bytes, tuple[Purchase, SignedTotal]] = {}  # shown by sellers, and too high for now

    def tick(self, now: datetime) -> None:
        """Pay what is due, all of it in one transaction."""
        due = [payment for purchase in self._purchases if (payment := self._due(purchase, now))]
        if not due:
            return
        rows = []
        for payment in due:
            payment.purchase.is_signing = True
            rows.append(
                columns_of(payment.purchase)
                | {
                    "cumulative_ubtt": payment.cumulative_ubtt,
                    "voucher_sig": payment.signature.hex(),
                    "voucher_at": now,
                    "covered_bytes": max(payment.purchase.covered_bytes, payment.tally.total_bytes),
                }
            )
        self._floor.write(
            partial(buying.store, rows, now=now), partial(self._written, due), partial(self._not_written, due)
        )

    def _due(self, purchase: Purchase, now: datetime) -> _Payment | None:
        if purchase.is_signing or purchase.payable_ubtt <= purchase.cumulative_ubtt:
            return None
        paid_at = purchase.voucher_at or purchase.opened_at
        if not is_voucher_due(
            unpaid_bytes=self._purchases.unpaid_bytes(purchase.source.peer_key),
            window_bytes=self._purchases.window_bytes(purchase),
            owed_ubtt=purchase.payable_ubtt,
            signed_ubtt=purchase.cumulative_ubtt,
            since_last_ms=ms(now) - ms(paid_at),
            is_last=purchase.is_waited_for or not purchase.is_live,
        ):
            return None
        tally = within(purchase.tally, purchase.receipt_amount_ubtt)
        voucher = _channel(self._floor, purchase).voucher(purchase.payable_ubtt)
        return _Payment(purchase, purchase.payable_ubtt, voucher.sign(self._floor.key.private_key), tally)

    def _written(self, payments: list[_Payment], written: frozenset[str], now: datetime) -> None:
        by_link: dict[Link, list[_Payment]] = {}
        for payment in payments:
            purchase = payment.purchase
            purchase.is_signing = False
            if purchase.deal.hex() not in written:
                continue
            purchase.signed(payment.cumulative_ubtt, payment.signature, payment.tally, now)
            purchase.is_waited_for = False
            if purchase.link is not None:
                by_link.setdefault(purchase.link, []).append(payment)
        for link, parts in by_link.items():
            self._send(link, parts)

    def _not_written(self, payments: list[_Payment], _now: datetime) -> None:
        for payment in payments:
            payment.purchase.is_signing = False

    def _send(self, link: Link, payments: list[_Payment]) -> None:
        """Say it in as few frames as hold it; of each deal the newest rounds, if not all of them can be said."""
        for start in range(0, len(payments), MAX_DEALS):
            part = payments[start : start + MAX_DEALS]
            each = MAX_ACKS // len(part)
            acks: list[Ack] = []
            for payment in part:
                purchase = payment.purchase
                counts = payment.tally.acks(purchase.unsaid_round)[-each:]
                acks += (Ack(purchase.deal, count.round, count.received_bytes) for count in counts)
                purchase.unsaid_round = _unsaid_round(purchase.tally, said=payment.tally)
            link.send(Vouchers(tuple(_total(payment) for payment in part), tuple(acks)))
            self.sent += 1

    def say_again(self, purchase: Purchase) -> None:
        """Tell a seller the newest total once more: with a lost connection it may have lost that, too."""
        if purchase.link is not None and purchase.voucher_sig:
            tally = within(purchase.tally, purchase.cumulative_ubtt)
            self._send(purchase.link, [_Payment(purchase, purchase.cumulative_ubtt, purchase.voucher_sig, tally)])

    # --- what sellers know better

    def adopt(self, link: Link, state: State, now: datetime) -> None:
        """Take up totals that are higher than we remember and bear our signature: we were put back from a backup."""
        for total in state.vouchers:
            for purchase in self._purchases.of_seller(link.peer_key):
                if purchase.channel == total.channel:
                    self._judge(purchase, total, now)

    def refreshed(self, purchase: Purchase, now: datetime) -> None:
        """The hub has said what the channel holds."""
        waiting = self._states.pop(purchase.deal, None)
        if waiting is not None:
            self._judge(purchase, waiting[1], now, is_again=True)

    def _judge(self, purchase: Purchase, total: SignedTotal, now: datetime, *, is_again: bool = False) -> None:
        verdict = judge(_channel(self._floor, purchase), total)
        if verdict is Verdict.OVER_AMOUNT and not is_again:
            self._states[purchase.deal] = purchase, total
            self._refresh(purchase)
        elif verdict is Verdict.NEWER:
            tally = adopted(purchase.tally, total.cumulative_ubtt)
            purchase.tally, purchase.is_signing = tally, True
            payment = _Payment(purchase, total.cumulative_ubtt, total.sig, tally)
            row = columns_of(purchase) | {
                "cumulative_ubtt": total.cumulative_ubtt,
                "voucher_sig": total.sig.hex(),
                "covered_bytes": tally.total_bytes,
            }
            self._floor.write(
                partial(buying.store, [row], now=now),
                partial(self._adopted, payment),
                partial(self._not_written, [payment]),
            )

    def _adopted(self, payment: _Payment, written: frozenset[str], now: datetime) -> None:
        payment.purchase.is_signing = False
        if payment.purchase.deal.hex() in written:
            payment.purchase.signed(payment.cumulative_ubtt, payment.signature, payment.tally, now)


def _unsaid_round(tally: Tally, *, said: Tally) -> int:
    """Return the oldest round that has changed since, or was cut short; the newest one is always said again."""
    changed = (count.round for count in tally.rounds if said.received(count.round) != count.received_bytes)
    return next(changed, max(tally.newest_round, 0))


def _channel(floor: Floor, purchase: Purchase) -> OpenChannel:
    return OpenChannel(
        hub_id=purchase.source.hub_id,
        channel=purchase.channel,
        payer_key=floor.key.public_key,
        payee_key=purchase.source.peer_key,
        amount_ubtt=purchase.amount_ubtt,
        cumulative_ubtt=purchase.cumulative_ubtt,
        signature=purchase.voucher_sig,
    )


def _total(payment: _Payment) -> SignedTotal:
    return SignedTotal(payment.purchase.channel, payment.cumulative_ubtt, payment.signature)
