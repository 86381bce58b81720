"""Who sells what is wanted: rumours of the DHT and of hubs, calls to those that the torrent is connected to, quotes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from seedbox.domain.lanes import FindSellers, LookAtPeers, PeersSeen, SellersFound
from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.agent.due import Due, Pause
from speed.agent.side import Floor
from speed.domain import dialling, messages
from speed.domain.messages import MAX_ASKED, Ask
from speed.domain.naming import dht_target, directory_key, torrent_name
from speed.domain.rumours import Rumours, place_at
from speed.services import quotes
from speed.wire.hub_port import Answer, Hub
from speed.wire.port import DialFailed, Link
from wallet.domain.hub import Offer

CALL_EVERY = timedelta(seconds=2)
LOOK_EVERY = timedelta(seconds=5)  # at whom torrents are connected to
FIND_EVERY = timedelta(seconds=60)  # in the DHT
DIRECTORY_EVERY = timedelta(seconds=300)
DIRECTORY_SOON = timedelta(seconds=30)  # while no seller was heard of
ASK_EVERY = timedelta(seconds=30)
KEEP_EVERY = timedelta(seconds=3)  # quotes are written, if they are news
FORGET_EVERY = timedelta(minutes=5)
CALL_AGAIN = timedelta(seconds=30)  # the door itself waits longer where it must
PEERS_FRESH = timedelta(seconds=20)
CHECKED_AT_ONCE = 200  # rumours, in one turn of the loop: strangers decide how many there are
MAX_CALLED = 1_000  # endpoints whose rest is over are forgotten beyond that
MAX_QUOTES = 100  # of one torrent


@dataclass(frozen=True)
class Heard:
    """A quote, and who gave it."""

    link: Link
    quote: messages.Quote
    valid_until: datetime


class Finder:
    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._torrents: dict[str, TorrentFacts] = {}
        self._asks_directory: frozenset[str] = frozenset()
        self._targets: dict[bytes, str] = {}
        self._directory_keys: dict[int, bytes] = {}
        self._places: dict[str, tuple[datetime, frozenset[str]]] = {}  # that a torrent is connected to
        self._rumours = Rumours()
        self._rests_of: dict[str, Pause] = {}  # endpoints that were called
        self._names: dict[Link, dict[bytes, str]] = {}  # what was asked for on a connection
        self._asked_at: dict[tuple[Link, str], datetime] = {}
        self._heard: dict[str, dict[bytes, Heard]] = {}  # by torrent and seller
        self._written: dict[tuple[str, bytes], Heard] = {}  # by torrent and seller
        self._due = Due()

    def look_for(self, torrents: Iterable[TorrentFacts], *, asks_directory: Collection[str]) -> None:
        """Look for sellers of these torrents, and of no others."""
        self._torrents = {torrent.key: torrent for torrent in torrents if torrent.info_hash}
        self._asks_directory = frozenset(asks_directory)
        self._targets = {dht_target(torrent.info_hash): key for key, torrent in self._torrents.items()}
        self._rumours.keep_only(self._torrents)
        for held in (self._places, self._heard):
            for key in held.keys() - self._torrents.keys():
                del held[key]

    def tick(self, now: datetime) -> None:
        if self._torrents and self._due.is_due("look", LOOK_EVERY, now):
            self._floor.ask(LookAtPeers(frozenset(self._torrents)))
        for torrent in self._torrents.values():
            self._search(torrent, now)
        self._follow_rumours(now)
        for link in self._floor.links:
            self._ask(link, now)
        if self._due.is_due("keep", KEEP_EVERY, now):
            self._keep(now)
        if self._due.is_due("forget", FORGET_EVERY, now):
            self._floor.write(partial(quotes.forget_old, now=now))

    # --- where they may be

    def _search(self, torrent: TorrentFacts, now: datetime) -> None:
        if not torrent.private:
            if self._due.is_due(f"find {torrent.key}", FIND_EVERY, now):
                self._floor.ask(FindSellers(dht_target(torrent.info_hash)))
        elif torrent.key in self._asks_directory and self._floor.hubs:
            pause = DIRECTORY_EVERY if self._rumours.of(torrent.key) else DIRECTORY_SOON
            if self._due.is_due(f"find {torrent.key}", pause, now):
                self._ask_directory(torrent)

    def _ask_directory(self, torrent: TorrentFacts) -> None:
        if torrent.torrent_id not in self._directory_keys:
            self._floor.write(partial(market_facts.info_bytes, torrent.torrent_id), partial(self._know_info, torrent))
            return
        key = self._directory_keys[torrent.torrent_id]
        for hub_id in self._floor.hubs:
            self._floor.ask_hub(hub_id, partial(_offers, key), partial(self._offered, torrent.key))

    def _know_info(self, torrent: TorrentFacts, info: bytes, _now: datetime) -> None:
        if info:
            self._directory_keys[torrent.torrent_id] = directory_key(info)
            self._ask_directory(torrent)

    def _offered(self, key: str, answer: Answer[list[Offer]], _now: datetime) -> None:
        if isinstance(answer, list):
            self._hear_of(key, [_endpoint(offer) for offer in answer])

    def found(self, report: SellersFound) -> None:
        key = self._targets.get(report.target)
        if key is not None:
            self._hear_of(key, report.endpoints)

    def peers_seen(self, report: PeersSeen, now: datetime) -> None:
        if report.key in self._torrents:
            self._places[report.key] = now, frozenset(peer.place for peer in report.peers)

    def _hear_of(self, key: str, endpoints: Iterable[str]) -> None:
        if key in self._torrents:
            self._rumours.hear(key, endpoints, near=self._places_of(key))

    def _places_of(self, key: str) -> frozenset[str]:
        return self._places[key][1] if key in self._places else frozenset()

    # --- calls

    def _follow_rumours(self, now: datetime) -> None:
        """Look at some rumours; all come round, as fast as that goes. The cheapest look comes first."""
        if self._due.is_due("call", CALL_EVERY, now):
            self._rumours.begin_round()
            self._forget_calls(now)
        for key, endpoint, place in self._rumours.next_ones(CHECKED_AT_ONCE):
            if place in self._connected(key, now):
                self.call(key, endpoint, now)

    def _forget_calls(self, now: datetime) -> None:
        if len(self._rests_of) > MAX_CALLED:
            self._rests_of = {endpoint: pause for endpoint, pause in self._rests_of.items() if pause.runs(now)}

    def call(self, key: str, endpoint: str, now: datetime) -> None:
        """Call a seller of a torrent, if the torrent is connected to that address and it was not called just now."""
        if not self._rests(endpoint, now) and not self._obstacle(endpoint, places=self._connected(key, now)):
            self._dial(endpoint, now)

    def call_again(self, endpoint: str, now: datetime) -> None:
        """Call a seller that a deal ran with, where it was called for it, though no torrent is connected to it now."""
        if not self._rests(endpoint, now) and not self._obstacle(endpoint, places={place_at(endpoint)}):
            self._dial(endpoint, now)

    def _rests(self, endpoint: str, now: datetime) -> bool:
        is_linked = any(link.endpoint == endpoint for link in self._floor.links)
        return is_linked or (endpoint in self._rests_of and self._rests_of[endpoint].runs(now))

    def _obstacle(self, endpoint: str, *, places: Collection[str]) -> str:
        return dialling.obstacle(endpoint, places=places, dials_local=self._floor.terms.dials_local)

    def _dial(self, endpoint: str, now: datetime) -> None:
        self._rests_of[endpoint] = Pause(now, CALL_AGAIN)
        self._floor.dial(endpoint, partial(self._call_failed, endpoint))

    def _connected(self, key: str, now: datetime) -> frozenset[str]:
        seen_at, places = self._places.get(key, (now, frozenset()))
        return places if now - seen_at < PEERS_FRESH else frozenset()

    def _call_failed(self, endpoint: str, problem: DialFailed) -> None:
        if problem.wait_s and endpoint in self._rests_of:
            self._rests_of[endpoint] = Pause(self._rests_of[endpoint].since, timedelta(seconds=problem.wait_s))

    # --- questions

    def _ask(self, link: Link, now: datetime) -> None:
        """Ask a neighbour of ours what it takes for what it is connected to."""
        due = [
            torrent
            for torrent in self._torrents.values()
            if not timedelta(0) <= now - self._asked_at.get((link, torrent.key), now - ASK_EVERY) < ASK_EVERY
            and link.place in self._places_of(torrent.key)
        ]
        names = self._names.setdefault(link, {})
        for torrent in due[:MAX_ASKED]:
            self._asked_at[link, torrent.key] = now
            names[torrent_name(callee_nonce=link.callee_nonce, info_hash=torrent.info_hash)] = torrent.key
        if due:
            wanted = {torrent.key for torrent in due[:MAX_ASKED]}
            link.send(Ask(tuple(name for name, key in names.items() if key in wanted)))

    def take(self, link: Link, quote: messages.Quote, now: datetime) -> None:
        """Keep what a seller says; nobody else's torrents are heard of."""
        key = self._names.get(link, {}).get(quote.torrent)
        if key not in self._torrents:
            return
        heard = self._heard.setdefault(key, {})
        if link.peer_key not in heard and len(heard) >= MAX_QUOTES:
            return
        lasts_s = min(max(quote.valid_until - int(now.timestamp()), 0), 2 * int(ASK_EVERY.total_seconds()))
        valid_until = now + max(timedelta(seconds=lasts_s), ASK_EVERY)  # clocks differ
        heard[link.peer_key] = Heard(link, quote, valid_until)

    def _keep(self, now: datetime) -> None:
        """Write down the newest word of each seller, where a page would show something else, or soon nothing more."""
        soon = now + ASK_EVERY + 2 * KEEP_EVERY  # the next word is there by then
        newest = {(key, seller): one for key, heard in self._heard.items() for seller, one in heard.items()}
        news = {
            pair: one
            for pair, one in newest.items()
            if (old := self._written.get(pair)) is None
            or (old.valid_until < soon and old is not one)
            or _says(old) != _says(one)
        }
        self._written = {pair: one for pair, one in self._written.items() if pair in newest} | news
        if news:
            rows = [self._row(key, one, now) for (key, _), one in news.items()]
            self._floor.write(partial(quotes.keep, rows))

    def quotes_for(self, key: str, now: datetime) -> list[Heard]:
        """Return who sells a torrent now, the cheapest first."""
        heard = [one for one in self._heard.get(key, {}).values() if one.valid_until > now]
        return sorted(heard, key=lambda one: (one.quote.ask_ubtt_per_gib, one.link.peer_key))

    def name_of(self, link: Link, torrent: TorrentFacts) -> bytes:
        return torrent_name(callee_nonce=link.callee_nonce, info_hash=torrent.info_hash)

    def forget_link(self, link: Link) -> None:
        self._names.pop(link, None)
        self._asked_at = {pair: at for pair, at in self._asked_at.items() if pair[0] is not link}
        for heard in self._heard.values():
            if link.peer_key in heard and heard[link.peer_key].link is link:
                del heard[link.peer_key]

    def _row(self, key: str, heard: Heard, now: datetime) -> dict[str, object]:
        quote, link = heard.quote, heard.link
        return {
            "node_name": self._floor.node_name,
            "torrent_key": key,
            "peer_key": link.peer_key.hex(),
            "place": link.place,
            "endpoint": link.endpoint,
            "ask_ubtt_per_gib": quote.ask_ubtt_per_gib,
            "last_price_ubtt_per_gib": quote.last_price_ubtt_per_gib,
            "for_sale_bytes_per_s": quote.for_sale_bytes_per_s,
            "bidders": quote.bidders,
            "free_share_ppm": quote.free_share_ppm,
            "seen_at": now,
            "valid_until": heard.valid_until,
        }


def _says(heard: Heard) -> tuple[str, messages.Quote]:
    return heard.link.endpoint, replace(
        heard.quote, torrent=b"", valid_until=0
    )  # how it names it changes by connection


def _endpoint(offer: Offer) -> str:
    return f"[{offer.address}]:{offer.port}" if ":" in offer.address else f"{offer.address}:{offer.port}"


def _offers(key: bytes, hub: Hub) -> list[Offer]:
    return hub.offers(key)
