"""Turns at what costs the box something, counted per user and per address in the database's cache.

There they hold over several web processes, survive a restart, and need no Redis. Two requests at the very same moment
may count as one: a throttle may be inexact.
"""

import ipaddress
import math
from datetime import datetime
from typing import Literal

from django.core.cache import cache
from django.utils.translation import ngettext

from seedbox.domain.throttles import Allowance, take

Act = Literal["add", "search", "look_up", "export"]

IPV6_PREFIX = 64  # what one household gets: its addresses count as one
# Far above what hands can do, also those of a whole office behind one address. But who looks up people by their names
# could try a list of names: twenty forms at once, then two a minute.
OF_A_USER: dict[Act, Allowance] = {
    "add": Allowance(60, 2.0),
    "search": Allowance(60, 0.5),
    "look_up": Allowance(20, 30.0),
    "export": Allowance(10, 30.0),  # each may read a million rows
}
OF_AN_ADDRESS: dict[Act, Allowance] = {
    "add": Allowance(300, 0.5),
    "search": Allowance(300, 0.1),
    "look_up": Allowance(60, 10.0),
    "export": Allowance(60, 5.0),
}


class TooOften(Exception):
    """Too often: wait, then try again."""

    def __init__(self, wait_s: int) -> None:
        says = ngettext("Wait %(count)d second, then try again.", "Wait %(count)d seconds, then try again.", wait_s)
        super().__init__(says % {"count": wait_s})
        self.wait_s = wait_s


def take_turn(act: Act, *, user_id: int, address: str, now: datetime) -> None:
    """Count one turn of the user and of the address; raises TooOften, and counts nothing, when either has none left."""
    now_s = now.timestamp()
    allowances = {
        f"throttle:{act}:user:{user_id}": OF_A_USER[act],
        f"throttle:{act}:address:{_household(address)}": OF_AN_ADDRESS[act],
    }
    before: dict[str, float] = cache.get_many(allowances)
    taken = {key: take(allowance, full_at_s=before.get(key, 0.0), now_s=now_s) for key, allowance in allowances.items()}
    wait_s = max(each.wait_s for each in taken.values())
    if wait_s > 0:
        raise TooOften(math.ceil(wait_s))
    for key, each in taken.items():
        cache.set(key, each.full_at_s, timeout=math.ceil(each.full_at_s - now_s))


def _household(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"  # a proxy on a Unix socket that names nobody: all count as one
    return str(found if found.version == 4 else ipaddress.ip_network(f"{found}/{IPV6_PREFIX}", strict=False))
