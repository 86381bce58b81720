"""Who this install's hub is: the key it signs by, as its signer has said, and what it says of itself."""

from datetime import datetime

from django.conf import settings

from wallet.domain.hub import HubInfo, HubRefused, Refusal
from wallet.domain.speed1.receipt import NETWORK_NUMBERS
from wallet.domain.speed1.signing import NONCE_BYTES, hub_id_of
from wallet.models import HubKey
from wallet.services import hub_rules
from wallet.services.install import market_asset
from wallet.signer.protocol import HubSigner, InfoRequest, SignerAway, SignerError, SignerLocked

NOT_READY = "The hub has no key yet: its signer was not asked for it, or is locked. Ask again in a minute."


def note_key(signer: HubSigner, *, now: datetime) -> None:
    """Keep the key that the signer signs by, if it is a new one. May run often. Raises SignerError."""
    key, network, asset = signer.hub_key(market_asset()).hex(), settings.WALLET_NETWORK, market_asset()
    newest = _newest()
    if newest is None or newest.key != key:
        HubKey.objects.create(network=network, asset=asset, key=key, seen_at=now)


def hub_key() -> bytes:
    """Return the 33 bytes of the hub's key; b"" while its signer was never asked."""
    newest = _newest()
    return bytes.fromhex(newest.key) if newest else b""


def hub_id() -> bytes:
    """Return the 20 bytes by which others know the hub; b"" as above."""
    key = hub_key()
    return hub_id_of(key) if key else b""


def info(*, now: datetime) -> HubInfo:
    """Return what the hub says of itself, to those who need no signature of it. Raises HubRefused."""
    key = hub_key()
    if not key:
        raise HubRefused(Refusal.LOCKED, NOT_READY)
    return HubInfo(
        hub_id=hub_id_of(key),
        key=key,
        network=NETWORK_NUMBERS[settings.WALLET_NETWORK],
        asset=market_asset(),
        fee_ppm=hub_rules.fee_ppm(),
        time_s=int(now.timestamp()),
    )


def signed_info(signer: HubSigner, *, nonce: bytes, now: datetime) -> tuple[HubInfo, bytes]:
    """Return what the hub says of itself and its signature over it and the asker's nonce. Raises HubRefused."""
    if len(nonce) != NONCE_BYTES:
        raise HubRefused(Refusal.BAD_REQUEST, f"A nonce has {NONCE_BYTES} bytes.")
    said = info(now=now)
    try:
        request = InfoRequest(market_asset(), nonce, said.fee_ppm, said.time_s)
        return said, signer.sign_info(request)
    except (SignerLocked, SignerAway):
        raise HubRefused(Refusal.LOCKED, "The hub's signer is locked or away. Ask again in a minute.") from None
    except SignerError as problem:
        raise HubRefused(Refusal.REFUSED, f"The hub's signer refuses: {problem}.") from None


def _newest() -> HubKey | None:
    found = HubKey.objects.filter(network=settings.WALLET_NETWORK, asset=market_asset())
    return found.order_by("-pk").first()
