"""Keys that a market announces and looks up in the DHT, besides those of torrents."""

import random
from typing import TYPE_CHECKING

import libtorrent as lt

from seedbox.domain.lanes import DHT_KEY_BYTES, Announce, FindSellers, SellersFound
from seedbox.engine.metainfo import format_endpoint

if TYPE_CHECKING:
    from seedbox.engine.swarm import Swarm

LEAST_PAUSE_S, LONGEST_PAUSE_S = 15 * 60.0, 30 * 60.0  # between two announces of a key
ANNOUNCES_AT_ONCE = 2  # each asks a hundred nodes
MAX_SELLERS = 200  # in one answer, of strangers


class Discovery:
    def __init__(self, swarm: "Swarm") -> None:
        self._swarm = swarm
        self._targets: dict[bytes, int] = {}
        self._due_at_s: dict[bytes, float] = {}

    def announce(self, order: Announce) -> None:
        """Announce these keys from now on; those that were announced already keep their time."""
        self._targets = {key: port for key, port in order.targets.items() if len(key) == DHT_KEY_BYTES}
        self._due_at_s = {key: self._due_at_s.get(key, 0.0) for key in self._targets}

    def find(self, order: FindSellers) -> None:
        if len(order.target) == DHT_KEY_BYTES and self._swarm.session.is_dht_running():
            self._swarm.session.dht_get_peers(lt.sha1_hash(order.target))

    def answered(self, alert: lt.dht_get_peers_reply_alert) -> None:
        endpoints = tuple(format_endpoint(peer) for peer in alert.peers()[:MAX_SELLERS])
        if endpoints:
            self._swarm.report(SellersFound(alert.info_hash.to_bytes(), endpoints))

    def tick(self, now_s: float) -> None:
        """Announce some of what is due."""
        due = [key for key, at_s in self._due_at_s.items() if now_s >= at_s]
        if not due or not self._swarm.session.is_dht_running() or not self._swarm.counts["dht_nodes"]:
            return  # nobody would hear it
        for key in due[:ANNOUNCES_AT_ONCE]:
            self._due_at_s[key] = now_s + random.uniform(LEAST_PAUSE_S, LONGEST_PAUSE_S)
            self._swarm.session.dht_announce(lt.sha1_hash(key), self._targets[key])
