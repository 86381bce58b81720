"""Vouchers as payees bring them to the hub: whose signature they bear, and what becomes of each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import BinaryField
from django.db.models.functions import Substr

from wallet.domain.channels import MAX_VOUCHERS, Answer, Voucher
from wallet.domain.hub import HubRefused, Redeemed, Redemption, Refusal, SignedVoucher
from wallet.domain.items import BadItem
from wallet.domain.speed1 import voucher as speed1
from wallet.domain.speed1.receipt import HUB_ID_AT
from wallet.domain.speed1.signing import ID_BYTES, BadSignature
from wallet.models import Channel, ReceiptVersion
from wallet.services import hub_calls, ledger, vouchers
from wallet.services.vouchers import ChannelAnswer

_WORDS = {
    Refusal.UNKNOWN_CHANNEL: "There is no such channel of this payee's.",
    Refusal.BAD_SIGNATURE: "It does not bear the signature of the channel's payer.",
    Refusal.OVER_AMOUNT: "It promises more than the channel holds.",
    Refusal.CLOSED: "The channel is closed.",
    Refusal.EXPIRED: "The channel's time is over.",
    Refusal.REFUSED: "The ledger refuses this.",
}
_REFUSALS = {
    Answer.UNKNOWN: Refusal.UNKNOWN_CHANNEL,
    Answer.OVER_AMOUNT: Refusal.OVER_AMOUNT,
    Answer.CLOSED: Refusal.CLOSED,
    Answer.EXPIRED: Refusal.EXPIRED,
}


def redeem(*, caller: str, brought: Sequence[SignedVoucher], key: str, now: datetime) -> list[Redeemed]:
    """Pay out what the payers of the caller's channels have promised; one answer for each, in their order.

    May be called again and again: what was paid is unchanged then. A call without a good one leaves nothing behind, nor
    does it use up its key. Raises HubRefused, LedgerBusy.
    """
    if not 1 <= len(brought) <= MAX_VOUCHERS:
        raise HubRefused(Refusal.BAD_REQUEST, f"vouchers: bring 1 to {MAX_VOUCHERS:,}.")
    body = {"vouchers": [[one.channel, one.cumulative_ubtt, one.signature.hex()] for one in brought]}
    found = _channels(caller, {one.channel for one in brought})
    hubs = hubs_of(found.values())
    why_not = [_problem(one, found, hubs) for one in brought]
    try:
        good = [Voucher(one.channel, one.cumulative_ubtt) for one, why in zip(brought, why_not, strict=True) if not why]
    except BadItem as problem:
        raise HubRefused(Refusal.BAD_REQUEST, f"{problem}.") from None

    def work() -> list[ChannelAnswer]:
        if not good:
            hub_calls.is_noted(caller=caller, key=key, call="vouchers", body=body)
            return []
        hub_calls.note(caller=caller, key=key, call="vouchers", body=body, now=now)
        return vouchers.redeem(good, now=now)

    answers = iter(ledger.whole(work))
    return [
        _refused(one, why, found) if why else _redeemed(one, next(answers))
        for one, why in zip(brought, why_not, strict=True)
    ]


def is_signed(brought: SignedVoucher, channel: Channel, hubs: Collection[bytes]) -> bool:
    """Say whether the channel's payer has signed this promise to its payee, at this hub."""
    return any(_is_signed(brought, channel, hub_id) for hub_id in hubs)


def hubs_of(found: Iterable[Channel]) -> Mapping[str, Collection[bytes]]:
    """Return by which ids each channel's receipts name this hub: one that got another key keeps its old promises."""
    hubs: dict[str, set[bytes]] = {channel.pk: set() for channel in found}
    signed = ReceiptVersion.objects.filter(channel_id__in=hubs, receipt__isnull=False)
    hub_id = Substr("receipt", HUB_ID_AT + 1, ID_BYTES, output_field=BinaryField())  # SQL counts from 1
    for channel_id, named in signed.values_list("channel_id", hub_id).distinct():
        hubs[channel_id].add(bytes(named))
    return hubs


def _is_signed(brought: SignedVoucher, channel: Channel, hub_id: bytes) -> bool:
    try:
        speed1.Voucher(
            hub_id=hub_id,
            channel=bytes.fromhex(channel.pk),
            payee_key=bytes.fromhex(channel.payee_key),
            cumulative_ubtt=brought.cumulative_ubtt,
        ).check(bytes.fromhex(channel.payer_key), brought.signature)
    except (BadSignature, ValueError):
        return False
    return True


def _channels(caller: str, ids: set[str]) -> Mapping[str, Channel]:
    return {channel.pk: channel for channel in Channel.objects.filter(pk__in=ids, payee_key=caller)}


def _problem(
    brought: SignedVoucher, found: Mapping[str, Channel], hubs: Mapping[str, Collection[bytes]]
) -> Refusal | None:
    channel = found.get(brought.channel)
    if channel is None:
        return Refusal.UNKNOWN_CHANNEL
    return None if is_signed(brought, channel, hubs[channel.pk]) else Refusal.BAD_SIGNATURE


def _refused(brought: SignedVoucher, why: Refusal, found: Mapping[str, Channel]) -> Redeemed:
    channel = found.get(brought.channel)
    redeemed_ubtt = channel.redeemed_ubtt if channel else 0
    return Redeemed(brought.channel, Redemption.REFUSED, 0, redeemed_ubtt, why, _WORDS[why])


def _redeemed(brought: SignedVoucher, answer: ChannelAnswer) -> Redeemed:
    redeemed_ubtt = answer.channel.redeemed_ubtt if answer.channel else 0
    if not answer.is_done:
        why = _REFUSALS.get(answer.answer, Refusal.REFUSED)
        return Redeemed(brought.channel, Redemption.REFUSED, 0, redeemed_ubtt, why, _WORDS[why])
    outcome = Redemption.PAID if answer.paid_ubtt else Redemption.UNCHANGED
    return Redeemed(brought.channel, outcome, answer.paid_ubtt, redeemed_ubtt)
