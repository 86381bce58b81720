"""Which way money may move, for each reason it can move: what is not in this table creates or hides money."""

from collections.abc import Mapping

from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind

_CHAIN, _USER, _CHANNEL, _BOUNTY = AccountKind.CHAIN, AccountKind.USER, AccountKind.CHANNEL, AccountKind.BOUNTY
_IN_FLIGHT, _FEES, _TREASURY = AccountKind.IN_FLIGHT, AccountKind.FEES, AccountKind.TREASURY
_EARNINGS = AccountKind.EARNINGS
_INSIDE = frozenset(AccountKind) - {_CHAIN}

Route = tuple[AccountKind, AccountKind]  # from, to

ROUTES: Mapping[TransferKind, frozenset[Route]] = {
    TransferKind.DEPOSIT: frozenset(
        {
            (_CHAIN, _USER),
            (_CHAIN, _TREASURY),
            (_CHAIN, AccountKind.SUSPENSE),
            (_CHAIN, AccountKind.NETWORK_FEES),  # TRX, whoever sends it: it pays for the chain
            (_CHAIN, AccountKind.ROUNDING),  # what is left below 1 µBTT of many deposits
        }
    ),
    TransferKind.WITHDRAWAL: frozenset({(_USER, _IN_FLIGHT)}),
    TransferKind.WITHDRAWAL_FINAL: frozenset({(_IN_FLIGHT, _CHAIN), (_IN_FLIGHT, _FEES)}),
    TransferKind.WITHDRAWAL_RETURNED: frozenset({(_IN_FLIGHT, _USER)}),
    TransferKind.CHANNEL_OPENED: frozenset({(_USER, _CHANNEL)}),
    TransferKind.CHANNEL_TOPPED_UP: frozenset({(_USER, _CHANNEL)}),
    TransferKind.VOUCHER: frozenset({(_CHANNEL, _USER), (_CHANNEL, _EARNINGS)}),
    TransferKind.FEE: frozenset({(_CHANNEL, _FEES)}),
    TransferKind.CHANNEL_CLOSED: frozenset({(_CHANNEL, _USER)}),
    TransferKind.CHANNEL_EXPIRED: frozenset({(_CHANNEL, _USER)}),
    TransferKind.TIP: frozenset({(_USER, _USER)}),
    TransferKind.GRANT: frozenset({(_TREASURY, _USER)}),
    TransferKind.ADJUSTMENT: frozenset((debit, credit) for debit in _INSIDE for credit in _INSIDE),
    TransferKind.NETWORK_FEE: frozenset({(AccountKind.NETWORK_FEES, _CHAIN)}),
    TransferKind.BOUNTY: frozenset({(_USER, _BOUNTY), (_BOUNTY, _USER)}),
    TransferKind.EARNING: frozenset({(_EARNINGS, _USER), (_EARNINGS, _TREASURY)}),  # where nobody holds it any more
    TransferKind.FOUND_PAYMENT: frozenset({(_USER, _CHAIN), (_TREASURY, _CHAIN), (AccountKind.NETWORK_FEES, _CHAIN)}),
}
# The mirror of each of them, that the decision compares with its original.
_BACK = frozenset((credit, debit) for routes in ROUTES.values() for debit, credit in routes)


def is_way(kind: TransferKind, debit: AccountKind, credit: AccountKind) -> bool:
    """Say whether money may move this way for this reason."""
    return (debit, credit) in (_BACK if kind is TransferKind.REVERSAL else ROUTES[kind])
