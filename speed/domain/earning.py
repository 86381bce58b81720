"""What a torrent earns for the disk that it takes, and whether it is worth that disk.

Torrents are compared by what they have earned per GiB and day. Disk is what of the torrent is on its node, all of it:
a holder who lets go of it frees no half of a file. Days run from when its holder took it up, or from the first µBTT if
that came before, in an earlier holding of it: a torrent takes its disk from its first day, also while nobody buys. They
count in seconds, and as one day at least: a torrent that has sold for a minute would be the best of all otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from seedbox.domain.units import GIB, format_bytes
from wallet.domain.language import counted as ngettext
from wallet.domain.language import said as _
from wallet.domain.money import Asset, format_amount, format_count

DAY_S = 86_400
TRIED_S = 7 * DAY_S  # a torrent is not judged before, and demand comes and goes within a week
LARGE_BYTES = GIB  # less of it is not worth a word


class Hint(StrEnum):
    """What to do with a torrent, as far as earning goes."""

    KEEP = "keep"  # it earns, or is about to
    DROP = "drop"  # nobody has wanted it for a week, and it takes a lot of disk
    NEUTRAL = "neutral"  # neither, or nobody can say


@dataclass(frozen=True, slots=True)
class Kept:
    """One torrent of a user's, as far as it can earn."""

    is_whole: bool  # nothing is left to download
    seeds: bool
    is_for_sale: bool  # its node sells, and it is not left out
    private: bool
    disk_bytes: int
    held_s: int  # since its holder took it up
    is_sold: bool  # some of it, within a week
    deals: int  # that run now
    leechers: int  # connected now
    week_ubtt: int  # its holder's share within a week
    per_gib_day_ubtt: int  # likewise, ever


@dataclass(frozen=True, slots=True)
class Advice:
    hint: Hint
    sentence: str


def per_gib_day(*, earned_ubtt: int, disk_bytes: int, since_s: int) -> int:
    """Return what was earned per GiB of disk and day, rounded down; 0 of what takes no disk."""
    if disk_bytes <= 0:
        return 0
    return earned_ubtt * GIB * DAY_S // (disk_bytes * max(since_s, DAY_S))


def median_of(earners_ubtt: Iterable[int]) -> int:
    """Return the median of what torrents earn per GiB and day, of those that earn anything; of two the lower; 0: none.

    Those that earn nothing say nothing of what an earner brings, and there may be thousands of them.
    """
    earning = sorted(value for value in earners_ubtt if value > 0)
    return earning[(len(earning) - 1) // 2] if earning else 0


def advice(kept: Kept, *, median_ubtt: int, asset: Asset) -> Advice:
    """Return whether to keep a torrent, and why."""
    if kept.deals:
        text = ngettext(
            "%(number)s deal is about it now: keep it.", "%(number)s deals are about it now: keep it.", kept.deals
        )
        return Advice(Hint.KEEP, text % {"number": format_count(kept.deals)})
    if kept.per_gib_day_ubtt >= median_ubtt > 0:
        earns = format_amount(kept.per_gib_day_ubtt, asset)
        return Advice(
            Hint.KEEP,
            _("It earns %(earns)s per GiB and day, as much as half of those that earn, or more.") % {"earns": earns},
        )
    return Advice(Hint.NEUTRAL, why) if (why := _why_neither(kept, asset)) else Advice(Hint.DROP, _why_drop(kept))


def _why_neither(kept: Kept, asset: Asset) -> str:
    """Return why nothing speaks for dropping a torrent, or nobody can say; "" if it may as well go."""
    if not kept.is_whole:
        return _("It is not complete yet: only whole torrents are sold.")
    if not kept.seeds:
        return _("It does not seed, so nothing of it is sold: start it to let it earn.")
    if kept.private:
        return _("It is private: its tracker may ask for a ratio, so look there before you drop it.")
    if not kept.is_for_sale:
        return _("It is not for sale, so it can't earn.")
    if kept.held_s < TRIED_S:
        return _("You have had it for less than a week: too early to say.")
    if kept.week_ubtt:
        return _("It earned %(week_ubtt)s within a week, less for its size than others.") % {
            "week_ubtt": format_amount(kept.week_ubtt, asset)
        }
    if kept.is_sold:
        return _("Some of it was sold within a week.")
    if kept.leechers:
        text = ngettext(
            "Nothing of it was sold within a week, but %(number)s leecher is still here.",
            "Nothing of it was sold within a week, but %(number)s leechers are still here.",
            kept.leechers,
        )
        return text % {"number": format_count(kept.leechers)}
    if kept.disk_bytes < LARGE_BYTES:
        return _("Nothing of it was sold within a week, but it takes only %(disk_bytes)s.") % {
            "disk_bytes": format_bytes(kept.disk_bytes)
        }
    return ""


def _why_drop(kept: Kept) -> str:
    """Return what speaks for dropping; other holders of the same files are nobody's business, hence "up to"."""
    size = format_bytes(kept.disk_bytes)
    return _("Nothing of it was sold within a week and nobody loads it now: dropping it frees up to %(size)s.") % {
        "size": size
    }
