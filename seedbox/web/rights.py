"""Whether logins behind open sockets are still good, and what they still hold: asked for many sockets at once.

A thousand open pages ask two hundred times a second; one by one that is a connection to the database each time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from seedbox.models import User
from seedbox.services import factors, snapshots
from seedbox.services.rounds import Rounds
from seedbox.web.kept_connection import database_sync_to_async
from seedbox.web.logins import has_expired

SIGNED_OUT = 4401
FACTOR_WANTED = 4403  # the box's rule asks this user for a second factor, and there is none
DEMOTED = 4405  # the page shows what is for admins, and its user is none any more

ASKED_AT_ONCE = 50  # of 500 names each: SQLite takes 32,766 in one question
PAUSE_S = 0.2


class LoginOver(Exception):
    """This login may not see anything any more."""

    def __init__(self, code: int) -> None:
        self.code = code


@dataclass(frozen=True)
class Claim:
    """What one socket says that it is and shows."""

    session_key: str | None
    user_id: int
    holding_ids: frozenset[int]
    is_for_admins: bool = False


Rights = Rounds[Claim, frozenset[int]]  # to what the user still holds; raises LoginOver, or what the database raises

_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Rights] = WeakKeyDictionary()


def rights() -> Rights:
    """Return those of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _of_loops:
        _of_loops[loop] = Rights(database_sync_to_async(check), at_once=ASKED_AT_ONCE, pause_s=PAUSE_S)
    return _of_loops[loop]


def check(claims: Sequence[Claim]) -> list[frozenset[int] | LoginOver]:
    """Return for each claim what the user still holds.

    LoginOver is for who is signed out, deactivated, deleted, signed in for too long, has a new password, or is no admin
    any more before a page with what is for admins, as a new page would see it.
    """
    keys = [claim.session_key for claim in claims if claim.session_key]
    stored = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = {session.session_key: session.session_data for session in stored}
    holders = snapshots.holders(frozenset().union(*(claim.holding_ids for claim in claims)))
    found: list[frozenset[int] | LoginOver] = []
    for claim in claims:
        try:
            _check_login(claim, sessions.get(claim.session_key or ""))
        except LoginOver as over:
            found.append(over)
        else:
            found.append(frozenset(pk for pk in claim.holding_ids if holders.get(pk) == claim.user_id))
    return found


def _check_login(claim: Claim, session_data: str | None) -> None:
    """Raises LoginOver."""
    if session_data is None:
        raise LoginOver(SIGNED_OUT)
    request = HttpRequest()
    request.session = _Read(claim.session_key, session_data)
    user = get_user(request)
    if not isinstance(user, User) or user.pk != claim.user_id or has_expired(request.session, timezone.now()):
        raise LoginOver(SIGNED_OUT)
    if factors.must_set_up(user):
        raise LoginOver(FACTOR_WANTED)
    if claim.is_for_admins and not user.is_admin:
        raise LoginOver(DEMOTED)


class _Read(SessionStore):
    """A session whose row was read already."""

    def __init__(self, session_key: str | None, session_data: str) -> None:
        super().__init__(session_key)
        self._data = session_data

    def load(self) -> dict[str, Any]:
        return dict(SessionStore().decode(self._data))  # our own class would sign with another salt
