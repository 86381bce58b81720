"""Holds whose time is over. Placing, posting and voiding are items of `ledger.post`."""

from datetime import datetime

from wallet.domain.items import EndHold, HoldEnd
from wallet.models import Hold
from wallet.services import ledger

AT_ONCE = 1_000


def expire_due(*, now: datetime) -> int:
    """Give back what holds reserve whose time is over; return how many ended. May run twice, late, or never.

    It cleans up only: a hold that is over can't be posted, whether this has run or not.
    """
    ended = 0
    while due := list(
        Hold.objects.filter(expires_at__lte=now, ended=None).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    ):
        ends = [EndHold(key=f"hold/{hold}/expired", hold=hold, end=HoldEnd.EXPIRED) for hold in due]
        done = sum(outcome.is_done for outcome in ledger.post(ends, now=now))
        if not done:  # the next time will look again; going round here would help nobody
            break
        ended += done
    return ended
