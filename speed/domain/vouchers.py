"""What a voucher is worth to whoever has it: newer or not, within its channel or not, signed by its payer or not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from speed.domain.messages import SignedTotal
from wallet.domain.speed1.signing import BadSignature
from wallet.domain.speed1.voucher import Voucher


class Verdict(StrEnum):
    NEWER = "newer"  # it is the whole truth from now on
    OLD = "old"  # lower, or the same again: ignored, and no mistake of anybody's
    OVER_AMOUNT = "over_amount"  # promises more than the channel holds, so nothing
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_CHANNEL = "unknown_channel"


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """A channel as its receipts say, and the newest voucher taken out of it."""

    hub_id: bytes
    channel: bytes
    payer_key: bytes
    payee_key: bytes
    amount_ubtt: int
    cumulative_ubtt: int = 0
    signature: bytes = b""

    def voucher(self, cumulative_ubtt: int) -> Voucher:
        return Voucher(self.hub_id, self.channel, self.payee_key, cumulative_ubtt)

    def after(self, total: SignedTotal) -> "OpenChannel":
        return replace(self, cumulative_ubtt=total.cumulative_ubtt, signature=total.sig)


def judge(channel: OpenChannel, total: SignedTotal) -> Verdict:
    """Say what a signed total is worth. The signature is looked at last: it is what costs time."""
    if total.cumulative_ubtt <= channel.cumulative_ubtt:
        return Verdict.OLD
    if total.cumulative_ubtt > channel.amount_ubtt:
        return Verdict.OVER_AMOUNT
    try:
        channel.voucher(total.cumulative_ubtt).check(channel.payer_key, total.sig)
    except BadSignature:
        return Verdict.BAD_SIGNATURE
    return Verdict.NEWER


def accept(
    channels: Mapping[bytes, OpenChannel], totals: Iterable[SignedTotal]
) -> tuple[dict[bytes, OpenChannel], list[Verdict]]:
    """Judge the vouchers of a frame in their order; return the channels that have a newer one, and each verdict.

    A buyer reads a seller's `state` so, too: it takes up what bears its own signature and is higher than it remembers.
    """
    newer: dict[bytes, OpenChannel] = {}
    verdicts = []
    for total in totals:
        channel = newer.get(total.channel) or channels.get(total.channel)
        verdict = Verdict.UNKNOWN_CHANNEL if channel is None else judge(channel, total)
        verdicts.append(verdict)
        if channel is not None and verdict is Verdict.NEWER:
            newer[total.channel] = channel.after(total)
    return newer, verdicts
