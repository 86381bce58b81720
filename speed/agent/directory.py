"""The hub's directory: where private torrents are for sale, for those who know them by their torrent file."""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from seedbox.services import market_facts
from speed.agent.shop import Shop
from speed.domain.naming import directory_key
from speed.wire.hub_port import Answer, Hub
from wallet.domain.hub import MAX_OFFERS

AGAIN = timedelta(seconds=900)  # half of what an offer lives for
SOON = timedelta(seconds=60)  # after a change, or a hub that did not answer


class Directory:
    """Tells every trusted hub what private torrents are sold here; each of them was chosen by itself."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._port = 0  # the last one: a hub takes back what was said of it under no other
        self._keys: dict[int, bytes] = {}  # by torrent
        self._told: dict[bytes, tuple[frozenset[int], datetime]] = {}  # by hub

    def tick(self, now: datetime) -> None:
        self._port = port = self._shop.floor.port or self._port
        is_open = self._shop.floor.port > 0
        private = [torrent.torrent_id for torrent in self._shop.for_sale if torrent.private and is_open]
        wanted = frozenset(sorted(private)[:MAX_OFFERS])
        if missing := wanted - self._keys.keys():
            self._shop.floor.write(partial(_keys_of, missing), self._learn)
            return
        for hub_id in self._shop.floor.hubs:
            told, at = self._told.get(hub_id, (frozenset(), None))
            pause = AGAIN if told == wanted and told else SOON
            if (told or wanted) and (at is None or now - at >= pause):
                self._told[hub_id] = wanted, now
                keys = [self._keys[torrent_id] for torrent_id in sorted(wanted)]
                call = hashlib.sha256(b"".join(keys) + f"{port}/{now.timestamp()}".encode()).hexdigest()
                self._shop.floor.ask_hub(
                    hub_id, partial(_put, keys, port, call), partial(self._answered, hub_id, told, now)
                )

    def _learn(self, keys: dict[int, bytes], _now: datetime) -> None:
        self._keys |= keys

    def _answered(
        self,
        hub_id: bytes,
        before: frozenset[int],
        asked_at: datetime,
        answer: Answer[None],
        _now: datetime,
    ) -> None:
        if answer is not None:
            self._told[hub_id] = before, asked_at


def _keys_of(torrent_ids: Collection[int]) -> dict[int, bytes]:
    return {torrent_id: directory_key(market_facts.info_bytes(torrent_id)) for torrent_id in torrent_ids}


def _put(keys: list[bytes], port: int, call: str, hub: Hub) -> None:
    hub.put_offers(keys, port=port, key=call)
