"""What happened on an account: its entries newest first, what it holds, what is reserved.

An entry is a transfer seen from one of its accounts. An account's versions count its entries without a gap, so a page
is a range of versions: two index ranges that together have exactly as many rows as the page, however long the
statement is. Filters look through such ranges, so many rows a request and no more.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from wallet.domain.accounts import AccountKind, user_account
from wallet.domain.items import HoldPurpose
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Account, Channel, Hold, Transfer
from wallet.services import causes, parties
from wallet.services.wanted import EVERYTHING, Wanted, filters, versions, written_at

PAGE_ENTRIES = 50
CHUNK = 2_000  # versions that one statement of a search reads
MAX_LOOKED_AT = 20_000  # entries that one request searches: some 50 ms
MAX_HOLDS_SHOWN = 50


@dataclass(frozen=True)
class Entry:
    """A transfer as one of its accounts sees it."""

    id: int  # of the transfer
    version: int  # counts the account's entries
    is_credit: bool
    amount_ubtt: int  # below zero when it left
    balance_ubtt: int  # after it
    asset: Asset
    kind: TransferKind
    counterparty: str
    counterparty_kind: AccountKind
    cause: str
    memo: str
    event_at: datetime
    written_at: datetime


@dataclass(frozen=True)
class Detail:
    """An entry with what it is linked to."""

    entry: Entry
    reverses_id: int | None
    reversed_by_id: int | None
    hold_id: int | None


@dataclass(frozen=True)
class Page:
    """Entries of a statement, newest first."""

    entries: list[Entry]
    before: int | None  # ask on with it; None: there is nothing older
    searched_back_to: datetime | None = None  # where a search stopped because it had looked at enough


@dataclass(frozen=True)
class Balance:
    """What a user has in one asset."""

    asset: Asset
    available_ubtt: int
    held_ubtt: int
    in_channels_ubtt: int  # paid in and not redeemed, in channels that are open
    is_frozen: bool = False


@dataclass(frozen=True)
class RunningHold:
    """An amount that is reserved now."""

    id: int
    amount_ubtt: int
    asset: Asset
    purpose: HoldPurpose
    cause: str
    expires_at: datetime | None
    withdrawal_id: int | None  # that it is for
    receiver: str  # of that, shortened


def account_of(user_id: int, asset: Asset) -> Account | None:
    """Return a user's account, or None while no money has come."""
    name = user_account(asset, user_id)
    return Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).first()


def has_had(user_id: int, asset: Asset) -> bool:
    """Say whether anything of an asset ever moved for a user: what was refused opens an account, too."""
    account = account_of(user_id, asset)
    return account is not None and account.version > 0


def balance(account: Account) -> Balance:
    paid_in = Channel.objects.filter(payer=account, end="").aggregate(
        rest_ubtt=Sum(F("amount_ubtt") - F("redeemed_ubtt"))
    )
    return Balance(
        Asset(account.asset),
        account.available_ubtt,
        account.held_ubtt,
        int(paid_in["rest_ubtt"] or 0),
        account.is_frozen,
    )


def running_holds(account: Account) -> list[RunningHold]:
    """Return what is reserved on the account, the newest first."""
    if not account.held_ubtt:
        return []
    running = list(Hold.objects.filter(account=account, ended__isnull=True).order_by("-pk")[:MAX_HOLDS_SHOWN])
    asset = Asset(account.asset)
    withdrawals = causes.of_holds(hold.pk for hold in running if hold.purpose == HoldPurpose.WITHDRAWAL)
    return [
        RunningHold(
            hold.pk,
            hold.amount_ubtt,
            asset,
            HoldPurpose(hold.purpose),
            hold.cause,
            hold.expires_at,
            *withdrawals.get(hold.pk, (None, "")),
        )
        for hold in running
    ]


def read(
    account: Account, *, wanted: Wanted = EVERYTHING, before: int | None = None, limit: int = PAGE_ENTRIES
) -> Page:
    """Return the newest entries that are wanted, of those with a version below `before`.

    A page without filters reads as many rows as it shows. A search ends after MAX_LOOKED_AT and says how far it came.
    """
    newest = account.version if before is None else min(before - 1, account.version)
    oldest, newest = versions(account, wanted, newest=newest)
    if wanted == EVERYTHING:
        low = max(oldest, newest - limit + 1)
        return _page(account, between(account, low, newest, (Q(), Q()), limit), oldest=oldest, reached=low)
    return _search(account, wanted, newest, oldest, limit)


