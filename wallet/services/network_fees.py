"""What the chain takes of our TRX for our transactions: withdrawals, sweeps and gas, also for those that fail.

Only the scan books them, when it reads the block that holds the transaction: so the books follow the chain at every
height. Whoever drives a withdrawal or a sweep books no network fee.
"""

from datetime import datetime

from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.items import Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset

PAYER = own_account(Asset.TRX, AccountKind.NETWORK_FEES)
CHAIN = own_account(Asset.TRX, AccountKind.CHAIN)


def fee_transfer(*, network: str, tx_id: str, amount_sun: int, block_at: datetime) -> Transfer:
    """Return the transfer that books the fee of a transaction, once for its id (hex)."""
    name = f"network-fee/{network}/{tx_id}"
    return Transfer(
        key=name,
        debit=PAYER,
        credit=CHAIN,
        amount_ubtt=amount_sun,
        kind=TransferKind.NETWORK_FEE,
        cause=name,
        event_at=block_at,
    )
