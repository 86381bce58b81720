"""Accounts by name: whose they are, what for, in which asset."""

import re
from enum import IntEnum
from typing import NamedTuple

from wallet.domain.language import gettext_noop
from wallet.domain.money import Asset

MAX_REF_LENGTH = 64
_REF = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_USER_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


class AccountKind(IntEnum):
    """What an account is for. All but CHAIN refuse to go below zero."""

    CHAIN = 1  # the outside world: minus its balance is what the books say that we hold on the chain
    USER = 2  # a person's money
    CHANNEL = 3  # the money of one deal
    BOUNTY = 4  # set aside for keeping something alive
    IN_FLIGHT = 5  # signed withdrawals that are not final
    SUSPENSE = 6  # ours on the chain, and nobody knows yet whose
    FEES = 7  # what the operator has earned
    NETWORK_FEES = 8  # what the operator set aside for the chain's costs
    ROUNDING = 9
    TREASURY = 10  # the operator's own money, from which grants come
    EARNINGS = 11  # what a node of ours has earned, until it is split among the holders of what was sold

    __hash__ = int.__hash__  # as Asset's

    @property
    def label(self) -> str:
        """Return its name in English, as files have it; whoever shows it to people translates it."""
        return _LABELS[self]


_LABELS = {
    AccountKind.CHAIN: gettext_noop("Chain"),
    AccountKind.USER: gettext_noop("User"),
    AccountKind.CHANNEL: gettext_noop("Channel"),
    AccountKind.BOUNTY: gettext_noop("Bounty"),
    AccountKind.IN_FLIGHT: gettext_noop("In flight"),
    AccountKind.SUSPENSE: gettext_noop("Suspense"),
    AccountKind.FEES: gettext_noop("Fees"),
    AccountKind.NETWORK_FEES: gettext_noop("Network fees"),
    AccountKind.ROUNDING: gettext_noop("Rounding"),
    AccountKind.TREASURY: gettext_noop("Treasury"),
    AccountKind.EARNINGS: gettext_noop("Earnings"),
}
# Many of a kind, told apart by ref.
OWNED = frozenset({AccountKind.USER, AccountKind.CHANNEL, AccountKind.BOUNTY, AccountKind.EARNINGS})


class AccountName(NamedTuple):
    """Names one account. `ref` is a user's id, the id of a channel or bounty, a node; empty for the install's own."""

    asset: Asset
    kind: AccountKind
    ref: str = ""

    def __str__(self) -> str:
        return f"{self.kind.label.lower()}{f' {self.ref}' if self.ref else ''} ({self.asset.unit})"


class BadAccountName(ValueError):
    """This names no account."""

    def __init__(self, name: object) -> None:
        super().__init__(f"{name!r} names no account.")


def check_account_name(name: object) -> AccountName:
    """Return the name if it is one; raises BadAccountName."""
    if (
        not isinstance(name, AccountName)
        or not isinstance(name.asset, Asset)
        or not isinstance(name.kind, AccountKind)
        or not isinstance(name.ref, str)
        or bool(name.ref) != (name.kind in OWNED)
        or (name.ref and not _REF.fullmatch(name.ref))
        or (name.kind is AccountKind.USER and not _USER_ID.fullmatch(name.ref))
    ):
        raise BadAccountName(name)
    return name


def user_account(asset: Asset, user_id: int) -> AccountName:
    return AccountName(asset, AccountKind.USER, str(user_id))


def channel_account(asset: Asset, channel_id: str) -> AccountName:
    return AccountName(asset, AccountKind.CHANNEL, channel_id)


def earnings_account(asset: Asset, node_id: int) -> AccountName:
    """Return the account that vouchers to one of our nodes are paid to."""
    return AccountName(asset, AccountKind.EARNINGS, f"node-{node_id}")


def own_account(asset: Asset, kind: AccountKind) -> AccountName:
    """Return the install's own account of that kind."""
    return AccountName(asset, kind)
