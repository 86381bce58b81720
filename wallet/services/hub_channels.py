"""Channels as the hub's callers open, see, top up and close them. The money moves in `channels`; here is who may."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from wallet.domain.channels import (
    MAX_LIFE,
    MAX_VERSIONS,
    MIN_LIFE,
    MOST_OPEN,
    Answer,
    Voucher,
    check_opening,
    check_speed_key,
    check_ubtt,
)
from wallet.domain.hub import (
    MAX_WAIT_S,
    ChannelState,
    HubChannel,
    HubRefused,
    Refusal,
    SignedVoucher,
)
from wallet.domain.items import BadItem
from wallet.models import Channel, ChannelEnd, ReceiptVersion, SpeedKey
from wallet.services import channels, hub_calls, hub_rules, speed_keys
from wallet.services.hub_vouchers import digest_of, hubs_of
from wallet.services.vouchers import ChannelAnswer, locked

LOOK_AGAIN_S = 0.1
_ID_BYTES = 16
_NOT_FOUND = (Refusal.NOT_FOUND, "There is no such channel, or it is somebody else's.")
# What is said when the books say no.
_REFUSALS = {
    Answer.UNKNOWN: _NOT_FOUND,
    Answer.CLOSED: (Refusal.CLOSED, "The channel is closed."),
    Answer.EXPIRED: (Refusal.EXPIRED, "The channel's time is over."),
    Answer.OVER_AMOUNT: (Refusal.OVER_AMOUNT, "The voucher promises more than the channel holds."),
    Answer.INSUFFICIENT: (Refusal.INSUFFICIENT, "The account does not have that much available."),
    Answer.NO_PAYEE: (Refusal.UNKNOWN_PAYEE, "No account earns by this payee's key."),
    Answer.FROZEN: (Refusal.FROZEN, "An operator has frozen the account: nothing leaves it."),
    Answer.CONFLICT: (Refusal.CONFLICT, "This key was used for something else. Make a new one for a new wish."),
    Answer.REFUSED: (Refusal.REFUSED, "The ledger refuses this."),
}


def open_channel(
    *, caller: str, key: str, account: str, payee_key: str, amount_ubtt: int, expires_s: int, now: datetime
) -> HubChannel:
    """Put money of an account that has bound the caller's key into a new channel. Raises HubRefused, LedgerBusy."""
    body = {"account": account, "payee": payee_key, "amount_ubtt": amount_ubtt, "expires_s": expires_s}

    def work() -> str:
        check_speed_key("payee", payee_key)
        check_opening(amount_ubtt)
        expires_at = expiry(expires_s, now)
        binding = speed_keys.locked_binding(caller, account)
        payee = speed_keys.earning_account(payee_key)
        if payee is None:
            raise HubRefused(*_REFUSALS[Answer.NO_PAYEE])
        if payee.pk == binding.account_id:
            raise HubRefused(Refusal.OWN_PAYEE, "Payer and payee are one account.")
        speed_keys.check_day(binding, amount_ubtt, now=now)
        _check_open_ones(binding)
        done = channels.open_channel(
            channel_id=secrets.token_hex(_ID_BYTES),
            payer=binding.account.name,
            payee=payee.name,
            payer_key=caller,
            payee_key=payee_key,
            amount_ubtt=amount_ubtt,
            fee_ppm=hub_rules.fee_ppm(),
            expires_at=expires_at,
            now=now,
        )
        return _written(done, now)

    return seen(hub_calls.once(caller=caller, key=key, call="channels", body=body, work=work, now=now), caller, now=now)


def top_up(*, caller: str, channel_id: str, key: str, amount_ubtt: int, expires_s: int, now: datetime) -> HubChannel:
    """Add money, or time only, to the caller's channel. Raises HubRefused, LedgerBusy."""
    body = {"amount_ubtt": amount_ubtt, "expires_s": expires_s}

    def work() -> str:
        check_ubtt("amount_ubtt", amount_ubtt)
        expires_at = expiry(expires_s, now)
        channel = _of(caller, channel_id)
        if channel.payer_key != caller:
            raise HubRefused(Refusal.NOT_THE_PAYER, "Only the payer tops a channel up.")
        locked([channel_id])  # channels are locked before accounts
        binding = speed_keys.locked_binding(caller, channel.payer.ref)
        speed_keys.check_day(binding, amount_ubtt, now=now)
        done = channels.top_up(
            channel_id=channel_id, amount_ubtt=amount_ubtt, expires_at=expires_at, key=f"hub/{key}", now=now
        )
        return _written(done, now)

    call = f"channels/{channel_id}/topup"
    return seen(hub_calls.once(caller=caller, key=key, call=call, body=body, work=work, now=now), caller, now=now)


