"""What a transfer is called by whoever looks at one of its accounts: what came in, what went out."""

from wallet.domain.kinds import TransferKind

CAME_AND_WENT = {
    TransferKind.DEPOSIT: ("Deposit", "Deposit taken back"),
    TransferKind.WITHDRAWAL: ("Withdrawal", "Withdrawal"),
    TransferKind.WITHDRAWAL_RETURNED: ("Withdrawal returned", "Withdrawal returned"),
    TransferKind.CHANNEL_OPENED: ("Channel opened", "Channel opened"),
    TransferKind.CHANNEL_TOPPED_UP: ("Channel topped up", "Channel topped up"),
    TransferKind.VOUCHER: ("Voucher redeemed", "Voucher redeemed"),
    TransferKind.CHANNEL_CLOSED: ("Rest of a channel", "Channel closed"),
    TransferKind.CHANNEL_EXPIRED: ("Rest of an expired channel", "Channel expired"),
    TransferKind.TIP: ("Tip received", "Tip sent"),
    TransferKind.GRANT: ("Grant", "Grant"),
    TransferKind.EARNING: ("Share of earnings", "Share of earnings"),
    TransferKind.FOUND_PAYMENT: ("Payment found on the chain", "Payment found on the chain"),
}
MIN_CHARS = 3  # of a part of a word: "a" is in most of them


def kind_in_words(kind: TransferKind, *, is_credit: bool) -> str:
    came, went = CAME_AND_WENT.get(kind, (kind.label, kind.label))
    return came if is_credit else went


def kinds_called(text: str, *, is_credit: bool) -> list[TransferKind]:
    """Return the kinds of what came in, or of what went out, that somebody may mean who writes so."""
    word = text.casefold()
    if len(word) < MIN_CHARS:
        return []
    return [kind for kind in TransferKind if word in kind_in_words(kind, is_credit=is_credit).casefold()]
