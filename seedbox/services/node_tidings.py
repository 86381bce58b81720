"""What nodes have to tell the admins: that one is silent or back, and that its disk fills up."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from seedbox.domain.units import format_bytes
from seedbox.models import Node, User
from seedbox.services import nodes, notices, watchables
from seedbox.services.notice_kinds import Kind
from seedbox.services.notices import Tiding

KIND = Kind("nodes", gettext_lazy("Nodes that do not run, or run again, and disks that fill up"), for_admins=True)

ForAnAdmin = partial[Tiding]  # that waits to be told who is one

PATIENCE = timedelta(seconds=60)  # a restart is no news
STEPS = "steps"  # what open pages watch: what is to be done next


class NodeWatch:
    """Looks at all nodes again and again; each process that has one finds the same, and it is told once."""

    def __init__(self) -> None:
        self._silent_since: dict[str, datetime] = {}  # seen by this process: it may have slept as well
        self._lost: dict[str, str] = {}  # name -> the beat after which it was silent
        self._seen: dict[str, tuple[bool, bool]] = {}  # name -> whether it runs, and whether its disk is low

    def look(self, *, now: datetime) -> None:
        every = list(Node.objects.order_by("name"))
        found = [tiding for node in every for tiding in self._of(node, now)]
        admins = notices.admins() if found else []
        notices.tell(tiding(user_id=user_id) for tiding in found for user_id in admins)
        seen = {node.name: (nodes.is_alive(node, now), nodes.is_low(node)) for node in every}
        if seen != self._seen:  # open pages of everybody say what to do about it
            self._seen = seen
            watchables.tell(STEPS, User.objects.filter(is_active=True).values_list("pk", flat=True))

    def _of(self, node: Node, now: datetime) -> Iterator[ForAnAdmin]:
        if node.beat_at is None:
            return
        if nodes.is_alive(node, now):
            self._silent_since.pop(node.name, None)
            if (beat := self._lost.pop(node.name, None)) is not None:
                text = partial(_of_node, gettext_noop("The node %(name)s runs again."), node.name)
                yield _tiding(f"node-back/{node.name}/{beat}", now, "success", text)
            yield from _disk(node, now)
        elif now - self._silent_since.setdefault(node.name, now) >= PATIENCE:
            beat = self._lost[node.name] = f"{node.beat_at:%Y%m%d%H%M%S}"
            silent = gettext_noop("The node %(name)s does not run. Its torrents rest until it is back.")
            text = partial(_of_node, silent, node.name)
            yield _tiding(f"node-lost/{node.name}/{beat}", now, "danger", text)


def _tiding(key: str, at: datetime, tone: str, text: str | Callable[[], str]) -> ForAnAdmin:
    return partial(Tiding, kind=KIND.name, key=key, at=at, tone=tone, text=text, url_name="health")


def _disk(node: Node, now: datetime) -> Iterator[ForAnAdmin]:
    if nodes.is_low(node):
        text = partial(_of_disk, node.name, node.free_bytes)
        yield _tiding(f"disk-low/{node.name}/{now:%Y%m%d}", now, "warning", text)  # once a day


def _of_node(sentence: str, name: str) -> str:
    return _(sentence) % {"name": name}


def _of_disk(name: str, free_bytes: int) -> str:
    facts = {"name": name, "free": format_bytes(free_bytes)}
    return _("The disk of the node %(name)s is nearly full: %(free)s are free.") % facts
