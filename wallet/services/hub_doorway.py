"""Who calls the hub: each request is signed by a Speed key, at this moment, for this hub, and comes once.

And how often: a turn is counted per address in the database's cache, where it holds over several web processes. Two
requests at the very same moment may count as one.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import IntegrityError, transaction

from wallet.domain.hub import HubRefused, Refusal
from wallet.domain.speed1.hub_request import NONCE_LIFE_S, HubRequest, is_timely
from wallet.domain.speed1.signing import BadSignature
from wallet.models import HubNonce
from wallet.services import hub_identity

IPV6_PREFIX = 64  # what one household gets: its addresses count as one


@dataclass(frozen=True)
class Pace:
    """So many turns at once, and then so many each second."""

    at_once: int
    per_s: float


INFO = Pace(5, 5.0)
CALLS = Pace(200, 50.0)  # of a node: a few calls for each of its deals
PAIRINGS = Pace(10, 0.2)  # codes are not to be guessed, and a person types few


@dataclass(frozen=True)
class Signed:
    """A request as it came, with what its headers say."""

    method: str
    path: str  # from /hub/1 on, as sent, with its query
    body: bytes
    speed_key: str
    time_s: int
    nonce: bytes
    signature: bytes


def check(request: Signed, *, now: datetime) -> None:
    """Let a request through that its key has signed just now and that comes for the first time. Raises HubRefused."""
    if not is_timely(time_s=request.time_s, now_s=int(now.timestamp())):
        raise HubRefused(Refusal.STALE, f"Speed-Time is too far from the hub's time, which is {int(now.timestamp())}.")
    hub_id = hub_identity.hub_id()
    if not hub_id:
        raise HubRefused(Refusal.LOCKED, hub_identity.NOT_READY)
    try:
        HubRequest(
            hub_id=hub_id,
            method=request.method,
            path=request.path,
            body=request.body,
            time_s=request.time_s,
            nonce=request.nonce,
        ).check(bytes.fromhex(request.speed_key), request.signature)
    except (BadSignature, ValueError):
        raise HubRefused(Refusal.NOT_SIGNED, "Speed-Sig is not that key's signature of this request.") from None
    try:
        with transaction.atomic():
            expires_at = now + timedelta(seconds=NONCE_LIFE_S)
            HubNonce.objects.create(caller=request.speed_key, nonce=request.nonce, expires_at=expires_at)
    except IntegrityError:
        raise HubRefused(Refusal.REPLAYED, "Speed-Nonce was used before. Sign the request with a new one.") from None


def take_turn(what: str, pace: Pace, address: str, *, now: datetime) -> None:
    """Count a turn of the address; raises HubRefused, and counts nothing, when it has none left."""
    key, now_s = f"hub:{what}:{_household(address)}", now.timestamp()
    missing_s = max(float(cache.get(key, 0.0)) - now_s, 0.0)  # until all turns are there again
    wait_s = missing_s - (pace.at_once - 1) / pace.per_s
    if wait_s > 0:
        raise HubRefused(Refusal.TOO_OFTEN, "Too often from this address.", wait_s=math.ceil(wait_s))
    full_in_s = missing_s + 1 / pace.per_s
    cache.set(key, now_s + full_in_s, timeout=math.ceil(full_in_s))


def forget_nonces(*, now: datetime) -> None:
    HubNonce.objects.filter(expires_at__lte=now).delete()


def _household(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"  # a proxy on a Unix socket that names nobody: all count as one
    return str(found if found.version == 4 else ipaddress.ip_network(f"{found}/{IPV6_PREFIX}", strict=False))
