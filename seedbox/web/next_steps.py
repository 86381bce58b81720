"""What a user had best do next: each app says it of its own matters, and the composition root registers who says it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.urls import get_script_prefix

from seedbox.web.tiles import Look, Text


@dataclass(frozen=True)
class Step:
    """One thing that waits for its user, with the page on which it is done."""

    text: Text
    act: Text  # what the link says
    url: str
    icon: str = "info"
    tone: str = "info"  # info, warning, danger


Source = Callable[[Look], Iterable[Step]]

_NUMBER = re.compile(r"\d+")
_URGENCY = ("danger", "warning", "info")
_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    _sources[name] = source


def forget(name: str) -> None:
    _sources.pop(name, None)


def steps(look: Look) -> list[Step]:
    """Return what waits for a user, the most urgent first."""
    found = [step for source in _sources.values() for step in source(look)]
    return sorted(found, key=lambda step: _URGENCY.index(step.tone))


def version(found: Iterable[Step]) -> str:
    """Name these steps alike for a page and for the socket, which knows neither its reader's language nor its address:
    by all but the words between numbers and the path under which the box is served.
    """
    said = " ".join(
        f"{step.tone} {step.icon} {step.url.removeprefix(get_script_prefix())} {_NUMBER.findall(str(step.text))}"
        for step in found
    )
    return sha256(said.encode()).hexdigest()[:12]
