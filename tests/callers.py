"""Buyers on the real wire, with channels at the real hub, whose bytes plain clients take: one pays, or never does."""

import asyncio
import secrets
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from speed.domain.messages import Ack, Bid, Bye, Grants, Message, Meters, Refuse, SignedTotal, Vouchers
from speed.domain.meters import Tally
from speed.domain.naming import torrent_name
from speed.services.own_hub import OwnHub
from speed.wire.door import WebSocketDoor
from speed.wire.port import Hearer, Identity, Link
from tests.box import READY_WAIT_S, wait_until
from tests.market import speed_key
from tests.trading import BTT, GIB, TradingNode
from wallet.domain.speed1.voucher import Voucher
from wallet.services import speed_keys

T = TypeVar("T")
LIFE_S = 3_600


class Wire:
    """A loop of its own for the doors of callers, who may then be told what to say from the test's thread."""

    def __enter__(self) -> "Wire":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="callers")
        self._thread.start()
        self._doors: list[WebSocketDoor] = []
        return self

    def __exit__(self, *_problem: object) -> None:
        for door in self._doors:
            self.do(door.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def door(self, identity: Identity, hearer: Hearer) -> WebSocketDoor:
        self._doors.append(WebSocketDoor(identity, hearer))
        return self._doors[-1]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(READY_WAIT_S)

    def send(self, link: Link, message: Message) -> None:
        self._loop.call_soon_threadsafe(link.send, message)


class Caller:
    """One Speed key at an address, with a connection and a deal of its own. It bids, and never sends a voucher."""

    def __init__(self, number: int, address: str, seller: TradingNode, wire: Wire) -> None:
        self.key = speed_key(bytes([number]))
        self.deal = secrets.token_bytes(16)
        self.heard_of: list[Message] = []
        self._address, self._seller, self._wire = address, seller, wire
        self._hub = OwnHub(self.key.public_key.hex(), clock=seller.clock, address=address)
        self._hub_id = self._hub.hub_id
        identity = Identity(self.key.private_key, self.key.public_key, frozenset({self._hub_id}), ())
        self._door = wire.door(identity, self)
        self._link: Link

    def call(self) -> None:
        self._link = self._wire.do(self._door.dial(self._seller.speed_endpoint, interface=self._address))

    def bid(self, *, user_id: int, info_hash: str) -> None:
        """Put a user's money into a channel, and bid as one who would pay."""
        now, key = self._seller.clock(), self.key.public_key.hex()
        speed_keys.bind_user(user_id, key, daily_limit_ubtt=5 * BTT, now=now)
        opened = self._hub.open_channel(
            key="opening",
            account=str(user_id),
            payee_key=self._link.peer_key.hex(),
            amount_ubtt=4 * BTT,
            expires_s=LIFE_S,
        )
        receipt = wait_until(lambda: self._hub.channel(opened.id, wait_s=5).receipt, "a receipt")
        self.channel = bytes.fromhex(opened.id)
        name = torrent_name(callee_nonce=self._link.callee_nonce, info_hash=bytes.fromhex(info_hash))
        self._wire.send(self._link, Bid(self.deal, name, 40 * BTT, 4 * BTT, GIB, receipt))

    @property
    def granted_bytes_per_s(self) -> int:
        """Return the speed of its first lane; 0 before it has one."""
        said = [grant for each in self.heard_of if isinstance(each, Grants) for grant in each.grants]
        return next((grant.speed_bytes_per_s for grant in said if grant.deal == self.deal), 0)

    @property
    def refusals(self) -> list[str]:
        return [str(each.reason) for each in self.heard_of if isinstance(each, Refuse) and each.deal == self.deal]

    def leave(self) -> None:
        self._wire.send(self._link, Bye("see you"))
        self._wire.do(self._door.close())

    # --- what a door tells

    def linked(self, link: Link) -> None: ...

    def heard(self, _link: Link, message: Message) -> None:
        self.heard_of.append(message)

    def unlinked(self, link: Link, reason: str) -> None: ...


class Payer(Caller):
    """Pays once a second for all that the seller says it has sent: the one here that believes a meter."""

    def __init__(self, number: int, address: str, seller: TradingNode, wire: Wire) -> None:
        super().__init__(number, address, seller, wire)
        self._tally = Tally()
        self._round = 0

    def heard(self, link: Link, message: Message) -> None:
        super().heard(link, message)
        if isinstance(message, Grants):
            for grant in message.grants:
                self._round = grant.round
                self._tally = self._tally.opened(grant.round, grant.price_ubtt_per_gib)
        elif isinstance(message, Meters):
            for meter in message.meters:
                self._pay(link, meter.sent_bytes)

    def _pay(self, link: Link, sent_bytes: int) -> None:
        before = self._tally.total_bytes - self._tally.received(self._round)
        self._tally = self._tally.counted(self._round, max(sent_bytes - before, 0))
        owed_ubtt = self._tally.owed_ubtt
        voucher = Voucher(self._hub_id, self.channel, link.peer_key, owed_ubtt)
        acks = tuple(Ack(self.deal, count.round, count.received_bytes) for count in self._tally.acks(0))
        link.send(Vouchers((SignedTotal(self.channel, owed_ubtt, voucher.sign(self.key.private_key)),), acks))
