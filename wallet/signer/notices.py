"""What an operator should see of a signer also while all is well."""

from pathlib import Path

from wallet.domain.language import gettext_noop
from wallet.domain.language import said as _
from wallet.domain.networks import Network
from wallet.signer.keystore import Keystore
from wallet.signer.policy import Rules

UNLIMITED = gettext_noop(
    "nothing leaves the hot address in an asset until you set its limits with `manage.py wallet limits`"
)


def of(network: Network, limits: Rules, kept: Keystore | None, key_file: Path) -> tuple[str, ...]:
    said = []
    if network.name != "devnet" and kept and not kept.needs_passphrase:
        says = _(
            "The keys for %(network)s open by the file %(key_file)s: whoever reads it and the keystore has the "
            "money. Use a passphrase (`manage.py wallet rotate --passphrase`), or keep that file where neither "
            "backups nor other users come."
        )
        said.append(says % {"network": network.name, "key_file": key_file})
    if without := unlimited(network, limits):
        says = _(
            "Nothing leaves the hot address in an asset until you set its limits with `manage.py wallet limits`: "
            "%(assets)s."
        )
        said.append(says % {"assets": ", ".join(without)})
    return tuple(said)


def unlimited(network: Network, limits: Rules) -> list[str]:
    """Return the assets whose limits no operator has set where money is real: as they come they are too wide."""
    if not network.is_real:
        return []
    return [asset for asset in limits.limits if asset not in limits.chosen]
