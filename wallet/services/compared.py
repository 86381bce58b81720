"""Nothing new is signed unless the chain was read and held against the books a short while ago, and they agreed.

A comparison runs without the scan, too. While the scan stands still it compares the same height again and again, and
would find nothing of what has happened on the chain since.
"""

from datetime import datetime, timedelta

from django.conf import settings

from wallet.domain import withdrawal_words as words
from wallet.domain.money import Asset
from wallet.models import ChainCursor, Reconciliation

ROUND = timedelta(minutes=1)  # what beat keeps
MOST_AGE = 3 * ROUND  # one may be late, and one be lost
MOST_STILL = timedelta(minutes=5)  # without a new block: then nothing could come into one, either


def why_not(now: datetime) -> str:
    """Return why nothing may be signed now, beside halts, in English; "" after a recent and clean comparison."""
    cursor = ChainCursor.objects.filter(network=settings.WALLET_NETWORK).first()
    if cursor is None or cursor.reconciled_at is None:
        return words.NEVER_COMPARED
    if abs(now - cursor.reconciled_at) > MOST_AGE:
        return words.COMPARED_LAST % {"at": f"{cursor.reconciled_at:%Y-%m-%d %H:%M:%S}"}
    if abs(now - cursor.moved_at) > MOST_STILL:
        return words.READ_LAST % {"at": f"{cursor.moved_at:%Y-%m-%d %H:%M:%S}"}
    rows = Reconciliation.objects.filter(network=settings.WALLET_NETWORK).order_by("-pk")
    newest = [rows.filter(asset=asset).first() for asset in Asset]
    return words.DIFFER if any(row is not None and row.difference for row in newest) else ""


def is_due(now: datetime) -> bool:
    """Say whether the newest comparison is a round old: whoever is about to sign makes another one first."""
    cursor = ChainCursor.objects.filter(network=settings.WALLET_NETWORK).first()
    return cursor is not None and (cursor.reconciled_at is None or abs(now - cursor.reconciled_at) >= ROUND)
