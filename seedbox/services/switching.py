"""Starting and stopping torrents so that it can be taken back: a signed word says exactly what was switched.

A removal can't be taken back: the files of a torrent that nobody holds are deleted at once, and a word that it works
all the same would tell that somebody else holds it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.core import signing
from django.db import transaction

from seedbox.models import Holding, Torrent, User
from seedbox.services import holdings

UNDO_WITHIN = timedelta(minutes=5)
MAX_UNDONE = 1_000  # torrents: the word has to fit into a form
SALT = "seedbox.undo"

Switch = Literal["start", "stop"]
OPPOSITE: dict[Switch, Switch] = {"start": "stop", "stop": "start"}


class TooLate(Exception):
    """It is too late to undo this, or it was somebody else's."""


@dataclass(frozen=True)
class Switched:
    count: int  # of all that were asked for
    undo: str  # the word that takes it back; "" if nothing changed, or too much


def switch(*, user: User, holding_ids: Collection[int], verb: Switch, now: datetime) -> Switched:
    """Start or stop the user's holdings. Raises holdings.NotFound as `holdings.change` does."""
    with transaction.atomic():
        changed = _locked_ids(user, holding_ids, runs=verb == "stop")
        count = holdings.change(user=user, holding_ids=holding_ids, verb=verb, now=now)
    if not 0 < len(changed) <= MAX_UNDONE:
        return Switched(count, "")
    word = {"user": user.pk, "verb": OPPOSITE[verb], "ids": changed}
    return Switched(count, signing.dumps(word, salt=SALT, compress=True))


def undo(word: str, *, user: User, now: datetime) -> int:
    """Switch back what a word says was switched and still is; return how many. Twice is as once. Raises TooLate."""
    try:
        said = signing.loads(word, salt=SALT, max_age=UNDO_WITHIN)
    except signing.BadSignature:
        raise TooLate from None
    if said["user"] != user.pk:
        raise TooLate
    verb: Switch = said["verb"]
    with transaction.atomic():
        still = _locked_ids(user, said["ids"], runs=verb == "stop")
        return holdings.change(user=user, holding_ids=still, verb=verb, now=now) if still else 0


def _locked_ids(user: User, holding_ids: Collection[int], *, runs: bool) -> list[int]:
    """Return which of these holdings run, or do not, with their torrents locked as everywhere before holdings."""
    own = Holding.objects.filter(user=user, pk__in=holding_ids)
    torrent_ids = list(own.values_list("torrent_id", flat=True))
    list(Torrent.objects.select_for_update().filter(pk__in=torrent_ids).order_by("pk").values_list("pk", flat=True))
    return list(own.filter(runs=runs).order_by("pk").values_list("pk", flat=True))
