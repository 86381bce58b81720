"""Make an engine do what the holders wish: read what changed, plan, and command.

The engine is empty when a node starts, so everything is read once then, some torrents at a time; afterwards only what
has changed since it was last carried out. Reading too often is harmless, and being told is never needed.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import Error as DatabaseError
from django.db.models import F, Q

from seedbox.domain.kept import kept as _
from seedbox.domain.plan import Applied, Step, plan
from seedbox.domain.states import State
from seedbox.domain.wishes import ABSENT, Desired, Wish, fold
from seedbox.engine import port
from seedbox.models import Holding, Metadata, Observation, Torrent
from seedbox.services.folders import Folders
from seedbox.services.ward import NOT_CARRIED_OUT, Charge, Ward

TORRENTS_AT_ONCE = 200  # read in one go, so that 10,000 torrents at a start don't keep the engine waiting

logger = logging.getLogger(__name__)


@dataclass
class Reconciler:
    """Carries wishes of one node's torrents to its engine. Used by the engine's thread."""

    node_id: int
    engine: port.Engine
    ward: Ward
    folders: Folders
    read_up_to_id: int | None = 0  # at a start: torrents up to this id were read; None: all were

    def reconcile(self, *, now: datetime) -> bool:
        """Carry out what changed or is to be tried again, some torrents at most; false: there may be more."""
        torrents = self._read(now)
        wishes: dict[int, list[Wish]] = defaultdict(list)
        for holding in Holding.objects.filter(torrent_id__in=[torrent.pk for torrent in torrents]).order_by("pk"):
            wishes[holding.torrent_id].append(
                Wish(runs=holding.runs, trackers=tuple(holding.trackers), peers=tuple(holding.peers))
            )
        for torrent in torrents:
            desired = fold(wishes[torrent.pk], recheck_count=torrent.recheck_count)
            self._carry_out(torrent, ABSENT if torrent.clear_first else desired, now)
        return len(torrents) < TORRENTS_AT_ONCE

    def rest(self, charge: Charge) -> None:
        """Stop a torrent whatever its holders wish: its metadata can't be used."""
        self.engine.apply(port.StopTorrent(charge.key))
        if charge.applied is not None:
            charge.applied = replace(charge.applied, runs=False)

    def folders_changed(self, now: datetime) -> None:
        """Take torrents whose folder is gone out of the engine at once, and look again at those whose folder is back.

        Needs no database: what is in danger must not wait for it.
        """
        for charge in self.ward.charges.values():
            if charge.is_removing:
                continue  # the engine looks for the folder itself before it deletes
            if problem := self.folders.why_not(charge.save_path):
                self._wait_for_folder(charge, problem, now)
            else:
                charge.look_again |= charge.waits_for_folder

    def _read(self, now: datetime) -> list[Torrent]:
        torrents = Torrent.objects.filter(node_id=self.node_id).select_related("observation").order_by("pk")
        if self.read_up_to_id is not None:
            found = list(torrents.filter(pk__gt=self.read_up_to_id)[:TORRENTS_AT_ONCE])
            self.read_up_to_id = found[-1].pk if len(found) == TORRENTS_AT_ONCE else None
            return found
        again = [c.torrent_id for c in self.ward.charges.values() if c.look_again or c.is_to_retry(now)]
        carried_out = Q(observation__applied_version=F("wish_version"))
        return list(torrents.filter(~carried_out | Q(observation__isnull=True) | Q(pk__in=again))[:TORRENTS_AT_ONCE])

    def _carry_out(self, torrent: Torrent, desired: Desired, now: datetime) -> None:
        charge = self._charge(torrent, now)
        if charge.is_removing:
            return  # its end is awaited: then the torrent is read again
        charge.look_again = False
        problem = self.folders.why_not(torrent.save_path)
        if problem:
            self._wait_for_folder(charge, problem, now)
            charge.observation.applied_version = torrent.wish_version
            return
        if charge.waits_for_folder:
            charge.waits_for_folder = False
            self.ward.say(charge, "info", _("Its disk is there again: the torrent goes on."), now)
        charge.is_blocked &= not torrent.has_metadata  # a torrent file has come that can be used
        if charge.is_blocked:
            desired = replace(desired, runs=False)
        steps = plan(
            desired=desired,
            applied=charge.applied,
            rechecked_count=charge.observation.rechecked_count,
            has_metadata=torrent.has_metadata,
        )
        try:
            for command in _commands(torrent, steps, desired):
                self.engine.apply(command)
        except DatabaseError:
            raise
        except Exception:  # one torrent that can't be carried out must not keep the others from it
            logger.exception("torrent %s: its wishes could not be carried out", torrent.key)
            charge.fail(NOT_CARRIED_OUT, now=now)
            charge.observation.applied_version = torrent.wish_version
            return
        _note(charge, torrent, desired)
        self.ward.has_urgent = True

    def _wait_for_folder(self, charge: Charge, problem: str, now: datetime) -> None:
        """Let nobody touch its files: what was wished, a removal too, is carried out when the disk is back."""
        if charge.applied is not None:
            self.engine.apply(port.SetAside(charge.key))
        if charge.problem != problem:
            self.ward.say(charge, "error", problem, now)
        charge.wait_for_folder(problem)
        self.ward.has_urgent = True

    def _charge(self, torrent: Torrent, now: datetime) -> Charge:
        charge = self.ward.charges.get(torrent.key)
        if charge is None or charge.torrent_id != torrent.pk:
            observation = getattr(torrent, "observation", None) or Observation(torrent_id=torrent.pk, seen_at=now)
            charge = Charge(torrent.pk, torrent.key, torrent.save_path, observation)
            self.ward.charges[torrent.key] = charge
        return charge


