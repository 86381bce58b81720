"""What a buyer finds when it sums up the rounds of others anew: each that one of its bids was in, once.

A seller shows the rows of a round from one hour to 24 hours after its end. Ages are taken by our own clock, from when
we heard of the round, so a seller's clock may be wrong by any amount.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from seedbox.domain.kept import kept as _
from seedbox.domain.kept import together
from speed.domain.clearing import Terms
from speed.domain.rounds import FIRST_SERVED_S, LAST_SERVED_S, ROUND_S, RoundRecord, Told, audit_told, leaf_of
from speed.models import BuyingDeal, Cause, SeenRound, Verdict
from speed.services import avoided

SHOWN_AFTER = timedelta(seconds=FIRST_SERVED_S + ROUND_S + 60)  # a little later than it must be
SHOWN_FOR = timedelta(seconds=LAST_SERVED_S - 60)
WRONG_SHOWN = 20
AT_ONCE = 100  # rounds of one seller
MAX_SELLERS = 200
NOT_REACHED = _("The seller was not reached while it shows this round.")


@dataclass(frozen=True)
class Due:
    """What is to be asked for."""

    rounds: Mapping[bytes, tuple[int, ...]]  # of sellers that are connected, by Speed key
    endpoints: Mapping[bytes, str]  # where others were called


def due(node_name: str, *, linked: Collection[bytes], now: datetime) -> Due:
    """Return which rounds of a node's deals are to be audited now; those that are shown no more are given up."""
    SeenRound.objects.filter(_UNAUDITED, at__lt=now - SHOWN_FOR).update(verdict=Verdict.NOT_SHOWN, finding=NOT_REACHED)
    deals = BuyingDeal.objects.filter(node_name=node_name, deal_id__in=_due(now).values("deal_id"))
    found: dict[bytes, list[BuyingDeal]] = {}
    for deal in deals.order_by("pk"):
        found.setdefault(bytes.fromhex(deal.peer_key), []).append(deal)
    return Due(
        rounds={key: _numbers(sold, now) for key, sold in found.items() if key in linked},
        endpoints={
            key: sold[-1].endpoint
            for key, sold in list(found.items())[:MAX_SELLERS]
            if key not in linked and sold[-1].endpoint
        },
    )


def judge(node_name: str, peer_key: bytes, record: RoundRecord, *, now: datetime) -> list[str]:
    """Compare what a seller shows of a round with what it said then; return what is wrong, in kept sentences.

    A seller that was wrong is bid for no more for a while; not again for what it said before it was forgiven.
    """
    found: list[str] = []
    unforgiven: list[str] = []
    with transaction.atomic():
        let_in_at = avoided.let_in_at(peer_key.hex(), now=now)
        for seen in _seen(node_name, peer_key, record.round):
            findings = audit_told(record, _told(seen), given_hash=bytes.fromhex(seen.bids_hash))
            seen.verdict = Verdict.WRONG if findings else Verdict.RIGHT
            seen.finding = together(findings)
            seen.save(update_fields=["verdict", "finding"])
            found += findings
            if let_in_at is None or seen.at > let_in_at:
                unforgiven += findings
        if unforgiven:
            text = _("Round %(number)s: %(findings)s", {"number": record.round, "findings": together(unforgiven)})
            avoided.avoid(peer_key.hex(), cause=Cause.WRONG_ROUND, text=text, now=now)
    return found


def give_up(node_name: str, peer_key: bytes, number: int, *, why: str) -> None:
    """A seller does not show a round."""
    for seen in _seen(node_name, peer_key, number):
        seen.verdict, seen.finding = Verdict.NOT_SHOWN, why
        seen.save(update_fields=["verdict", "finding"])


# --- for pages


def counts(deal_id: str) -> dict[Verdict, int]:
    """Return how many rounds of a deal were found right, wrong, and so on; those that can't be audited are left out."""
    rows = SeenRound.objects.filter(deal_id=deal_id).exclude(salt="").order_by().values_list("verdict")
    return {Verdict(verdict): count for verdict, count in rows.annotate(count=Count("pk"))}


def wrong_rounds(deal_id: str) -> list[SeenRound]:
    """Return the newest of them; `counts` says how many there are."""
    return list(SeenRound.objects.filter(deal_id=deal_id, verdict=Verdict.WRONG).order_by("-number")[:WRONG_SHOWN])


_UNAUDITED = Q(verdict=Verdict.NONE) & ~Q(salt="")


def _due(now: datetime) -> QuerySet[SeenRound]:
    return SeenRound.objects.filter(_UNAUDITED, at__gte=now - SHOWN_FOR, at__lte=now - SHOWN_AFTER)


def _numbers(deals: list[BuyingDeal], now: datetime) -> tuple[int, ...]:
    rows = _due(now).filter(deal_id__in=[deal.deal_id for deal in deals]).order_by("at")
    return tuple(dict.fromkeys(rows.values_list("number", flat=True)[:AT_ONCE]))


def _seen(node_name: str, peer_key: bytes, number: int) -> QuerySet[SeenRound]:
    deals = BuyingDeal.objects.filter(node_name=node_name, peer_key=peer_key.hex()).values("deal_id")
    return SeenRound.objects.filter(_UNAUDITED, number=number, deal_id__in=deals)


def _told(seen: SeenRound) -> Told:
    stood = [seen.max_price_ubtt_per_gib, seen.spend_ubtt_per_s, seen.useful_bytes_per_s]
    return Told(
        leaf=leaf_of(salt=bytes.fromhex(seen.salt), deal=bytes.fromhex(seen.deal_id)),
        bids=tuple(Terms(ceiling, spend, useful, 0) for ceiling, spend, useful in [stood, *seen.earlier_bids]),
        price_ubtt_per_gib=seen.price_ubtt_per_gib,
        granted_bytes_per_s=seen.granted_bytes_per_s,
    )
