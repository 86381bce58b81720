"""Where this box's signer is, from the settings."""

from django.conf import settings
from django.core.management.base import CommandError

from wallet.domain.networks import NETWORKS
from wallet.signer.client import SignerClient
from wallet.signer.process import Setting
from wallet.signer.signer import Place


def signer_setting() -> Setting:
    """Return it; raises CommandError where the wallet is switched off."""
    network = NETWORKS.get(settings.WALLET_NETWORK)
    if network is None:
        raise CommandError(f"WALLET_NETWORK={settings.WALLET_NETWORK}: a box with this setting has no wallet")
    place = Place(settings.SIGNER_FOLDER, settings.SIGNER_KEY_FILE)
    return Setting(place, settings.SIGNER_SOCKET, network, settings.SIGNER_PEERS)


def signer_client() -> SignerClient:
    return SignerClient(signer_setting().socket)
