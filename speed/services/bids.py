"""Bids by hand: what users would pay to have a torrent faster, and which of them stands on a node."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB
from speed.models import AutoBidding, AutoTorrent, Bid, Budget, Hub, Pairing
from speed.services import auto_bids, budgets, spenders
from speed.services.auto_bids import Auto
from wallet.domain.money import MAX_AMOUNT_UBTT

MAX_SPEED_BYTES_PER_S = 1 << 50

NOT_ON = gettext_noop("Your spending is off: nothing is bid until you turn it on.")
OTHERS = gettext_noop("Another user's bid stands for this torrent on this node; yours follows when it ends.")
RIDES_ALONG = gettext_noop(
    "Another user's bid speeds this torrent up on this node, and you ride along; yours follows when it ends."
)
WHOLE = auto_bids.WHOLE
REMOVED = gettext_noop("Its user has removed the torrent.")
NOT_KNOWN = gettext_noop("What is in the torrent is not known yet.")
RESTS = gettext_noop("The torrent is not downloading.")
CHECKED = gettext_noop("The torrent's files are being checked; the bid goes on afterwards.")
PRIVATE = gettext_noop("The torrent is private: say that hubs may be asked who sells it, or nobody is found.")
USED_UP = auto_bids.USED_UP
USED_UP_TODAY = gettext_noop("The limit for 24 hours is used up.")
NO_ACCOUNT = gettext_noop("No hub that this node trusts has an account of yours that it may spend from.")


class BadBid(ValueError):
    """A bid can't be taken; `problems` says why, a sentence for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


class NoSuchTorrent(Exception):
    """This user holds no such torrent."""


@dataclass(frozen=True)
class Want:
    """A bid that stands now, and all that its node's agent must know of it."""

    bid_id: int
    user_id: int
    torrent: TorrentFacts
    max_price_ubtt_per_gib: int
    spend_ubtt_per_s: int
    useful_bytes_per_s: int  # 0: as fast as it gets
    asks_directory: bool
    accounts: Mapping[bytes, str]  # of the user, by hub: where money may come from, the own hub first
    auto: Auto | None = None  # the agent decides what is bid to whom
    is_checking: bool = False  # nothing is to be had for the moment, and deals go on when that is over

    @property
    def left_bytes(self) -> int:
        return self.torrent.wanted_bytes - self.torrent.done_bytes


@dataclass(frozen=True)
class Withdrawal:
    """What came of withdrawing a bid."""

    is_off: bool  # the torrent is not bid for by itself either, from now on


@dataclass(frozen=True)
class Standing:
    """All bids of one node."""

    wants: tuple[Want, ...]
    notes: Mapping[int, str]  # why others don't stand, by bid


def place(
    *,
    user_id: int,
    torrent_id: int,
    max_price_ubtt_per_gib: int,
    spend_ubtt_per_s: int,
    budget_ubtt: int,
    useful_bytes_per_s: int = 0,
    asks_directory: bool = False,
    now: datetime,
) -> Bid:
    """Let a bid stand, or change it; the node follows within seconds. Raises BadBid, NoSuchTorrent.

    Over an automatic bid it is one by hand from then on.
    """
    torrent = market_facts.torrent(torrent_id)
    if torrent is None or user_id not in torrent.holders:
        raise NoSuchTorrent
    problems = find_problems(
        max_price_ubtt_per_gib=max_price_ubtt_per_gib,
        spend_ubtt_per_s=spend_ubtt_per_s,
        useful_bytes_per_s=useful_bytes_per_s,
        budget_ubtt=budget_ubtt,
    )
    if problems:
        raise BadBid(problems)
    with transaction.atomic():
        _lock(user_id)
        bid, _ = Bid.objects.update_or_create(
            user_id=user_id,
            node_name=torrent.node_name,
            torrent_key=torrent.key,
            defaults={
                "torrent_id": torrent.torrent_id,
                "max_price_ubtt_per_gib": max_price_ubtt_per_gib,
                "spend_ubtt_per_s": spend_ubtt_per_s,
                "useful_bytes_per_s": useful_bytes_per_s,
                "budget_ubtt": budget_ubtt,
                "asks_directory": asks_directory,
                "is_auto": False,
                "is_on": True,
            },
        )
        own = AutoTorrent.objects.filter(user_id=user_id, node_name=torrent.node_name, torrent_key=torrent.key)
        own.filter(choice=AutoTorrent.Choice.ON).update(choice=AutoTorrent.Choice.AS_ALL)
        if bid.on_at is None:  # what is said of it is of before
            bid.on_at, bid.note = now, ""
            bid.save(update_fields=["on_at", "note"])
    spenders.bind(user_id, node_name=torrent.node_name, now=now)
    return bid


