"""What transfers and accounts are called: a transfer as it came in, or went out, for whoever looks at it."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.accounts import AccountName
from wallet.domain.kinds import TransferKind

CAME_AND_WENT = {
    TransferKind.DEPOSIT: (gettext_noop("Deposit"), gettext_noop("Deposit taken back")),
    TransferKind.WITHDRAWAL: (gettext_noop("Withdrawal"), gettext_noop("Withdrawal")),
    TransferKind.WITHDRAWAL_RETURNED: (gettext_noop("Withdrawal returned"), gettext_noop("Withdrawal returned")),
    TransferKind.CHANNEL_OPENED: (gettext_noop("Channel opened"), gettext_noop("Channel opened")),
    TransferKind.CHANNEL_TOPPED_UP: (gettext_noop("Channel topped up"), gettext_noop("Channel topped up")),
    TransferKind.VOUCHER: (gettext_noop("Voucher redeemed"), gettext_noop("Voucher redeemed")),
    TransferKind.CHANNEL_CLOSED: (gettext_noop("Rest of a channel"), gettext_noop("Channel closed")),
    TransferKind.CHANNEL_EXPIRED: (gettext_noop("Rest of an expired channel"), gettext_noop("Channel expired")),
    TransferKind.TIP: (gettext_noop("Tip received"), gettext_noop("Tip sent")),
    TransferKind.GRANT: (gettext_noop("Grant"), gettext_noop("Grant")),
    TransferKind.EARNING: (gettext_noop("Share of earnings"), gettext_noop("Share of earnings")),
    TransferKind.FOUND_PAYMENT: (
        gettext_noop("Payment found on the chain"),
        gettext_noop("Payment found on the chain"),
    ),
}
MIN_CHARS = 3  # of a part of a word: "a" is in most of them


def kind_in_words(kind: TransferKind, *, is_credit: bool) -> str:
    came, went = CAME_AND_WENT.get(kind, (kind.label, kind.label))
    return _(came if is_credit else went)


def account_in_words(name: AccountName) -> str:
    return f"{_(name.kind.label).lower()}{f' {name.ref}' if name.ref else ''} ({name.asset.unit})"


def kinds_called(text: str, *, is_credit: bool) -> list[TransferKind]:
    """Return the kinds of what came in, or of what went out, that somebody may mean who writes so."""
    word = text.casefold()
    if len(word) < MIN_CHARS:
        return []
    return [kind for kind in TransferKind if word in kind_in_words(kind, is_credit=is_credit).casefold()]
