"""The address at which a user deposits: derived here from a public key alone; no key that spends is near."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_noop

from wallet.domain import halt_words as words
from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.derivation import AccountXpub
from wallet.models import (
    ChainMovement,
    Deposit,
    DepositAddress,
    DepositKey,
    HaltReason,
    InstallAddress,
    InstallRole,
)
from wallet.services import halts
from wallet.services.refusals import Refused
from wallet.signer.protocol import SignerDoor

TRIES = 20  # users who come for their first address at the same moment
CONFIRMED_INDEX = 0
FIRST_SECOND = datetime(2024, 1, 1, tzinfo=UTC)  # is index 0; 31 bits of seconds last until 2092
NOT_READY = gettext_noop(
    "Deposits are not ready yet: the box waits for its signer and its chain. Try again in a minute, or ask an admin."
)

TOO_MANY = gettext_noop("Too many people ask for an address at this moment. Reload the page.")


def is_ready() -> bool:
    """Say whether the key is known and confirmed, from which addresses are derived."""
    return DepositKey.objects.filter(network=settings.WALLET_NETWORK).exists()


def confirm_key(signer: SignerDoor, *, now: datetime) -> bool:
    """Ask the signer for the key of the deposit addresses and for the hot address, and keep both; say if they are kept.

    Once: the signer derives an address from its private key, and only if ours from the public key is the same, that
    key is used. A signer with another seed than before halts. May run often. Raises SignerError.
    """
    network = settings.WALLET_NETWORK
    status = signer.status()
    if status.account_xpub is None or status.hot_address is None:
        return is_ready()
    kept = DepositKey.objects.filter(network=network).first()
    if kept is not None:
        if kept.xpub != status.account_xpub:
            halts.halt(HaltReason.SIGNER, words.OTHER_SEED, now)
        return True
    theirs = signer.confirm_address(CONFIRMED_INDEX)
    ours = to_base58(AccountXpub.parse(status.account_xpub).address(CONFIRMED_INDEX))
    if theirs != ours:
        halts.halt(HaltReason.SIGNER, words.OTHER_ADDRESS % {"theirs": theirs, "ours": ours}, now)
        return False
    with transaction.atomic():
        InstallAddress.objects.get_or_create(
            network=network, address=status.hot_address, defaults={"role": InstallRole.HOT, "made_at": now}
        )
        DepositKey.objects.get_or_create(
            network=network,
            defaults={"xpub": status.account_xpub, "confirmed_index": CONFIRMED_INDEX, "confirmed_at": now},
        )
    return True


def address_for(user_id: int, *, now: datetime) -> DepositAddress:
    """Return the user's address, made at the first time. Raises Refused while there is no confirmed key.

    It is watched as soon as it is committed, so it may be shown then.
    """
    network = settings.WALLET_NETWORK
    for _try in range(TRIES):
        found = DepositAddress.objects.filter(network=network, user_id=user_id).first()
        if found is not None:
            return found
        key = DepositKey.objects.filter(network=network).first()
        if key is None:
            raise Refused(NOT_READY)
        index, address = _next_address(network, AccountXpub.parse(key.xpub), now)
        try:
            with transaction.atomic():
                return DepositAddress.objects.create(
                    network=network,
                    user_id=user_id,
                    index=index,
                    address=address,
                    made_at=now,
                )
        except IntegrityError:  # somebody else has taken the index, or this user has asked twice
            continue
    raise Refused(TOO_MANY)


def _next_address(network: str, xpub: AccountXpub, now: datetime) -> tuple[int, str]:
    """Return an index that nobody ever had, and its address.

    It is the second in which it is given, or the one behind the newest if that is later. A database that was put back
    has forgotten to whom it gave the last ones, and so has every file that was put back with it, but the clock goes
    on: their seconds are over. This does not hold for those of a rush that are ahead of the clock until it has passed
    them. What has received something is skipped besides.
    """
    newest = DepositAddress.objects.filter(network=network).aggregate(index=Max("index"))["index"]
    index = max(0 if newest is None else newest + 1, (now - FIRST_SECOND) // timedelta(seconds=1))
    while _has_received(network, address := to_base58(xpub.address(index))):
        index += 1
    return index, address


def _has_received(network: str, address: str) -> bool:
    return (
        Deposit.objects.filter(network=network, address=address).exists()
        or ChainMovement.objects.filter(network=network, recipient=address).exists()
    )
