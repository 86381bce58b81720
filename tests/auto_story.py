"""An automatic bid that has run for an hour, as its node's agent writes it: samples, unpaid blocks, sentences."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from seedbox.models import Holding
from speed.domain.autobid_view import State
from speed.models import AutoBidding, AutoDecision, AutoRun, AutoSample, AutoTorrent, Bid, Budget, BuyingDeal
from speed.services import auto_runs, news
from speed.services.auto_runs import Seen
from tests.auto_rows import ELSEWHERE, an_auto_bid
from tests.market_rows import BTT, MIB, a_buying_deal, reserve

KIB = 1024
PAIRS = [1.42, 1.31, 1.55, 1.38, 1.47, 1.44, 1.36]
SPENT_UBTT = 12_345_678
BLOCK = 6  # samples
SEEN = "The swarm gives 180 KiB/s, the wish is 2.00 MiB/s"
SAID = (
    (State.BIDDING, f"{SEEN}, 2 sellers from 40 BTT/GiB: bidding 45, at most 320 BTT today."),
    (State.CONTROL, f"{SEEN}: unpaid for a moment, to see what paying changes."),
    (State.WATCHING, f"{SEEN}: too slow, and bid for if it stays so for a minute."),
    (State.NO_SELLERS, f"{SEEN}, but nobody who is connected sells it: nothing is bid."),
)


@dataclass(frozen=True)
class Told:
    bid: Bid
    run: AutoRun
    deal: BuyingDeal


def turn_on(holding: Holding) -> None:
    """Let a user have said that this torrent, and no other, is bid for by itself."""
    of_all = {"ceiling_ubtt_per_gib": 60 * BTT, "torrent_budget_ubtt": 200 * BTT, "least_bytes_per_s": 2 * MIB}
    AutoBidding.objects.get_or_create(user_id=holding.user_id, defaults=of_all)
    Budget.objects.update_or_create(user_id=holding.user_id, defaults={"is_on": True, "day_limit_ubtt": 320 * BTT})
    torrent = holding.torrent
    key = {"user_id": holding.user_id, "node_name": torrent.node.name, "torrent_key": torrent.key}
    AutoTorrent.objects.create(**key, torrent_id=torrent.pk, choice=AutoTorrent.Choice.ON)


def tell(holding: Holding, *, now: datetime, minutes: int = 60, node_name: str = "local", **fields: object) -> Told:
    """Let a torrent have been bid for by itself for so long, with a hole in the middle."""
    turn_on(holding)
    bid = an_auto_bid(holding, node_name, now=now, **fields)
    run = AutoRun.objects.create(
        bid=bid,
        seed="ab" * 16,
        began_at=now - timedelta(minutes=minutes),
        is_slow=True,
        pairs=PAIRS,
        all_paid_ms=2_700_000,
        verdict="helps",
        state=State.BIDDING,
        sentence=SAID[0][1],
        total_bytes_per_s=2 * MIB,
        free_bytes_per_s=180 * KIB,
    )
    count = minutes * 6
    AutoSample.objects.bulk_create(
        _sample(run, number, count, now) for number in range(1, count + 1) if not count * 5 < number * 10 < count * 6
    )
    AutoDecision.objects.bulk_create(
        AutoDecision(
            run=run, at=now - timedelta(seconds=40 * back), state=SAID[back % 4][0], sentence=SAID[back % 4][1]
        )
        for back in range(25, -1, -1)
    )
    channel = {"deal_id": "d9" * 16, "channel_id": "c9" * 16, "amount_ubtt": 20 * BTT, "cumulative_ubtt": SPENT_UBTT}
    deal = a_buying_deal(holding, bid_id=bid.pk, node_name=bid.node_name, opened_at=now, **channel)
    reserve(deal)
    return Told(bid, run, deal)


def fill(name: str) -> None:
    """Let a torrent of a real box have been bid for."""
    tell(Holding.objects.get(torrent__name=name), now=timezone.now(), node_name=ELSEWHERE)


def go_on(sentence: str) -> None:
    """Let the newest such bid have gone on for a round, and tell open pages."""
    run = AutoRun.objects.latest("pk")
    now = timezone.now()
    seen = Seen(now, 3 * MIB, MIB, 2 * MIB, is_control=False, price_ubtt_per_gib=51 * BTT)
    auto_runs.sample(run.pk, seen)
    auto_runs.say([run.pk], state=State.TOO_DEAR, sentence=sentence, now=now)
    news.tell({run.bid.user_id})


def _sample(run: AutoRun, number: int, count: int, now: datetime) -> AutoSample:
    """Return one of ten seconds; every eighth block is unpaid, and what is free goes up and down."""
    is_control = number // BLOCK % 8 == 5
    free = (150 + number * number * 7 % 90) * KIB
    bought = 0 if is_control or number < BLOCK else (1_700 + number * number * 11 % 400) * KIB
    return AutoSample(
        run=run,
        at=now - timedelta(seconds=10 * (count - number)),
        total_bytes_per_s=free + bought,
        free_bytes_per_s=free,
        needed_bytes_per_s=2 * MIB,
        is_control=is_control,
        price_ubtt_per_gib=(40 + number // 40) * BTT if bought else 0,
        spent_ubtt=SPENT_UBTT * number // count,
        is_coarse=number % 30 == 1,
    )
