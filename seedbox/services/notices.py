"""Notices: what ended well or badly for somebody, told once, kept a while, shown on every page as it comes.

Who tells gives each notice a key. A key that a user has had says nothing again, and what is older than all that is
kept of a full box of notices is too old to be told: so nothing is told twice, whoever looks at the same rows again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from seedbox.models import Notice, User
from seedbox.models.user import Role
from seedbox.services import notice_kinds, watchables
from seedbox.services.readers import manner_of, written_for

LIVE = "notices"  # what every page watches
KEPT = 200  # of each user, the newest
PAGE = 50
FRESH = 4  # that open pages are sent with each change; who missed more finds them at the bell
MAX_TEXT_CHARS = 300


@dataclass(frozen=True, kw_only=True)
class Tiding:
    """Something to tell one user."""

    user_id: int
    kind: str  # of notice_kinds
    key: str  # the same for the same happening, whoever finds it and how often
    at: datetime  # when it happened
    tone: str  # success | info | warning | danger
    text: str | Callable[[], str]  # what says it in its reader's manner
    url_name: str = ""  # of the page that it leads to
    url_args: tuple[int | str, ...] = ()


@dataclass(frozen=True)
class Bell:
    """What the bar on top shows."""

    unread: int
    newest: int  # the largest id so far: an open page shows what is beyond it


def tell(tidings: Iterable[Tiding]) -> None:
    """Tell users what they do not know yet, and let their open pages show it once the transaction is committed."""
    by_user: dict[int, list[Tiding]] = defaultdict(list)
    for tiding in tidings:
        by_user[tiding.user_id].append(tiding)
    here = User.objects.filter(pk__in=list(by_user), is_active=True).order_by("pk")
    for user in here:
        with written_for(manner_of(user)):
            _tell_one(user.pk, by_user[user.pk])


def _tell_one(user_id: int, tidings: Collection[Tiding]) -> None:
    own = Notice.objects.filter(user_id=user_id)
    told = set(own.filter(key__in=[tiding.key for tiding in tidings]).values_list("key", flat=True))
    unwanted = notice_kinds.silenced(user_id)
    oldest_at = _newest_first(own).values_list("at", flat=True)[KEPT - 1 : KEPT].first()
    fresh = [
        Notice(
            user_id=user_id,
            kind=tiding.kind,
            key=tiding.key,
            at=tiding.at,
            tone=tiding.tone,
            text=(tiding.text if isinstance(tiding.text, str) else tiding.text())[:MAX_TEXT_CHARS],
            url_name=tiding.url_name,
            url_args=list(tiding.url_args),
        )
        for tiding in tidings
        if tiding.key not in told and tiding.kind not in unwanted and (oldest_at is None or tiding.at > oldest_at)
    ]
    if not fresh:
        return
    with transaction.atomic():
        Notice.objects.bulk_create(fresh, ignore_conflicts=True)  # somebody else may tell the same at this moment
        kept = list(_newest_first(own).values_list("pk", flat=True)[:KEPT])
        if len(kept) == KEPT:
            own.exclude(pk__in=kept).delete()
        let_pages_show(user_id)


def admins() -> list[int]:
    """Return the ids of those whom the box itself concerns."""
    return list(User.objects.filter(role=Role.ADMIN, is_active=True).values_list("pk", flat=True))


def bell(user_id: int) -> Bell:
    found = _shown(user_id).aggregate(unread=Count("pk", filter=Q(read_at=None)), newest=Max("pk"))
    return Bell(found["unread"], found["newest"] or 0)


def messages(user_id: int) -> list[dict[str, object]]:
    """Return what an open page shows of the bell, and the newest that nobody has read, the oldest of them first."""
    now = bell(user_id)
    unread = _shown(user_id).filter(read_at=None).order_by("-pk")[:FRESH] if now.unread else ()
    fresh = [{"id": one.pk, "tone": one.tone, "text": one.text} for one in sorted(unread, key=lambda one: one.pk)]
    return [{"type": "notices", "unread": now.unread, "newest": now.newest, "fresh": fresh}]


def newest(
    user_id: int, *, before: tuple[datetime, int] | None = None, unread: bool = False, limit: int = PAGE
) -> Sequence[Notice]:
    """Return a user's notices, the newest first: those before the given one, by its time and id."""
    found = _shown(user_id)
    if unread:
        found = found.filter(read_at=None)
    if before is not None:
        at, pk = before
        found = found.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk))
    return list(_newest_first(found)[:limit])


def find(user_id: int, notice_id: int) -> Notice | None:
    return _shown(user_id).filter(pk=notice_id).first()


def mark_read(user_id: int, *, now: datetime, ids: Collection[int] | None = None) -> int:
    """Mark a user's notices as read, these or all; return how many were not."""
    found = _shown(user_id).filter(read_at=None)
    with transaction.atomic():
        marked = (found if ids is None else found.filter(pk__in=ids)).update(read_at=now)
        if marked:
            let_pages_show(user_id)
    return marked


def _shown(user_id: int) -> QuerySet[Notice]:
    """Return what a user may see now: of kinds that this box knows, and of an admin's kinds while one is an admin.

    A box whose wallet was turned off has no word of money.
    """
    is_for_all = Q(kind__in=notice_kinds.names(for_admins=False))
    is_for_admins = Q(kind__in=notice_kinds.names(for_admins=True), user__role=Role.ADMIN)
    return Notice.objects.filter(is_for_all | is_for_admins, user_id=user_id)


def _newest_first(found: QuerySet[Notice]) -> QuerySet[Notice]:
    return found.order_by("-at", "-pk")


def let_pages_show(user_id: int) -> None:
    """Let a user's open pages look anew, once the transaction is committed."""
    transaction.on_commit(partial(watchables.tell, LIVE, [user_id]))
