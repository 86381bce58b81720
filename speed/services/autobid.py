"""What users say of slow torrents: on with a ceiling, budgets and a wish, off, for one torrent otherwise, and stop."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.domain import autobid_words as words
from speed.domain.auto_terms import OwnTerms, terms_of_torrent
from speed.domain.autobid_view import State
from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB
from speed.domain.supply import LEAST_LANE_BYTES_PER_S
from speed.models import AutoBidding, AutoTorrent, Bid, Budget
from speed.services import auto_bids, auto_runs, spenders
from speed.services.bids import MAX_SPEED_BYTES_PER_S, BadBid, NoSuchTorrent
from wallet.domain.money import MAX_AMOUNT_UBTT

CEILING = gettext_noop("Say what a GiB may cost at most, from 0.004096 to 1,099,511 BTT: nothing is bid above it.")
TORRENT_BUDGET = gettext_noop("Say what one torrent may cost in all, at least 0.000001 BTT.")
DAY_LIMIT = gettext_noop("Say what may be spent within 24 hours, at least 0.000001 BTT: without it nothing is bid.")
NO_WISH = gettext_noop("Say how fast a torrent shall be, or by when it shall be finished: without a wish none is slow.")
SPEED = gettext_noop("Say a speed of at least 16 KiB/s, or leave it out and say a time: no smaller lane is sold.")
PAST = gettext_noop("Say a time that is still to come, or leave it out and say a speed.")
NOT_SPENDING = gettext_noop("Your spending is off: turn it on first, with a limit for 24 hours, for all torrents.")
NOT_SAID = gettext_noop("Say a ceiling, a budget and a wish for this torrent, or for all torrents first.")

Choice = AutoTorrent.Choice


@dataclass(frozen=True)
class Terms:
    """What a user wants for all slow torrents."""

    ceiling_ubtt_per_gib: int
    torrent_budget_ubtt: int
    day_limit_ubtt: int
    least_bytes_per_s: int = 0
    finish_at: datetime | None = None
    asks_directory: bool = False


def turn_on(user_id: int, terms: Terms, *, now: datetime) -> None:
    """Have a user's slow torrents bid for, all but those that are off by themselves; or change how. Raises BadBid."""
    problems = problems_of_all(terms, now=now)
    if problems:
        raise BadBid(problems)
    spenders.allow(user_id, day_limit_ubtt=terms.day_limit_ubtt, now=now)
    with _said(user_id):
        AutoBidding.objects.update_or_create(
            user_id=user_id,
            defaults={
                "is_on": True,
                "ceiling_ubtt_per_gib": terms.ceiling_ubtt_per_gib,
                "torrent_budget_ubtt": terms.torrent_budget_ubtt,
                "least_bytes_per_s": terms.least_bytes_per_s,
                "finish_at": terms.finish_at,
                "asks_directory": terms.asks_directory,
            },
        )
        auto_bids.look_again(user_id)
        auto_bids.follow(user_id=user_id, now=now)


def turn_off(user_id: int, *, now: datetime) -> None:
    """Have slow torrents bid for no longer, but for those that are on by themselves; bids by hand stay as they are."""
    with _said(user_id):
        AutoBidding.objects.filter(pk=user_id).update(is_on=False)
        on = _own(user_id).filter(choice=Choice.ON).values_list("node_name", "torrent_key")
        stays = set(on)
        _end([bid for bid in _standing(user_id) if (bid.node_name, bid.torrent_key) not in stays], now=now)


def stop(user_id: int, *, now: datetime) -> None:
    """Stop all spending of a user at once: the ledger opens no channel any more, and only what is owed is paid.

    1. The keys of this box's nodes may spend for the user no longer, in the ledger itself.
    2. No torrent is bid for by itself any more, nor is any that was on by itself when spending is turned on again.
    """
    spenders.stop(user_id, now=now)
    with _said(user_id):
        AutoBidding.objects.filter(pk=user_id).update(is_on=False)
        _own(user_id).filter(choice=Choice.ON).update(choice=Choice.AS_ALL)
        _end(list(_standing(user_id)), now=now)


