"""Rounds that were held, without a seller."""

from collections.abc import Mapping

from speed.domain.clearing import Terms, clear
from speed.domain.refusals import Reason
from speed.domain.rounds import PublishedBid, RoundRecord


def run_round(
    *, number: int, ask_ubtt_per_gib: int, for_sale_bytes_per_s: int, bids: Mapping[bytes, Terms]
) -> tuple[RoundRecord, Mapping[bytes, Reason | None]]:
    """Clear a round over bids by their leaves, paused ones left out; return what is kept of it and why each lost."""
    leaves = sorted(leaf for leaf, terms in bids.items() if not terms.is_paused)
    cleared = clear(
        ask_ubtt_per_gib=ask_ubtt_per_gib,
        for_sale_bytes_per_s=for_sale_bytes_per_s,
        bids=[bids[leaf] for leaf in leaves],
    )
    rows = tuple(
        PublishedBid(leaf, *bids[leaf], granted)
        for leaf, granted in zip(leaves, cleared.granted_bytes_per_s, strict=True)
    )
    record = RoundRecord(number, ask_ubtt_per_gib, for_sale_bytes_per_s, cleared.price_ubtt_per_gib, rows)
    return record, dict(zip(leaves, cleared.lost_by, strict=True))
