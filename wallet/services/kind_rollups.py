"""The sums by kind that are kept of what went in and out of users' money."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from wallet.domain.spans import Span, beginning
from wallet.models import KindRollup
from wallet.services import kept_sums
from wallet.services.audit_rollups import check_kinds
from wallet.services.flows import flows
from wallet.services.followers import Follower
from wallet.services.long_sums import kept

Key = tuple[int, Span, datetime, int]


def gather(after: int, upto: int) -> Callable[[], None]:
    """Sum up transfers by hour, day and month; the answer adds that to what is kept."""
    found: dict[Key, list[int]] = {}
    for flow in flows(after=after, upto=upto):
        for span in Span:
            sums = found.setdefault((flow.account_id, span, beginning(flow.hour_at, span), flow.kind), [0, 0, 0, 0])
            sums[0] += flow.in_ubtt
            sums[1] += flow.out_ubtt
            sums[2] += flow.entries
            sums[3] = max(sums[3], flow.last_id)
    return partial(
        kept_sums.add,
        KindRollup,
        keys=("account_id", "span", "begins_at", "kind"),
        sums=("in_ubtt", "out_ubtt", "entries"),
        rows=[(*key, *kept(sums)) for key, sums in sorted(found.items())],
        after=after,
    )


def forget() -> None:
    KindRollup.objects.all().delete()


FOLLOWER = Follower("kinds", gather, forget, check_kinds)
