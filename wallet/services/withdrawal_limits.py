"""Whether a request fits into the limits, in words; tested at the form, and again under the lock that counts it."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from wallet.domain.limits import DAY, HOUR, Over, Spent, Window, first_over
from wallet.domain.money import Asset, format_amount, worth_ubtt
from wallet.domain.withdrawal_states import OPEN, WithdrawalState
from wallet.models import Withdrawal, WithdrawalDesk, WithdrawalRules
from wallet.services import withdrawal_rules

MAX_OPEN = 20  # of one user: the queue is everybody's
# What never left counts no more.
_UNCOUNTED = (WithdrawalState.CANCELLED, WithdrawalState.REJECTED, WithdrawalState.RETURNED)


def problem(rules: WithdrawalRules, *, asset: Asset, user_id: int, amount_ubtt: int, now: datetime) -> str:
    """Return why a request does not fit, with when it will; "" if it does. The rules are in the asset's units."""
    if amount_ubtt < rules.least_ubtt:
        return _("One withdrawal is at least %(least_ubtt)s: less would not be worth its cost.") % {
            "least_ubtt": format_amount(rules.least_ubtt, asset)
        }
    if amount_ubtt > rules.most_ubtt:
        return _("One withdrawal is at most %(most_ubtt)s. Withdraw a smaller amount.") % {
            "most_ubtt": format_amount(rules.most_ubtt, asset)
        }
    desk = WithdrawalDesk.objects.first()
    if desk is not None and desk.hot_sun is not None and desk.hot_sun < rules.reserve_sun:
        return _(
            "The box has too little TRX for the chain's fees, so nothing more is accepted until its operator has "
            "brought some. What was accepted before is still sent."
        )
    if Withdrawal.objects.filter(user_id=user_id, state__in=OPEN).count() >= MAX_OPEN:
        return _("You have %(max_open)s withdrawals under way. Wait until one has arrived, or cancel one.") % {
            "max_open": MAX_OPEN
        }
    over = _first_over(rules, asset, user_id, amount_ubtt, now)
    return _sentence(over, asset) if over else ""


def left_today_ubtt(rules: WithdrawalRules, *, asset: Asset, user_id: int, now: datetime) -> int:
    """Return what a user may still ask for now. The rules are in the asset's units."""
    lefts = [
        max(window.most_ubtt - _sum_ubtt(_counted(window, user_id, now), asset), 0)
        for window in withdrawal_rules.windows(rules)
    ]
    return min([rules.most_ubtt, *lefts])


def _first_over(rules: WithdrawalRules, asset: Asset, user_id: int, amount_ubtt: int, now: datetime) -> Over | None:
    """Add up in the database, and read single rows only to say when there will be room."""
    windows = [
        window
        for window in withdrawal_rules.windows(rules)
        if _sum_ubtt(_counted(window, user_id, now), asset) + amount_ubtt > window.most_ubtt
    ]
    if not windows:
        return None
    everybodys = Withdrawal.objects.filter(requested_at__gt=now - DAY).exclude(state__in=_UNCOUNTED)
    own, all_spent = _spent(everybodys.filter(user_id=user_id), asset), _spent(everybodys, asset)
    return first_over(windows, amount_ubtt=amount_ubtt, own=own, all_spent=all_spent, now=now)


def _counted(window: Window, user_id: int, now: datetime) -> "QuerySet[Withdrawal]":
    found = Withdrawal.objects.filter(requested_at__gt=now - window.span).exclude(state__in=_UNCOUNTED)
    return found if window.is_everybodys else found.filter(user_id=user_id)


def _sum_ubtt(found: "QuerySet[Withdrawal]", asset: Asset) -> int:
    """Add up what counts, each asset by what it is worth: whoever holds both has the limits once."""
    sums = found.order_by().values_list("asset").annotate(all_ubtt=Sum("amount_ubtt"))
    return sum(worth_ubtt(int(all_ubtt), Asset(one), in_asset=asset) for one, all_ubtt in sums)


def _spent(found: "QuerySet[Withdrawal]", asset: Asset) -> Sequence[Spent]:
    rows = found.values_list("requested_at", "amount_ubtt", "asset")
    return [Spent(at, worth_ubtt(amount_ubtt, Asset(one), in_asset=asset)) for at, amount_ubtt, one in rows]


def _sentence(over: Over, asset: Asset) -> str:
    window = over.window
    most, left = format_amount(window.most_ubtt, asset), format_amount(over.left_ubtt, asset)
    limit = {
        (HOUR, True): _("All users together can withdraw %(most)s in an hour."),
        (DAY, True): _("All users together can withdraw %(most)s in 24 hours."),
        (HOUR, False): _("You can withdraw %(most)s in an hour."),
        (DAY, False): _("You can withdraw %(most)s in 24 hours."),
    }[window.span, window.is_everybodys] % {"most": most}
    rest = _("%(left)s of it is left; this never fits: withdraw less.")
    if over.free_at:
        rest = _("%(left)s of it is left; this fits from %(free_at)s UTC on.")
    free_at = f"{over.free_at:%Y-%m-%d %H:%M}" if over.free_at else ""
    return f"{limit} {rest % {'left': left, 'free_at': free_at}}"