def close(*, caller: str, channel_id: str, key: str, last: SignedVoucher | None = None, now: datetime) -> HubChannel:
    """Redeem a last voucher, if there is one, and give the payer the rest: the payee's call. Raises HubRefused."""
    body = {"voucher": [last.channel, last.cumulative_ubtt, last.signature.hex()] if last else None}

    def work() -> str:
        channel = _of(caller, channel_id)
        if channel.payee_key != caller:
            raise HubRefused(Refusal.NOT_THE_PAYEE, "Only the payee closes a channel: its rest returns in time.")
        promised = None if last is None else _promised(last, channel)
        done = channels.close(channel_id=channel_id, last=promised, now=now)
        if not done.is_done:
            raise HubRefused(*_REFUSALS[done.answer])
        return channel_id

    call = f"channels/{channel_id}/close"
    return seen(hub_calls.once(caller=caller, key=key, call=call, body=body, work=work, now=now), caller, now=now)


def seen(channel_id: str, caller: str, *, now: datetime) -> HubChannel:
    """Return a channel as its payer or payee sees it; to all others it is not there. Raises HubRefused."""
    channel = _of(caller, channel_id)
    newest = channel.receipts.order_by("-number").first()
    signed = channel.receipts.filter(receipt__isnull=False).order_by("-number").first()
    return HubChannel(
        id=channel.pk,
        state=_state(channel, signed, now),
        account=channel.payer.ref if caller == channel.payer_key else "",
        payer=channel.payer_key,
        payee=channel.payee_key,
        amount_ubtt=channel.amount_ubtt,
        redeemed_ubtt=channel.redeemed_ubtt,
        fee_ppm=channel.fee_ppm,
        opened_at_s=int(channel.opened_at.timestamp()),
        expires_at_s=int(channel.expires_at.timestamp()),
        receipt=bytes(signed.receipt or b"") if signed else b"",
        is_signed=signed is not None and signed == newest,
    )


def wait_until_signed(channel_id: str, caller: str, *, wait_s: int, clock: Callable[[], datetime]) -> HubChannel:
    """Return the channel when its newest receipt is signed or it has ended, at the latest after so many seconds."""
    ends_s = time.monotonic() + min(wait_s, MAX_WAIT_S)
    while True:
        channel = seen(channel_id, caller, now=clock())
        is_over = channel.state in (ChannelState.CLOSED, ChannelState.EXPIRED)
        if channel.is_signed or is_over or time.monotonic() >= ends_s:
            return channel
        time.sleep(LOOK_AGAIN_S)


def expiry(expires_s: object, now: datetime) -> datetime:
    """Return when so many seconds from now are over, in whole seconds of unix time. Raises BadItem."""
    least_s, most_s = int(MIN_LIFE.total_seconds()), int(MAX_LIFE.total_seconds())
    if type(expires_s) is not int or not least_s <= expires_s <= most_s:
        raise BadItem("expires_s", f"must be a whole number of seconds from {least_s} to {most_s}")
    whole = datetime.fromtimestamp(int(now.timestamp()) + expires_s, UTC)
    return whole if whole - now >= MIN_LIFE else whole + timedelta(seconds=1)


def _check_open_ones(binding: SpeedKey) -> None:
    """Raise HubRefused when the key has as many open of the account, which is locked, as it may."""
    if Channel.objects.filter(payer_id=binding.account_id, payer_key=binding.key, end="").count() >= MOST_OPEN:
        raise HubRefused(
            Refusal.TOO_MANY_CHANNELS,
            f"This key has {MOST_OPEN:,} channels of this account open, and that is the most. They end when their "
            "payees close them, or by their time.",
        )


def _of(caller: str, channel_id: str) -> Channel:
    channel = Channel.objects.select_related("payer", "payee").filter(pk=channel_id).first()
    if channel is None or caller not in (channel.payer_key, channel.payee_key):
        raise HubRefused(*_NOT_FOUND)
    return channel


def _promised(last: SignedVoucher, channel: Channel) -> Voucher:
    digest = digest_of(last, channel, hubs_of([channel]))
    if digest is None:
        raise HubRefused(Refusal.BAD_SIGNATURE, "The voucher does not bear the signature of the channel's payer.")
    return Voucher(last.channel, last.cumulative_ubtt, digest)


def _written(done: ChannelAnswer, now: datetime) -> str:
    """Write down the version that the signer shall sign, if the channel has changed; return its id."""
    channel = done.channel
    if not done.is_done or channel is None:
        raise HubRefused(*_REFUSALS[done.answer])
    newest = channel.receipts.defer("receipt").order_by("-number").first()
    before_ubtt, number = (newest.amount_ubtt, newest.number) if newest else (0, 0)
    if newest is None or (newest.amount_ubtt, newest.expires_at) != (channel.amount_ubtt, channel.expires_at):
        if number >= MAX_VERSIONS:
            raise HubRefused(Refusal.REFUSED, f"A channel has at most {MAX_VERSIONS:,} receipts. Open another one.")
        ReceiptVersion.objects.create(
            channel=channel,
            number=number + 1,
            adds_ubtt=channel.amount_ubtt - before_ubtt,
            amount_ubtt=channel.amount_ubtt,
            expires_at=channel.expires_at,
            made_at=now,
        )
    return channel.pk


def _state(channel: Channel, signed: ReceiptVersion | None, now: datetime) -> ChannelState:
    if channel.end == ChannelEnd.CLOSED:
        return ChannelState.CLOSED
    if channel.end or channel.expires_at <= now:
        return ChannelState.EXPIRED
    return ChannelState.OPEN if signed else ChannelState.OPENING
