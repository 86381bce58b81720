"""The node's side of its network settings: carry the wish to the engine, and the engine's answer to the database."""

from dataclasses import dataclass
from datetime import datetime

from seedbox.domain.kept import kept as _
from seedbox.domain.network import BadNetwork, NetworkSettings
from seedbox.engine import port
from seedbox.models import Node
from seedbox.services import networks
from seedbox.services.sealing import SealBroken
from seedbox.services.ward import Ward


def read_wish(*, node_id: int) -> port.ConfigureNetwork:
    """Return what the node's engine shall be told; a wish that can't be read leaves it no way out."""
    network = networks.wish_of(Node.objects.select_related("network").get(pk=node_id))
    try:
        return port.ConfigureNetwork(network.version, networks.settings_of(network))
    except BadNetwork as problem:
        refusal = _("%(problem)s Save the network settings anew.", {"problem": problem.kept})
    except SealBroken:
        refusal = _(
            "The proxy's password was sealed under another SEEDBOX_SECRET_KEY. Bring that key back, or enter the "
            "password anew."
        )
    return port.ConfigureNetwork(network.version, NetworkSettings(), refusal)


@dataclass
class Networking:
    """Carries one node's network settings to its engine. Used by the engine's thread."""

    node_id: int
    engine: port.Engine
    ward: Ward
    commanded: port.ConfigureNetwork  # last

    def reconcile(self) -> bool:
        """Tell the engine what changed; false: only a new engine can do that.

        Torrents keep the peer ID under which trackers know them, so that a name in it would stay.
        """
        wish = read_wish(node_id=self.node_id)
        if wish == self.commanded and not self.ward.network_failed:
            return True
        if wish.settings.anonymous != self.commanded.settings.anonymous:
            return False
        self.engine.apply(wish)
        self.commanded, self.ward.network_failed = wish, False
        return True

    def store(self, *, now: datetime) -> None:
        """Write the engine's answer, if there is a new one."""
        answer = self.ward.network_answer
        if answer is None:
            return
        Node.objects.filter(pk=self.node_id).update(
            network_version=answer.version,
            network_answer=answer.problem,
            network_answered_at=now,
            network_facts={
                "port_mapping": answer.port_mapping,
                "proxy": answer.proxy,
                "blocklist": answer.blocklist,
            },
        )
        self.ward.network_answer = None
