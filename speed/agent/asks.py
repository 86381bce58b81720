"""Asks and quotes: who is connected to a torrent that is for sale may learn its price."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from seedbox.domain.lanes import LookAtPeers, PeersSeen
from speed.agent.shop import Shop
from speed.domain.bounds import QUOTE_LIFE_S
from speed.domain.messages import MAX_ASKED, Ask, Quote
from speed.domain.rounds import ROUND_S
from speed.wire.port import Link

FRESH = timedelta(seconds=2)  # a look at a torrent's peers is as good as a new one
PATIENCE = timedelta(seconds=5)  # with the engine
MAX_WAITING = 10_000  # questions that wait for a look at peers
MAX_OF_LINK = 4 * MAX_ASKED  # of these


@dataclass(frozen=True)
class _Question:
    link: Link
    name: bytes
    asked_at: datetime


class Asks:
    """A question waits for the engine's look at the torrent's peers, a few seconds at most; silence means no.

    However many ask, a torrent is looked at once in two seconds.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._waiting: dict[str, list[_Question]] = {}  # by torrent key
        self._seen: dict[str, tuple[datetime, frozenset[str]]] = {}  # where peers of a torrent are, and when they were

    def take(self, link: Link, ask: Ask, now: datetime) -> None:
        """Answer for those that are for sale, or look first who is connected to them."""
        self._drop_old(now)
        waiting = [question.link for questions in self._waiting.values() for question in questions]
        if len(waiting) + len(ask.torrents) > MAX_WAITING or waiting.count(link) + len(ask.torrents) > MAX_OF_LINK:
            return
        keys = set()
        for name in dict.fromkeys(ask.torrents):
            torrent = self._shop.find(link, name)
            if torrent is None:
                continue
            question = _Question(link, name, now)
            if torrent.key in self._seen:
                self._answer(question, torrent.key, self._seen[torrent.key][1], now)
                continue
            if torrent.key not in self._waiting:
                keys.add(torrent.key)
            self._waiting.setdefault(torrent.key, []).append(question)
        if keys:
            self._shop.floor.ask(LookAtPeers(frozenset(keys)))

    def peers_seen(self, seen: PeersSeen, now: datetime) -> None:
        self._drop_old(now)
        places = frozenset(peer.place for peer in seen.peers)
        questions = self._waiting.pop(seen.key, [])
        if questions:
            self._seen[seen.key] = now, places
        for question in questions:
            self._answer(question, seen.key, places, now)

    def _answer(self, question: _Question, key: str, places: Collection[str], now: datetime) -> None:
        if question.link.place in places and self._shop.find(question.link, question.name):
            question.link.send(self._quote(question.name, key, now))

    def forget_link(self, link: Link) -> None:
        for key, questions in self._waiting.items():
            self._waiting[key] = [question for question in questions if question.link is not link]

    def _drop_old(self, now: datetime) -> None:
        fresh = {
            key: [question for question in questions if now - question.asked_at < PATIENCE]
            for key, questions in self._waiting.items()
        }
        self._waiting = {key: questions for key, questions in fresh.items() if questions}
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen[0] < FRESH}

    def _quote(self, name: bytes, key: str, now: datetime) -> Quote:
        terms = self._shop.floor.terms
        return Quote(
            torrent=name,
            ask_ubtt_per_gib=terms.ask_of(key),
            last_price_ubtt_per_gib=self._shop.last_price_ubtt_per_gib,
            for_sale_bytes_per_s=terms.for_sale_bytes_per_s,
            bidders=sum(not sale.bid.is_paused for sale in self._shop.book.live),
            free_share_ppm=terms.free_share_ppm,
            round_s=ROUND_S,
            valid_until=int(now.timestamp()) + QUOTE_LIFE_S,
        )
