"""Vouchers: what channels pay out. Whoever calls has checked signatures: here a promise is a number that only grows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.channels import GRACE, MAX_VOUCHERS, Answer, Voucher, answer_of, parts_of
from wallet.domain.items import BadItem, Transfer
from wallet.domain.kinds import TransferKind
from wallet.models import Channel, ChannelEnd
from wallet.services import changes, ledger


@dataclass(frozen=True)
class ChannelAnswer:
    """What became of a call, and the channel as it is now; none if there is none."""

    answer: Answer
    channel: Channel | None = None
    paid_ubtt: int = 0  # out of the channel by this call, fee included

    @property
    def is_done(self) -> bool:
        return self.answer in (Answer.OK, Answer.UNCHANGED)


def redeem(vouchers: Sequence[Voucher], *, now: datetime) -> list[ChannelAnswer]:
    """Pay out what vouchers promise beyond what was paid; at most 1,000. Raises BadItem.

    Of several for one channel only the highest that its money covers counts, in any order and as often as it comes.
    """
    if not 1 <= len(vouchers) <= MAX_VOUCHERS:
        raise BadItem("vouchers", f"must be 1 to {MAX_VOUCHERS}")
    return ledger.whole(partial(redeem_in_transaction, vouchers, now))


def redeem_in_transaction(vouchers: Sequence[Voucher], now: datetime) -> list[ChannelAnswer]:
    channels = locked({voucher.channel_id for voucher in vouchers})
    refused: dict[int, Answer] = {}
    highest: dict[str, Voucher] = {}
    for index, voucher in enumerate(vouchers):
        channel = channels.get(voucher.channel_id)
        if problem := problem_of(channel, now):
            refused[index] = problem
        elif channel is not None and voucher.cumulative_ubtt > channel.amount_ubtt:
            refused[index] = Answer.OVER_AMOUNT
        elif channel is not None and voucher.cumulative_ubtt > _reached(highest.get(channel.pk), channel):
            highest[channel.pk] = voucher
    failed = _pay(channels, highest, now)
    answers = []
    for index, voucher in enumerate(vouchers):
        channel = channels.get(voucher.channel_id)
        if index in refused:
            answers.append(ChannelAnswer(refused[index], channel))
        elif (
            voucher.channel_id not in highest or highest[voucher.channel_id].cumulative_ubtt != voucher.cumulative_ubtt
        ):
            answers.append(ChannelAnswer(Answer.UNCHANGED, channel))
        elif voucher.channel_id in failed:
            answers.append(ChannelAnswer(failed[voucher.channel_id], channel))
        else:
            assert channel is not None
            paid_ubtt = voucher.cumulative_ubtt - channel.redeemed_ubtt
            channel.redeemed_ubtt = voucher.cumulative_ubtt
            answers.append(ChannelAnswer(Answer.OK, channel, paid_ubtt))
    paid = [channels[pk] for pk in highest if pk not in failed]
    Channel.objects.bulk_update(paid, ["redeemed_ubtt"])
    # The ledger tells those whose accounts it changes; what a payer has in channels is in none of the payer's.
    changes.tell_after_commit(channel.payer.name for channel in paid)
    return answers


def _reached(voucher: Voucher | None, channel: Channel) -> int:
    return voucher.cumulative_ubtt if voucher else channel.redeemed_ubtt


def _pay(channels: dict[str, Channel], highest: dict[str, Voucher], now: datetime) -> dict[str, Answer]:
    """Post what each channel pays up to its new total, and return the channels where the ledger refused."""
    items: list[Transfer] = []
    owners: list[str] = []
    for pk, voucher in highest.items():
        legs = list(_legs(channels[pk], voucher, now))
        items += legs
        owners += [pk] * len(legs)
    if not items:
        return {}
    outcomes = ledger.post(items, now=now)
    return {pk: answer_of(outcome.code) for pk, outcome in zip(owners, outcomes, strict=True) if not outcome.is_done}


def _legs(channel: Channel, voucher: Voucher, now: datetime) -> Iterable[Transfer]:
    """The payee's part and the operator's fee, linked; a part that is nothing is left out."""
    payee_ubtt, fee_ubtt = parts_of(
        cumulative_ubtt=voucher.cumulative_ubtt, redeemed_ubtt=channel.redeemed_ubtt, fee_ppm=channel.fee_ppm
    )
    name = channel.account.name
    fees = own_account(name.asset, AccountKind.FEES)
    parts = [(TransferKind.VOUCHER, channel.payee.name, payee_ubtt), (TransferKind.FEE, fees, fee_ubtt)]
    parts = [part for part in parts if part[2]]
    for kind, credit, amount_ubtt in parts:
        yield Transfer(
            key=f"{kind.name.lower()}/{channel.pk}/{voucher.cumulative_ubtt}",
            debit=name,
            credit=credit,
            amount_ubtt=amount_ubtt,
            kind=kind,
            cause=f"voucher/{channel.pk}/{voucher.digest}",
            event_at=now,
            linked=len(parts) == 2 and kind is TransferKind.VOUCHER,
        )


def locked(ids: Iterable[str]) -> dict[str, Channel]:
    """Lock channels in the order of their ids, before any account; accounts are read, not locked, with them."""
    found = Channel.objects.select_for_update(of=("self",)).select_related("account", "payer", "payee")
    return {channel.pk: channel for channel in found.filter(pk__in=sorted(ids)).order_by("pk")}


def problem_of(channel: Channel | None, now: datetime, *, grace: timedelta = GRACE) -> Answer | None:
    """Say why a channel takes nothing more; None while it does."""
    if channel is None:
        return Answer.UNKNOWN
    if channel.end == ChannelEnd.CLOSED:
        return Answer.CLOSED
    return Answer.EXPIRED if channel.end or channel.expires_at + grace <= now else None
