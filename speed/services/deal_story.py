"""How a deal's bytes became money: by round, the newest voucher, and what the ledger has of its channel."""

from seedbox.domain.units import format_bytes
from speed.models.deal import Deal
from speed.services.deal_rows import Row, minute, price
from wallet.domain.money import format_btt
from wallet.services import channel_story
from wallet.services.channel_story import Movement
from wallet.services.install import market_asset

MINUS = "\N{MINUS SIGN}"


def story_of(deal: Deal, user_id: int) -> dict[str, object]:
    """Return what the page of a deal shows of bytes, voucher and ledger."""
    shares = channel_story.shares_of_deal(user_id, market_asset(), deal.deal_id)
    return {
        "bytes": {
            "sent": format_bytes(deal.sent_bytes),
            "accepted": format_bytes(deal.accepted_bytes),
            "covered": format_bytes(deal.covered_bytes),
            "uncovered": format_bytes(max(deal.accepted_bytes - deal.covered_bytes, 0)),
        },
        "rounds": _rounds(deal),
        "voucher": _voucher(deal),
        "movements": [_movement(one) for one in channel_story.of_channel(user_id, deal.channel_id)],
        "shares": [_movement(one) for one in shares],
    }


def _voucher(deal: Deal) -> Row | None:
    if not deal.voucher_at:
        return None
    return {
        "cumulative": format_btt(deal.cumulative_ubtt),
        "at": deal.voucher_at.isoformat(),
        "at_text": minute(deal.voucher_at),
        "covers": format_bytes(deal.covered_bytes),
        "signature": deal.voucher_sig,
    }


def _rounds(deal: Deal) -> list[Row]:
    """Return what was acknowledged in the rounds that the deal still counts apart, the newest first."""
    counts: list[list[int]] = deal.tally.get("rounds", [])
    return [
        {"number": number, "price": price(price_ubtt_per_gib), "received": format_bytes(received_bytes)}
        for number, price_ubtt_per_gib, received_bytes, *_ in sorted(counts, reverse=True)
    ]


def _movement(one: Movement) -> Row:
    return {
        "transfer": one.transfer_id,
        "at": one.at.isoformat(),
        "at_text": minute(one.at),
        "words": one.words,
        "amount": f"{'+' if one.is_credit else MINUS}{format_btt(one.amount_ubtt)}",
        "redeemed": format_btt(one.redeemed_ubtt) if one.redeemed_ubtt is not None else "",
        "is_own": one.is_own,
    }