def choose(user_id: int, torrent_id: int, choice: AutoTorrent.Choice, own: OwnTerms, *, now: datetime) -> None:
    """Decide on one torrent: on, off or as all others, with terms of its own. Raises BadBid, NoSuchTorrent.

    On is also a word to try again what was given up, because paying had brought nothing; other terms alone are none.
    Off is a word that is always taken, also for a torrent whose time has passed.
    """
    torrent = market_facts.torrent(torrent_id)
    if torrent is None or user_id not in torrent.holders:
        raise NoSuchTorrent
    with _said(user_id):
        first = _check(user_id, choice, own, now=now)
        if first is not None:  # unless the page for all torrents has said it meanwhile
            AutoBidding.objects.bulk_create([first], ignore_conflicts=True)
        before = of_torrent(user_id, torrent_id)
        is_said_anew = before is None or before.choice != Choice.ON or before.terms == own
        _write(user_id, torrent, choice, own)
        bids = Bid.objects.filter(user_id=user_id, node_name=torrent.node_name, torrent_key=torrent.key)
        if choice is Choice.ON and is_said_anew:
            auto_runs.begin_anew(bids.filter(auto_run__verdict="brings_nothing").values_list("pk", flat=True))
        elif choice is Choice.OFF:
            _end(list(bids.filter(is_auto=True, is_on=True)), now=now)
        auto_bids.look_again(user_id)
        auto_bids.follow(user_id=user_id, now=now)


def _check(user_id: int, choice: AutoTorrent.Choice, own: OwnTerms, *, now: datetime) -> AutoBidding | None:
    """Return what has to be said of all torrents first, if nothing is. Raises BadBid if this can't be chosen."""
    general = of_user(user_id)
    first = _first_terms(user_id, own) if general is None and choice is not Choice.OFF else None
    problems = {}
    if (beside := general or first) is not None and (choice is Choice.ON or own != OwnTerms()):
        problems = problems_of(beside, own, now=now)
    if choice is Choice.OFF:
        problems.pop("finish_at", None)
    if problems:
        raise BadBid(problems)
    if choice is Choice.ON and not spenders.budget_of(user_id).is_on:
        raise BadBid({"day_limit_ubtt": _(NOT_SPENDING)})
    return first


def _write(user_id: int, torrent: TorrentFacts, choice: AutoTorrent.Choice, own: OwnTerms) -> None:
    AutoTorrent.objects.update_or_create(
        user_id=user_id,
        node_name=torrent.node_name,
        torrent_key=torrent.key,
        defaults={
            "torrent_id": torrent.torrent_id,
            "choice": choice,
            "ceiling_ubtt_per_gib": own.ceiling_ubtt_per_gib,
            "budget_ubtt": own.budget_ubtt,
            "least_bytes_per_s": own.least_bytes_per_s,
            "finish_at": own.finish_at,
        },
    )


def of_user(user_id: int) -> AutoBidding | None:
    """Return what a user has said for all torrents, also while it is off; None if nothing was said so far."""
    return AutoBidding.objects.filter(pk=user_id).first()


def of_torrent(user_id: int, torrent_id: int) -> AutoTorrent | None:
    """Return what a user has said of one torrent."""
    return _own(user_id).filter(torrent_id=torrent_id).first()


def own_terms(user_id: int, torrent_id: int) -> OwnTerms:
    """Return what was said of one torrent, for whoever says it again with another choice."""
    own = of_torrent(user_id, torrent_id)
    return own.terms if own is not None else OwnTerms()


