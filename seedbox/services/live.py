"""What people see without reloading: the node publishes changed rows of what is on somebody's screen.

Messages are JSON text, encoded once per group and passed on by the consumers as they are:

    {"type": "rows", "stream": "<epoch>/<group>", "seq": 5, "rows": {"holding-12": {"down": "1.20 MiB/s"}}}
    {"type": "list", "stream": …, "seq": 6, "list": "peers-12", "rows": {"192.0.2.1:6881": {"client": …}}}
    {"type": "changed", "stream": …, "seq": 7, "what": "torrents"}

Rows carry the cells that changed, lists are whole. A publisher numbers the messages of each stream, so that a browser
that missed one notices, and one that comes back says which it has (see `backlog`). What goes out to a browser that
reads slowly is merged on its way (`web/outgoing`). A group is a user (rows) or a holding's page (details). What all
torrents of a user move is an order to the sockets (see `moving`).
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from seedbox.engine.port import Details, Peer, Tracker
from seedbox.models import File, Holding, LogEntry
from seedbox.services import columns, readers
from seedbox.services.listing import MAX_LOG_SHOWN
from seedbox.services.moving import order_of
from seedbox.services.outbox import Outbox
from seedbox.services.readers import Manner, written_for
from seedbox.services.rows import (
    Facts,
    Row,
    Writer,
    added_row,
    file_row,
    log_row,
    peer_row,
    torrent_parts,
    tracker_row,
)
from seedbox.services.totals import Speeds
from seedbox.services.watches import Watched, WatchesUnknown, WatchReader

MAX_PEERS_SHOWN = 200
REST = timedelta(seconds=2)  # after Redis did not answer, which may take half a second each time

_NOBODY = Watched()
Written = TypeVar("Written")


def user_group(user_id: int) -> str:
    return f"user-{user_id}"


def detail_group(holding_id: int) -> str:
    return f"detail-{holding_id}"


@dataclass
class _Told:
    """What was sent of one row, and what its cells were written from."""

    cells: Row = field(default_factory=dict)
    facts: dict[Writer, Facts] = field(default_factory=dict)


class Publisher:
    """The node's voice. All calls come from one thread; none raises or waits for Redis longer than half a second.

    In each tick: `watched` once; if it says that somebody looks, the publish methods for what is watched. They send
    only what differs from what they sent before, and everything of a name that was asked for anew.
    """

    def __init__(self, *, redis_url: str) -> None:
        self._reader = WatchReader(redis_url=redis_url)
        self._outbox = Outbox(name="node")
        self._rows: dict[int, _Told] = defaultdict(_Told)  # by holding
        self._pages: dict[int, dict[str, Any]] = defaultdict(dict)  # by holding: row or list name -> as sent
        self._manners: dict[int, Manner] = {}  # of users whose pages are open
        self._holders: dict[int, int] = {}  # users by holding
        self._watched = _NOBODY
        self._rest_until: datetime | None = None
        self._unanswered = 0
        self._lost_before = 0

    def watched(self, now: datetime) -> Watched:
        """Return what is on somebody's screen; nothing while Redis is dead."""
        if (
            self._rest_until is not None and timedelta(0) < self._rest_until - now <= REST
        ):  # else the clock was set back
            return _NOBODY
        try:
            self._watched = self._reader.read()
            self._rest_until = None
        except WatchesUnknown:
            self._unanswered += 1
            self._rest_until = now + REST
            self._watched = _NOBODY
        self._forget_stale()
        return self._watched

    def publish_rows(self, holdings: Iterable[Holding]) -> None:
        """Send the changed cells of watched rows; needs what `torrent_parts` and `columns.cells` need.

        Holdings of one user that come one after the other are one message, which goes out before the next user's are
        looked at.
        """
        watched = (holding for holding in holdings if holding.pk in self._watched.rows)
        for user_id, own in groupby(watched, attrgetter("user_id")):
            with written_for(self._manner_of(user_id)):
                rows = {f"holding-{holding.pk}": cells for holding in own if (cells := self._news_of(holding))}
            if rows:
                self._send(user_group(user_id), {"type": "rows", "rows": rows})

    def publish_totals(self, user_id: int, node: str, speeds: Speeds, *, busiest: str, now: datetime) -> None:
        """Say to a user's sockets what moves on a node; it is small, and a graph wants a point in each tick."""
        self._outbox.post(group=user_group(user_id), text=order_of(node, speeds, busiest=busiest, now=now))

    def publish_files(self, holding: Holding, files: Iterable[File]) -> None:
        """Send the changed cells of a watched page's files."""
        if holding.pk not in self._watched.details:
            return
        rows, sent = {}, self._pages[holding.pk]
        for row in self._written_for(holding, lambda: [file_row(holding.pk, file) for file in files]):
            key = str(row["row"])
            if cells := _changed(sent.setdefault(key, {}), row):
                rows[key] = cells
        if rows:
            self._send(detail_group(holding.pk), {"type": "rows", "rows": rows})

    def publish_files_changed(self, holding: Holding) -> None:
        """Let a watched page fetch the files it shows: there are too many to send."""
        if holding.pk in self._watched.details:
            self._send(detail_group(holding.pk), {"type": "changed", "what": f"torrent-{holding.pk}"})

    def publish_details(self, holding: Holding, details: Details) -> None:
        """Send a watched page's peers, and those trackers that its holder brought.

        Another holder's announce URL may carry that person's passkey. Who stopped the torrent sees neither at work,
        also while it runs for others: nothing may tell of them.
        """
        peers = details.peers if holding.runs else ()
        trackers = [tracker for tracker in details.trackers if tracker.url in holding.trackers]
        if not holding.runs:
            trackers = [Tracker(each.url, each.tier, "not contacted", "", None, None) for each in trackers]
        self._publish_list(holding, "peers", lambda: peer_rows(peers))
        self._publish_list(holding, "trackers", lambda: {tracker.url: tracker_row(tracker) for tracker in trackers})

    def publish_log(self, holding: Holding, entries: Iterable[LogEntry]) -> None:
        """Send a watched page's log, the newest entries first; those from before the holding are left out."""
        self._publish_list(holding, "log", lambda: log_rows(holding, entries))

    def counters(self) -> dict[str, int]:
        """Return counts for the health page."""
        return {"live_messages_lost": self._outbox.lost, "live_watches_unanswered": self._unanswered}

    def close(self) -> None:
        """End the connections; what is queued is sent first."""
        self._outbox.close()
        self._reader.close()

    def _forget_stale(self) -> None:
        """Drop what was sent of names that nobody watches or that are wanted whole; of all if a message was lost."""
        if self._outbox.lost != self._lost_before:
            self._lost_before = self._outbox.lost
            self._rows.clear()
            self._pages.clear()
            return
        for holding_id in self._rows.keys() - self._watched.rows:
            del self._rows[holding_id]
        for holding_id in self._pages.keys() - self._watched.details:
            del self._pages[holding_id]
        for holding_id in self._holders.keys() - self._watched.rows - self._watched.details:
            del self._holders[holding_id]
        for name in self._watched.asked:
            kind, _, asked_id = name.partition("-")
            if kind in ("holding", "detail"):  # opened anew, maybe by somebody who has chosen another manner
                self._manners.pop(self._holders.get(int(asked_id), 0), None)
            if kind == "holding":
                self._rows.pop(int(asked_id), None)
            elif kind == "detail":
                self._pages.pop(int(asked_id), None)

    def _news_of(self, holding: Holding) -> Row:
        """Return the cells of a row that differ from what was sent; only those are written that may differ."""
        told = self._rows[holding.pk]
        self._holders[holding.pk] = holding.user_id
        cells: Row = {"row": f"holding-{holding.pk}", **columns.cells(holding)}
        for write, facts in torrent_parts(holding):
            if told.facts.get(write) != facts:
                told.facts[write] = facts
                cells |= write(facts)
        return _changed(told.cells, cells)

    def _publish_list(self, holding: Holding, kind: str, write: Callable[[], dict[str, Row]]) -> None:
        if holding.pk not in self._watched.details:
            return
        sent = self._pages[holding.pk]
        key, rows = f"{kind}-{holding.pk}", self._written_for(holding, write)
        if sent.get(key) != rows:
            sent[key] = rows
            self._send(detail_group(holding.pk), {"type": "list", "list": key, "rows": rows})

    def _written_for(self, holding: Holding, write: Callable[[], Written]) -> Written:
        """Return what is written, for who holds it."""
        self._holders[holding.pk] = holding.user_id
        with written_for(self._manner_of(holding.user_id)):
            return write()

    def _manner_of(self, user_id: int) -> Manner:
        if user_id not in self._manners:
            self.get_to_know({user_id})
        return self._manners[user_id]

    def get_to_know(self, user_ids: set[int]) -> None:
        """Learn how these users are written to: with many rows to publish, in one question and not in one for each."""
        if unknown := {user_id for user_id in user_ids if user_id not in self._manners}:
            self._manners |= dict.fromkeys(unknown, Manner()) | readers.of_users(unknown)

    def _send(self, group: str, message: Mapping[str, object]) -> None:
        self._outbox.post_message(group=group, message=message)


