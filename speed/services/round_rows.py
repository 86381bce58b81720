"""Rounds as pages and the command line show them: their prices over time, why bids lost, and the sum done again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from seedbox.domain.kept import told
from seedbox.domain.units import format_speed
from speed.domain import rounds as rules
from speed.models import AvoidedSeller, BuyingDeal, Round, SeenRound, Verdict
from speed.services import audits, avoided
from speed.services.deal_rows import Row, minute, peer_at, price, why
from speed.services.rounds import record_of
from wallet.domain.money import format_amount, format_btt
from wallet.services.install import market_asset

SHOWN = 360  # an hour of them
LISTED = 60
_WIDTH, _HEIGHT, _MARGIN = 720, 120, 6
_VERDICTS = {
    Verdict.RIGHT: (gettext_noop("Right"), "green"),
    Verdict.WRONG: (gettext_noop("Wrong"), "red"),
    Verdict.NOT_SHOWN: (gettext_noop("Not shown"), "yellow"),
    Verdict.NONE: (gettext_noop("To come"), "secondary"),
}
_FINDINGS = {
    Verdict.RIGHT: gettext_noop(
        "Price, shares and hash are what they should be, and our bid stood there as it was said."
    ),
    Verdict.NONE: gettext_noop("Its seller shows its bids an hour later."),
}


@dataclass(frozen=True)
class Chart:
    """Prices over rounds, the oldest at the left, as a line in a box of `width` by `height`."""

    points: str
    highest: str
    lowest: str
    begins_at: datetime
    ends_at: datetime
    width: int = _WIDTH
    height: int = _HEIGHT


def newest(node_name: str, *, limit: int = LISTED) -> list[Round]:
    """Return a node's last rounds, the newest first."""
    return list(Round.objects.filter(node_name=node_name).order_by("-number")[:limit])


def chart_of(node_name: str) -> Chart | None:
    """Return a node's prices of the last hour; the bids of all those rounds are not read."""
    return chart(list(Round.objects.filter(node_name=node_name).defer("rows").order_by("-number")[:SHOWN]))


def find(node_name: str, number: int) -> Round | None:
    return Round.objects.filter(node_name=node_name, number=number).first()


