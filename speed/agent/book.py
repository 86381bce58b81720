"""All deals in which a node sells, found by what messages and counters name them by, and the credit that they share."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from speed.agent.sale import Sale, ms
from speed.domain.bounds import DEBT_S
from speed.domain.credit import shared_window
from speed.domain.selling import Prospect
from speed.domain.trust import Account, Trust
from speed.services.markets import Terms
from speed.services.selling import Past
from speed.wire.port import Link


class Book:
    """Deals whose channels the hub has not ended, and what is remembered of those that are over."""

    def __init__(self) -> None:
        self._sales: dict[bytes, Sale] = {}
        self._by_channel: dict[bytes, Sale] = {}
        self._past: list[tuple[datetime, Account]] = []
        self._paid_before: dict[str, int] = {}
        self._past_trust = Trust([])  # of these two
        self._credit: Credit | None = None  # the newest

    def __iter__(self) -> Iterator[Sale]:
        return iter(list(self._sales.values()))

    def __len__(self) -> int:
        return len(self._sales)

    def get(self, deal: bytes) -> Sale | None:
        return self._sales.get(deal)

    def add(self, sale: Sale) -> None:
        self._sales[sale.deal] = self._by_channel[sale.receipt.channel] = sale

    def remember(self, past: Past) -> None:
        self._past = list(past.accounts)
        self._paid_before = dict(past.paid_before)
        self._sum_up()

    def drop(self, sale: Sale) -> None:
        """Take a deal out whose channel is ended; what it leaves unpaid is remembered for seven days."""
        if self._sales.pop(sale.deal, None) is not None:
            del self._by_channel[sale.receipt.channel]
            self._past.append((sale.linked_at, sale.account))
            self._past_trust.add(sale.account)
            self._credit = None

    def forget_old(self, now: datetime) -> None:
        """Let go of debts that are seven days old; what was paid for stays."""
        limit = now - timedelta(seconds=DEBT_S)
        for at, account in self._past:
            if at < limit:
                paid = self._paid_before.get(account.payer, 0)
                self._paid_before[account.payer] = paid + account.covered_bytes
        self._past = [(at, account) for at, account in self._past if at >= limit]
        self._sum_up()

    def _sum_up(self) -> None:
        self._past_trust = Trust((account for _, account in self._past), paid_before=self._paid_before)
        self._credit = None

    # --- finding

    @property
    def live(self) -> list[Sale]:
        """Deals that are not over and have a connection."""
        return [sale for sale in self._sales.values() if sale.is_live and sale.link is not None]

    def of_channel(self, channel: bytes) -> Sale | None:
        return self._by_channel.get(channel)

    def of_link(self, link: Link) -> list[Sale]:
        return [sale for sale in self._sales.values() if sale.link is link]

    def of_payer(self, payer: str, torrent_key: str) -> Sale | None:
        """Return the deal that an account has about a torrent, also one that has lost its connection."""
        found = (sale for sale in self._sales.values() if sale.is_live and sale.payer == payer)
        return next((sale for sale in found if sale.goods.key == torrent_key), None)

    def at_place(self, torrent_key: str, place: str, *, but: Sale | None = None) -> Sale | None:
        """Return the deal that bytes of a torrent to a place belong to."""
        there = (sale for sale in self.live if sale.place == place and sale.goods.key == torrent_key)
        return next((sale for sale in there if sale is not but), None)

    def credit(self, terms: Terms) -> "Credit":
        """Add up what all payers and addresses have had and paid by now."""
        accounts = {deal: sale.account for deal, sale in self._sales.items()}
        credit = self._credit = Credit(Trust(accounts.values(), before=self._past_trust), terms, accounts)
        for sale in self.live:
            credit.add(sale)
        return credit

    def recent_credit(self, sale: Sale, terms: Terms) -> "Credit":
        """Return the credit as of the last reading of the meters, with one deal as it is now: that costs little."""
        credit = self._credit or self.credit(terms)
        credit.refresh(sale)
        return credit


@dataclass
class Credit:
    """What everybody is trusted with at one moment, and how many draw on it."""

    trust: Trust
    terms: Terms
    counted: dict[bytes, Account]  # all deals, as they are in `trust`
    bids: Counter[str] = field(default_factory=Counter)  # standing, by payer and by place
    lanes: Counter[str] = field(default_factory=Counter)  # granted speed, by payer and by place
    running: Counter[str] = field(default_factory=Counter)  # unpaid in deals that run, by payer: that can be mended
    strangers: int = 0  # bids of theirs
    strangers_lanes: int = 0

    def add(self, sale: Sale) -> None:
        """Count a deal that runs."""
        self.running[sale.payer] += self.counted[sale.deal].standing.unpaid_bytes
        for name in (sale.payer, sale.place):
            self.bids[name] += not sale.bid.is_paused
            self.lanes[name] += sale.granted_bytes_per_s
        if self.trust.payer(sale.payer).is_stranger:
            self.strangers += not sale.bid.is_paused
            self.strangers_lanes += sale.granted_bytes_per_s

    def refresh(self, sale: Sale) -> None:
        """Count one deal as it is now."""
        before, after = self.counted.get(sale.deal), sale.account
        if before is None:
            self.trust.add(after)
        else:
            self.trust.change(before, after)
        self.counted[sale.deal] = after
        if sale.is_live and sale.link is not None:
            was_unpaid_bytes = before.standing.unpaid_bytes if before else 0
            self.running[sale.payer] += after.standing.unpaid_bytes - was_unpaid_bytes

    def is_half_used(self, sale: Sale) -> bool:
        """Say whether a voucher is due by what a deal's buyer leaves unpaid."""
        window_bytes = shared_window(payer=self.trust.payer(sale.payer), address=self.trust.place(sale.place))
        return self.running[sale.payer] * 2 >= window_bytes

    def prospect(self, sale: Sale, now: datetime) -> Prospect:
        """Return what decides about a deal's lane."""
        unpaid_since_ms = sale.unpaid_since_ms
        return Prospect(
            max_price_ubtt_per_gib=sale.bid.max_price_ubtt_per_gib,
            torrent_ask_ubtt_per_gib=self.terms.ask_of(sale.goods.key),
            size_bytes=sale.goods.size_bytes,
            amount_ubtt=sale.receipt.amount_ubtt,
            owed_ubtt=sale.billed.owed_ubtt,
            expires_at_s=sale.receipt.expires_at_s,
            payer=self.trust.payer(sale.payer),
            address=self.trust.place(sale.place),
            strangers_unpaid_bytes=self.trust.strangers_unpaid_bytes,
            delays=sale.delays,
            sharers=max(self.bids[sale.payer], self.bids[sale.place]),
            strangers=self.strangers,
            payers_lanes_bytes_per_s=self.lanes[sale.payer],
            places_lanes_bytes_per_s=self.lanes[sale.place],
            strangers_lanes_bytes_per_s=self.strangers_lanes,
            unpaid_for_ms=ms(now) - unpaid_since_ms if unpaid_since_ms is not None else 0,
        )
