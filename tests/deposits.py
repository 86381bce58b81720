"""Rows of deposits with plain defaults, for tests."""

from typing import Any

from tests.builders import NOW
from wallet.domain.deposits import DepositFate
from wallet.domain.money import Asset
from wallet.models import (
    ChainCursor,
    ChainMovement,
    Deposit,
    DepositAddress,
    DepositKey,
    Halt,
    HaltReason,
    InstallAddress,
    InstallRole,
    MovementKind,
    MovementSide,
    OwnTransaction,
    Reconciliation,
    RetiredAddress,
    Sweep,
    SweepPurpose,
)

NETWORK = "devnet"

CAME: dict[str, Any] = {
    "network": NETWORK,
    "tx_id": "ab" * 32,
    "kind": MovementKind.TRC20,
    "index": 0,
    "block_number": 1,
    "block_at": NOW,
    "asset": Asset.TRC20,
    "sender": "TS",
    "amount": 10**30,
}


def a_deposit(user_id: int) -> Deposit:
    """Make a deposit that was recorded only."""
    return Deposit.objects.create(**CAME, address="TX", user_id=user_id, fate=DepositFate.SMALL, written_at=NOW)


def a_row_of_each() -> None:
    """Make a row in every table that deposits have."""
    DepositKey.objects.create(network=NETWORK, xpub="xpub", confirmed_index=0, confirmed_at=NOW)
    address = DepositAddress.objects.create(network=NETWORK, user_id=1, index=0, address="TX", made_at=NOW)
    InstallAddress.objects.create(network=NETWORK, role=InstallRole.HOT, address="TH", made_at=NOW)
    cold = InstallAddress.objects.create(network=NETWORK, role=InstallRole.COLD, address="TC", made_at=NOW)
    RetiredAddress.objects.create(address=cold, retired_at=NOW)
    ChainCursor.objects.create(
        network=NETWORK, genesis_id="00", first_height=0, height=0, block_id="00", block_at=NOW, moved_at=NOW
    )
    ChainMovement.objects.create(**CAME, side=MovementSide.IN, recipient="TX")
    a_deposit(1)
    OwnTransaction.objects.create(
        network=NETWORK, tx_id="cd" * 32, block_number=1, block_at=NOW, sender="TX", has_failed=False, fee_sun=0
    )
    Sweep.objects.create(
        network=NETWORK,
        purpose=SweepPurpose.SWEEP,
        address=address,
        asset=Asset.TRC20,
        amount=1,
        tx_id="cd" * 32,
        raw_bytes=b"raw",
        reference_number=1,
        reference_header=b"header",
        expiration_ms=0,
        fee_estimate_sun=0,
        made_at=NOW,
    )
    Reconciliation.objects.create(
        network=NETWORK, asset=Asset.TRC20, height=1, chain=1, books=2, difference=-1, terms={}, at=NOW
    )
    Halt.objects.create(reason=HaltReason.OPERATOR, detail="because", halted_at=NOW)
