"""What a node's torrents have to tell their holders: that one is complete, is in trouble, or is well again.

Told in the transaction that writes what was seen, and only where that differs from what was written before: so a node
that starts again, or checks files anew, tells nothing twice, and a crash loses nothing.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from seedbox.domain.kept import told
from seedbox.domain.states import State
from seedbox.models import Holding
from seedbox.services.notice_kinds import Kind
from seedbox.services.notices import Tiding
from seedbox.services.rows import printable, torrent_name
from seedbox.services.ward import TROUBLE, Charge

COMPLETE = Kind("complete", gettext_lazy("Torrents that are complete"))
TROUBLED = Kind("trouble", gettext_lazy("Torrents that have an error or lost files, and when they are well again"))
KINDS = (COMPLETE, TROUBLED)

EACH_AT_MOST = 3  # of one user at one moment; more are one notice: a disk full of them would be a flood
AT_WORK = frozenset({State.DOWNLOADING, State.SEEDING, State.STOPPED, State.FINISHED})
_TONES = {"complete": "success", "trouble": "danger", "well": "success"}


def of(charges: Collection[Charge], *, now: datetime) -> list[Tiding]:
    """Return what the holders of these torrents are to be told, before `note`."""
    happened = {charge.torrent_id: (what, charge) for charge in charges if (what := _happening(charge))}
    if not happened:
        return []
    found: dict[tuple[int, str], list[tuple[Holding, Charge]]] = defaultdict(list)
    for holding in Holding.objects.filter(torrent__in=happened).select_related("torrent").order_by("pk"):
        what, charge = happened[holding.torrent_id]
        if what != "complete" or _has_fetched(holding, charge):
            found[holding.user_id, what].append((holding, charge))
    tidings = []
    for (user_id, what), own in found.items():
        if len(own) > EACH_AT_MOST:
            tidings.append(_many(user_id, what, [holding for holding, _charge in own], now))
        else:
            tidings += [_one(what, holding, charge, now) for holding, charge in own]
    return tidings


def note(charge: Charge) -> None:
    """Keep in mind what was written, so that the next time only what differs is told."""
    charge.was_fetched = charge.is_fetched
    if charge.observation.state in TROUBLE:
        charge.was_in_trouble = True
    elif charge.observation.state in AT_WORK:
        charge.was_in_trouble = False


def _happening(charge: Charge) -> str:
    state = charge.observation.state
    if state in TROUBLE:
        return "" if charge.was_in_trouble else "trouble"
    if charge.is_fetched and not charge.was_fetched:
        return "complete"
    return "well" if charge.was_in_trouble and state in AT_WORK else ""


def _has_fetched(holding: Holding, charge: Charge) -> bool:
    """Say whether this holder waited for it: who stopped it did not, nor who found it on the disk."""
    return holding.runs and charge.observation.downloaded_bytes > holding.downloaded_before_bytes


def _of_one(what: str, name: str, error: str, *, is_missing: bool) -> str:
    texts = {
        "complete": _("%(name)s is complete."),
        "trouble": _("%(name)s has an error: %(error)s"),
        "well": _("%(name)s is well again."),
    }
    text = _("Files of %(name)s are missing.") if what == "trouble" and is_missing else texts[what]
    return text % {"name": name, "error": printable(told(error))}


def _one(what: str, holding: Holding, charge: Charge, now: datetime) -> Tiding:
    name = printable(torrent_name(holding))[:120]
    is_missing = charge.observation.state == State.MISSING
    # A second error within the hour says nothing new; nor does a check that finds the same bytes again.
    episode = str(charge.observation.wanted_bytes) if what == "complete" else f"{now:%Y%m%d%H}"
    return Tiding(
        user_id=holding.user_id,
        kind=_kind(what),
        key=f"{what}/{holding.pk}/{episode}",
        at=now,
        tone=_TONES[what],
        text=partial(_of_one, what, name, charge.observation.error, is_missing=is_missing),
        url_name="torrent",
        url_args=(holding.pk,),
    )


def _of_many(what: str, count: int) -> str:
    texts = {
        "complete": ngettext("%(count)d torrent is complete.", "%(count)d torrents are complete.", count),
        "trouble": ngettext("%(count)d torrent has an error.", "%(count)d torrents have an error.", count),
        "well": ngettext("%(count)d torrent is well again.", "%(count)d torrents are well again.", count),
    }
    return texts[what] % {"count": count}


def _many(user_id: int, what: str, own: list[Holding], now: datetime) -> Tiding:
    return Tiding(
        user_id=user_id,
        kind=_kind(what),
        key=f"{what}/many/{now:%Y%m%d%H%M}/{own[0].pk}",  # more of them a moment later are others
        at=now,
        tone=_TONES[what],
        text=partial(_of_many, what, len(own)),
        url_name="torrents",
    )


def _kind(what: str) -> str:
    return COMPLETE.name if what == "complete" else TROUBLED.name
