"""What a batch needs of the books, and what every way to them can do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.contrib.auth import get_user_model

from wallet.domain.accounts import OWNED, AccountKind, AccountName
from wallet.domain.items import EndHold, PlaceHold, Transfer
from wallet.domain.kinds import OPENING
from wallet.domain.posting import Books, Decision, Hashed, Known


class Absent(Exception):
    """Accounts that a batch may use for the first time have to be opened before it can lock what it needs."""

    def __init__(self, names: Sequence[AccountName]) -> None:
        super().__init__(", ".join(map(str, names[:3])))
        self.names = names


@dataclass(frozen=True)
class Request:
    """What a batch touches."""

    names: tuple[AccountName, ...]
    openable: frozenset[AccountName]  # that come into being with their first transfer
    keys: tuple[bytes, ...]
    holds: tuple[int, ...]
    to_end: tuple[int, ...]  # of the holds, those whose account no item names
    originals: tuple[int, ...]

    @classmethod
    def of(cls, wishes: Sequence[Hashed]) -> "Request":
        names: set[AccountName] = set()
        openable: set[AccountName] = set()
        holds: set[int] = set()
        to_end: set[int] = set()
        originals: set[int] = set()
        for item, _, _ in wishes:
            if isinstance(item, Transfer):
                names.add(item.debit)
                names.add(item.credit)
                if item.kind in OPENING:
                    openable.add(item.credit)
                if item.hold is not None:
                    holds.add(item.hold)
                if item.reverses is not None:
                    originals.add(item.reverses)
            elif isinstance(item, PlaceHold):
                names.add(item.account)
            elif isinstance(item, EndHold):
                to_end.add(item.hold)
        openable |= {name for name in names if name.kind not in OWNED or name.kind is AccountKind.USER}
        keys = tuple(key for _, key, _ in wishes)
        return cls(tuple(names), frozenset(openable), keys, tuple(holds | to_end), tuple(to_end), tuple(originals))


class Store(Protocol):
    """The books in one database. All but `known` and `open_accounts` are called in a transaction."""

    def prepare(self, wishes: Sequence[Hashed]) -> None:
        """Make ready what does not depend on the books, for `write`: it costs others nothing before they are locked."""

    def lock(self, request: Request) -> Books:
        """Lock the accounts by id, then read them and what is known of keys, holds and originals."""

    def open_accounts(self, names: Iterable[AccountName], *, now: datetime) -> None:
        """Make accounts that are not there yet, but none for a user who does not exist."""

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Known]: ...

    def write(self, decision: Decision, *, now: datetime) -> None:
        """Write what was decided and put the new ids into its outcomes."""


def user_table() -> tuple[str, str]:
    """Return the table of users and its key's column."""
    meta = get_user_model()._meta
    return meta.db_table, str(meta.pk.column)