def chart(found: Sequence[Round | SeenRound]) -> Chart | None:
    """Return the prices of rounds, which come the newest first, as a line; None where there are not two."""
    if len(found) < 2:
        return None
    rows = list(reversed(found))
    prices = [row.price_ubtt_per_gib for row in rows]
    first, span = rows[0].number, max(rows[-1].number - rows[0].number, 1)
    low, high = min(prices), max(prices)
    rise, inner = max(high - low, 1), _HEIGHT - 2 * _MARGIN
    still = inner // 2 if high == low else 0  # a price that stands still is drawn in the middle
    heights = [(row.price_ubtt_per_gib - low) * inner // rise + still for row in rows]
    points = [
        f"{(row.number - first) * _WIDTH // span},{_HEIGHT - _MARGIN - height}"
        for row, height in zip(rows, heights, strict=True)
    ]
    return Chart(" ".join(points), price(high), price(low), rows[0].at, rows[-1].at)


def round_row(found: Round) -> Row:
    lost = sum(1 for row in found.rows if not row["granted"])
    return {
        "row": f"round-{found.number}",
        "number": found.number,
        "at": found.at.isoformat(),
        "at_text": f"{found.at:%Y-%m-%d %H:%M:%S}",
        "price": price(found.price_ubtt_per_gib),
        "ask": price(found.ask_ubtt_per_gib),
        "for_sale": format_speed(found.for_sale_bytes_per_s),
        "granted": format_speed(found.granted_bytes_per_s),
        "bids": found.bids,
        "lost": lost if found.rows else "\N{EN DASH}",
    }


def bid_rows(found: Round) -> list[Row]:
    """Return the bids of a round as its node keeps them, the largest share first, with why each loser lost."""
    asset = market_asset()
    rows = sorted(found.rows, key=lambda row: (-row["granted"], row["leaf"]))
    return [
        {
            "leaf": row["leaf"][:16],
            "deal": row.get("deal", ""),
            "ceiling": price(row["max"]),
            "spend": f"{format_amount(row['spend'], asset)}/s",
            "useful": format_speed(row["useful"]),
            "cap": format_speed(row["cap"]),
            "granted": format_speed(row["granted"]),
            "why": why(row.get("why", "")),
        }
        for row in rows
    ]


def seen_row(seen: SeenRound) -> Row:
    """Return what a seller said to us of one of its rounds."""
    return {
        "row": f"seen-{seen.number}",
        "number": seen.number,
        "at": seen.at.isoformat(),
        "at_text": f"{seen.at:%Y-%m-%d %H:%M:%S}",
        "price": price(seen.price_ubtt_per_gib),
        "ceiling": price(seen.max_price_ubtt_per_gib),
        "granted": format_speed(seen.granted_bytes_per_s),
        "why": why(seen.reason),
        "spend": f"{format_btt(seen.spend_ubtt_per_s)} {market_asset().unit}/s",
        **_audit(seen),
    }


def _audit(seen: SeenRound) -> Row:
    """Return what our own audit of a round has come to."""
    if not seen.salt:
        return {"audit": _("Not in it"), "audit_tone": "secondary", "finding": _("Our bid was in no round then.")}
    verdict = Verdict(seen.verdict)
    label, tone = _VERDICTS[verdict]
    return {
        "audit": _(label),
        "audit_tone": tone,
        "finding": told(seen.finding) or (_(_FINDINGS[verdict]) if verdict in _FINDINGS else ""),
    }


def audits_of(deal: BuyingDeal, *, now: datetime) -> dict[str, object]:
    """Return how a deal's rounds were when they were summed up anew, and what is held against its seller."""
    counts = audits.counts(deal.deal_id)
    words = [_counted(verdict, counts[verdict]) for verdict in Verdict if counts.get(verdict)]
    wrong = [{"number": seen.number, "finding": told(seen.finding)} for seen in audits.wrong_rounds(deal.deal_id)]
    held = avoided.find(deal.peer_key, now=now)
    return {
        "row": f"audits-{deal.pk}",
        "deal": deal.deal_id,
        "name": deal.torrent_name or deal.torrent_key,
        "seller": peer_at(deal.peer_key, deal.place),
        "says": ", ".join(words) or _("no round to audit"),
        "wrong": wrong,
        "left_alone": _left_alone(held) if held else "",
        **{str(verdict or "to_come"): counts.get(verdict, 0) for verdict in Verdict if verdict != Verdict.WRONG},
    }


def _left_alone(seller: AvoidedSeller) -> str:
    facts = {"text": told(seller.text), "until": minute(seller.until)}
    return _("%(text)s No bids until %(until)s UTC.") % facts


def _counted(verdict: Verdict, count: int) -> str:
    """Return how many rounds came to a verdict."""
    words = {
        Verdict.RIGHT: ngettext("%(count)s right", "%(count)s right", count),
        Verdict.WRONG: ngettext("%(count)s wrong", "%(count)s wrong", count),
        Verdict.NOT_SHOWN: ngettext("%(count)s not shown", "%(count)s not shown", count),
        Verdict.NONE: ngettext("%(count)s to come", "%(count)s to come", count),
    }
    return words[verdict] % {"count": count}


def audited(found: Round) -> list[str] | None:
    """Do the sum of a round again; return what is wrong with it, and None when its rows are gone."""
    if not found.rows and found.bids:
        return None
    return [told(one) for one in rules.audit(record_of(found), given_hash=bytes.fromhex(found.bids_hash), own={})]


def rounds_of_deal(node_name: str, deal_id: str, *, limit: int = LISTED) -> list[Row]:
    """Return how the last rounds went for one deal in which we sell."""
    found = []
    for one in newest(node_name, limit=limit):
        for row in one.rows:
            if row.get("deal") == deal_id:
                found.append(
                    round_row(one)
                    | {"ceiling": price(row["max"]), "granted": format_speed(row["granted"]), "why": why(row["why"])}
                )
    return found