def withdraw(*, user_id: int, torrent_id: int) -> Withdrawal:
    """Let a user's bid stand no longer: what is owed is paid, and no more. Doing it twice is doing it once."""
    return _end(user_id, Bid.objects.filter(user_id=user_id, torrent_id=torrent_id))


def withdraw_one(user_id: int, bid_pk: int) -> Withdrawal | None:
    """Withdraw a user's bid by its number, also for a torrent that is gone; None if it is none of theirs."""
    own = Bid.objects.filter(pk=bid_pk, user_id=user_id)
    return _end(user_id, own) if own.exists() else None


def _end(user_id: int, own: QuerySet[Bid]) -> Withdrawal:
    """Let bids stand no longer; nor are they made anew where slow torrents are bid for by themselves."""
    is_off = False
    with transaction.atomic():
        _lock(user_id)
        for bid in own.filter(is_on=True):
            if bid.is_auto or AutoBidding.objects.filter(pk=user_id, is_on=True).exists():
                is_off = True
                AutoTorrent.objects.update_or_create(
                    user_id=user_id,
                    node_name=bid.node_name,
                    torrent_key=bid.torrent_key,
                    defaults={"torrent_id": bid.torrent_id, "choice": AutoTorrent.Choice.OFF},
                )
        own.filter(is_on=True).update(is_on=False, on_at=None, note="")
    return Withdrawal(is_off)


def _lock(user_id: int) -> None:
    """Wait until no node makes bids of what this user said, and let none begin: see `auto_bids.follow`."""
    list(Budget.objects.select_for_update().filter(pk=user_id))


def find_problems(
    *, max_price_ubtt_per_gib: int, spend_ubtt_per_s: int, useful_bytes_per_s: int, budget_ubtt: int
) -> dict[str, str]:
    """Return a sentence for each field that can't be taken as it is."""
    found = {}
    if not MIN_PRICE_UBTT_PER_GIB <= max_price_ubtt_per_gib <= MAX_PRICE_UBTT_PER_GIB:
        found["max_price_ubtt_per_gib"] = _(
            "Say 0.004096 to 1,099,511 BTT per GiB: less is not counted, more is a slip."
        )
    if not 1 <= spend_ubtt_per_s <= MAX_AMOUNT_UBTT:
        found["spend_ubtt_per_s"] = _("Say how fast money may go: at least 0.000001 BTT per second.")
    if not 0 <= useful_bytes_per_s <= MAX_SPEED_BYTES_PER_S:
        found["useful_bytes_per_s"] = _("Say a speed that is of use, or 0 for as fast as it gets.")
    if not 1 <= budget_ubtt <= MAX_AMOUNT_UBTT:
        found["budget_ubtt"] = _("Say what this torrent may cost in all.")
    return found


def of_torrent(torrent_id: int, *, user_id: int) -> Bid | None:
    """Return the user's own bid for a torrent, also one that does not stand."""
    return Bid.objects.filter(torrent_id=torrent_id, user_id=user_id).first()


def of_user(user_id: int) -> list[Bid]:
    """Return all bids of a user, those that stand first."""
    return list(Bid.objects.filter(user_id=user_id).order_by("-is_on", "-pk"))


def note(notes: Mapping[int, str]) -> None:
    """Write down why bids come to nothing right now; "" for those that do."""
    for bid_id, text in notes.items():
        Bid.objects.filter(pk=bid_id).exclude(note=text).update(note=text)


# --- for the agent


