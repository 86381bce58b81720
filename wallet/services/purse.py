"""What the overview shows of a user's money: the balance with what is on its way, and what trading brought lately.

Cells are one dict that tile and live socket share. Days are those of UTC, as roll-ups keep them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from wallet.domain.deposits import MINIMUM_UBTT, split
from wallet.domain.money import Asset, format_btt
from wallet.domain.sparks import Spark, spark
from wallet.models import PendingDeposit
from wallet.services import rollups, statements
from wallet.services.entry_rows import Row
from wallet.services.flows import PAID
from wallet.services.install import market_asset
from wallet.services.own_addresses import cursor
from wallet.services.rollups import EARNED

KIND = "purse"  # what open pages watch
DAYS = 30  # of the lines

Message = dict[str, object]


@dataclass(frozen=True)
class Traded:
    """What came in and went out by trading."""

    earned_ubtt: int = 0
    spent_ubtt: int = 0

    def __add__(self, other: "Traded") -> "Traded":
        return Traded(self.earned_ubtt + other.earned_ubtt, self.spent_ubtt + other.spent_ubtt)


@dataclass(frozen=True)
class Income:
    """What trading brought and cost: today, in this month, and on each of the last days, the newest last."""

    today: Traded
    month: Traded
    days: Sequence[Traded]


def purse_row(user_id: int) -> Row:
    """Return the balance; what is on its way has been seen on the chain and may still be thrown away."""
    asset = market_asset()
    account = statements.account_of(user_id, asset)
    found = statements.balance(account) if account else statements.Balance(asset, 0, 0, 0)
    coming_ubtt = on_its_way_ubtt(user_id, asset)
    return {
        "row": "purse",
        "available": format_btt(found.available_ubtt),
        "held": format_btt(found.held_ubtt),
        "in_channels": format_btt(found.in_channels_ubtt),
        "on_its_way": format_btt(coming_ubtt),
        "is_frozen": int(found.is_frozen),
        "unit": asset.unit,
    }


def on_its_way_ubtt(user_id: int, asset: Asset) -> int:
    """Return what will be credited once its blocks can't be thrown away any more."""
    found = cursor()
    if found is None:
        return 0
    pending = PendingDeposit.objects.filter(
        network=found.network, user_id=user_id, asset=asset, block_number__gt=found.height
    )
    amounts = (split(one.amount, asset)[0] for one in pending)
    return sum(amount for amount in amounts if amount >= MINIMUM_UBTT.get(asset, 0))


def income(user_id: int, *, now: datetime) -> Income:
    today_at = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month_at, first_at = today_at.replace(day=1), today_at - timedelta(days=DAYS - 1)
    until = today_at + timedelta(days=1)
    by_day: dict[datetime, Traded] = {}
    for one in rollups.by_kind(user_id, market_asset(), since=min(month_at, first_at), until=until, step="day"):
        earned_ubtt = one.in_ubtt if one.kind in EARNED else 0
        spent_ubtt = one.out_ubtt if one.kind in PAID else 0
        by_day[one.at] = by_day.get(one.at, Traded()) + Traded(earned_ubtt, spent_ubtt)
    return Income(
        by_day.get(today_at, Traded()),
        sum((traded for at, traded in by_day.items() if at >= month_at), Traded()),
        [by_day.get(first_at + timedelta(days=number), Traded()) for number in range(DAYS)],
    )


def income_row(found: Income) -> Row:
    row: Row = {"row": "income", "unit": market_asset().unit}
    for name, traded in (("today", found.today), ("month", found.month)):
        net_ubtt = traded.earned_ubtt - traded.spent_ubtt
        row |= {
            f"{name}_earned": format_btt(traded.earned_ubtt),
            f"{name}_spent": format_btt(traded.spent_ubtt),
            f"{name}_net": ("+" if net_ubtt > 0 else "") + format_btt(net_ubtt),
            f"{name}_tone": "green" if net_ubtt > 0 else "red" if net_ubtt < 0 else "secondary",
        }
    return row


def lines(found: Income) -> tuple[Spark, Spark]:
    """Return what was earned and spent by day, as lines in one scale."""
    earned = [day.earned_ubtt for day in found.days]
    spent = [day.spent_ubtt for day in found.days]
    top = max(*earned, *spent)
    return spark(earned, top=top), spark(spent, top=top)


def version(found: Income) -> str:
    """Name the lines as they are drawn: a page fetches them again when they differ from those that it has."""
    return sha256(" ".join(line.points for line in lines(found)).encode()).hexdigest()[:12]


def messages(user_id: int) -> list[Message]:
    """Return how a user's purse stands, as messages of the live socket."""
    found = income(user_id, now=datetime.now(UTC))
    rows = {str(row["row"]): row for row in (purse_row(user_id), income_row(found))}
    return [{"type": "rows", "rows": rows}, {"type": "versions", "versions": {"tile-income": version(found)}}]
