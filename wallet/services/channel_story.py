"""What happened in a channel, as this ledger has it: paid in, redeemed, come back; and a user's shares of its deal."""

from dataclasses import dataclass
from datetime import datetime

from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Channel, Transfer
from wallet.services import statements
from wallet.services.earned import CAUSE
from wallet.services.kind_words import kind_in_words

SHOWN = 60  # of each: a channel is redeemed a handful of times
MAX_LOOKED_AT = 20_000  # entries of a user's among which shares of one deal are looked for
REDEEMED = (TransferKind.VOUCHER, TransferKind.FEE)


@dataclass(frozen=True)
class Movement:
    """A transfer of a channel's, or a share of what it brought."""

    transfer_id: int
    at: datetime
    words: str
    is_credit: bool  # into the channel; of a share into the user's account
    amount_ubtt: int
    redeemed_ubtt: int | None  # of the channel, with it: the number of the voucher; None where none was redeemed
    is_own: bool  # one side is the user: it has a page


def of_channel(user_id: int, channel_id: str) -> list[Movement]:
    """Return what moved in a channel, the newest first; nothing of one at another hub."""
    channel = Channel.objects.select_related("account").filter(pk=channel_id).first()
    if channel is None:
        return []
    account, found = channel.account, []
    low = account.version - SHOWN
    debits = Transfer.objects.filter(debit=account, debit_version__gt=low).select_related("credit")
    credits = Transfer.objects.filter(credit=account, credit_version__gt=low).select_related("debit")
    redeemed_ubtt = channel.redeemed_ubtt
    for one in sorted([*debits, *credits], key=lambda transfer: transfer.pk, reverse=True):
        is_credit = one.credit_id == account.pk
        kind, other = TransferKind(one.kind), one.debit if is_credit else one.credit
        is_redeemed = kind in REDEEMED
        found.append(
            Movement(
                transfer_id=one.pk,
                at=one.written_at,
                words=kind_in_words(kind, is_credit=is_credit),
                is_credit=is_credit,
                amount_ubtt=one.amount_ubtt,
                redeemed_ubtt=redeemed_ubtt if is_redeemed else None,
                is_own=other.kind == AccountKind.USER and other.ref == str(user_id),
            )
        )
        redeemed_ubtt -= one.amount_ubtt if is_redeemed else 0
    return found


def shares_of_deal(user_id: int, asset: Asset, deal_id: str) -> list[Movement]:
    """Return what a user was paid as a share of one deal, the newest first, as far as the last entries tell."""
    account = statements.account_of(user_id, asset)
    if account is None:
        return []
    recent = Transfer.objects.filter(credit=account, credit_version__gt=account.version - MAX_LOOKED_AT)
    shares = recent.filter(kind=TransferKind.EARNING, cause=f"{CAUSE}{deal_id}").order_by("-credit_version")
    return [
        Movement(
            transfer_id=one.pk,
            at=one.written_at,
            words=kind_in_words(TransferKind.EARNING, is_credit=True),
            is_credit=True,
            amount_ubtt=one.amount_ubtt,
            redeemed_ubtt=None,
            is_own=True,
        )
        for one in shares[:SHOWN]
    ]