def end_of_removed(node_name: str) -> None:
    """End the bids on a node whose users hold the torrent no longer: nobody would find the torrent to withdraw them."""
    rows = list(Bid.objects.filter(node_name=node_name, is_on=True).values_list("pk", "user_id", "torrent_id"))
    if not rows:
        return
    holders = {
        one.torrent_id: one.holders for one in market_facts.torrents(ids={torrent_id for *_, torrent_id in rows})
    }
    gone = [pk for pk, user_id, torrent_id in rows if user_id not in holders.get(torrent_id, ())]
    Bid.objects.filter(pk__in=gone, is_on=True).update(is_on=False, on_at=None, note=REMOVED)


def standing(node_name: str, *, now: datetime) -> Standing:
    """Return which bids stand on a node: for each torrent the oldest one whose user has turned spending on."""
    rows = list(Bid.objects.filter(node_name=node_name, is_on=True).order_by("on_at", "pk"))
    if not rows:
        return Standing((), {})
    facts = {torrent.torrent_id: torrent for torrent in market_facts.torrents(ids={row.torrent_id for row in rows})}
    open_budgets = list(Budget.objects.filter(user_id__in={row.user_id for row in rows}, is_on=True))
    spending = {budget.user_id for budget in open_budgets}
    spent_bids, spent_users = budgets.used_up(rows, open_budgets, now=now)
    accounts = _accounts(node_name, spending)
    autos = auto_bids.of_bids(rows, open_budgets, now=now)
    over = auto_bids.over(autos, now=now)
    wants: dict[int, Want] = {}
    notes: dict[int, str] = {}
    for row in auto_bids.poor_last(rows, autos):
        torrent = facts.get(row.torrent_id)
        if torrent is None or row.user_id not in torrent.holders:
            continue  # it is gone, and so is whatever was to be said of it
        if why_not := _why_not(row, torrent, spends=row.user_id in spending, has_account=bool(accounts[row.user_id])):
            notes[row.pk] = why_not
        elif row.pk in spent_bids:
            notes[row.pk] = USED_UP
        elif row.user_id in spent_users:
            notes[row.pk] = USED_UP_TODAY
        elif row.pk in over:
            notes[row.pk] = over[row.pk]
        elif row.torrent_id in wants:
            notes[row.pk] = RIDES_ALONG if row.is_auto else OTHERS
        else:
            wants[row.torrent_id] = _want(row, torrent, accounts[row.user_id], autos.get(row.pk))
    return Standing(tuple(wants.values()), notes)


def _why_not(row: Bid, torrent: TorrentFacts, *, spends: bool, has_account: bool) -> str:
    if not spends:
        return NOT_ON
    if not has_account:
        return NO_ACCOUNT
    if torrent.is_complete:
        return WHOLE
    if not torrent.size_bytes or not torrent.info_hash:
        return NOT_KNOWN
    if not torrent.runs and not torrent.is_checking:
        return RESTS
    return PRIVATE if torrent.private and not row.asks_directory else ""


def _want(row: Bid, torrent: TorrentFacts, accounts: Mapping[bytes, str], auto: Auto | None) -> Want:
    return Want(
        bid_id=row.pk,
        user_id=row.user_id,
        torrent=torrent,
        max_price_ubtt_per_gib=row.max_price_ubtt_per_gib,
        spend_ubtt_per_s=row.spend_ubtt_per_s,
        useful_bytes_per_s=row.useful_bytes_per_s,
        asks_directory=row.asks_directory,
        accounts=accounts,
        auto=auto,
        is_checking=torrent.is_checking,
    )


def _accounts(node_name: str, spending: Iterable[int]) -> "_Accounts":
    """Return where users may spend from on a node: what the own hub calls a user's account is the user's id."""
    hubs = {hub.hub_id: hub.url for hub in Hub.objects.filter(is_trusted=True).order_by("url", "pk")}
    found = _Accounts()
    for user_id in spending:
        found[user_id] = {bytes.fromhex(hub_id): str(user_id) for hub_id, url in hubs.items() if not url}
    paired = Pairing.objects.filter(node_name=node_name, user_id__in=found, hub_id__in=hubs).exclude(account="")
    for pairing in paired.filter(daily_limit_ubtt__gt=0).order_by("pk"):  # one without a limit only earns
        found[pairing.user_id][bytes.fromhex(pairing.hub_id)] = pairing.account
    return found


class _Accounts(dict[int, dict[bytes, str]]):
    def __missing__(self, user_id: int) -> dict[bytes, str]:
        return {}
