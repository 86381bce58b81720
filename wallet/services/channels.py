"""Channels: the money of one deal in an account of its own, opened, topped up, closed by the payee, or run out.

A payer can't take money back before a channel expires, a payee can close at any time (from the market's protocol).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from wallet.domain.accounts import AccountName, channel_account
from wallet.domain.channels import (
    GRACE,
    LEAST_LONGER,
    Answer,
    Voucher,
    answer_of,
    check_fee,
    check_id,
    check_life,
    check_sides,
    check_speed_key,
    check_ubtt,
)
from wallet.domain.items import Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.posting import Code, Outcome
from wallet.models import Account, Channel, ChannelEnd
from wallet.services import ledger
from wallet.services.vouchers import ChannelAnswer, locked, problem_of, redeem_in_transaction

_AT_ONCE = 100


def open_channel(
    *,
    channel_id: str,
    payer: AccountName,
    payee: AccountName,
    payer_key: str,
    payee_key: str,
    amount_ubtt: int,
    fee_ppm: int,
    expires_at: datetime,
    now: datetime,
) -> ChannelAnswer:
    """Put money of the payer's into a new channel. The id is the key: the same again changes nothing.

    Raises BadItem.
    """
    check_id(channel_id)
    check_sides(payer, payee)
    check_speed_key("payer_key", payer_key)
    check_speed_key("payee_key", payee_key)
    check_fee(fee_ppm)
    check_life(expires_at, now)
    name = channel_account(payer.asset, channel_id)
    opening = Transfer(
        key=f"channel/{channel_id}/open",
        debit=payer,
        credit=name,
        amount_ubtt=amount_ubtt,
        kind=TransferKind.CHANNEL_OPENED,
        cause=f"channel/{channel_id}",
        event_at=now,
    )
    terms = {"payer_key": payer_key, "payee_key": payee_key, "fee_ppm": fee_ppm}

    def work() -> ChannelAnswer:
        ledger.store().open_accounts([payee], now=now)
        if not (accounts := _accounts(payee)):
            return ChannelAnswer(Answer.NO_PAYEE)
        outcome = ledger.post_one(opening, now=now)
        there = Channel.objects.select_related("payee").filter(pk=channel_id).first()
        if there is not None:
            is_same = outcome.is_done and {field: getattr(there, field) for field in terms} == terms
            return ChannelAnswer(Answer.UNCHANGED if is_same and there.payee.name == payee else Answer.CONFLICT, there)
        if outcome.code is not Code.OK:
            return ChannelAnswer(answer_of(outcome.code))
        accounts |= _accounts(payer) | _accounts(name)
        return ChannelAnswer(
            Answer.OK,
            Channel.objects.create(
                id=channel_id,
                account=accounts[name],
                payer=accounts[payer],
                payee=accounts[payee],
                amount_ubtt=amount_ubtt,
                opened_at=now,
                expires_at=expires_at,
                **terms,
            ),
        )

    return ledger.whole(work)


def top_up(*, channel_id: str, amount_ubtt: int, expires_at: datetime, key: str, now: datetime) -> ChannelAnswer:
    """Add money (0 adds time only) and let the channel run until `expires_at`, if that is later. Raises BadItem.

    Time alone is added by the minute: each addition costs the hub a receipt, and the payer nothing.
    """
    check_id(channel_id)
    check_ubtt("amount_ubtt", amount_ubtt)
    check_life(expires_at, now)

    def work() -> ChannelAnswer:
        channel = locked([channel_id]).get(channel_id)
        if problem := problem_of(channel, now, grace=timedelta(0)):
            return ChannelAnswer(problem, channel)
        assert channel is not None
        adds = 0
        if amount_ubtt:
            more = Transfer(
                key=f"channel/{channel_id}/topup/{key}",
                debit=channel.payer.name,
                credit=channel.account.name,
                amount_ubtt=amount_ubtt,
                kind=TransferKind.CHANNEL_TOPPED_UP,
                cause=f"channel/{channel_id}",
                event_at=now,
            )
            outcome = ledger.post_one(more, now=now)
            if not outcome.is_done:
                return ChannelAnswer(answer_of(outcome.code), channel)
            adds = amount_ubtt if outcome.code is Code.OK else 0
        if not adds and expires_at - channel.expires_at < LEAST_LONGER:
            return ChannelAnswer(Answer.UNCHANGED, channel)
        channel.amount_ubtt += adds
        channel.expires_at = max(channel.expires_at, expires_at)
        channel.save(update_fields=["amount_ubtt", "expires_at"])
        return ChannelAnswer(Answer.OK, channel)

    return ledger.whole(work)


def close(*, channel_id: str, cumulative_ubtt: int | None = None, now: datetime) -> ChannelAnswer:
    """Pay out a last voucher, if there is one, and give the payer the rest: the payee's call. Raises BadItem."""
    last = None if cumulative_ubtt is None else Voucher(channel_id, cumulative_ubtt)
    check_id(channel_id)

    def work() -> ChannelAnswer:
        paid_ubtt = 0
        channel = locked([channel_id]).get(channel_id)
        if channel is not None and channel.end:
            return ChannelAnswer(Answer.UNCHANGED if channel.end == ChannelEnd.CLOSED else Answer.EXPIRED, channel)
        if last is not None:
            (redeemed,) = redeem_in_transaction([last], now)
            if not redeemed.is_done:
                return redeemed
            paid_ubtt, channel = redeemed.paid_ubtt, redeemed.channel
        if channel is None:
            return ChannelAnswer(Answer.UNKNOWN)
        outcome = _give_back(channel, ChannelEnd.CLOSED, now)
        if outcome is not None and not outcome.is_done:
            return ChannelAnswer(answer_of(outcome.code), channel, paid_ubtt)
        return ChannelAnswer(Answer.OK, channel, paid_ubtt)

    return ledger.whole(work)


def expire_due(*, now: datetime) -> int:
    """Give payers what is left in channels whose time and grace are over; return how many. May run twice, or late."""
    ended = 0
    while due := list(
        Channel.objects.filter(end="", expires_at__lte=now - GRACE)
        .order_by("pk")
        .values_list("pk", flat=True)[:_AT_ONCE]
    ):
        if not (more := ledger.whole(partial(_expire, due, now))):
            break
        ended += more
    return ended


def _expire(ids: Sequence[str], now: datetime) -> int:
    ended = 0
    for channel in locked(ids).values():
        if not channel.end and channel.expires_at + GRACE <= now:
            outcome = _give_back(channel, ChannelEnd.EXPIRED, now)
            ended += outcome is None or outcome.is_done
    return ended


def _give_back(channel: Channel, end: ChannelEnd, now: datetime) -> Outcome | None:
    """End a locked channel and return what became of its rest; None if there was none."""
    rest_ubtt = channel.amount_ubtt - channel.redeemed_ubtt
    outcome = None
    if rest_ubtt:
        kind = TransferKind.CHANNEL_CLOSED if end is ChannelEnd.CLOSED else TransferKind.CHANNEL_EXPIRED
        rest = Transfer(
            key=f"channel/{channel.pk}/end",
            debit=channel.account.name,
            credit=channel.payer.name,
            amount_ubtt=rest_ubtt,
            kind=kind,
            cause=f"channel/{channel.pk}",
            event_at=now,
        )
        outcome = ledger.post_one(rest, now=now)
        if not outcome.is_done:
            return outcome
    channel.end, channel.ended_at = end, now
    channel.save(update_fields=["end", "ended_at"])
    return outcome


def _accounts(name: AccountName) -> dict[AccountName, Account]:
    found = Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref)
    return {account.name: account for account in found}
