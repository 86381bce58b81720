"""Automatic bids: those that follow from what users said of slow torrents, and what their node's agent must know."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from seedbox.services import market_facts
from seedbox.services.market_facts import Downloading
from speed.domain.auto_terms import OwnTerms, TorrentTerms, terms_of_torrent
from speed.domain.autobid_view import State
from speed.domain.shortfall import Goal
from speed.domain.uplift import Verdict
from speed.models import AutoBidding, AutoRun, AutoTorrent, Bid, Budget, BuyingDeal
from speed.services import budgets

MAX_TORRENTS = 100  # of one user on one node that are bid for at once: each is looked at every round
WHOLE = gettext_noop("The torrent is complete.")
USED_UP = gettext_noop("The budget of this torrent is used up.")
GIVEN_UP = (State.NO_GAIN, State.LATE)
NO_GAIN = gettext_noop(
    "Measured beside unpaid minutes, paying made it no faster: nothing is bid until you turn it on anew."
)
LATE = gettext_noop("The time by which it should be finished has passed: nothing is bid any more.")


@dataclass(frozen=True)
class Auto:
    """What makes a standing bid an automatic one."""

    goal: Goal
    torrent_left_ubtt: int  # of the budgets; below zero where one was lowered under what channels hold
    day_left_ubtt: int
    limits_ubtt: tuple[int, int]  # of torrent and day, as they are now
    seed: str = ""  # of its run, with which measuring begins; "": there is none so far


@dataclass(frozen=True)
class _Wanted:
    terms: TorrentTerms
    asks_directory: bool
    is_own: bool  # turned on for this torrent by itself


Key = tuple[str, str]  # node and torrent


def follow(*, now: datetime, node_name: str | None = None, user_id: int | None = None) -> None:
    """Let bids follow what was said: on that node, of that user. The agent does so again and again.

    A bid that somebody made by hand stays his, unless it was said of that very torrent. Each user's budget is locked
    meanwhile, as by whoever says something: what was just turned off does not come on again.
    """
    said = AutoBidding.objects.filter(is_on=True).values_list("user_id", flat=True)
    own = AutoTorrent.objects.filter(choice=AutoTorrent.Choice.ON).values_list("user_id", flat=True)
    standing = Bid.objects.filter(is_auto=True, is_on=True).values_list("user_id", flat=True)
    found = {*said, *own, *standing} if user_id is None else {user_id}
    for one in sorted(found):
        with transaction.atomic():
            if Budget.objects.select_for_update().filter(pk=one, is_on=True).exists():
                _follow(one, node_name, now)


def _follow(user_id: int, node_name: str | None, now: datetime) -> None:
    general = AutoBidding.objects.filter(pk=user_id).first()
    own = {(one.node_name, one.torrent_key): one for one in AutoTorrent.objects.filter(user_id=user_id)}
    rows = Bid.objects.filter(user_id=user_id)
    bids = {(bid.node_name, bid.torrent_key): bid for bid in (rows.filter(node_name=node_name) if node_name else rows)}
    loading = {_key(one): one for one in market_facts.downloading(user_id=user_id, node_name=node_name)}
    standing = {key: bid for key, bid in bids.items() if bid.is_on and bid.is_auto}
    _end_loaded(bid for key, bid in standing.items() if key not in loading)
    for key, bid in standing.items():
        if bid.is_on:
            _change(bid, _wanted(general, own.get(key)), now)
    counts = _counts((bid for bid in standing.values() if bid.is_on), loading)
    for torrent in loading.values():
        wanted, old = _wanted(general, own.get(_key(torrent))), bids.get(_key(torrent))
        if wanted is None or (old is not None and old.is_on and (old.is_auto or not wanted.is_own)):
            continue
        if counts[torrent.node_name] < MAX_TORRENTS:
            _change(old or _new(user_id, torrent), wanted, now)
            counts[torrent.node_name] += 1


def full_nodes(user_id: int) -> list[str]:
    """Return the nodes that look at no more torrents of a user's: others follow as these end."""
    loading = {_key(torrent) for torrent in market_facts.downloading(user_id=user_id)}
    counts = _counts(Bid.objects.filter(user_id=user_id, is_auto=True, is_on=True), loading)
    return sorted(name for name, count in counts.items() if count >= MAX_TORRENTS)


def _counts(standing: Iterable[Bid], loading: Collection[Key]) -> Counter[str]:
    """Return how many torrents each node looks at: what rests, or is given up, takes no time."""
    found = [bid for bid in standing if (bid.node_name, bid.torrent_key) in loading and bid.note != USED_UP]
    given_up = set(AutoRun.objects.filter(bid__in=found, state__in=GIVEN_UP).values_list("bid_id", flat=True))
    return Counter(bid.node_name for bid in found if bid.pk not in given_up)


