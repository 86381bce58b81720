"""Hubs with a buyer who has money and a seller who earns, each with a Speed key: own, foreign over HTTP, in memory."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from seedbox.models import User
from speed.services.own_hub import OwnHub
from speed.wire.hub_fake import FakeBooks, FakeHub
from speed.wire.hub_foreign import ForeignHub
from speed.wire.hub_port import Hub
from speed.wire.hub_transport import anywhere
from tests.ledger import ASSET, BTT, balance, fund, user
from tests.signers import NOW_MS
from wallet.domain.hub import HubChannel, SignedVoucher
from wallet.domain.speed1.receipt import SpeedNetwork
from wallet.domain.speed1.voucher import Voucher
from wallet.domain.tron.keys import public_key_of
from wallet.services import hub_channels, hub_identity, hub_receipts, speed_keys
from wallet.signer.protocol import HubSigner
from wallet.signer.signer import Signer

BUYER_KEY, SELLER_KEY, STRANGER_KEY = (bytes(31) + bytes([number]) for number in (11, 12, 13))
BUYER, SELLER, STRANGER = (public_key_of(key).hex() for key in (BUYER_KEY, SELLER_KEY, STRANGER_KEY))
HAS_UBTT, DAILY_UBTT = 10 * BTT, 6 * BTT
HOUR_S = 3_600
THEN = datetime.fromtimestamp(NOW_MS / 1000, UTC)  # by the clock of the tests' signers


def real_clock() -> datetime:
    return datetime.now(UTC)


class World(Protocol):
    """A hub, seen by three nodes. The buyer's account has 10 BTT, and lets its key spend 6 a day."""

    buyer: Hub
    seller: Hub
    stranger: Hub
    account: str  # the buyer's

    def sign(self) -> None:
        """Have signed what waits."""

    def money(self) -> tuple[int, int]:
        """Return what buyer and seller have."""

    def code(self, *, most_ubtt: int, earns: bool) -> str:
        """Return a pairing code of the buyer's account."""


@dataclass
class OwnWorld:
    """The hub of this install; `make` makes the calls of a key."""

    owner: User
    earner: User
    signer: HubSigner
    make: Callable[[bytes], Hub]

    def __post_init__(self) -> None:
        fund(user(self.owner.pk), HAS_UBTT)
        speed_keys.bind_user(self.owner.pk, BUYER, daily_limit_ubtt=DAILY_UBTT, now=real_clock())
        code = speed_keys.make_pairing_code(self.earner.pk, most_ubtt=0, earns=True, now=real_clock()).code
        speed_keys.pair(caller=SELLER, code=code, daily_limit_ubtt=0, earns=True, key="set-up", now=real_clock())
        hub_identity.note_key(self.signer, now=real_clock())
        self.account = str(self.owner.pk)
        self.buyer = self.make(BUYER_KEY)
        self.seller = self.make(SELLER_KEY)
        self.stranger = self.make(STRANGER_KEY)

    def sign(self) -> None:
        hub_receipts.sign_waiting(self.signer, now=real_clock())

    def money(self) -> tuple[int, int]:
        return balance(user(self.owner.pk)), balance(user(self.earner.pk))

    def code(self, *, most_ubtt: int, earns: bool) -> str:
        return speed_keys.make_pairing_code(self.owner.pk, most_ubtt=most_ubtt, earns=earns, now=real_clock()).code


class FakeWorld:
    """The hub in memory."""

    account = "olga"

    def __init__(self) -> None:
        self.books = FakeBooks(clock=lambda: int(time.time()), signs=False)
        self.books.bind("olga", BUYER, daily_limit_ubtt=DAILY_UBTT)
        self.books.bind("sam", SELLER, earns=True)
        self.books.money["olga"] = HAS_UBTT
        self.buyer: Hub = FakeHub(self.books, BUYER)
        self.seller: Hub = FakeHub(self.books, SELLER)
        self.stranger: Hub = FakeHub(self.books, STRANGER)

    def sign(self) -> None:
        self.books.sign_waiting()

    def money(self) -> tuple[int, int]:
        return self.books.money["olga"], self.books.money["sam"]

    def code(self, *, most_ubtt: int, earns: bool) -> str:
        code = os.urandom(8).hex()
        self.books.pairings[code] = "olga", most_ubtt, earns
        return code


def own(key: bytes) -> Hub:
    return OwnHub(public_key_of(key).hex(), clock=real_clock, address="192.0.2.7")


def foreign(url: str, hub_id: bytes, key: bytes) -> ForeignHub:
    return ForeignHub(
        url,
        hub_id=hub_id,
        network=SpeedNetwork.DEVNET,
        asset=ASSET,
        speed_private_key=key,
        clock=real_clock,
        way_out=anywhere,
    )


def open_one(world: World, *, key: str = "1", amount_ubtt: int = 4 * BTT, expires_s: int = HOUR_S) -> HubChannel:
    """Open a channel from the buyer to the seller."""
    return world.buyer.open_channel(
        key=key, account=world.account, payee_key=SELLER, amount_ubtt=amount_ubtt, expires_s=expires_s
    )


def promise(world: World, channel: HubChannel, cumulative_ubtt: int, *, by: bytes = BUYER_KEY) -> SignedVoucher:
    """Return a voucher of the buyer's, or of somebody who has no business to sign one."""
    voucher = Voucher(world.buyer.hub_id, bytes.fromhex(channel.id), bytes.fromhex(channel.payee), cumulative_ubtt)
    return SignedVoucher(channel.id, cumulative_ubtt, voucher.sign(by))


def opened(account: str, *, key: str = "1", amount_ubtt: int = 4 * BTT, now: datetime = THEN) -> HubChannel:
    """Open a channel at the own hub, at a time of the test's."""
    return hub_channels.open_channel(
        caller=BUYER,
        key=key,
        account=account,
        payee_key=SELLER,
        amount_ubtt=amount_ubtt,
        expires_s=HOUR_S,
        now=now,
    )


def promised(channel: HubChannel, cumulative_ubtt: int) -> SignedVoucher:
    hub_id = channel.receipt[20:40]
    voucher = Voucher(hub_id, bytes.fromhex(channel.id), bytes.fromhex(SELLER), cumulative_ubtt)
    return SignedVoucher(channel.id, cumulative_ubtt, voucher.sign(BUYER_KEY))


def signed(channel: HubChannel, signer: Signer) -> HubChannel:
    hub_receipts.sign_waiting(signer, now=THEN)
    return hub_channels.seen(channel.id, SELLER, now=THEN)
