"""What the node shows live: rows and pages that somebody looks at, from what it has in mind."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from seedbox.engine import port
from seedbox.models import File, Holding
from seedbox.services import columns, listing, totals
from seedbox.services.batches import batched
from seedbox.services.live import Publisher, detail_group
from seedbox.services.ward import Ward

READ_AT_ONCE = 10_000  # SQLite takes 32,766 values in one question
MAX_FILES_SENT = 1_000  # of one torrent; a page that may show any of more fetches its own


@dataclass
class Screen:
    """Publishes on behalf of one node. Used by the engine's thread."""

    node_id: int
    node_name: str
    engine: port.Engine
    ward: Ward
    publisher: Publisher
    watched_keys: frozenset[str] = frozenset()  # whose details the engine reports
    shown_pages: frozenset[int] = field(default=frozenset())  # holdings whose files and log were sent whole

    def show(self, *, now: datetime) -> None:
        """Publish what changed of what somebody looks at; ask the engine for the details of open pages."""
        watched = self.publisher.watched(now)
        rows = self._holdings(watched.rows | watched.details) if watched else []
        pages = [holding for holding in rows if holding.pk in watched.details]
        self._watch(frozenset(holding.torrent.key for holding in pages))
        self.publisher.get_to_know({holding.user_id for holding in rows})
        self.publisher.publish_rows(rows)
        new_pages = {holding.pk for holding in pages if detail_group(holding.pk) in watched.asked} | (
            {holding.pk for holding in pages} - self.shown_pages
        )
        for holding in pages:
            self._show_page(holding, is_new=holding.pk in new_pages)
        self.shown_pages = frozenset(holding.pk for holding in pages)
        if watched.totals:
            self._show_totals(watched.totals, now)
        self.ward.files_changed &= self.ward.files.keys()  # what is not stored yet was not shown either
        self.ward.log_changed.clear()

    def close(self) -> None:
        self.publisher.close()

    def _holdings(self, holding_ids: Collection[int]) -> list[Holding]:
        """Return those that are the node's own, one user's after the other: what changes of them is one message."""
        found: list[Holding] = []
        for some in batched(holding_ids, READ_AT_ONCE):
            # Told of the node, SQLite would look each of its torrents up in the list of what is watched.
            read = columns.loaded(Holding.objects.filter(pk__in=some).select_related("torrent"))
            found += (holding for holding in read if holding.torrent.node_id == self.node_id)
        for holding in found:
            charge = self.ward.charges.get(holding.torrent.key)
            if charge is not None and charge.torrent_id == holding.torrent_id and not charge.is_removing:
                holding.torrent.observation = charge.observation  # newer than the database's
        return sorted(found, key=attrgetter("user_id", "pk"))

    def _show_totals(self, user_ids: Collection[int], now: datetime) -> None:
        seen = (charge.observation for charge in self.ward.charges.values() if not charge.is_removing)
        for user_id, (speeds, busiest) in totals.here(user_ids, seen).items():
            self.publisher.publish_totals(user_id, self.node_name, speeds, busiest=busiest, now=now)

    def _watch(self, keys: frozenset[str]) -> None:
        if keys != self.watched_keys or self.ward.watch_failed:
            self.engine.apply(port.WatchTorrents(keys))
            self.watched_keys, self.ward.watch_failed = keys, False
            for key in self.ward.details.keys() - keys:
                del self.ward.details[key]

    def _show_page(self, holding: Holding, *, is_new: bool) -> None:
        key = holding.torrent.key
        if details := self.ward.details.get(key):
            self.publisher.publish_details(holding, details)
        if is_new or key in self.ward.files_changed:
            self._show_files(holding, is_new=is_new)
        if is_new or key in self.ward.log_changed:
            self.publisher.publish_log(holding, listing.list_log(holding=holding))

    def _show_files(self, holding: Holding, *, is_new: bool) -> None:
        files = File.objects.filter(torrent_id=holding.torrent_id)
        if files.count() <= MAX_FILES_SENT:
            self.publisher.publish_files(holding, files)
        elif not is_new:  # a new page has just come from the database
            self.publisher.publish_files_changed(holding)
