"""Tells people what books and market have done: their tidings become notices, each once.

Everything is read from rows, a little further back than the last time: what a crash, a dead worker or a lost message
kept from being told is told by the next look. Nothing here can fail or delay money: it is no part of any transaction
that moves some.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from seedbox.models import User
from seedbox.services import node_tidings, notice_kinds, notices, torrent_tidings, watchables
from seedbox.services.notice_kinds import Kind
from speed.services import tidings as market
from wallet.services import purse
from wallet.services import tidings as books

AT_FIRST = timedelta(hours=24)  # how far back a new process looks
OVERLAP = timedelta(minutes=2)  # between two looks: a row is committed after the moment that it bears

KINDS_OF_MONEY = (
    Kind(books.DEPOSITS, _("Deposits")),
    Kind(books.WITHDRAWALS, _("Withdrawals that arrived, came back or were rejected")),
    Kind(books.TIPS, _("Tips and grants that you get")),
    Kind(books.FREEZES, _("Your money frozen, or free again")),
    Kind(market.DEALS, _("Deals that ended")),
    Kind(market.BIDS, _("Budgets used up, and bids that brought nothing")),
    Kind(books.APPROVALS, _("Withdrawals that wait for an approval"), for_admins=True),
    Kind(books.HALTS, _("Halts of withdrawals"), for_admins=True),
)


def register(*, has_wallet: bool) -> None:
    """Let people choose among all that this box can tell them."""
    for kind in (*torrent_tidings.KINDS, node_tidings.KIND):
        notice_kinds.register(kind)
    for kind in KINDS_OF_MONEY:
        if has_wallet:
            notice_kinds.register(kind)
        else:
            notice_kinds.forget(kind.name)


class Crier:
    """Goes around and tells what is new, again and again; remembers when it last did."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None
        self._books = books.Lookout()
        self._nodes = node_tidings.NodeWatch()

    def tell(self, *, now: datetime) -> None:
        since = now - AT_FIRST if self._looked_at is None else min(self._looked_at, now) - OVERLAP
        found = [*self._books.look(since=since), *market.look(since=since)]
        # As it happened: of each sort the newest comes first.
        notices.tell(_notices(found[::-1], notices.admins() if found else []))
        self._nodes.look(now=now)
        if self._looked_at is not None and self._looked_at.date() != now.date():
            _tell_of_a_new_day()
        self._looked_at = now


def _tell_of_a_new_day() -> None:
    """Let open pages show what came in today: nothing yet."""
    here = User.objects.filter(is_active=True)
    watchables.tell(purse.KIND, list(here.values_list("pk", flat=True)))


def _notices(found: Iterable[books.Tiding], admins: Iterable[int]) -> Iterable[notices.Tiding]:
    everybody = list(admins)
    for one in sorted(found, key=lambda one: one.at):
        for user_id in everybody if one.user_id is None else [one.user_id]:
            yield notices.Tiding(
                user_id=user_id,
                kind=one.kind,
                key=one.key,
                at=one.at,
                tone=one.tone,
                text=one.text,
                url_name=one.url_name,
                url_args=one.url_args,
            )
