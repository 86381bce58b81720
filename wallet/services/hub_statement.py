"""What moved in the channels of a key, sealed: its holder joins it with deals of its own, and checks it anywhere.

A sequence is a transfer's number. Only sealed transfers are told, because below a seal no number can turn up later.
"""

from django.db.models import Q

from wallet.domain.accounts import AccountKind
from wallet.domain.hub import PAGE_ENTRIES, HubEntry, HubStatement
from wallet.domain.kinds import TransferKind
from wallet.domain.proofs import Inclusion
from wallet.models import Channel, Seal, Transfer
from wallet.services import proofs


def read(*, caller: str, after: int) -> HubStatement:
    """Return the entries that come after a sequence, at most 50."""
    newest = Seal.objects.order_by("-number").first()
    if newest is None or newest.last_id <= after:
        return HubStatement((), more=False)
    accounts = Channel.objects.filter(Q(payer_key=caller) | Q(payee_key=caller)).values("account_id")
    found = (
        Transfer.objects.filter(Q(debit_id__in=accounts) | Q(credit_id__in=accounts))
        .filter(pk__gt=after, pk__lte=newest.last_id)
        .select_related("debit", "credit")
        .order_by("pk")
    )
    rows = list(found[: PAGE_ENTRIES + 1])
    shown = rows[:PAGE_ENTRIES]
    proven = proofs.inclusions([row.pk for row in shown], max_links=0)
    entries = tuple(_entry(row, proven[row.pk]) for row in shown if row.pk in proven)
    return HubStatement(entries, more=len(rows) > PAGE_ENTRIES)


def _entry(row: Transfer, proof: Inclusion) -> HubEntry:
    is_in = row.credit.kind == AccountKind.CHANNEL
    return HubEntry(
        sequence=row.pk,
        channel=row.credit.ref if is_in else row.debit.ref,
        kind=TransferKind(row.kind).label.lower(),
        amount_ubtt=row.amount_ubtt,
        is_in=is_in,
        cause=row.cause,
        at_s=int(row.written_at.timestamp()),
        seal_number=proof.seal_number,
        seal_hash=proof.seal_hash.hex(),
        proof=proof.as_json(),
    )
