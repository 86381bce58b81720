"""What users want of one torrent, folded into the one thing that its node shall do."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """One holding's claim."""

    runs: bool  # download and seed, or rest
    trackers: tuple[str, ...]  # announce URLs this holder brought
    peers: tuple[str, ...]  # "IP:PORT" this holder brought


@dataclass(frozen=True)
class Desired:
    """What the node shall make true of one torrent."""

    present: bool  # false: no holder is left, forget it and delete its files
    runs: bool
    recheck_count: int  # how often a recheck was asked for, ever
    trackers: tuple[str, ...]
    peers: tuple[str, ...]


ABSENT = Desired(present=False, runs=False, recheck_count=0, trackers=(), peers=())


def fold(wishes: Iterable[Wish], *, recheck_count: int) -> Desired:
    """Fold all holders' wishes: run if anybody wants it; use everybody's trackers and peers, each once, in order."""
    wishes = tuple(wishes)
    if not wishes:
        return ABSENT
    return Desired(
        present=True,
        runs=any(wish.runs for wish in wishes),
        recheck_count=recheck_count,
        trackers=tuple(dict.fromkeys(url for wish in wishes for url in wish.trackers)),
        peers=tuple(dict.fromkeys(peer for wish in wishes for peer in wish.peers)),
    )
