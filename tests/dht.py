"""A DHT that lives on loopback: its router, which is in nobody's table, and one node that keeps what is announced."""

from collections.abc import Mapping

import libtorrent as lt

from seedbox.engine.bare import BarePeer
from seedbox.engine.settings import ALERT_MASK, Setting
from tests.box import READY_WAIT_S, free_port, wait_until

LOOPBACK_DHT: Mapping[str, Setting] = {
    "enable_dht": True,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_ignore_dark_internet": False,
}
ASK_AGAIN_EVERY = 10  # looks: whoever asks more often than five times a second is not answered


def entered_by(router: str) -> dict[str, Setting]:
    """Return what makes an engine enter the DHT by this router alone, and look around nowhere else."""
    return {
        **{name: value for name, value in LOOPBACK_DHT.items() if name != "enable_dht"},  # when it may listen
        "dht_bootstrap_nodes": router,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
    }


class LoopbackDht:
    def __init__(self, router: str, neighbour: str) -> None:
        self.router = f"{router}:{free_port()}"
        alone = {**LOOPBACK_DHT, "alert_mask": int(ALERT_MASK)}
        self._router = BarePeer(
            router, overrides={**alone, "dht_bootstrap_nodes": "", "listen_interfaces": self.router}
        )
        self._neighbour = BarePeer(neighbour, overrides={**alone, "dht_bootstrap_nodes": self.router})

    def wait_until_it_knows(self, target: bytes) -> set[str]:
        """Return who has announced a key, as soon as somebody has."""
        session, looks = self._router._open_session(), iter(range(10**9))

        def look() -> set[str]:
            if next(looks) % ASK_AGAIN_EVERY == 0:
                session.dht_get_peers(lt.sha1_hash(target))
            alerts = [alert for alert in session.pop_alerts() if isinstance(alert, lt.dht_get_peers_reply_alert)]
            found = (peer for alert in alerts if alert.info_hash.to_bytes() == target for peer in alert.peers())
            return {f"{host}:{port}" for host, port in found}

        return wait_until(look, "somebody to announce a key", READY_WAIT_S)

    def close(self) -> None:
        self._neighbour.close()
        self._router.close()
