"""Why money moves."""

from enum import IntEnum

from wallet.domain.language import gettext_noop


class TransferKind(IntEnum):
    """Why money moved."""

    DEPOSIT = 1
    WITHDRAWAL = 2  # user to in-flight, posts the hold
    WITHDRAWAL_FINAL = 3
    WITHDRAWAL_RETURNED = 4
    CHANNEL_OPENED = 5
    CHANNEL_TOPPED_UP = 6
    VOUCHER = 7
    FEE = 8
    CHANNEL_CLOSED = 9
    CHANNEL_EXPIRED = 10
    TIP = 11
    GRANT = 12
    ADJUSTMENT = 13
    REVERSAL = 14
    NETWORK_FEE = 15
    BOUNTY = 16
    EARNING = 17
    FOUND_PAYMENT = 18  # it left the chain, and the books had not known

    @property
    def label(self) -> str:
        """Return its name in English, as files have it; whoever shows it to people translates it."""
        return _LABELS[self]


_LABELS = {
    TransferKind.DEPOSIT: gettext_noop("Deposit"),
    TransferKind.WITHDRAWAL: gettext_noop("Withdrawal"),
    TransferKind.WITHDRAWAL_FINAL: gettext_noop("Withdrawal final"),
    TransferKind.WITHDRAWAL_RETURNED: gettext_noop("Withdrawal returned"),
    TransferKind.CHANNEL_OPENED: gettext_noop("Channel opened"),
    TransferKind.CHANNEL_TOPPED_UP: gettext_noop("Channel topped up"),
    TransferKind.VOUCHER: gettext_noop("Voucher"),
    TransferKind.FEE: gettext_noop("Fee"),
    TransferKind.CHANNEL_CLOSED: gettext_noop("Channel closed"),
    TransferKind.CHANNEL_EXPIRED: gettext_noop("Channel expired"),
    TransferKind.TIP: gettext_noop("Tip"),
    TransferKind.GRANT: gettext_noop("Grant"),
    TransferKind.ADJUSTMENT: gettext_noop("Adjustment"),
    TransferKind.REVERSAL: gettext_noop("Reversal"),
    TransferKind.NETWORK_FEE: gettext_noop("Network fee"),
    TransferKind.BOUNTY: gettext_noop("Bounty"),
    TransferKind.EARNING: gettext_noop("Earning"),
    TransferKind.FOUND_PAYMENT: gettext_noop("Found payment"),
}
OPENING = frozenset({TransferKind.CHANNEL_OPENED, TransferKind.BOUNTY})  # their credit account may be new
# An operator's correction, and money that comes home, reach into a frozen account; its owner's wishes do not.
DESPITE_FREEZE = frozenset({TransferKind.ADJUSTMENT, TransferKind.REVERSAL, TransferKind.FOUND_PAYMENT})
