"""The directory of private torrents: who has the torrent file can make its key, and asks here who sells it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wallet.domain.hub import MAX_OFFERS, OFFER_LIFE_S, HubRefused, Offer, Refusal
from wallet.models import HubOffer
from wallet.services import hub_calls, ledger, speed_keys

KEY_BYTES = 32
MOST_SHOWN = 50
_LIFE = timedelta(seconds=OFFER_LIFE_S)


def put(*, caller: str, offer_keys: Sequence[bytes], address: str, port: int, key: str, now: datetime) -> None:
    """Say for half an hour that these are for sale at an address; replaces what the caller said before.

    Raises HubRefused, LedgerBusy.
    """
    if len(offer_keys) > MAX_OFFERS or any(len(one) != KEY_BYTES for one in offer_keys):
        raise HubRefused(Refusal.BAD_REQUEST, f"keys: bring up to {MAX_OFFERS:,} keys of {KEY_BYTES} bytes.")
    if type(port) is not int or not 1 <= port <= 65_535:
        raise HubRefused(Refusal.BAD_REQUEST, "port: write a number from 1 to 65535.")
    _check_bound(caller)
    if not address:
        raise HubRefused(Refusal.NO_ADDRESS, "The hub does not know from which address this comes.")
    body = {"keys": [one.hex() for one in offer_keys], "port": port}

    def work() -> None:
        hub_calls.note(caller=caller, key=key, call="offers", body=body, now=now)
        HubOffer.objects.filter(caller=caller).delete()
        HubOffer.objects.bulk_create(
            HubOffer(caller=caller, offer_key=one, address=address, port=port, expires_at=now + _LIFE)
            for one in set(offer_keys)
        )

    ledger.whole(work)


def found(offer_key: bytes, *, caller: str, now: datetime) -> list[Offer]:
    """Return who sells a torrent now, others than the caller. Raises HubRefused."""
    if len(offer_key) != KEY_BYTES:
        raise HubRefused(Refusal.BAD_REQUEST, f"key: write {KEY_BYTES} bytes.")
    _check_bound(caller)
    offers = HubOffer.objects.filter(offer_key=offer_key, expires_at__gt=now).exclude(caller=caller)
    return [Offer(offer.address, offer.port) for offer in offers.order_by("-expires_at", "pk")[:MOST_SHOWN]]


def forget(*, now: datetime) -> None:
    HubOffer.objects.filter(expires_at__lte=now).delete()


def _check_bound(caller: str) -> None:
    if not speed_keys.is_bound(caller):
        raise HubRefused(Refusal.NOT_BOUND, "The directory is for nodes with an account here.")
