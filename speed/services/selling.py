"""What a seller keeps of its deals: rows written by the agent of one node, in the thread of its database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, OuterRef, Subquery, Sum

from speed.domain.bounds import DEBT_S
from speed.domain.trust import Account
from speed.models import SellingDeal

MAX_PAST = 100_000  # deals of a week that are remembered one by one
DEALS_OF_PAYER = 100  # the newest, that a page sums up: it is read every few seconds by whoever looks

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Past:
    """What deals that are over say of payers and addresses."""

    accounts: tuple[tuple[datetime, Account], ...]  # of the last seven days, with when each was last linked
    paid_before: Mapping[str, int]  # bytes that payers paid for in deals that are older


def open_deals(node_name: str) -> list[SellingDeal]:
    """Return the deals whose channels the hub has not ended yet."""
    return list(SellingDeal.objects.filter(node_name=node_name, is_closed=False).order_by("pk"))


def past(node_name: str, *, now: datetime) -> Past:
    """Return what to remember of deals that are over."""
    over = SellingDeal.objects.filter(node_name=node_name, is_closed=True)
    week = now - timedelta(seconds=DEBT_S)
    recent = over.filter(linked_at__gte=week).order_by("-pk")[:MAX_PAST]
    older = over.filter(linked_at__lt=week).values_list("payer_ref").annotate(paid=Sum("covered_bytes"))
    return Past(
        accounts=tuple((deal.linked_at, _account(deal)) for deal in recent),
        paid_before=dict(older),
    )


def _account(deal: SellingDeal) -> Account:
    return Account(deal.payer_ref, tuple(deal.places), deal.sent_bytes, deal.covered_bytes, deal.written_off_bytes)


class _SumOfCovered(Subquery):
    """What the rows of a query that is cut off come to."""

    template = "(SELECT SUM(newest.covered_bytes) FROM (%(subquery)s) newest)"
    output_field = BigIntegerField()


def paid_by_payers(deals: Iterable[SellingDeal]) -> dict[tuple[str, str], int]:
    """Return the bytes that payers have paid for, by node and payer, over their newest deals.

    Only the payers of those of these deals that are open: what is over needs no window.
    """
    open_ones = [deal.pk for deal in deals if not deal.is_closed]
    if not open_ones:
        return {}
    of_payer = SellingDeal.objects.filter(payer_ref=OuterRef("payer_ref"), node_name=OuterRef("node_name"))
    newest = of_payer.order_by("-linked_at").values("covered_bytes")[:DEALS_OF_PAYER]
    found = SellingDeal.objects.filter(pk__in=open_ones).annotate(paid_bytes=_SumOfCovered(newest))
    return {
        (node_name, payer): paid for node_name, payer, paid in found.values_list("node_name", "payer_ref", "paid_bytes")
    }


def begin(columns: Columns) -> bool:
    """Write a new deal; false if its id or its channel is another one's. The same again changes nothing."""
    with transaction.atomic():
        deal, is_new = SellingDeal.objects.get_or_create(
            deal_id=columns["deal_id"], defaults={**columns, "channel_id": columns["channel_id"]}
        )
    return is_new or deal.channel_id == columns["channel_id"]


def is_free(*, deal_id: str, channel_id: str) -> bool:
    """Say whether no deal of before has this id or this channel: a channel serves one deal only."""
    return not SellingDeal.objects.filter(deal_id=deal_id).exists() and not (
        SellingDeal.objects.filter(channel_id=channel_id).exists()
    )


def keep(rows: Sequence[Columns], *, changing: Iterable[str]) -> None:
    """Write how deals are now in these columns, all of them in one statement; each row is whole, as `begin` has it."""
    SellingDeal.objects.bulk_create(
        [SellingDeal(**columns) for columns in rows],
        update_conflicts=True,
        unique_fields=["deal_id"],
        update_fields=list(changing),
    )


def store(rows: Sequence[Columns]) -> None:
    """Write some columns of deals. What a voucher promises is written before it counts, so it stands in these, too."""
    with transaction.atomic():
        for columns in rows:
            SellingDeal.objects.filter(deal_id=columns["deal_id"]).update(**columns)
