"""Whether a request fits into the limits, in words; tested at the form, and again under the lock that counts it."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet, Sum

from wallet.domain.limits import DAY, Over, Spent, Window, first_over
from wallet.domain.money import format_amount
from wallet.domain.withdrawal_states import OPEN, WithdrawalState
from wallet.models import Withdrawal, WithdrawalDesk, WithdrawalRules
from wallet.services import withdrawal_rules
from wallet.services.install import market_asset

MAX_OPEN = 20  # of one user: the queue is everybody's
# What never left counts no more.
_UNCOUNTED = (WithdrawalState.CANCELLED, WithdrawalState.REJECTED, WithdrawalState.RETURNED)


def problem(rules: WithdrawalRules, *, user_id: int, amount_ubtt: int, now: datetime) -> str:
    """Return why a request does not fit, with when it will; "" if it does."""
    asset = market_asset()
    if amount_ubtt < rules.least_ubtt:
        return f"One withdrawal is at least {format_amount(rules.least_ubtt, asset)}: less would not be worth its cost."
    if amount_ubtt > rules.most_ubtt:
        return f"One withdrawal is at most {format_amount(rules.most_ubtt, asset)}. Withdraw a smaller amount."
    desk = WithdrawalDesk.objects.first()
    if desk is not None and desk.hot_sun is not None and desk.hot_sun < rules.reserve_sun:
        return (
            "The box has too little TRX for the chain's fees, so nothing more is accepted until its operator has "
            "brought some. What was accepted before is still sent."
        )
    if Withdrawal.objects.filter(user_id=user_id, state__in=OPEN).count() >= MAX_OPEN:
        return f"You have {MAX_OPEN} withdrawals under way. Wait until one has arrived, or cancel one."
    over = _first_over(rules, user_id, amount_ubtt, now)
    return _sentence(over) if over else ""


def left_today_ubtt(rules: WithdrawalRules, *, user_id: int, now: datetime) -> int:
    """Return what a user may still ask for now."""
    lefts = [
        max(window.most_ubtt - _sum_ubtt(_counted(window, user_id, now)), 0)
        for window in withdrawal_rules.windows(rules)
    ]
    return min([rules.most_ubtt, *lefts])


def _first_over(rules: WithdrawalRules, user_id: int, amount_ubtt: int, now: datetime) -> Over | None:
    """Add up in the database, and read single rows only to say when there will be room."""
    windows = [
        window
        for window in withdrawal_rules.windows(rules)
        if _sum_ubtt(_counted(window, user_id, now)) + amount_ubtt > window.most_ubtt
    ]
    if not windows:
        return None
    everybodys = Withdrawal.objects.filter(requested_at__gt=now - DAY).exclude(state__in=_UNCOUNTED)
    own, all_spent = _spent(everybodys.filter(user_id=user_id)), _spent(everybodys)
    return first_over(windows, amount_ubtt=amount_ubtt, own=own, all_spent=all_spent, now=now)


def _counted(window: Window, user_id: int, now: datetime) -> "QuerySet[Withdrawal]":
    found = Withdrawal.objects.filter(requested_at__gt=now - window.span).exclude(state__in=_UNCOUNTED)
    return found if window.is_everybodys else found.filter(user_id=user_id)


def _sum_ubtt(found: "QuerySet[Withdrawal]") -> int:
    return int(found.aggregate(all_ubtt=Sum("amount_ubtt"))["all_ubtt"] or 0)


def _spent(found: "QuerySet[Withdrawal]") -> Sequence[Spent]:
    return [Spent(at, amount_ubtt) for at, amount_ubtt in found.values_list("requested_at", "amount_ubtt")]


def _sentence(over: Over) -> str:
    asset, window = market_asset(), over.window
    who = "All users together" if window.is_everybodys else "You"
    most, left = format_amount(window.most_ubtt, asset), format_amount(over.left_ubtt, asset)
    when = f"this fits from {over.free_at:%Y-%m-%d %H:%M} UTC on" if over.free_at else "this never fits: withdraw less"
    return f"{who} can withdraw {most} in {window.name}. {left} of it is left; {when}."
