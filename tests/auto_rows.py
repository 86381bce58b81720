"""Rows of automatic bids as nodes write them, for pictures of the pages that show them."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from seedbox.models import Holding
from speed.domain.autobid_view import State
from speed.models import AutoRun, Bid
from speed.services import autobid, news
from speed.services.autobid import Terms
from tests.market_rows import BTT, MIB, a_buying_deal, a_quote

GIB = 1 << 30
TERMS = Terms(60 * BTT, 200 * BTT, 320 * BTT, 2 * MIB)
ELSEWHERE = "attic"  # a node that does not run: what stands there stays as it is written here
BIDS = "The swarm gives 180 KiB/s and 1.84 MiB/s for money, the wish is 2.00 MiB/s, 2 sellers from 12 BTT/GiB: "


def an_auto_bid(holding: Holding, node_name: str, *, now: datetime, **fields: object) -> Bid:
    """Return an automatic bid of a holder's on a node."""
    torrent = holding.torrent
    wanted = {"is_auto": True, "max_price_ubtt_per_gib": 60 * BTT, "spend_ubtt_per_s": 0, "budget_ubtt": 200 * BTT}
    return Bid.objects.create(
        user_id=holding.user_id,
        node_name=node_name,
        torrent_key=torrent.key,
        torrent_id=torrent.pk,
        **{"is_on": True, "on_at": now, "least_bytes_per_s": 2 * MIB} | wanted | fields,
    )


def a_run(bid: Bid, state: State, sentence: str, **fields: object) -> AutoRun:
    return AutoRun.objects.create(bid=bid, seed="ab" * 16, state=state, sentence=sentence, **fields)


def fill(whole: str, slow: str) -> None:
    """Let slow torrents of a real box have been bid for by themselves: one is, one was, and one is watched."""
    now = timezone.now()
    of_whole, of_slow = (Holding.objects.get(torrent__name=name) for name in (whole, slow))
    bids = an_auto_bid(of_whole, ELSEWHERE, now=now)
    a_run(
        bids,
        State.BIDDING,
        BIDS + "bidding 14.2 to 15, at most 95.5 BTT today.",
        pairs=[1.9, 2.2, 2.05, 2.4, 1.8, 2.1, 2.3],
        all_paid_ms=3_100_000,
        total_bytes_per_s=2 * MIB,
    )
    since = {"opened_at": now - timedelta(hours=1), "expires_at": now, "state": "closed", "is_closed": True}
    paid = a_buying_deal(of_whole, deal_id="d7" * 16, channel_id="c7" * 16, amount_ubtt=200 * BTT, **since)
    type(paid).objects.filter(pk=paid.pk).update(bid_id=bids.pk, cumulative_ubtt=104_512_300)
    Bid.objects.filter(pk=paid.bid_id, is_auto=False).delete()
    ended = an_auto_bid(of_slow, ELSEWHERE, now=now, is_on=False, on_at=None)
    said = "Measured beside unpaid minutes, paying made it no faster: nothing is bid any more."
    a_run(ended, State.NO_GAIN, said, pairs=[0.1, -0.2, 0.05, 0.0, -0.1, 0.15], all_paid_ms=2_900_000)
    autobid.turn_on(of_slow.user_id, replace(TERMS, finish_at=now + timedelta(days=2)), now=now)
    a_quote(of_slow.torrent, 9, seen_at=now)


def add() -> None:
    """Let one more torrent of that user be bid for by itself, and tell open pages."""
    known = Bid.objects.filter(is_auto=True, node_name=ELSEWHERE)
    user_id = known.latest("pk").user_id
    others = Holding.objects.filter(user_id=user_id).exclude(torrent_id__in=known.values("torrent_id"))
    an_auto_bid(others.latest("pk"), ELSEWHERE, now=timezone.now())
    news.tell({user_id})
