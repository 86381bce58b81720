"""Sales as rows of the database, and back."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from speed.agent import tallies
from speed.agent.sale import Goods, Sale
from speed.domain.deals import DealState, after_loss
from speed.models import SellingDeal
from wallet.domain.rounding import Accrual
from wallet.domain.speed1.receipt import RECEIPT_BYTES, decode_receipt


def row_of(sale: Sale, node_name: str) -> dict[str, Any]:
    """Return the columns of a new deal."""
    return {
        "node_name": node_name,
        "torrent_key": sale.goods.key,
        "torrent_name": sale.goods.name,
        "torrent_id": sale.goods.torrent_id,
        "size_bytes": sale.goods.size_bytes,
        "peer_key": sale.receipt.payer_key.hex(),
        "payer_ref": sale.payer,
        "opened_at": sale.opened_at,
        "hub_id": sale.receipt.hub_id.hex(),
        "channel_id": sale.receipt.channel.hex(),
        "on_own_hub": sale.on_own_hub,
        "fee_ppm": sale.fee_ppm,
        "redeemed_ubtt": sale.redeemed_ubtt,
        "earned_ubtt": 0,
        **changing_columns(sale),
    }


def changing_columns(sale: Sale) -> dict[str, Any]:
    """Return what a deal's row is kept up to date with; what was earned is written where it is booked."""
    span = sale.span
    allowed = sale.allowed_at(span.ends_at_ms) if span else sale.allowed
    return {
        "deal_id": sale.deal.hex(),
        "place": sale.place,
        "places": list(sale.places),
        "state": str(sale.state),
        "end_reason": sale.end_reason[:24],
        "refusal": str(sale.refusal or ""),
        "linked_at": sale.linked_at,
        "ended_at": sale.ended_at,
        **asdict(sale.bid),
        "receipt": sale.signed_receipt.hex(),
        "amount_ubtt": sale.receipt.amount_ubtt,
        "expires_at": datetime.fromtimestamp(sale.receipt.expires_at_s, UTC),
        "cumulative_ubtt": sale.cumulative_ubtt,
        "voucher_sig": sale.voucher_sig.hex(),
        "voucher_at": sale.voucher_at,
        "round_number": span.round if span else 0,
        "price_ubtt_per_gib": span.price_ubtt_per_gib if span else 0,
        "speed_bytes_per_s": span.speed_bytes_per_s if span else 0,
        "sent_bytes": sale.sent_bytes,
        "accepted_bytes": sale.tally.total_bytes,
        "covered_bytes": sale.tally.total_bytes,
        "owed_ubtt": sale.billed.owed_ubtt,
        "owed_rem": sale.billed.carried,
        "written_off_bytes": sale.written_off_bytes,
        "disagreeing_rounds": sale.disagreeing_rounds,
        "starved_rounds": sale.starved_rounds,
        "tally": tallies.written(sale.tally, allowed=allowed),
    }


def sale_of(row: SellingDeal) -> Sale:
    """Return a deal as it was left: without a connection, and with its hub not asked yet."""
    signed = bytes.fromhex(row.receipt)
    return Sale(
        deal=bytes.fromhex(row.deal_id),
        goods=Goods(row.torrent_id, row.torrent_key, row.torrent_name, row.size_bytes),
        receipt=decode_receipt(signed[:RECEIPT_BYTES]),
        signed_receipt=signed,
        on_own_hub=row.on_own_hub,
        fee_ppm=row.fee_ppm,
        places=tuple(row.places),
        opened_at=row.opened_at,
        linked_at=row.linked_at,
        bid=row.wish,
        state=after_loss(DealState(row.state)),
        end_reason=row.end_reason,
        ended_at=row.ended_at,
        cumulative_ubtt=row.cumulative_ubtt,
        voucher_sig=bytes.fromhex(row.voucher_sig),
        voucher_at=row.voucher_at,
        redeemed_ubtt=row.redeemed_ubtt,
        sent_bytes=row.sent_bytes,
        billed=Accrual(row.owed_ubtt, row.owed_rem),
        tally=tallies.read(row.tally),
        allowed={count[0]: count[3] for count in row.tally.get("rounds", [])},
        written_off_bytes=row.written_off_bytes,
        disagreeing_rounds=row.disagreeing_rounds,
        starved_rounds=row.starved_rounds,
        is_dirty=False,
    )
