"""What operators see of the books: sums by kind, accounts, an account's entries. No memos: they are private."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db.models import Count, F, Q, QuerySet, Sum

from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Account, Seal, Transfer
from wallet.services.holders import Holder, holders
from wallet.services.touchable import REVERSIBLE

PAGE_ACCOUNTS = 50
PAGE_ENTRIES = 25
MAX_SEARCH_CHARS = 64
NAMES_FOUND = 200  # users whose accounts a search looks for; whoever means more of them types more
COUNTED = 10_000  # transfers without a seal: beyond that "more" says enough
_HALF = 2**31


@dataclass(frozen=True)
class KindSum:
    """All accounts of one kind and asset together."""

    asset: Asset
    kind: AccountKind
    count: int
    balance_ubtt: int
    held_ubtt: int


@dataclass(frozen=True)
class SealStatus:
    number: int  # 0: none yet
    sealed_at: datetime | None
    unsealed: int  # transfers after it, at most COUNTED + 1


@dataclass(frozen=True)
class Overview:
    sums: Sequence[KindSum]
    balances: dict[Asset, int]  # of all accounts of an asset together: zero, or the books are broken
    users: int
    frozen: int
    seal: SealStatus


@dataclass(frozen=True)
class Wanted:
    """Which accounts are asked for."""

    search: str = ""  # part of a user's name, an account's number, the beginning of a channel's id
    kind: AccountKind | None = None
    frozen_only: bool = False
    before: int | None = None


@dataclass(frozen=True)
class AccountPage:
    accounts: Sequence[tuple[Account, Holder]]
    before: int | None


@dataclass(frozen=True)
class EntryLine:
    """A transfer as one of its accounts sees it."""

    transfer: Transfer
    kind: TransferKind
    change_ubtt: int
    balance_ubtt: int  # after it
    version: int
    other_id: int
    other: Holder
    is_reversible: bool  # by an operator, and not reversed yet


@dataclass(frozen=True)
class EntryPage:
    entries: Sequence[EntryLine]
    before: int | None


def overview() -> Overview:
    sums = sums_by_kind()
    balances: dict[Asset, int] = {}
    for one in sums:
        balances[one.asset] = balances.get(one.asset, 0) + one.balance_ubtt
    of_users = Account.objects.filter(kind=AccountKind.USER)
    users = Count("ref", distinct=True)
    frozen = Count("ref", distinct=True, filter=Q(is_frozen=True))
    counts = of_users.aggregate(users=users, frozen=frozen)
    return Overview(sums, balances, counts["users"], counts["frozen"], _seal_status())


def sums_by_kind() -> list[KindSum]:
    """Add up all accounts in one statement, so at one moment; in two halves, as SQLite's sums end at 64 bits."""
    rows = (
        Account.objects.values("asset", "kind")
        .annotate(
            count=Count("pk"),
            balance_high=Sum(F("balance_ubtt") / _HALF),
            balance_low=Sum(F("balance_ubtt") % _HALF),
            held_high=Sum(F("held_ubtt") / _HALF),
            held_low=Sum(F("held_ubtt") % _HALF),
        )
        .order_by("asset", "kind")
    )
    return [
        KindSum(
            Asset(row["asset"]),
            AccountKind(row["kind"]),
            row["count"],
            int(row["balance_high"]) * _HALF + int(row["balance_low"]),
            int(row["held_high"]) * _HALF + int(row["held_low"]),
        )
        for row in rows
    ]


def _seal_status() -> SealStatus:
    newest = Seal.objects.order_by("-number").first()
    after = Transfer.objects.filter(pk__gt=newest.last_id) if newest else Transfer.objects.all()
    unsealed = after.order_by("pk")[: COUNTED + 1].count()
    return SealStatus(newest.number if newest else 0, newest.sealed_at if newest else None, unsealed)


def list_accounts(wanted: Wanted) -> AccountPage:
    """Return the accounts that are asked for, newest first."""
    found = Account.objects.all()
    if wanted.kind is not None:
        found = found.filter(kind=wanted.kind)
    if wanted.frozen_only:
        found = found.filter(is_frozen=True)
    if wanted.search:
        found = found.filter(_matches(wanted.search))
    if wanted.before is not None:
        found = found.filter(pk__lt=wanted.before)
    rows = list(found.order_by("-pk")[: PAGE_ACCOUNTS + 1])
    names = holders(rows)
    shown = [(account, names[account.pk]) for account in rows[:PAGE_ACCOUNTS]]
    return AccountPage(shown, rows[PAGE_ACCOUNTS - 1].pk if len(rows) > PAGE_ACCOUNTS else None)


def _matches(search: str) -> Q:
    users = get_user_model().objects.filter(username__icontains=search).order_by("username")
    refs = [str(pk) for pk in users.values_list("pk", flat=True)[:NAMES_FOUND]]
    match = Q(kind=AccountKind.USER, ref__in=refs) | (~Q(kind=AccountKind.USER) & Q(ref__startswith=search.lower()))
    number = search.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) <= 18:
        match |= Q(pk=int(number))
    return match


def find_account(account_id: int) -> tuple[Account, Holder] | None:
    account = Account.objects.filter(pk=account_id).first()
    return (account, holders([account])[account.pk]) if account else None


def entries_of(account: Account, *, before: int | None = None) -> EntryPage:
    """Return an account's newest entries, or those before a version."""
    limit = PAGE_ENTRIES + 1
    debits = _side(Transfer.objects.filter(debit=account), "debit_version", before)[:limit]
    credits = _side(Transfer.objects.filter(credit=account), "credit_version", before)[:limit]
    both = [(transfer.debit_version, transfer) for transfer in debits]
    both += [(transfer.credit_version, transfer) for transfer in credits]
    both.sort(key=lambda one: -one[0])
    others = {**{t.credit_id: t.credit for t in debits}, **{t.debit_id: t.debit for t in credits}}
    names = holders(others.values())
    reversed_ids = set(
        Transfer.objects.filter(reverses__in=[transfer.pk for _, transfer in both]).values_list("reverses", flat=True)
    )
    lines = [_entry(account, transfer, names, reversed_ids) for _, transfer in both[:PAGE_ENTRIES]]
    return EntryPage(lines, lines[-1].version if len(both) > PAGE_ENTRIES else None)


def _side(transfers: QuerySet[Transfer], version: str, before: int | None) -> QuerySet[Transfer]:
    if before is not None:
        transfers = transfers.filter(**{f"{version}__lt": before})
    return transfers.select_related("debit", "credit").defer("memo").order_by(f"-{version}")


def _entry(account: Account, transfer: Transfer, names: dict[int, Holder], reversed_ids: set[int | None]) -> EntryLine:
    is_debit = transfer.debit_id == account.pk
    kind = TransferKind(transfer.kind)
    other_id = transfer.credit_id if is_debit else transfer.debit_id
    return EntryLine(
        transfer=transfer,
        kind=kind,
        change_ubtt=-transfer.amount_ubtt if is_debit else transfer.amount_ubtt,
        balance_ubtt=transfer.debit_balance_ubtt if is_debit else transfer.credit_balance_ubtt,
        version=transfer.debit_version if is_debit else transfer.credit_version,
        other_id=other_id,
        other=names[other_id],
        is_reversible=kind in REVERSIBLE and transfer.pk not in reversed_ids,
    )
