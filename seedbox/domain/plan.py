"""From what is desired and what the node has already done to the steps that are left."""

from dataclasses import dataclass

from seedbox.domain.wishes import Desired


@dataclass(frozen=True)
class Applied:
    """What the node has asked of its engine for one torrent since it started; None: that failed, and is to be asked."""

    runs: bool | None
    recheck_count: int
    trackers: tuple[str, ...] | None
    peers: tuple[str, ...]
    has_metadata: bool = True  # false: it was added by magnet, and no metadata has come yet


@dataclass(frozen=True)
class Step:
    """One thing to do: add | metadata | start | stop | recheck | trackers | peers | remove."""

    verb: str
    trackers: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()


def plan(
    *, desired: Desired, applied: Applied | None, rechecked_count: int, has_metadata: bool = True
) -> tuple[Step, ...]:
    """Return the steps, in order, that lead from `applied` (None: the engine does not have it) to `desired`.

    `rechecked_count` is what Torrent.recheck_count was when a recheck was last carried out, and `has_metadata` says
    that we have a torrent file to give.
    """
    if not desired.present:
        return (Step("remove"),)
    steps: list[Step] = []
    if applied is None:
        steps.append(Step("add", trackers=desired.trackers, peers=desired.peers))
    else:
        if has_metadata and not applied.has_metadata:
            steps.append(Step("metadata"))
        if desired.trackers != applied.trackers:
            steps.append(Step("trackers", trackers=desired.trackers))
        if fresh := tuple(peer for peer in desired.peers if peer not in applied.peers):
            steps.append(Step("peers", peers=fresh))
        if desired.runs != applied.runs:
            steps.append(Step("start" if desired.runs else "stop"))
    if desired.recheck_count > rechecked_count:
        steps.append(Step("recheck"))
    return tuple(steps)