def find_problems(
    *,
    ceiling_ubtt_per_gib: int,
    budget_ubtt: int,
    least_bytes_per_s: int,
    finish_at: datetime | None,
    now: datetime,
) -> dict[str, str]:
    """Return a sentence for each field that can't be taken as it is."""
    found = {}
    if not MIN_PRICE_UBTT_PER_GIB <= ceiling_ubtt_per_gib <= MAX_PRICE_UBTT_PER_GIB:
        found["ceiling_ubtt_per_gib"] = _(CEILING)
    if not 1 <= budget_ubtt <= MAX_AMOUNT_UBTT:
        found["budget_ubtt"] = _(TORRENT_BUDGET)
    if least_bytes_per_s == 0 and finish_at is None:
        found["least_bytes_per_s"] = _(NO_WISH)
    elif least_bytes_per_s and not LEAST_LANE_BYTES_PER_S <= least_bytes_per_s <= MAX_SPEED_BYTES_PER_S:
        found["least_bytes_per_s"] = _(SPEED)
    if finish_at is not None and finish_at <= now:
        found["finish_at"] = _(PAST)
    return found


def problems_of_all(terms: Terms, *, now: datetime) -> dict[str, str]:
    """Return a sentence for each field of the terms for all torrents that can't be taken as it is."""
    problems = find_problems(
        ceiling_ubtt_per_gib=terms.ceiling_ubtt_per_gib,
        budget_ubtt=terms.torrent_budget_ubtt,
        least_bytes_per_s=terms.least_bytes_per_s,
        finish_at=terms.finish_at,
        now=now,
    )
    if "budget_ubtt" in problems:
        problems["torrent_budget_ubtt"] = problems.pop("budget_ubtt")
    if not 1 <= terms.day_limit_ubtt <= MAX_AMOUNT_UBTT:
        problems["day_limit_ubtt"] = _(DAY_LIMIT)
    return problems


def problems_of(general: AutoBidding | Terms, own: OwnTerms, *, now: datetime) -> dict[str, str]:
    """Return a sentence for each field of one torrent's terms that can't be taken beside those for all."""
    terms = terms_of_torrent(general, own)
    return find_problems(
        ceiling_ubtt_per_gib=terms.ceiling_ubtt_per_gib,
        budget_ubtt=terms.budget_ubtt,
        least_bytes_per_s=terms.least_bytes_per_s,
        finish_at=terms.finish_at,
        now=now,
    )


def _first_terms(user_id: int, own: OwnTerms) -> AutoBidding:
    """Return what one torrent's terms say of all, for who has said nothing else: off. Raises BadBid."""
    if own.ceiling_ubtt_per_gib is None or own.budget_ubtt is None or not own.has_wish:
        raise BadBid({"ceiling_ubtt_per_gib": _(NOT_SAID)})
    return AutoBidding(
        user_id=user_id,
        ceiling_ubtt_per_gib=own.ceiling_ubtt_per_gib,
        torrent_budget_ubtt=own.budget_ubtt,
        least_bytes_per_s=own.least_bytes_per_s or 0,
        finish_at=own.finish_at,
    )


@contextmanager
def _said(user_id: int) -> Iterator[None]:
    """Say something of a user's bids at one go, with the budget locked: see `auto_bids.follow`.

    Who has none gets one of nothing: without a row to lock, two pages could wait for each other.
    """
    with transaction.atomic():
        Budget.objects.bulk_create([Budget(user_id=user_id)], ignore_conflicts=True)
        list(Budget.objects.select_for_update().filter(pk=user_id))
        yield


def _own(user_id: int) -> QuerySet[AutoTorrent]:
    return AutoTorrent.objects.filter(user_id=user_id)


def _standing(user_id: int) -> QuerySet[Bid]:
    return Bid.objects.filter(user_id=user_id, is_auto=True, is_on=True)


def _end(bids: list[Bid], *, now: datetime) -> None:
    ids = [bid.pk for bid in bids]
    Bid.objects.filter(pk__in=ids).update(is_on=False, on_at=None, note="")
    auto_runs.say(ids, state=State.STOPPED, sentence=words.STOPPED, now=now)
