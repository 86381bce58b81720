"""Vouchers that come in: checked, written down, and only then counted as paid."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from speed.agent.sale import Sale, ms
from speed.agent.sale_rows import changing_columns
from speed.agent.shop import Shop
from speed.domain.credit import judge_gap
from speed.domain.messages import MAX_DEALS, Error, ErrorCode, SignedTotal, State, Vouchers
from speed.domain.meters import covers
from speed.domain.vouchers import OpenChannel, Verdict, judge
from speed.services import selling
from speed.wire.port import Link

PROBLEMS = {
    Verdict.OVER_AMOUNT: "This voucher promises more than its channel holds.",
    Verdict.BAD_SIGNATURE: "This voucher is not signed by the key that pays.",
}
VOUCHER_COLUMNS = frozenset({"cumulative_ubtt", "voucher_sig", "voucher_at"})
RECEIPT_COLUMNS = frozenset({"deal_id", "receipt", "amount_ubtt", "expires_at"})  # what covers a voucher's total


@dataclass
class _Waiting:
    """The newest voucher of a deal that is not written yet, with all acknowledgements that came since."""

    cumulative_ubtt: int
    signature: bytes
    came_at: datetime
    acks: dict[int, int] = field(default_factory=dict)


class Purse:
    """Takes vouchers. What comes while others are being written is written together with the next ones."""

    def __init__(self, shop: Shop) -> None:
        self.refused = 0
        self._shop = shop
        self._waiting: dict[Sale, _Waiting] = {}
        self._is_writing = False

    def take(self, link: Link, message: Vouchers, now: datetime) -> None:
        acks: dict[Sale, dict[int, int]] = {}
        for ack in message.acks:
            sale = self._shop.book.get(ack.deal)
            if sale is not None and sale.receipt.payer_key == link.peer_key:
                acks.setdefault(sale, {})[ack.round] = ack.received_bytes
        for total in message.vouchers:
            sale = self._shop.book.of_channel(total.channel)
            if sale is not None and sale.receipt.payer_key == link.peer_key:
                self._take_one(link, sale, total, acks.pop(sale, {}), now)
        for sale, rounds in acks.items():
            if sale in self._waiting:
                self._waiting[sale].acks |= rounds
            else:
                self._count(sale, sale.cumulative_ubtt, rounds, now)
        self._write()

    def state_of(self, link: Link) -> list[State]:
        """Return the newest vouchers of the deals that run with a key, so that who forgot them knows them again."""
        totals = [
            SignedTotal(sale.receipt.channel, sale.cumulative_ubtt, sale.voucher_sig)
            for sale in self._shop.book
            if sale.receipt.payer_key == link.peer_key and sale.voucher_sig and not sale.is_closed
        ]
        return [State(tuple(totals[place : place + MAX_DEALS])) for place in range(0, len(totals), MAX_DEALS)]

    def _take_one(self, link: Link, sale: Sale, total: SignedTotal, acks: dict[int, int], now: datetime) -> None:
        waiting = self._waiting.get(sale)
        newest_ubtt = waiting.cumulative_ubtt if waiting else sale.cumulative_ubtt
        if total.cumulative_ubtt > newest_ubtt:
            if problem := self._problem(sale, total):
                self.refused += 1
                link.send(Error(ErrorCode.UNEXPECTED, problem))
                return
            old = waiting.acks if waiting else {}
            self._waiting[sale] = _Waiting(total.cumulative_ubtt, total.sig, now, old | acks)
        elif waiting is not None:
            waiting.acks |= acks
        else:
            self._count(sale, sale.cumulative_ubtt, acks, now)

    def _problem(self, sale: Sale, total: SignedTotal) -> str:
        receipt = sale.receipt
        channel = OpenChannel(
            receipt.hub_id, receipt.channel, receipt.payer_key, receipt.payee_key, receipt.amount_ubtt
        )
        return PROBLEMS.get(judge(channel, total), "")

    # --- written first, then counted

    def _write(self) -> None:
        if self._is_writing or not self._waiting:
            return
        self._is_writing = True
        taken, self._waiting = self._waiting, {}
        rows = [
            {
                **{name: value for name, value in changing_columns(sale).items() if name in RECEIPT_COLUMNS},
                "cumulative_ubtt": waiting.cumulative_ubtt,
                "voucher_sig": waiting.signature.hex(),
                "voucher_at": waiting.came_at,
            }
            for sale, waiting in taken.items()
        ]
        self._shop.floor.write(partial(selling.store, rows), partial(self._written, taken), self._not_written)

    def _written(self, taken: dict[Sale, _Waiting], _done: None, now: datetime) -> None:
        self._is_writing = False
        for sale, waiting in taken.items():
            if waiting.cumulative_ubtt > sale.cumulative_ubtt:
                sale.cumulative_ubtt, sale.voucher_sig = waiting.cumulative_ubtt, waiting.signature
                sale.voucher_at = waiting.came_at
            self._count(sale, waiting.cumulative_ubtt, waiting.acks, now)
        self._write()

    def _not_written(self, _now: datetime) -> None:
        """Count nothing: whoever has paid will say so again, with its next voucher."""
        self._is_writing = False

    def _count(self, sale: Sale, cumulative_ubtt: int, acks: dict[int, int], now: datetime) -> None:
        """Let a voucher cover what it is said to be for, if it is enough for it."""
        now_ms = ms(now)
        tally = sale.counted(acks, now_ms)
        if not covers(cumulative_ubtt, tally):
            return
        sale.cover(tally)
        credit = self._shop.book.recent_credit(sale, self._shop.floor.terms)
        payer, address = credit.trust.payer(sale.payer), credit.trust.place(sale.place)
        gap = judge_gap(
            sent_bytes=sale.sent_before(now_ms),
            received_bytes=tally.total_bytes,
            written_off_before_bytes=sale.written_off_bytes,
            payer=payer,
            address=address,
        )
        sale.written_off_bytes = gap.written_off_bytes
        sale.has_large_gap = gap.is_too_large
        sale.is_dirty = True
        credit.refresh(sale)
        if sale.unpaid_since_ms is not None and not credit.is_half_used(sale):
            sale.delays = sale.delays.after(now_ms - sale.unpaid_since_ms)
            sale.unpaid_since_ms = None


def stored(sale: Sale) -> dict[str, object]:
    """Return the columns of a deal without the voucher's: those are written before they count, never behind."""
    return {name: value for name, value in changing_columns(sale).items() if name not in VOUCHER_COLUMNS}
