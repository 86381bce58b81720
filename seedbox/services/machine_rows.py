"""What operators see of the machines: nodes, their disks, the queues, the tasks. One dict for template and socket."""

from datetime import UTC, datetime

from django.db.models import Sum
from django.utils.translation import gettext as _

from seedbox.domain.folders import FolderHealth
from seedbox.domain.units import NOTHING, PPM, format_bytes, format_count, format_decimal, format_duration, format_speed
from seedbox.models import Observation, TaskTally
from seedbox.services import nodes, queues, task_tallies
from seedbox.services.rows import Row

SLOW_MS = 5_000  # a task that takes longer keeps its worker from the next ones
LONG_QUEUE = 20  # nudges: a worker that lives takes one in milliseconds
LITTLE_FREE_PPM = 50_000  # of a disk
TASKS_SHOWN = 8


def node_rows(now: datetime) -> list[Row]:
    """Return the nodes by name: how each is, what it moves and takes."""
    moved = speeds()
    return [_node_row(node, *moved.get(node.name, (0, 0))) for node in nodes.health(now).nodes]


def speeds() -> dict[str, tuple[int, int]]:
    """Return what each node receives and sends in a second, as last stored."""
    found = Observation.objects.values_list("torrent__node__name").order_by()
    sums = found.annotate(down=Sum("down_bytes_per_s"), up=Sum("up_bytes_per_s"))
    return {name: (down, up) for name, down, up in sums}


def _node_row(node: nodes.NodeHealth, down_bytes_per_s: int, up_bytes_per_s: int) -> Row:
    beat = _("never") if node.beat_age_s is None else _("%(span)s ago") % {"span": format_duration(node.beat_age_s)}
    return {
        "row": f"node-{node.name}",
        "name": node.name,
        "state": node.problem or _("Runs"),
        "tone": "red" if node.problem or not node.is_alive else "green",
        "torrents": format_count(node.torrents),
        "down": format_speed(down_bytes_per_s),
        "up": format_speed(up_bytes_per_s),
        "memory": format_bytes(node.memory_bytes) if node.memory_bytes else NOTHING,
        "engine": node.engine_version or NOTHING,
        "box": node.box_version or NOTHING,
        "beat": beat,
    }


def folder_rows(now: datetime) -> list[Row]:
    """Return every folder of every node."""
    return [_folder_row(node, folder) for node, folder in nodes.folders()]


def _folder_row(node: str, folder: FolderHealth) -> Row:
    used_ppm = PPM - folder.free_bytes * PPM // folder.total_bytes if folder.total_bytes else 0
    tone = "red" if folder.problem or not folder.is_there else "yellow" if PPM - used_ppm < LITTLE_FREE_PPM else "green"
    return {
        "row": f"folder-{node}-{folder.name}",
        "node": node,
        "name": folder.name,
        "path": folder.path,
        "problem": folder.problem,
        "free": format_bytes(folder.free_bytes) if folder.is_there else NOTHING,
        "total": format_bytes(folder.total_bytes) if folder.is_there else NOTHING,
        "used_ppm": used_ppm,
        "tone": tone,
    }


def queue_rows(now: datetime) -> list[Row]:
    """Return the queues of the workers, with how much waits there."""
    return [_queue_row(name, depth) for name, depth in queues.depths(queues.names()).items()]


def _queue_row(name: str, depth: int | None) -> Row:
    return {
        "row": f"queue-{name}",
        "name": name,
        "depth": _("unknown") if depth is None else format_count(depth),
        "waiting": depth or 0,
        "tone": "secondary" if depth is None else "yellow" if depth > LONG_QUEUE else "green",
    }


def task_rows(now: datetime) -> list[Row]:
    """Return the tasks, those first whose slowest run of the last hour took longest."""
    rows = [_task_row(tally, now) for tally in task_tallies.tallies()]
    rows.sort(key=lambda row: int(row["slowest_ms"]), reverse=True)
    return rows[:TASKS_SHOWN]


def _task_row(tally: TaskTally, now: datetime) -> Row:
    recent = task_tallies.slowest(task_tallies.recent(tally.slowest, now))
    ended_s, took_ms = recent[0] if recent else (None, 0)
    failed_lately = tally.failed_at is not None and now - tally.failed_at < task_tallies.RECENT
    return {
        "row": f"task-{tally.worker}-{tally.task}",
        "name": tally.task,
        "worker": tally.worker,
        "slowest_ms": took_ms,
        "slowest": format_ms(took_ms) if recent else NOTHING,
        "slowest_at": "" if ended_s is None else datetime.fromtimestamp(ended_s, UTC).isoformat(),
        "slowest_at_text": "" if ended_s is None else f"{datetime.fromtimestamp(ended_s, UTC):%Y-%m-%d %H:%M} UTC",
        "mean": format_ms(tally.total_ms // tally.runs) if tally.runs else NOTHING,
        "runs": format_count(tally.runs),
        "failures": format_count(tally.failures),
        "tone": "red" if failed_lately else "yellow" if took_ms >= SLOW_MS else "green",
        "state": _("Failed lately") if failed_lately else _("Slow") if took_ms >= SLOW_MS else _("Well"),
    }


def format_ms(took_ms: int) -> str:
    """Write how long something took: 12 ms, 4.2 s, 3 min 10 s."""
    if took_ms < 1_000:
        return f"{took_ms} ms"
    if took_ms < 60_000:
        return f"{format_decimal(took_ms // 100 / 10, 1)} s"
    return format_duration(took_ms // 1_000)