def _end_loaded(resting: Iterable[Bid]) -> None:
    """End bids for what is loaded, once their deals are over: most torrents are kept for long, and take no place."""
    whole = {bid.pk: bid for bid in resting if bid.note == WHOLE}
    for pk in BuyingDeal.objects.filter(bid_id__in=whole, is_closed=False).values_list("bid_id", flat=True):
        whole.pop(pk, None)
    if whole:
        Bid.objects.filter(pk__in=whole).update(is_on=False, on_at=None)
    for bid in whole.values():
        bid.is_on, bid.on_at = False, None


def _key(torrent: Downloading) -> Key:
    return torrent.node_name, torrent.key


def _wanted(general: AutoBidding | None, own: AutoTorrent | None) -> _Wanted | None:
    """Return what is to be bid for one torrent; None if it is off."""
    choice = own.choice if own else AutoTorrent.Choice.AS_ALL
    if general is None or choice == AutoTorrent.Choice.OFF:
        return None
    if not general.is_on and choice != AutoTorrent.Choice.ON:
        return None
    terms = terms_of_torrent(general, own.terms if own else OwnTerms())
    return _Wanted(terms, asks_directory=general.asks_directory, is_own=choice == AutoTorrent.Choice.ON)


def _new(user_id: int, torrent: Downloading) -> Bid:
    return Bid(
        user_id=user_id,
        node_name=torrent.node_name,
        torrent_id=torrent.torrent_id,
        torrent_key=torrent.key,
        is_on=False,
    )


def _change(bid: Bid, wanted: _Wanted | None, now: datetime) -> None:
    """Make a bid what it shall be, and write it if it was not."""
    if wanted is None:
        Bid.objects.filter(pk=bid.pk).update(is_on=False, on_at=None, note="")
        bid.is_on = False
        return
    terms = wanted.terms
    columns = {
        "max_price_ubtt_per_gib": terms.ceiling_ubtt_per_gib,
        "spend_ubtt_per_s": 0,
        "useful_bytes_per_s": 0,
        "budget_ubtt": terms.budget_ubtt,
        "asks_directory": wanted.asks_directory,
        "is_auto": True,
        "least_bytes_per_s": terms.least_bytes_per_s,
        "finish_at": terms.finish_at,
        "is_on": True,
    }
    if all(getattr(bid, name) == value for name, value in columns.items()):
        return
    for name, value in columns.items():
        setattr(bid, name, value)
    if bid.on_at is None:
        bid.on_at, bid.note = now, ""
    bid.save()


# --- for the agent


def of_bids(rows: Iterable[Bid], open_budgets: Iterable[Budget], *, now: datetime) -> dict[int, Auto]:
    """Return what is automatic about these bids, by bid; those made by hand are left out."""
    found = [row for row in rows if row.is_auto]
    if not found:
        return {}
    days = {budget.user_id: budget for budget in open_budgets}
    seeds = dict(AutoRun.objects.filter(bid__in=found).values_list("bid_id", "seed"))
    left_of_torrents, left_of_days = budgets.left(found, days.values(), now=now)
    return {
        row.pk: Auto(
            goal=goal_of(row),
            torrent_left_ubtt=left_of_torrents[row.pk],
            day_left_ubtt=left_of_days[row.user_id],
            limits_ubtt=(row.budget_ubtt, days[row.user_id].day_limit_ubtt),
            seed=seeds.get(row.pk, ""),
        )
        for row in found
        if row.user_id in days
    }


def poor_last(rows: Iterable[Bid], autos: Mapping[int, Auto]) -> list[Bid]:
    """Return bids in their order, those last whose budget had no room in their last round: others' may follow.

    Of these the one comes first that has most by now, so that a day which is over lets somebody bid again.
    """
    poor = AutoRun.objects.filter(bid_id__in=autos, state=State.NO_MONEY).values_list("bid_id", flat=True)
    left = {pk: min(autos[pk].torrent_left_ubtt, autos[pk].day_left_ubtt) for pk in poor}
    return sorted(rows, key=lambda row: (row.pk in left, -left.get(row.pk, 0)))


def look_again(user_id: int) -> None:
    """A user has said something of money: whatever was without any is looked at again."""
    AutoRun.objects.filter(bid__user_id=user_id, state=State.NO_MONEY).update(state=State.FAST_ENOUGH)


def goal_of(bid: Bid) -> Goal:
    finish_at_s = int(bid.finish_at.timestamp()) if bid.finish_at is not None else None
    return Goal(bid.least_bytes_per_s, finish_at_s)


def over(autos: Mapping[int, Auto], *, now: datetime) -> dict[int, str]:
    """Return which automatic bids have come to their end by themselves, and why: others' may follow."""
    no_gain = AutoRun.objects.filter(bid_id__in=autos, verdict=Verdict.BRINGS_NOTHING).values_list("bid_id", flat=True)
    late = {pk: LATE for pk, auto in autos.items() if auto.goal.is_late(now_s=int(now.timestamp()))}
    return late | dict.fromkeys(no_gain, NO_GAIN)
