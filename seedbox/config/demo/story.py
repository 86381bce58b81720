"""What a demo tells while it runs: sentences, speeds and where its boxes are, for a terminal or a page.

Its sentences are kept ones: who reads them on a page may read another language than whoever has started it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext_noop

RUNS, DONE, STOPPED, FAILED = "runs", "done", "stopped", "failed"
BOTH_STOP = gettext_noop("Both boxes stop.")
ALL_STOPPED = gettext_noop("All has stopped, and nothing is left of it.")
STOPPED_EARLY = gettext_noop("Stopped before its end. Nothing is left of it.")
REFUSED = gettext_noop(
    "This machine refused the demo what it needs: %(problem)s. Make room on the disk, or end what takes up its ports, "
    "and start the demo again."
)


@dataclass(frozen=True)
class Line:
    at_s: int  # since the demo has begun
    text: str


@dataclass(frozen=True)
class Speeds:
    """What was sent within about a second."""

    at_s: int
    buyer_bytes_per_s: int
    others_bytes_per_s: int  # each of them, as a mean
    auto: str  # what the buyer's bidder does
    earned_ubtt: int


@dataclass(frozen=True)
class Door:
    """Where somebody can look at a box."""

    name: str
    url: str
    person: str
    password: str


@dataclass
class Story:
    """All that is told; whoever listens is told of each change."""

    listeners: Sequence[Callable[["Story"], None]] = ()
    state: str = RUNS
    lines: list[Line] = field(default_factory=list)
    waits_for: str = ""
    speeds: list[Speeds] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    began_s: float = field(default_factory=time.monotonic)

    @property
    def now_s(self) -> int:
        return int(time.monotonic() - self.began_s)

    def say(self, text: str) -> None:
        self.lines.append(Line(self.now_s, text))
        self.waits_for = ""
        self._tell()

    def wait_for(self, what: str) -> None:
        self.waits_for = what
        self._tell()

    def note(self, speeds: Speeds) -> None:
        self.speeds.append(speeds)
        self._tell()

    def end(self, state: str, text: str = "") -> None:
        """Tell the last of it; behind its doors there are no boxes any more."""
        self.state, self.doors = state, []
        if text:
            self.lines.append(Line(self.now_s, text))
        self.waits_for = ""
        self._tell()

    def as_dict(self) -> dict[str, Any]:
        """Return what a page shows."""
        told = {"state": self.state, "now_s": self.now_s, "waits_for": self.waits_for, "figures": self.figures}
        lists = {"lines": _as_dicts(self.lines), "speeds": _as_dicts(self.speeds), "doors": _as_dicts(self.doors)}
        return told | lists

    def _tell(self) -> None:
        for listener in self.listeners:
            listener(self)


def _as_dicts(found: Sequence[Line] | Sequence[Speeds] | Sequence[Door]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]
