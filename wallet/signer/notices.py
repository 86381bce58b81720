"""What an operator should see of a signer also while all is well."""

from pathlib import Path

from wallet.domain import signer_words
from wallet.domain.networks import Network
from wallet.signer.keystore import Keystore
from wallet.signer.policy import Rules


def of(network: Network, limits: Rules, kept: Keystore | None, key_file: Path) -> tuple[str, ...]:
    said = []
    if network.name != "devnet" and kept and not kept.needs_passphrase:
        says = signer_words.KEY_FILE_OPENS
        said.append(says % {"network": network.name, "key_file": key_file})
    if without := unlimited(network, limits):
        says = signer_words.NO_LIMITS
        said.append(says % {"assets": ", ".join(without)})
    return tuple(said)


def unlimited(network: Network, limits: Rules) -> list[str]:
    """Return the assets whose limits no operator has set where money is real: as they come they are too wide."""
    if not network.is_real:
        return []
    return [asset for asset in limits.limits if asset not in limits.chosen]
