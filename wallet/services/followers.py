"""Who keeps sums of the ledger's transfers. What other apps keep is registered by name, for the audit and commands."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wallet.services.audit_findings import Findings


@dataclass(frozen=True)
class Follower:
    """Sums of transfers, and what is done to them."""

    name: str
    gather: Callable[[int, int], Callable[[], None]]  # read transfers above one id up to another; what it returns adds
    forget: Callable[[], None]  # delete all sums
    check: Callable[[Findings], None]  # compare with the transfers, in own SQL


_registered: dict[str, Follower] = {}


def register(follower: Follower) -> None:
    _registered[follower.name] = follower


def forget(name: str) -> None:
    _registered.pop(name, None)


def registered() -> Iterable[Follower]:
    return _registered.values()
