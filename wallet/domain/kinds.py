"""Why money moves."""

from enum import IntEnum


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
        return self.name.replace("_", " ").capitalize()


OPENING = frozenset({TransferKind.CHANNEL_OPENED, TransferKind.BOUNTY})  # their credit account may be new
# An operator's correction, and money that comes home, reach into a frozen account; its owner's wishes do not.
DESPITE_FREEZE = frozenset({TransferKind.ADJUSTMENT, TransferKind.REVERSAL, TransferKind.FOUND_PAYMENT})
