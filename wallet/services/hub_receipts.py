"""Receipts: what the wallet worker has the signer sign, behind the channels' transfers.

A signer that is locked, or away, only delays: what waits is signed later, and a channel whose receipt is late runs out.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from wallet.models import Channel, ReceiptVersion
from wallet.services import hub_identity
from wallet.services.install import market_asset
from wallet.signer.protocol import (
    HubSigner,
    ReceiptRequest,
    SignerAway,
    SignerError,
    SignerLimited,
    SignerLocked,
)

AT_ONCE = 200  # of one round; the next comes within a second
MAX_TROUBLE_CHARS = 300
NEW = timedelta(seconds=3)

logger = logging.getLogger(__name__)


def sign_waiting(signer: HubSigner, *, now: datetime) -> int:
    """Have signed what waits and return how many were. May run twice at once: a version has one receipt.

    The oldest first. When one promises more than the signer's day has left, what promises least goes first, until that
    is too much as well: a heap of large ones hides no small one, nor one that adds only time.
    """
    waiting = ReceiptVersion.objects.filter(
        receipt__isnull=True, trouble="", channel__end="", channel__account__asset=market_asset()
    ).select_related("channel__payer", "channel__payee")
    oldest = list(waiting.order_by("pk")[:AT_ONCE])
    try:
        hub_identity.note_key(signer, now=now)
        signed, is_limited = _sign_while_it_may(signer, oldest, now)
        if is_limited:
            signed += _sign_while_it_may(signer, _smallest(waiting), now)[0]
        return signed
    except (SignerLocked, SignerAway) as problem:
        if oldest:
            logger.log(_loudness(oldest[-1], now), "%d receipts wait: %s", len(oldest), problem)
        return 0


def _smallest(waiting: QuerySet[ReceiptVersion]) -> list[ReceiptVersion]:
    """Return what promises least, of each channel only what comes next: behind it all would be promised at once."""
    before = ReceiptVersion.objects.filter(
        channel_id=OuterRef("channel_id"), number__lt=OuterRef("number"), receipt__isnull=True
    )
    return list(waiting.filter(~Exists(before)).order_by("adds_ubtt", "pk")[:AT_ONCE])


def _sign_while_it_may(signer: HubSigner, rows: Sequence[ReceiptVersion], now: datetime) -> tuple[int, bool]:
    """Return how many were signed, and whether one was beyond the signer's limit: none is asked for after it."""
    signed = 0
    for version in rows:
        try:
            signed += _sign(signer, version, now)
        except SignerLimited as problem:
            logger.log(_loudness(version, now), "a receipt waits: %s", problem)
            return signed, True
    return signed, False


def _sign(signer: HubSigner, version: ReceiptVersion, now: datetime) -> bool:
    try:
        receipt = signer.sign_receipt(_request(version, version.channel))
    except (SignerLimited, SignerLocked, SignerAway):
        raise
    except SignerError as problem:
        logger.error("%s is not signed: %s", version, problem)
        ReceiptVersion.objects.filter(pk=version.pk).update(trouble=str(problem)[:MAX_TROUBLE_CHARS])
        return False
    unsigned = ReceiptVersion.objects.filter(pk=version.pk, receipt__isnull=True)
    return bool(unsigned.update(receipt=receipt, signed_at=now))


def _loudness(version: ReceiptVersion, now: datetime) -> int:
    """Say it aloud while a receipt is new: it is asked for each second, and a full log hides everything else."""
    return logging.WARNING if now - version.made_at < NEW else logging.DEBUG


def _request(version: ReceiptVersion, channel: Channel) -> ReceiptRequest:
    return ReceiptRequest(
        asset=market_asset(),
        channel=channel.pk,
        version=version.number,
        payer=channel.payer.name,
        payee=channel.payee.name,
        payer_key=bytes.fromhex(channel.payer_key),
        payee_key=bytes.fromhex(channel.payee_key),
        amount_ubtt=version.amount_ubtt,
        opened_at_s=int(channel.opened_at.timestamp()),
        expires_at_s=int(version.expires_at.timestamp()),
    )
