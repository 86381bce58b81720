"""The keys by which this install's hub signs: one for each network and asset, all from one secret of the keystore."""

import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from wallet.domain.money import Asset
from wallet.domain.tron import keys
from wallet.signer import key_files, keystore
from wallet.signer.keystore import Keystore, Purpose
from wallet.signer.sealing import WrongKey
from wallet.signer.secret import Secret

SEED_BYTES = 32
MARKET_ASSETS = (Asset.TRC10, Asset.TRC20)
_KEY = "seedbox hub key"
_PAYERS = "seedbox hub payers"


@dataclass(frozen=True)
class HubSecrets:
    """The secrets of one hub."""

    key: Secret  # signs receipts and what the hub says of itself
    payers: Secret  # makes of a payer's account what sellers know the payer by

    @property
    def public_key(self) -> bytes:
        return keys.public_key_of(self.key.reveal())


def fresh_seed() -> Secret:
    return Secret(secrets.token_bytes(SEED_BYTES))


def secrets_from(seed: Secret, network: str) -> dict[Asset, HubSecrets]:
    """Return the secrets of both assets' hubs: they share nothing that anybody could see."""
    return {
        asset: HubSecrets(_private_key(seed, network, asset), Secret(_derived(seed, _PAYERS, network, asset, 0)))
        for asset in MARKET_ASSETS
    }


def add_seed(path: Path, key: Secret) -> Keystore:
    """Add the hub's secret to a keystore from before there were hubs; raises WrongKey, BadKeystore, OSError.

    Nothing else of it changes. Whoever rotates the keystore at this moment is waited for.
    """
    with key_files.alone_at(path):
        kept = keystore.load(path)
        if Purpose.HUB not in kept.opened(key):
            kept = kept.with_secret(Purpose.HUB, fresh_seed(), key)
            keystore.save(kept, path)
        return kept


def _private_key(seed: Secret, network: str, asset: Asset) -> Secret:
    for count in range(256):  # one in 2¹²⁸ is no key
        found = _derived(seed, _KEY, network, asset, count)
        if 0 < int.from_bytes(found) < keys.ORDER:
            return Secret(found)
    raise WrongKey("no hub key comes from this secret")


def _derived(seed: Secret, what: str, network: str, asset: Asset, count: int) -> bytes:
    return hmac.digest(seed.reveal(), f"{what}|{network}|{asset.name.lower()}|{count}".encode(), "sha256")
