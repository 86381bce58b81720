"""What the router lets in: the torrent port, which libtorrent maps by itself, and the port of a market if one asks."""

from typing import TYPE_CHECKING

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.lanes import MapPort, PortMapped

if TYPE_CHECKING:
    from seedbox.engine.swarm import Swarm


class PortMapping:
    """Keeps a mapping of the market's port on every way out that libtorrent has, and what the router said of both.

    Mappings end with the sockets that libtorrent listens on, so they are made anew whenever those change.
    """

    def __init__(self, swarm: "Swarm") -> None:
        self._swarm = swarm
        self.said = ""  # of the torrent port
        self._is_open = False  # as the router said last of that port
        self._port = 0
        self._said = ""  # of the market's port
        self._is_open_to_market = False
        self._is_asked = False
        self._mappings: list[int] = []
        self._made_for: frozenset[str] = frozenset()

    def ask(self, order: MapPort) -> None:
        if order.port == self._port:
            self._swarm.report(PortMapped(self._said))
            return
        self._take_back()
        self._port = order.port
        self._tell("")
        self.look()

    def look(self) -> None:
        """Map the market's port where that was not done since the engine began to listen there."""
        listening = frozenset(self._swarm.listening)
        if not self._is_asked or not self._port or not listening or listening == self._made_for:
            return
        self._take_back()
        self._made_for = listening
        self._mappings = self._swarm.session.add_port_mapping(lt.portmap_protocol.tcp, self._port, self._port)

    def use_router(self, *, is_asked: bool) -> None:
        """Ask the router from now on, or no more: then nothing is mapped."""
        if not is_asked:
            self.said, self._is_open = "", False
            self._mappings, self._made_for = [], frozenset()
            if self._said:
                self._tell("")
        self._is_asked = is_asked

    def mapped(self, alert: lt.portmap_alert) -> None:
        sentence = _("The router lets peers in at port %(port)d.", {"port": alert.external_port})
        if self._is_of_market(alert.mapping):
            self._tell(sentence, is_open=True)
        else:
            self.said, self._is_open = sentence, True

    def not_mapped(self, alert: lt.portmap_error_alert) -> None:
        """Routers without port mapping are the rule: what one of two ways has reached stands."""
        sentence = _("No port was mapped (%(message)s).", {"message": alert.error.message()})
        if self._is_of_market(alert.mapping):
            if not self._is_open_to_market:
                self._tell(sentence)
        elif not self._is_open:
            self.said = sentence

    def _is_of_market(self, mapping: int) -> bool:
        """Each of libtorrent's ways counts its mappings from 0; the torrent port comes first on all of them."""
        return mapping in self._mappings

    def _take_back(self) -> None:
        for mapping in self._mappings:
            self._swarm.session.delete_port_mapping(mapping)
        self._mappings, self._made_for = [], frozenset()

    def _tell(self, sentence: str, *, is_open: bool = False) -> None:
        self._said, self._is_open_to_market = sentence, is_open
        self._swarm.report(PortMapped(sentence))


def port_mapped(swarm: "Swarm", alert: lt.portmap_alert) -> None:
    swarm.ports.mapped(alert)


def port_not_mapped(swarm: "Swarm", alert: lt.portmap_error_alert) -> None:
    swarm.ports.not_mapped(alert)
