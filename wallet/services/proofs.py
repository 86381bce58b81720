"""Proofs of single transfers, made on demand. What they promise and how they are checked is `wallet.domain.proofs`."""

from collections.abc import Sequence

from wallet import models
from wallet.domain import merkle
from wallet.domain.proofs import Inclusion
from wallet.domain.written import Written
from wallet.services import seals

MAX_LINKS = 100  # on a page, 30 kB: two minutes of a seal each second. The command gives the whole chain.


def inclusion(transfer_id: int, *, max_links: int = MAX_LINKS) -> Inclusion | None:
    """Prove that a transfer is sealed; None for one that isn't there, or not sealed yet.

    It is made of what the books hold now. If that is not what was sealed, the proof does not hold, as it should.
    """
    return inclusions([transfer_id], max_links=max_links).get(transfer_id)


def inclusions(transfer_ids: Sequence[int], *, max_links: int = MAX_LINKS) -> dict[int, Inclusion]:
    """Prove it of several, by their ids; what stands under one seal is read once."""
    newest = models.Seal.objects.order_by("-number").first()
    proofs: dict[int, Inclusion] = {}
    row: models.Seal | None = None
    written: list[Written] = []
    for transfer_id in sorted(transfer_ids):
        if row is None or transfer_id > row.last_id:
            row = models.Seal.objects.filter(last_id__gte=transfer_id).order_by("last_id").first()
            if row is None or newest is None:
                break
            written = seals.read_written(first_id=row.first_id, last_id=row.last_id)
            leaves = [transfer.leaf() for transfer in written]
        index = next((place for place, found in enumerate(written) if found.id == transfer_id), None)
        if index is not None and newest is not None:
            proofs[transfer_id] = _proof(written[index], leaves, index, row, newest, max_links)
    return proofs


def _proof(
    transfer: Written, leaves: Sequence[bytes], index: int, row: models.Seal, newest: models.Seal, max_links: int
) -> Inclusion:
    last_link = min(newest.number, row.number + max_links)
    return Inclusion(
        transfer=transfer.text(),
        leaf=leaves[index],
        index=index,
        count=len(leaves),
        path=merkle.audit_path(leaves, index=index),
        root=bytes(row.root),
        seal=seals.as_written(row).text(),
        seal_number=row.number,
        seal_hash=bytes(row.hash),
        links=tuple(seal.text() for seal in seals.read_seals(first=row.number + 1, last=last_link)),
        newest_number=newest.number,
        newest_hash=bytes(newest.hash),
    )