def _commands(torrent: Torrent, steps: Iterable[Step], desired: Desired) -> Iterable[port.Command]:
    key = torrent.key
    for step in steps:
        match step.verb:
            case "add":
                yield _add_command(torrent, desired)
            case "metadata":
                yield port.GiveMetadata(key, _torrent_file(torrent))
            case "start":
                yield port.StartTorrent(key)
            case "stop":
                yield port.StopTorrent(key)
            case "recheck":
                yield port.RecheckTorrent(key)
            case "trackers":
                yield port.SetTrackers(key, step.trackers)
            case "peers":
                yield port.ConnectPeers(key, step.peers)
            case "remove":
                yield port.RemoveTorrent(key, torrent.save_path)
            case unknown:
                raise AssertionError(f"no command for the step {unknown!r}")


def _add_command(torrent: Torrent, desired: Desired) -> port.AddTorrent:
    torrent_file = _torrent_file(torrent) if torrent.has_metadata else b""
    return port.AddTorrent(
        key=torrent.key,
        save_path=torrent.save_path,
        torrent_file=torrent_file,
        magnet="" if torrent_file else torrent.magnet,
        runs=desired.runs,
        trackers=desired.trackers,
        peers=desired.peers,
    )


def _torrent_file(torrent: Torrent) -> bytes:
    return bytes(Metadata.objects.get(torrent=torrent).torrent_file)


def _note(charge: Charge, torrent: Torrent, desired: Desired) -> None:
    """Keep in mind what was carried out."""
    charge.retry_at = None
    charge.observation.applied_version = torrent.wish_version
    charge.observation.rechecked_count = torrent.recheck_count
    charge.mark(urgent=True)
    if not desired.present:
        if torrent.clear_first:  # its new holders see nothing of what was there before
            charge.observation = Observation(torrent_id=torrent.pk, applied_version=torrent.wish_version)
        else:
            charge.show(State.REMOVING)
        charge.applied = None
        charge.is_removing = True
        charge.problem, charge.engine_says = "", None
        return
    if charge.problem and not charge.is_blocked:
        charge.recover()
    knew_metadata = charge.applied.has_metadata if charge.applied else False
    charge.applied = Applied(
        runs=desired.runs,
        recheck_count=desired.recheck_count,
        trackers=desired.trackers,
        peers=desired.peers,
        has_metadata=torrent.has_metadata or knew_metadata,
    )
