"""Somebody's logins: in which browsers they are signed in, and how that ends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.sessions.models import Session
from django.db import transaction
from redis import RedisError

from seedbox.domain.browsers import browser_in_words, browser_kept
from seedbox.domain.kept import kept as _
from seedbox.models import User
from seedbox.models.audit_entry import Act
from seedbox.services.audit import Origin, record
from seedbox.services.live import user_group

LIFETIME = timedelta(days=30)  # after that one signs in again, however busy the login is
NOTICE_EVERY = timedelta(minutes=5)  # how exact "last seen" is: a request in between writes nothing
CHECK_LOGIN = "check the login"  # a text to a user's group that its sockets take as an order and don't pass on

_NO_ADDRESS = "0.0.0.0"  # the column wants an address: that of a proxy on a Unix socket that names none


@dataclass(frozen=True)
class Login:
    """One browser in which somebody is signed in."""

    id: int
    browser: str  # in words, guessed from what it calls itself
    address: str
    began_at: datetime
    seen_at: datetime
    is_this: bool  # the one that asks


def list_logins(user: User, *, this_key: str | None, now: datetime) -> list[Login]:
    """Return the logins that still open the box, this one first, then the one that was seen last."""
    alive = Session.objects.filter(expire_date__gt=now).values("session_key")
    rows = UserSession.objects.filter(user_id=user.pk, session_key__in=alive).order_by("-last_seen_at")
    logins = [
        Login(
            id=row.pk,
            browser=browser_in_words(row.user_agent),
            address="" if row.ip == _NO_ADDRESS else row.ip,
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            is_this=row.session_key == this_key,
        )
        for row in rows
    ]
    return sorted(logins, key=lambda login: not login.is_this)


def notice(*, user_id: int, login_key: str, origin: Origin, now: datetime) -> None:
    """Write down that a login was just used, and from where."""
    seen = {
        "user_id": user_id,
        "ip": origin.address or _NO_ADDRESS,
        "user_agent": origin.agent[:200],
        "last_seen_at": now,
    }
    UserSession.objects.update_or_create(
        session_key=login_key, defaults=seen, create_defaults={**seen, "created_at": now}
    )


def end_login(*, user: User, login_id: int, origin: Origin, now: datetime) -> bool:
    """End one of the user's logins; say whether there was one."""
    ended = UserSession.objects.filter(user_id=user.pk, pk=login_id).first()
    if ended is None:
        return False
    detail = _("%(browser)s at %(address)s", {"browser": browser_kept(ended.user_agent), "address": str(ended.ip)})
    with transaction.atomic():
        _end(user.pk, [ended.session_key])
        record(Act.LOGIN_ENDED, origin=origin, now=now, subject=user, detail=detail)
    return True


def end_others(*, user: User, this_key: str | None, origin: Origin, now: datetime) -> int:
    """End all logins of the user but this one; return how many there were."""
    with transaction.atomic():
        count = end_all(user_id=user.pk, but_key=this_key)
        detail = _("All others: %(count)d", {"count": count})
        record(Act.LOGIN_ENDED, origin=origin, now=now, subject=user, detail=detail)
    return count


def end_all(*, user_id: int, but_key: str | None = None) -> int:
    """End all logins of a user but one, without a line in the log: it is part of a larger act."""
    keys = UserSession.objects.filter(user_id=user_id).exclude(session_key=but_key or "")
    return _end(user_id, list(keys.values_list("session_key", flat=True)))


def forget(*, user_id: int, login_key: str | None) -> None:
    """Take note that a login has ended by signing out."""
    _end(user_id, [login_key] if login_key else [])


def forget_expired(now: datetime) -> None:
    """Delete logins that have run out: nothing else does it."""
    Session.objects.filter(expire_date__lt=now).delete()


def check_sockets(user_id: int) -> None:
    """Make the user's sockets look at once whether they may stay. Without Redis they look every few seconds anyway."""
    transaction.on_commit(partial(_ask_sockets, user_id))


def _end(user_id: int, keys: Collection[str]) -> int:
    with transaction.atomic():
        Session.objects.filter(session_key__in=keys).delete()
        UserSession.objects.filter(session_key__in=keys).delete()
        check_sockets(user_id)
    return len(keys)


def _ask_sockets(user_id: int) -> None:
    layer = get_channel_layer()
    assert layer is not None  # the settings always name one
    try:
        async_to_sync(layer.group_send)(user_group(user_id), {"type": "live.text", "text": CHECK_LOGIN})
    except (RedisError, OSError, TimeoutError):
        return
