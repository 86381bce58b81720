"""Budgets: no race and no crash can spend more than a user has said, for a torrent or within 24 hours.

What counts as used: what was signed within the time, and all that a channel still open could still pay, from the moment
at which a hub may have been asked to open it. The reservation is committed first; only then is the hub asked, with
the reservation's key, so that asking again is harmless. It counts until the hub has refused it, or the channel has
ended: as the hub says, or as it must have by its time where the hub says nothing any more. Then only what was signed
counts. That is safe whatever the hub does: nothing is signed in a deal that is closed, and no hub gets more than that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext_noop

from speed.models import Bid, Budget, BuyingDeal, Payment, Reservation

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
STOPPED = gettext_noop("The user has stopped it.")
NONE_FOR_TORRENT = gettext_noop("The budget of this torrent is used up, or would be.")
NONE_FOR_DAY = gettext_noop("The budget of this day is used up, or would be.")
COUNTS = (Reservation.ASKED, Reservation.DONE)


@dataclass(frozen=True)
class Need:
    """What shall go into a channel: a new one, or one that is topped up.

    The key is made by whoever needs it, once: a second try, because the answer to the first was lost, is the same need.
    """

    key: str
    bid_id: int
    deal_id: str
    channel_id: str  # "": a new one
    hub_id: str
    account: str
    payee_key: str
    place: str
    endpoint: str
    torrent_name: str
    size_bytes: int
    wanted_ubtt: int
    least_ubtt: int  # less is of no use
    expires_s: int


@dataclass(frozen=True)
class Used:
    """How far a budget is used."""

    used_ubtt: int
    limit_ubtt: int

    @property
    def left_ubtt(self) -> int:
        return max(self.limit_ubtt - self.used_ubtt, 0)


def reserve(need: Need, *, now: datetime) -> Reservation | str:
    """Take the money off the budgets, as much as is wanted or left; return why not, in a sentence, if that is no use.

    The user's budget is locked until it is written, so that two nodes never see the same rest. What was reserved for
    the same need before is returned as it is.
    """
    with transaction.atomic():
        done = Reservation.objects.filter(pk=need.key).select_related("bid").first()
        if done is not None:
            return done
        bid = Bid.objects.filter(pk=need.bid_id).first()
        if bid is None:
            return STOPPED
        budget = Budget.objects.select_for_update().filter(pk=bid.user_id, is_on=True).first()
        if budget is None or not Bid.objects.filter(pk=bid.pk, is_on=True).exists():
            return STOPPED
        torrent, day = of_torrent(bid), of_day(budget, now=now)
        amount_ubtt = min(need.wanted_ubtt, torrent.left_ubtt, day.left_ubtt)
        if amount_ubtt < need.least_ubtt:
            return NONE_FOR_TORRENT if torrent.left_ubtt <= day.left_ubtt else NONE_FOR_DAY
        return Reservation.objects.create(
            key=need.key,
            bid=bid,
            user_id=bid.user_id,
            node_name=bid.node_name,
            deal_id=need.deal_id,
            channel_id=need.channel_id,
            hub_id=need.hub_id,
            account=need.account,
            payee_key=need.payee_key,
            place=need.place,
            endpoint=need.endpoint,
            torrent_name=need.torrent_name,
            size_bytes=need.size_bytes,
            amount_ubtt=amount_ubtt,
            expires_s=need.expires_s,
            made_at=now,
        )


def refused(key: str, *, text: str) -> None:
    """The hub has said no, and will say no again: the money counts no longer."""
    Reservation.objects.filter(pk=key, state=Reservation.ASKED).update(state=Reservation.REFUSED, refusal=text)


def given_up(key: str, *, text: str) -> None:
    """The hub has given no answer for so long that a channel it may have opened has ended, and nothing was signed."""
    Reservation.objects.filter(pk=key, state=Reservation.ASKED).update(state=Reservation.ENDED, refusal=text)


def unanswered(node_name: str) -> list[Reservation]:
    """Return what a hub was, or was to be, asked when the node stopped."""
    found = Reservation.objects.filter(node_name=node_name, state=Reservation.ASKED)
    return list(found.select_related("bid").order_by("made_at"))


def of_torrent(bid: Bid) -> Used:
    """Return what a bid's torrent has cost, or still can."""
    reserved_ubtt = _sum(Reservation.objects.filter(bid=bid, state__in=COUNTS), "amount_ubtt")
    over = BuyingDeal.objects.filter(bid_id=bid.pk, is_closed=True)
    return Used(reserved_ubtt + _sum(over, "cumulative_ubtt"), bid.budget_ubtt)


