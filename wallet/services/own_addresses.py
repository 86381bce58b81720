"""Which addresses are the install's own, and what the scan has found of what they sent."""

from django.conf import settings

from wallet.models import ChainCursor, DepositAddress, InstallAddress, InstallRole, OwnTransaction


def is_own(address: str) -> bool:
    """Say whether this address (base58) is one of a user's or of the install's own."""
    network = settings.WALLET_NETWORK
    return (
        DepositAddress.objects.filter(network=network, address=address).exists()
        or InstallAddress.objects.filter(network=network, address=address).exists()
    )


def standing(network: str) -> list[str]:
    """Return the install's own addresses (base58) that are watched: all but cold ones that were removed."""
    return list(InstallAddress.objects.filter(network=network, retired=None).values_list("address", flat=True))


def hot_address() -> str | None:
    """Return the address that pays withdrawals (base58), or None before the signer was asked for it."""
    found = InstallAddress.objects.filter(network=settings.WALLET_NETWORK, role=InstallRole.HOT).order_by("-pk").first()
    return found.address if found else None


def own_transaction(tx_id: str) -> OwnTransaction | None:
    """Return what the scan has found of a transaction of ours (hex) in the solid blocks up to the cursor."""
    return OwnTransaction.objects.filter(network=settings.WALLET_NETWORK, tx_id=tx_id).first()


def cursor() -> ChainCursor | None:
    """Return how far the scan has read every solid block, or None before it has begun.

    For a dead proof: a transaction that `own_transaction` does not know is in no block up to this height.
    """
    return ChainCursor.objects.filter(network=settings.WALLET_NETWORK).first()
