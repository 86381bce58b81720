"""Which entries of a statement somebody asks for: what transfers must meet, and between which versions they stand."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset, amounts_meant
from wallet.models import Account, Transfer
from wallet.services import causes, parties
from wallet.services.kind_words import kinds_called

# Whoever writes hands its time in, so of two entries the later one may be written "earlier" by a little.
SKEW = timedelta(minutes=5)
PROBES = 64  # versions that one step of the search for a time looks at: a million entries take four steps
MAX_DIGITS = 18  # of a transfer's number
_AMOUNT_SIGNS = re.compile(r"^[+\-\N{MINUS SIGN}]\s*|\s*(?:BTTOLD|BTT|TRX)$", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for. Times are those of writing, which versions follow."""

    kind: TransferKind | None = None
    counterparty: str = ""  # a user name, or a word of `parties`
    text: str = ""  # in memo or cause; or a counterparty, a kind, an amount, a number, an id of the chain
    written_from: datetime | None = None
    written_before: datetime | None = None

    @property
    def has_gaps(self) -> bool:
        """Say whether entries between two others may be left out."""
        return bool(self.kind is not None or self.counterparty or self.text)


EVERYTHING = Wanted()


def filters(account: Account, wanted: Wanted) -> tuple[Q, Q] | None:
    """Return what debits and what credits of the account must meet, or None when nothing can."""
    both = Q()
    if wanted.kind is not None:
        both &= Q(kind=wanted.kind)
    if wanted.written_from is not None:
        both &= Q(written_at__gte=wanted.written_from)
    if wanted.written_before is not None:
        both &= Q(written_at__lt=wanted.written_before)
    debits = credits = both
    if wanted.text:
        meant = _meant(account, wanted.text)
        named = parties.accounts_called(wanted.text, Asset(account.asset))
        debits &= meant | Q(kind__in=kinds_called(wanted.text, is_credit=False)) | Q(credit_id__in=named)
        credits &= meant | Q(kind__in=kinds_called(wanted.text, is_credit=True)) | Q(debit_id__in=named)
    if not wanted.counterparty:
        return debits, credits
    others = parties.named(wanted.counterparty, Asset(account.asset))
    if others is None:
        return None
    return debits & _through("credit", others), credits & _through("debit", others)


def versions(account: Account, wanted: Wanted, *, newest: int) -> tuple[int, int]:
    """Return the first and the last version, up to the newest, between which all stands that is wanted."""
    oldest = 1
    if wanted.written_before is not None:
        newest = first_written(account, wanted.written_before + SKEW, up_to=newest) - 1
    if wanted.written_from is not None:
        oldest = first_written(account, wanted.written_from - SKEW, up_to=newest)
    return oldest, newest


def first_written(account: Account, at: datetime, *, up_to: int) -> int:
    """Return the first version that was written at that time or later; the one after `up_to` if none was."""
    low, high = 1, up_to + 1  # the answer is one of these, or between them
    while low < high:
        probes = [low + (high - low) * step // PROBES for step in range(PROBES)]
        times = written_at(account, sorted(set(probes)))
        earlier = [version for version, written in times.items() if written < at]
        later = [version for version, written in times.items() if written >= at]
        high = min(later, default=high)
        low = max((version for version in earlier if version < high), default=low - 1) + 1
    return low


def written_at(account: Account, wanted_versions: list[int]) -> dict[int, datetime]:
    """Return when these entries of the account were written, by version."""
    debits = Transfer.objects.filter(debit_id=account.pk, debit_version__in=wanted_versions)
    credits = Transfer.objects.filter(credit_id=account.pk, credit_version__in=wanted_versions)
    found = {
        **dict(debits.values_list("debit_version", "written_at")),
        **dict(credits.values_list("credit_version", "written_at")),
    }
    assert len(found) == len(wanted_versions), f"{account} lacks an entry: its books are broken"
    return found


def _meant(account: Account, text: str) -> Q:
    """Return what a transfer meets, either way it went, that somebody means with a text."""
    meant = Q(memo__icontains=text) | Q(cause__icontains=text)
    amounts_ubtt = amounts_meant(_AMOUNT_SIGNS.sub("", _AMOUNT_SIGNS.sub("", text)))
    if amounts_ubtt:
        meant |= Q(amount_ubtt__in=amounts_ubtt)
    number = text.removeprefix("#")
    if number.isdecimal() and number.isascii() and len(number) <= MAX_DIGITS:
        meant |= Q(pk=int(number))
    if account.kind == AccountKind.USER:
        of_chain = causes.of_chain_tx(int(account.ref), text)
        meant |= Q(pk__in=of_chain.transfer_ids) | Q(cause__in=of_chain.causes)
    return meant


def _through(side: str, others: dict[str, object]) -> Q:
    """Return conditions on accounts as one on the transfers that have such an account on that side."""
    return Q(**{f"{side}__{name}": value for name, value in others.items()})