def of_day(budget: Budget, *, now: datetime) -> Used:
    """Return what a user has spent within 24 hours, to the whole hour, or still can out of open channels."""
    reserved_ubtt = _sum(Reservation.objects.filter(user_id=budget.user_id, state__in=COUNTS), "amount_ubtt")
    signed_ubtt = _sum(BuyingDeal.objects.filter(user_id=budget.user_id, is_closed=False), "cumulative_ubtt")
    return Used(reserved_ubtt - signed_ubtt + signed_within_day(budget.user_id, now=now), budget.day_limit_ubtt)


def signed_within_day(user_id: int, *, now: datetime) -> int:
    return _sum(Payment.objects.filter(user_id=user_id, hour_at__gt=now - DAY - HOUR), "signed_ubtt")


def used_up(bids: Iterable[Bid], budgets: Iterable[Budget], *, now: datetime) -> tuple[set[int], set[int]]:
    """Return the bids, and the users, for whom all is signed that may be: channels may hold more if it was lowered."""
    bid_limits = {bid.pk: bid.budget_ubtt for bid in bids}
    day_limits = {budget.user_id: budget.day_limit_ubtt for budget in budgets}
    deals = BuyingDeal.objects.filter(bid_id__in=bid_limits).order_by().values_list("bid_id")
    paid = Payment.objects.filter(user_id__in=day_limits, hour_at__gt=now - DAY - HOUR)
    of_bids = dict(deals.annotate(total=Sum("cumulative_ubtt")))
    of_users = dict(paid.order_by().values_list("user_id").annotate(total=Sum("signed_ubtt")))
    return (
        {bid_id for bid_id, limit_ubtt in bid_limits.items() if of_bids.get(bid_id, 0) >= limit_ubtt},
        {user_id for user_id, limit_ubtt in day_limits.items() if of_users.get(user_id, 0) >= limit_ubtt},
    )


def left(bids: Iterable[Bid], budgets: Iterable[Budget], *, now: datetime) -> tuple[dict[int, int], dict[int, int]]:
    """Return what is left of bids and of users' days; below zero where channels hold more than a limit is now."""
    found = list(bids)
    used = used_by_bids(found)
    days = {budget.user_id: of_day(budget, now=now) for budget in budgets}
    return (
        {bid.pk: bid.budget_ubtt - used[bid.pk] for bid in found},
        {user_id: day.limit_ubtt - day.used_ubtt for user_id, day in days.items()},
    )


def used_by_bids(bids: Iterable[Bid]) -> dict[int, int]:
    """Return what each bid's torrent has cost, or still can, as `of_torrent` does of one."""
    ids = [bid.pk for bid in bids]
    held = Reservation.objects.filter(bid_id__in=ids, state__in=COUNTS).order_by().values_list("bid_id")
    over = BuyingDeal.objects.filter(bid_id__in=ids, is_closed=True).order_by().values_list("bid_id")
    reserved = dict(held.annotate(total=Sum("amount_ubtt")))
    signed = dict(over.annotate(total=Sum("cumulative_ubtt")))
    return {pk: reserved.get(pk, 0) + signed.get(pk, 0) for pk in ids}


# --- what the books of a deal tell budgets; called within their transactions


def note_signed(deal: BuyingDeal, *, more_ubtt: int, more_bytes: int, now: datetime) -> None:
    """Count what was signed, in its hour."""
    hour_at = now.replace(minute=0, second=0, microsecond=0)
    payment, _ = Payment.objects.get_or_create(
        deal_id=deal.deal_id, hour_at=hour_at, defaults={"user_id": deal.user_id}
    )
    Payment.objects.filter(pk=payment.pk).update(
        signed_ubtt=F("signed_ubtt") + more_ubtt, accepted_bytes=F("accepted_bytes") + more_bytes
    )


def note_done(key: str, *, channel_id: str) -> None:
    """The hub has put the money into the channel."""
    Reservation.objects.filter(pk=key, state=Reservation.ASKED).update(state=Reservation.DONE, channel_id=channel_id)


def note_ended(deal_id: str) -> None:
    """The channel has ended: only what was signed counts from now on."""
    Reservation.objects.filter(deal_id=deal_id, state__in=COUNTS).update(state=Reservation.ENDED)


def _sum(rows: QuerySet[Any], column: str) -> int:
    return int(rows.aggregate(total=Sum(column))["total"] or 0)
