"""Rounds that a node has held: kept for its pages, and served to bidders who want to recompute theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from speed.domain.rounds import LAST_SERVED_S, ROUND_S, PublishedBid, RoundRecord, is_served
from speed.models import Round

PRICES_KEPT = timedelta(days=30)  # of rounds whose rows are gone already
AT_ONCE = 1_000


@dataclass(frozen=True)
class RoundRow:
    """One bid of a round, with what is not published: whose it is, and why it got nothing."""

    published: PublishedBid
    deal: bytes
    salt: bytes
    why: str  # "" if it got something


def store(node_name: str, record: RoundRecord, rows: Sequence[RoundRow], *, bids_hash: bytes, now: datetime) -> None:
    """Keep a round; the same again changes nothing. One that was held twice, by a clock that was set back, is shown to
    nobody: each bidder was told another half of it.
    """
    kept, is_new = Round.objects.get_or_create(
        node_name=node_name,
        number=record.round,
        defaults={
            "at": now,
            "ask_ubtt_per_gib": record.ask_ubtt_per_gib,
            "for_sale_bytes_per_s": record.for_sale_bytes_per_s,
            "price_ubtt_per_gib": record.price_ubtt_per_gib,
            "granted_bytes_per_s": sum(row.published.granted_bytes_per_s for row in rows),
            "bids": len(rows),
            "bids_hash": bids_hash.hex(),
            "rows": [_written(row) for row in sorted(rows, key=lambda row: row.published.leaf)],
        },
    )
    if not is_new and kept.bids_hash != bids_hash.hex():
        Round.objects.filter(pk=kept.pk).update(rows=[])


def served(node_name: str, number: int, *, now: datetime) -> RoundRecord | None:
    """Return a round that anybody may recompute now: one to 24 hours old; None otherwise."""
    kept = Round.objects.filter(node_name=node_name, number=number).first()
    if kept is None or not kept.rows:
        return None
    record = record_of(kept)
    return record if is_served(record, now.timestamp()) else None


def record_of(kept: Round) -> RoundRecord:
    """Return what a round publishes."""
    return RoundRecord(
        round=kept.number,
        ask_ubtt_per_gib=kept.ask_ubtt_per_gib,
        for_sale_bytes_per_s=kept.for_sale_bytes_per_s,
        price_ubtt_per_gib=kept.price_ubtt_per_gib,
        bids=tuple(
            PublishedBid(
                bytes.fromhex(row["leaf"]), row["max"], row["spend"], row["useful"], row["cap"], row["granted"]
            )
            for row in kept.rows
        ),
    )


def last_round(node_name: str) -> tuple[int, int]:
    """Return number and price of the newest round; zeros if there was none."""
    rounds = Round.objects.filter(node_name=node_name).order_by("-number")
    return rounds.values_list("number", "price_ubtt_per_gib").first() or (0, 0)


def forget_old(node_name: str, *, now: datetime) -> None:
    """Let go of rows that are served no longer, and of rounds that no page shows any more."""
    day = int(now.timestamp() - LAST_SERVED_S) // ROUND_S - 1
    old = Round.objects.filter(node_name=node_name, number__lt=day).exclude(rows=[])
    Round.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE])).update(rows=[])
    gone = Round.objects.filter(node_name=node_name, at__lt=now - PRICES_KEPT)
    Round.objects.filter(pk__in=list(gone.values_list("pk", flat=True)[:AT_ONCE])).delete()


def _written(row: RoundRow) -> dict[str, object]:
    bid = row.published
    return {
        "leaf": bid.leaf.hex(),
        "max": bid.max_price_ubtt_per_gib,
        "spend": bid.spend_ubtt_per_s,
        "useful": bid.useful_bytes_per_s,
        "cap": bid.cap_bytes_per_s,
        "granted": bid.granted_bytes_per_s,
        "deal": row.deal.hex(),
        "salt": row.salt.hex(),
        "why": row.why,
    }
