"""A hub that says yes, for tests of the market: channels are what the test has put there."""

from collections.abc import Sequence
from dataclasses import replace

from speed.wire.hub_port import HubAway, HubRefused
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
            opened_at=receipt.opened_at_s,
            expires_at=receipt.expires_at_s,
            receipt=signed,
            is_signed=True,
        )
        return signed

    def info(self) -> HubInfo:
        self._answer()
        return HubInfo(self.hub_id, HUB_KEY, SpeedNetwork.DEVNET, Asset.TRC20, FEE_PPM, self.time)

    def now(self) -> int:
        return self.time

    def bind(self, *, pairing: str, daily_limit_ubtt: int, key: str) -> str:
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
