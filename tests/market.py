"""A hub that says yes and a floor without threads, for tests of the market."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, transaction

from seedbox.domain.lanes import Order, SwarmPeer
from seedbox.services import audit
from speed.agent.side import KnownHub, Otherwise, Then
from speed.domain.bounds import LEAST_FREE_SHARE_PPM
from speed.models import ForSale
from speed.services import markets
from speed.services.markets import Terms
from speed.services.speed_key import SpeedKey
from speed.wire.hub_port import Answer, Hub, HubAway, HubRefused
from speed.wire.port import DialFailed, Link
from tests.builders import NOW
from wallet.domain.hub import (
    ChannelState,
    HubAccount,
    HubChannel,
    HubInfo,
    HubStatement,
    Offer,
    Redeemed,
    Redemption,
    Refusal,
    SignedVoucher,
)
from wallet.domain.money import Asset
from wallet.domain.speed1.receipt import Receipt, SpeedNetwork
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.keys import public_key_of

T = TypeVar("T")
HUB_PRIVATE_KEY = b"\x11" * 32
HUB_KEY = public_key_of(HUB_PRIVATE_KEY)
FEE_PPM = 10_000


class StubHub:
    """Its channels live in this object; redeeming pays what a voucher promises."""

    def __init__(self, *, is_own: bool = True) -> None:
        self.hub_id = hub_id_of(HUB_KEY)
        self.is_own = is_own
        self.time = 0
        self.is_away = False
        self.channels: dict[str, HubChannel] = {}
        self.redemptions: list[list[SignedVoucher]] = []
        self.offered: list[tuple[list[bytes], int]] = []

    def open(self, receipt: Receipt, *, redeemed_ubtt: int = 0) -> bytes:
        """Open the channel of a receipt, and return what a bid carries."""
        signed = receipt.signed(receipt.sign(HUB_PRIVATE_KEY))
        self.channels[receipt.channel.hex()] = HubChannel(
            id=receipt.channel.hex(),
            state=ChannelState.OPEN,
            account="",
            payer=receipt.payer_key.hex(),
            payee=receipt.payee_key.hex(),
            amount_ubtt=receipt.amount_ubtt,
            redeemed_ubtt=redeemed_ubtt,
            fee_ppm=FEE_PPM,
            opened_at_s=receipt.opened_at_s,
            expires_at_s=receipt.expires_at_s,
            receipt=signed,
            is_signed=True,
        )
        return signed

    def info(self) -> HubInfo:
        self._answer()
        return HubInfo(self.hub_id, HUB_KEY, SpeedNetwork.DEVNET, Asset.TRC20, FEE_PPM, self.time)

    def now(self) -> int:
        return self.time

    def bind(self, *, pairing: str, daily_limit_ubtt: int, earns: bool, key: str) -> str:
        raise NotImplementedError

    def unbind(self) -> None:
        raise NotImplementedError

    def accounts(self) -> list[HubAccount]:
        return []

    def open_channel(self, *, key: str, account: str, payee_key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        raise NotImplementedError

    def channel(self, channel_id: str, *, wait_s: int = 0) -> HubChannel:
        self._answer()
        if channel_id not in self.channels:
            raise HubRefused(Refusal.NOT_FOUND, "There is no such channel.")
        return self.channels[channel_id]

    def top_up(self, channel_id: str, *, key: str, amount_ubtt: int, expires_s: int) -> HubChannel:
        raise NotImplementedError

    def close(self, channel_id: str, *, key: str, last: SignedVoucher | None = None) -> HubChannel:
        self._answer()
        if last is not None:
            self._pay(last)
        self.channels[channel_id] = replace(self.channels[channel_id], state=ChannelState.CLOSED)
        return self.channels[channel_id]

    def redeem(self, vouchers: Sequence[SignedVoucher], *, key: str) -> list[Redeemed]:
        self._answer()
        self.redemptions.append(list(vouchers))
        return [self._pay(voucher) for voucher in vouchers]

    def statement(self, *, after: int = 0) -> HubStatement:
        return HubStatement((), more=False)

    def put_offers(self, offer_keys: Sequence[bytes], *, port: int, key: str) -> None:
        self._answer()
        self.offered.append((list(offer_keys), port))

    def offers(self, offer_key: bytes) -> list[Offer]:
        return []

    def _answer(self) -> None:
        if self.is_away:
            raise HubAway("It does not answer.")

    def _pay(self, voucher: SignedVoucher) -> Redeemed:
        channel = self.channels.get(voucher.channel)
        if channel is None:
            return Redeemed(voucher.channel, Redemption.REFUSED, 0, 0, Refusal.UNKNOWN_CHANNEL, "unknown")
        if channel.state is not ChannelState.OPEN:
            code = Refusal.EXPIRED if channel.state is ChannelState.EXPIRED else Refusal.CLOSED
            return Redeemed(channel.id, Redemption.REFUSED, 0, channel.redeemed_ubtt, code, str(channel.state))
        paid_ubtt = max(voucher.cumulative_ubtt - channel.redeemed_ubtt, 0)
        self.channels[channel.id] = replace(channel, redeemed_ubtt=channel.redeemed_ubtt + paid_ubtt)
        outcome = Redemption.PAID if paid_ubtt else Redemption.UNCHANGED
        return Redeemed(channel.id, outcome, paid_ubtt, channel.redeemed_ubtt + paid_ubtt)


@dataclass
class BenchFloor:
    """A floor on which everything is done at once, in the thread of the test."""

    hub: Hub = field(default_factory=StubHub)
    hub_key: bytes = HUB_KEY  # the one that it has now
    hub_ahead_s: int = 0  # of its clock
    node_name: str = "local"
    key: SpeedKey = field(default_factory=lambda: speed_key(b"\x22"))
    terms: Terms = field(default_factory=Terms)
    port: int = 6890
    links: list[Link] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    sells: dict[str, frozenset[str]] = field(default_factory=dict)
    buys: dict[str, frozenset[str]] = field(default_factory=dict)
    dialled: list[str] = field(default_factory=list)
    markets: set[str] = field(default_factory=set)
    now: datetime = NOW
    holds_writes: bool = False  # keep what is to be written, as a slow database would
    held: list[Callable[[], None]] = field(default_factory=list)

    @property
    def hubs(self) -> dict[bytes, KnownHub]:
        trusted = {hub.hub_id for hub in self.terms.hubs}
        return {hub_id: known for hub_id, known in self.payers.items() if hub_id.hex() in trusted}

    @property
    def payers(self) -> dict[bytes, KnownHub]:
        hub_id = hub_id_of(self.hub_key)
        time_s = int(self.now.timestamp()) + self.hub_ahead_s
        info = HubInfo(hub_id, self.hub_key, SpeedNetwork.DEVNET, Asset.TRC20, FEE_PPM, time_s)
        return {hub_id: KnownHub(self.hub, info, self.hub_ahead_s)}

    def ask(self, order: Order) -> None:
        self.orders.append(order)

    def watch_sells(self, places: Mapping[str, frozenset[str]]) -> None:
        self.sells = dict(places)

    def watch_buys(self, places: Mapping[str, frozenset[str]]) -> None:
        self.buys = dict(places)

    def write(
        self,
        work: Callable[[], T],
        then: Then[T] | None = None,
        otherwise: Otherwise | None = None,
    ) -> None:
        def do() -> None:
            try:
                with transaction.atomic():
                    result = work()
            except IntegrityError:  # as the agent's own does: this would be said again and again
                if otherwise is not None:
                    otherwise(self.now)
                return
            if then is not None:
                then(result, self.now)

        if self.holds_writes:
            self.held.append(do)
        else:
            do()

    def catch_up(self) -> None:
        """Do what was held."""
        self.holds_writes = False
        held, self.held = self.held, []
        for do in held:
            do()

    def ask_hub(
        self,
        hub_id: bytes,
        work: Callable[[Hub], T],
        then: Then[Answer[T]],
    ) -> None:
        answer: Answer[T]
        try:
            if hub_id not in self.payers:
                raise HubAway("This hub is not known.")
            answer = work(self.hub)
        except (HubRefused, HubAway) as problem:
            answer = problem
        then(answer, self.now)

    def dial(self, endpoint: str, then: Callable[[DialFailed], None]) -> None:
        self.dialled.append(endpoint)

    def know_market(self, endpoint: str) -> None:
        self.markets.add(endpoint)


def set_market(
    node_name: str = "local",
    *,
    sells: bool = False,
    buys: bool = False,
    ask_ubtt_per_gib: int = 1_000_000,
    upload_bytes_per_s: int = 0,
    dials_local: bool = False,
) -> None:
    """Decide for a node's market; a fifth of its upload stays free, as at least it must."""
    markets.change(
        node_name=node_name,
        sells=sells,
        buys=buys,
        ask_ubtt_per_gib=ask_ubtt_per_gib,
        free_share_ppm=LEAST_FREE_SHARE_PPM,
        upload_limit_bytes_per_s=upload_bytes_per_s,
        dials_local=dials_local,
        origin=audit.command_line(),
        now=NOW,
    )


def set_offer(torrent_key: str, for_sale: ForSale, *, node_name: str = "local", ask_ubtt_per_gib: int = 0) -> None:
    """Decide on one torrent of a node's market."""
    markets.offer(
        node_name=node_name,
        torrent_key=torrent_key,
        for_sale=for_sale,
        ask_ubtt_per_gib=ask_ubtt_per_gib,
        origin=audit.command_line(),
        now=NOW,
    )


def peer(address: str, *, received_bytes: int = 0, down_bytes_per_s: int = 0, serves_us: bool = True) -> SwarmPeer:
    """Return a whole peer of a swarm, as an engine tells of it."""
    return SwarmPeer(
        endpoint=f"{address}:6881",
        place=f"{address}/32",
        peer_id=bytes(20),
        incoming=False,
        is_free=True,
        interested=True,
        unchoked=True,
        is_wanted=True,
        serves_us=serves_us,
        progress_ppm=1_000_000,
        up_bytes_per_s=0,
        down_bytes_per_s=down_bytes_per_s,
        sent_bytes=0,
        received_bytes=received_bytes,
    )


def speed_key(seed: bytes) -> SpeedKey:
    private_key = seed * 32
    return SpeedKey(private_key, public_key_of(private_key))
