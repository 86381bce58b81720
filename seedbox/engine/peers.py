"""Which peers a torrent goes back to after a kill, and how long it tries: few of them would come to us.

Left alone, libtorrent forgets most of them. Its resume data leaves out whoever came over uTP from the port where it
listens, as it takes only a port that a peer names besides for one to go to; and, half of the time, whoever sent us
many good pieces, for the count of them overflows. So we remember ourselves who was connected.
"""

import re
import time

import libtorrent as lt

from seedbox.engine.swarm import Swarm
from seedbox.engine.taken import Taken

PEERS_KEPT = 50  # of a torrent, besides those that libtorrent keeps: the latest
FEW_PEERS = 5  # with so few they are saved soon: nobody else might lead us back to them
SAVE_FEW_AFTER_S = 3.0  # by then a peer has named its port
DUPLICATE_PEER_ID = 79  # libtorrent's number for it
REMIND_EVERY_S = 20.0  # a peer fails for the third time after more than that

# The binding shows neither direction nor protocol elsewhere.
_CONNECTED = re.compile(r" (incoming|outgoing) connection to peer \(([^)]+)\)\Z")


def peer_connected(swarm: Swarm, taken: Taken, alert: lt.peer_connect_alert) -> None:
    """Remember where a peer is reached, and tell libtorrent if it came over uTP.

    Who comes over TCP comes from any port and names the one where it listens; libtorrent's resume data has that.
    """
    found = _CONNECTED.search(alert.message())
    if found is None:  # cut short by a long name of the torrent
        swarm.connections.open_another(taken.key, alert.endpoint, incoming=False)
        return
    direction, protocol = found.groups()
    swarm.connections.open_another(taken.key, alert.endpoint, incoming=direction == "incoming")
    if direction == "incoming" and protocol == "uTP":
        taken.handle.connect_peer(alert.endpoint)
    if direction == "outgoing" or protocol == "uTP":
        taken.peers.pop(alert.endpoint, None)
        taken.peers[alert.endpoint] = None
        if len(taken.peers) > PEERS_KEPT:
            del taken.peers[next(iter(taken.peers))]
    if len(taken.peers) <= FEW_PEERS:
        swarm.due_peers[taken.key] = time.monotonic() + SAVE_FEW_AFTER_S


def peer_disconnected(swarm: Swarm, taken: Taken, alert: lt.peer_disconnected_alert) -> None:
    is_second = alert.error.category().name() == "libtorrent" and alert.error.value() == DUPLICATE_PEER_ID
    swarm.connections.close_one(taken.key, alert.endpoint, is_second=is_second)
    if alert.op == lt.operation_t.connect:  # nobody is there any more
        swarm.counts["peers_not_reached"] += 1
        taken.peers.pop(alert.endpoint, None)


def keep_peers(taken: Taken, params: lt.add_torrent_params) -> None:
    """Have resume data name our peers, too; the latest come first."""
    for peer in params.banned_peers:
        taken.peers.pop(peer, None)
    for peer in params.peers[: max(PEERS_KEPT - len(taken.peers), 0)]:
        taken.peers.setdefault(peer, None)
    params.peers = list(dict.fromkeys([*reversed(taken.peers), *params.peers]))


class Patience:
    """Has libtorrent try a peer as often as our settings say.

    A torrent that downloads gives a peer up for good when it was not reached three times, whatever the settings say,
    until they change.
    """

    def __init__(self, session: lt.session) -> None:
        self._most_failures = int(session.get_settings()["max_failcount"])
        self._is_raised = False
        self._next_s = 0.0

    def tick(self, session: lt.session, now_s: float) -> None:
        if now_s >= self._next_s:
            self._next_s = now_s + REMIND_EVERY_S
            self._is_raised = not self._is_raised
            session.apply_settings({"max_failcount": self._most_failures + self._is_raised})


def first_peers(params: lt.add_torrent_params) -> dict[tuple[str, int], None]:
    """Return whom a torrent knows when it is taken in."""
    return dict.fromkeys(params.peers[:PEERS_KEPT])