def detail(user_id: int, transfer_id: int) -> Detail | None:
    """Return a transfer as this user sees it, or None when it touches none of the user's accounts."""
    transfer = Transfer.objects.select_related("debit", "credit").filter(pk=transfer_id).first()
    if transfer is None:
        return None
    ref = str(user_id)
    for account in (transfer.credit, transfer.debit):
        if account.kind == AccountKind.USER and account.ref == ref:
            entry = _entry(account.pk, transfer, _counterparties(account.pk, [transfer])[transfer.pk])
            reversal = Transfer.objects.filter(reverses_id=transfer.pk).values_list("pk", flat=True).first()
            return Detail(entry, transfer.reverses_id, reversal, transfer.hold_id)
    return None


def _search(account: Account, wanted: Wanted, newest: int, oldest: int, limit: int) -> Page:
    wanted_ones = filters(account, wanted)
    if wanted_ones is None:  # there is no such counterparty
        return Page([], None)
    found: list[Transfer] = []
    high, end = newest, max(oldest, newest - MAX_LOOKED_AT + 1)
    while high >= end:
        low = max(end, high - CHUNK + 1)
        found += between(account, low, high, wanted_ones, limit - len(found))
        if len(found) == limit:
            return _page(account, found, oldest=oldest, reached=_version(account.pk, found[-1]))
        high = low - 1
    searched_back_to = written_at(account, [end])[end] if end > oldest else None
    return _page(account, found, oldest=oldest, reached=end, searched_back_to=searched_back_to)


def _page(
    account: Account, found: list[Transfer], *, oldest: int, reached: int, searched_back_to: datetime | None = None
) -> Page:
    words = _counterparties(account.pk, found)
    entries = [_entry(account.pk, transfer, words[transfer.pk]) for transfer in found]
    return Page(entries, reached if reached > oldest else None, searched_back_to)


def _counterparties(account_id: int, found: list[Transfer]) -> dict[int, str]:
    """Return the other side of each transfer in words: of a withdrawal, where it goes."""
    words = parties.in_words(_other(account_id, transfer) for transfer in found)
    under_way = [one for one in found if _other(account_id, one).kind == AccountKind.IN_FLIGHT]
    receivers = causes.receivers(one.cause for one in under_way)
    goes = {
        one.pk: _("the withdrawal to %(address)s") % {"address": receivers[one.cause]}
        if one.credit_id == account_id
        else receivers[one.cause]
        for one in under_way
        if one.cause in receivers
    }
    return {one.pk: words[_other(account_id, one).pk] for one in found} | goes


def between(account: Account, low: int, high: int, wanted_ones: tuple[Q, Q], limit: int) -> list[Transfer]:
    """Return the newest of the account's transfers of these versions that meet the filters for debits and credits."""
    if high < low:
        return []
    rows, within = Transfer.objects.defer("key_hash", "body_hash"), (low, high)
    debits = rows.filter(wanted_ones[0], debit_id=account.pk, debit_version__range=within).select_related("credit")
    credits = rows.filter(wanted_ones[1], credit_id=account.pk, credit_version__range=within).select_related("debit")
    found = [*debits.order_by("-debit_version")[:limit], *credits.order_by("-credit_version")[:limit]]
    return sorted(found, key=lambda transfer: _version(account.pk, transfer), reverse=True)[:limit]


def _entry(account_id: int, transfer: Transfer, counterparty: str) -> Entry:
    is_credit = transfer.credit_id == account_id
    return Entry(
        id=transfer.pk,
        version=_version(account_id, transfer),
        is_credit=is_credit,
        amount_ubtt=transfer.amount_ubtt if is_credit else -transfer.amount_ubtt,
        balance_ubtt=transfer.credit_balance_ubtt if is_credit else transfer.debit_balance_ubtt,
        asset=Asset(transfer.asset),
        kind=TransferKind(transfer.kind),
        counterparty=counterparty,
        counterparty_kind=AccountKind(_other(account_id, transfer).kind),
        cause=transfer.cause,
        memo=transfer.memo,
        event_at=transfer.event_at,
        written_at=transfer.written_at,
    )


def _version(account_id: int, transfer: Transfer) -> int:
    return transfer.credit_version if transfer.credit_id == account_id else transfer.debit_version


def _other(account_id: int, transfer: Transfer) -> Account:
    return transfer.debit if transfer.credit_id == account_id else transfer.credit