def _changed(sent: Row, cells: Row) -> Row:
    """Return the cells that differ from those sent, and take them for sent."""
    changed = {cell: value for cell, value in cells.items() if sent.get(cell) != value}
    sent |= changed
    return changed


def peer_rows(peers: Iterable[Peer]) -> dict[str, Row]:
    """Return the busiest peers, in the order of their addresses so that rows keep their places."""
    busiest = sorted(peers, key=lambda peer: peer.down_bytes_per_s + peer.up_bytes_per_s, reverse=True)
    shown = sorted(busiest[:MAX_PEERS_SHOWN], key=lambda peer: peer.address)
    return {peer.address: peer_row(peer) for peer in shown}


def log_rows(holding: Holding, entries: Iterable[LogEntry]) -> dict[str, Row]:
    """Return the newest entries since the holding began, and its beginning; JavaScript keeps such keys in order."""
    seen = [entry for entry in entries if entry.at >= holding.added_at]
    newest = sorted(seen, key=lambda entry: (entry.at, entry.pk), reverse=True)[:MAX_LOG_SHOWN]
    return {f"log-{entry.pk}": log_row(entry) for entry in newest} | {"log-added": added_row(holding)}


class _ChangeTeller:
    """This process's outbox for `list_changed`, made on first use: most processes never need it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outbox: Outbox | None = None

    def tell(self, *, user_id: int) -> None:
        with self._lock:
            if self._outbox is None:
                self._outbox = Outbox(name="changes")
        message = {"type": "changed", "what": "torrents"}
        self._outbox.post_message_and_wait(group=user_group(user_id), message=message)


_teller = _ChangeTeller()


def list_changed(*, user_id: int) -> None:
    """Tell the user's open pages to fetch their list again. Never raises; takes half a second at most, rarely."""
    _teller.tell(user_id=user_id)
