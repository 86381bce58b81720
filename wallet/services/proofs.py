"""Proofs of single transfers, made on demand. What they promise and how they are checked is `wallet.domain.proofs`."""

from wallet import models
from wallet.domain import merkle
from wallet.domain.proofs import Inclusion
from wallet.services import seals

MAX_LINKS = 100  # on a page, 30 kB: two minutes of a seal each second. The command gives the whole chain.


def inclusion(transfer_id: int, *, max_links: int = MAX_LINKS) -> Inclusion | None:
    """Prove that a transfer is sealed; None for one that isn't there, or not sealed yet.

    It is made of what the books hold now. If that is not what was sealed, the proof does not hold, as it should.
    """
    row = models.Seal.objects.filter(last_id__gte=transfer_id).order_by("last_id").first()
    newest = models.Seal.objects.order_by("-number").first()
    if row is None or newest is None:
        return None
    transfers = seals.read_written(first_id=row.first_id, last_id=row.last_id)
    index = next((place for place, found in enumerate(transfers) if found.id == transfer_id), None)
    if index is None:
        return None
    leaves = [transfer.leaf() for transfer in transfers]
    last_link = min(newest.number, row.number + max_links)
    return Inclusion(
        transfer=transfers[index].text(),
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
