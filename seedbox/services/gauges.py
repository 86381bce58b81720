"""What there is to count of torrents, nodes, people and workers: nothing that names a user, a torrent or an address."""

import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial

from django.db.models import Count

from seedbox import __version__
from seedbox.domain.exposition import Metric, Sample
from seedbox.domain.states import State
from seedbox.models import Holding, Observation, TaskTally, Torrent, User
from seedbox.services import machine_rows, nodes, queues, task_tallies


def metrics(now: datetime) -> Iterator[Metric]:
    """Count everything, with a dozen questions to the database."""
    build = Sample(1, {"version": __version__, "python": platform.python_version()})
    yield Metric("seedbox_build_info", "gauge", "The version that answers.", [build])
    yield from _nodes(nodes.health(now))
    yield from _held()
    yield from _tasks(task_tallies.tallies())


def _nodes(health: nodes.Health) -> Iterator[Metric]:
    def of(name: str, meaning: str, read: Callable[[nodes.NodeHealth], int | None], kind: str = "gauge") -> Metric:
        found = [(node.name, read(node)) for node in health.nodes]
        samples = [Sample(value, {"node": node}) for node, value in found if value is not None]
        return Metric(f"seedbox_{name}", kind, meaning, samples)

    moved = machine_rows.speeds()
    redis_up = Sample(int(not health.redis_problem))
    yield Metric("seedbox_redis_up", "gauge", "1 while Redis answers the web process.", [redis_up])
    yield of("node_up", "1 while the node's last beat is young.", lambda node: int(node.is_alive))
    yield of("node_well", "1 while the node runs and says of no problem.", lambda node: int(not node.problem))
    yield of("node_beat_age_seconds", "Seconds since the node's last beat.", lambda node: node.beat_age_s)
    yield of("node_memory_bytes", "Memory of the node's process.", lambda node: node.memory_bytes)
    down, up = "What the node receives of torrents.", "What the node sends of torrents."
    yield of("node_download_bytes_per_second", down, lambda node: moved.get(node.name, (0, 0))[0])
    yield of("node_upload_bytes_per_second", up, lambda node: moved.get(node.name, (0, 0))[1])
    for name, counted, meaning in _COUNTED:
        yield of(name, meaning, partial(_counter, counted), "counter")
    versions = [
        Sample(1, {"node": node.name, "engine": node.engine_version, "version": node.box_version})
        for node in health.nodes
    ]
    yield Metric("seedbox_node_info", "gauge", "The versions that the node runs.", versions)
    yield from _disks(health)


def _counter(name: str, node: nodes.NodeHealth) -> int | None:
    return node.counters.get(name)


# Of what a node tells with each beat; they begin anew with its process.
_COUNTED = (
    ("node_sent_bytes_total", "sent_bytes", "What the node has sent to peers, with all that goes with it."),
    ("node_alerts_dropped_total", "alerts_dropped", "What the engine said and the node did not hear."),
    ("live_messages_lost_total", "live_messages_lost", "Messages to open pages that Redis did not take."),
    ("live_watches_unanswered_total", "live_watches_unanswered", "How often Redis did not say who looks."),
)


def _disks(health: nodes.Health) -> Iterator[Metric]:
    folders = [(folder, {"node": node.name, "folder": folder.name}) for node in health.nodes for folder in node.folders]
    there = [(folder, labels) for folder, labels in folders if folder.is_there]
    free = [Sample(folder.free_bytes, labels) for folder, labels in there]
    total = [Sample(folder.total_bytes, labels) for folder, labels in there]
    up = [Sample(int(folder.is_there and not folder.problem), labels) for folder, labels in folders]
    yield Metric("seedbox_disk_free_bytes", "gauge", "Free space of the disk under a folder.", free)
    yield Metric("seedbox_disk_total_bytes", "gauge", "Size of the disk under a folder.", total)
    yield Metric("seedbox_disk_well", "gauge", "1 while a folder is there and can be written.", up)


def _held() -> Iterator[Metric]:
    states = Observation.objects.values_list("torrent__node__name", "state").order_by()
    found = {(node, state): count for node, state, count in states.annotate(count=Count("pk"))}
    names = sorted({node for node, _ in found})
    torrents = [
        Sample(found.get((node, state.value), 0), {"node": node, "state": state.value})
        for node in names
        for state in State
    ]
    yield Metric("seedbox_torrents", "gauge", "Torrents that their node has seen, by state.", torrents)
    unseen = Torrent.objects.filter(observation__isnull=True, holdings__isnull=False).distinct().count()
    yield Metric("seedbox_torrents_unseen", "gauge", "Torrents that their node has not seen yet.", [Sample(unseen)])
    yield Metric("seedbox_holdings", "gauge", "What users hold of torrents.", [Sample(Holding.objects.count())])
    users = Counter(dict(User.objects.filter(is_active=True).values_list("role").annotate(n=Count("pk")).order_by()))
    by_role = [Sample(users[role], {"role": role}) for role in ("admin", "member")]
    yield Metric("seedbox_users", "gauge", "Users who may sign in, by role.", by_role)


def _tasks(tallies: list[TaskTally]) -> Iterator[Metric]:
    depths: Mapping[str, int | None] = queues.depths(queues.names())
    waiting = [Sample(depth, {"queue": queue}) for queue, depth in depths.items() if depth is not None]
    yield Metric("seedbox_queue_depth", "gauge", "Messages that wait on a worker's queue.", waiting)
    labelled = [(tally, {"worker": tally.worker, "task": tally.task}) for tally in tallies]
    took = [
        sample
        for tally, labels in labelled
        for sample in (Sample(tally.total_ms / 1000, labels, "_sum"), Sample(tally.runs, labels, "_count"))
    ]
    failed = [Sample(tally.failures, labels) for tally, labels in labelled]
    yield Metric("seedbox_task_seconds", "summary", "How long tasks took.", took)
    yield Metric("seedbox_task_failures_total", "counter", "Tasks that failed.", failed)
