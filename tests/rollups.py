"""Users who trade at random times, and what that adds up to, transfer by transfer: for tests of kept sums."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from seedbox.models import User
from speed.models import BuyingDeal, SellingDeal
from tests.builders import NOW, make_holding, make_node, make_torrent
from tests.ledger import ASSET, BTT, TREASURY, fund, post, transfer, user
from tests.market_rows import a_buying_deal, a_selling_deal
from wallet.domain.accounts import AccountKind, earnings_account
from wallet.domain.channels import Voucher
from wallet.domain.kinds import TransferKind
from wallet.models import Transfer
from wallet.services import channels, ledger, vouchers

HOUR = timedelta(hours=1)
HOURS = 24 * 70  # in which they trade: three months, at least
ELSEWHERE = ("", "")
PAYER_KEY, PAYEE_KEY = "02" + "ab" * 32, "03" + "cd" * 32

Place = tuple[datetime, object]

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Moved:
    """A transfer as one user's money sees it, by the plainest reading of its row."""

    user_id: int
    at: datetime
    kind: TransferKind
    in_ubtt: int
    out_ubtt: int
    earned_ubtt: int
    spent_ubtt: int
    torrent_key: str
    node_name: str


class Traders:
    """Three users and two nodes; what they trade is drawn, and all of it goes through the ledger."""

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.users = User.objects.bulk_create(User(username=f"trader{self.number}-{name}") for name in "abc")
        self.nodes = [make_node("local"), make_node("far")]
        for one in self.users:
            fund(user(one.pk), 1_000_000 * BTT)
        for node in self.nodes:
            earnings = earnings_account(ASSET, node.pk)
            fund(TREASURY, 10**12)
            ledger.store().open_accounts([earnings], now=NOW)
            assert post(transfer(TREASURY, earnings, 10**12, kind=TransferKind.ADJUSTMENT)).is_done
        self.torrents = [
            make_torrent(f"{name}{self.number}.iso", node=node) for node in self.nodes for name in ("debian", "fedora")
        ]
        self.sold = [a_selling_deal(one, **self._ids("5e", place)) for place, one in enumerate(self.torrents)]

    def act(self, draw: Random, *, since: datetime = NOW, hours: int = HOURS) -> None:
        """Let something happen, at some time."""
        at = since + timedelta(seconds=draw.randrange(hours * 3_600))
        some: list[Callable[[Random, datetime], None]] = [self._earn, self._buy, self._tip]
        draw.choice(some)(draw, at)

    def _earn(self, draw: Random, at: datetime) -> None:
        deal = draw.choice(self.sold)
        node = next(node for node in self.nodes if node.name == deal.node_name)
        share = transfer(
            earnings_account(ASSET, node.pk),
            user(draw.choice(self.users).pk),
            draw.randint(1, 5 * BTT),
            kind=TransferKind.EARNING,
            cause=f"deal/{deal.deal_id}",
            event_at=at,
        )
        assert post(share).is_done

    def _buy(self, draw: Random, at: datetime) -> None:
        """Pay through a channel: of a deal of ours, or of a node elsewhere; to a node of ours, or to another user."""
        payer, payee = draw.sample(self.users, 2)
        seller = draw.choice([user(payee.pk), earnings_account(ASSET, draw.choice(self.nodes).pk)])
        ids = self._ids("b0", next(_numbers))
        opened = channels.open_channel(
            channel_id=str(ids["channel_id"]),
            payer=user(payer.pk),
            payee=seller,
            payer_key=PAYER_KEY,
            payee_key=PAYEE_KEY,
            amount_ubtt=20 * BTT,
            fee_ppm=draw.choice([0, 25_000]),
            expires_at=at + HOUR,
            now=at,
        )
        assert opened.is_done
        if draw.random() < 0.7:
            torrent = draw.choice(self.torrents)
            holding = torrent.holdings.filter(user=payer).first() or make_holding(payer, torrent)
            a_buying_deal(holding, **ids)
        paid_ubtt = 0
        for _ in range(draw.randint(1, 3)):
            paid_ubtt += draw.randint(1, 5 * BTT)
            at += timedelta(minutes=draw.randint(0, 19))
            assert vouchers.redeem([Voucher(str(ids["channel_id"]), paid_ubtt)], now=at)[0].is_done
        if draw.random() < 0.5:
            assert channels.close(channel_id=str(ids["channel_id"]), now=at).is_done

    def _tip(self, draw: Random, at: datetime) -> None:
        giver, taker = draw.sample(self.users, 2)
        assert post(transfer(user(giver.pk), user(taker.pk), draw.randint(1, BTT), event_at=at)).is_done

    def _ids(self, side: str, place: int) -> dict[str, object]:
        return {
            "deal_id": f"{side}{self.number:014x}{place:016x}",
            "channel_id": f"{side}{self.number:014x}{place:016x}",
        }


def moved() -> Iterator[Moved]:
    """Read every transfer there is, and say what it was to the users that it concerns."""
    sold = {deal.deal_id: (deal.torrent_key, deal.node_name) for deal in SellingDeal.objects.all()}
    bought = {deal.channel_id: (deal.torrent_key, deal.node_name) for deal in BuyingDeal.objects.all()}
    for row in Transfer.objects.select_related("debit", "credit", "debit__channel__payer"):
        at, kind, much = row.event_at, TransferKind(row.kind), row.amount_ubtt
        if row.credit.kind == AccountKind.USER:
            where = sold.get(row.cause.removeprefix("deal/"), ELSEWHERE)
            earned_ubtt = much if kind in (TransferKind.EARNING, TransferKind.VOUCHER) else 0
            yield Moved(int(row.credit.ref), at, kind, much, 0, earned_ubtt, 0, *where)
        if row.debit.kind == AccountKind.USER:
            yield Moved(int(row.debit.ref), at, kind, 0, much, 0, 0, "", "")
        if row.debit.kind == AccountKind.CHANNEL and kind in (TransferKind.VOUCHER, TransferKind.FEE):
            where = bought.get(row.debit.ref, ELSEWHERE)
            yield Moved(int(row.debit.channel.payer.ref), at, kind, 0, much, 0, much, *where)


def by_step(
    rows: list[Moved], step: str, key: str, ins: str, outs: str
) -> dict[tuple[datetime, object], tuple[int, int]]:
    """Add rows up by hour or day and by one of their fields."""
    came: Counter[Place] = Counter()
    went: Counter[Place] = Counter()
    for row in rows:
        at = row.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        place = (at.replace(hour=0) if step == "day" else at, getattr(row, key))
        came[place] += getattr(row, ins)
        went[place] += getattr(row, outs)
    return {place: (came[place], went[place]) for place in came if came[place] or went[place]}
