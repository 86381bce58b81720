"""The one owner of libtorrent's address filter: a blocklist, and places that are bounced.

A bounce blocks a place until it is disconnected, then gives its addresses back what the list says of them, and
connects to whoever was connected there: a connection stays under the class that it was made under, so this is how one
comes under a lane that was opened since.
"""

import ipaddress
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libtorrent as lt

from seedbox.domain.lanes import Bounce, Bounced
from seedbox.engine.blocking import BLOCKED
from seedbox.engine.bounces import Bounces
from seedbox.engine.metainfo import format_endpoint

if TYPE_CHECKING:
    from seedbox.engine.connections import Address
    from seedbox.engine.swarm import Swarm

DROP_WITHIN_S = 2.0  # libtorrent's word that somebody is gone; then it goes on without
CALL_AGAIN_S = 1.0  # the other side may not have seen us go yet, and take the new connection for a second one
CALL_AGAIN_FOR_S = 20.0


@dataclass
class UnderWay:
    """A place that is blocked for the moment."""

    ends_at_s: float
    called: dict[str, dict["Address", None]] = field(default_factory=dict)  # whom to call again, by torrent


@dataclass
class CalledAgain:
    """A place that was bounced and is called until it is there."""

    called: dict[str, dict["Address", None]]
    next_s: float
    ends_at_s: float


class AddressFilter:
    def __init__(self, swarm: "Swarm") -> None:
        self._swarm = swarm
        self._list: lt.ip_filter | None = None  # kept only while it differs from libtorrent's: it may be large
        self._wanted: dict[str, Bounce] = {}
        self._under_way: dict[str, UnderWay] = {}
        self._called_again: dict[str, CalledAgain] = {}
        self._bounces = Bounces()

    def use(self, addresses: lt.ip_filter) -> None:
        """Put a list in force; what is being bounced stays blocked until it is done."""
        if self._under_way:
            self._list = addresses
        self._put_in_force(addresses)

    def bounce(self, order: Bounce) -> None:
        """Bounce a place as soon as it may be: it rests for BOUNCE_PAUSE_S, unless all that came of it is gone."""
        before = self._wanted.get(order.place)
        ports = (*before.ports, *order.ports) if before else order.ports
        self._wanted[order.place] = Bounce(order.place, tuple(dict.fromkeys(ports)))
        self.look(time.monotonic())

    def look(self, now_s: float) -> None:
        """Begin what is due, and end what is done."""
        for place, under_way in tuple(self._under_way.items()):
            if not self._swarm.connections.at(place) or now_s >= under_way.ends_at_s:
                self._end(place, under_way)
        for place, order in tuple(self._wanted.items()):
            there = self._swarm.connections.at(place)
            if place not in self._under_way and self._bounces.may_begin(place, there, now_s):
                del self._wanted[place]
                self._begin(order, now_s)
        for place, again in tuple(self._called_again.items()):
            self._bounces.note(place, self._swarm.connections.at(place))
            if now_s >= again.next_s:
                self._call_again(place, again, now_s)

    @property
    def is_busy(self) -> bool:
        return bool(self._under_way or self._wanted or self._called_again)

    def _begin(self, order: Bounce, now_s: float) -> None:
        connections = self._swarm.connections.at(order.place)
        if not connections:
            self._swarm.report(Bounced(order.place, ()))
            return
        under_way = UnderWay(now_s + DROP_WITHIN_S)
        for each in connections:
            called = under_way.called.setdefault(each.key, {})
            if each.incoming and order.ports:  # where it came from nobody listens, unless it came over uTP
                called |= dict.fromkeys((each.address[0], port) for port in order.ports)
            else:
                called[each.address] = None
        self._bounces.begin(order.place, now_s)
        if self._list is None:
            self._list = self._swarm.session.get_ip_filter()
        self._under_way[order.place] = under_way
        self._put_in_force(self._list)

    def _end(self, place: str, under_way: UnderWay) -> None:
        del self._under_way[place]
        if self._list is not None:
            self._put_in_force(self._list)
        if not self._under_way:
            self._list = None
        called = []
        for key, addresses in under_way.called.items():
            if taken := self._swarm.torrents.get(key):
                for address in addresses:
                    taken.handle.connect_peer(address)
                    called.append(format_endpoint(address))
        now_s = time.monotonic()
        self._called_again[place] = CalledAgain(under_way.called, now_s + CALL_AGAIN_S, now_s + CALL_AGAIN_FOR_S)
        self._swarm.report(Bounced(place, tuple(dict.fromkeys(called))))

    def _call_again(self, place: str, again: CalledAgain, now_s: float) -> None:
        there = {each.key for each in self._swarm.connections.at(place)}
        missing = {key: addresses for key, addresses in again.called.items() if key not in there}
        if not missing or now_s >= again.ends_at_s:
            del self._called_again[place]
            return
        again.next_s = now_s + CALL_AGAIN_S
        for key, addresses in missing.items():
            if taken := self._swarm.torrents.get(key):
                for address in addresses:
                    taken.handle.connect_peer(address, lt.peer_info.tracker)  # such a source makes up for a failure

    def _put_in_force(self, addresses: lt.ip_filter) -> None:
        """Give libtorrent the list, and then a copy in which what is being bounced is blocked besides.

        Copies are libtorrent's own: of a large list Python would make one in a second.
        """
        session = self._swarm.session
        session.set_ip_filter(addresses)
        if not self._under_way:
            return
        copied = session.get_ip_filter()
        for place in self._under_way:
            network = ipaddress.ip_network(place)
            copied.add_rule(str(network[0]), str(network[-1]), BLOCKED)
        session.set_ip_filter(copied)
