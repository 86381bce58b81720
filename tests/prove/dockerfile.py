"""The instructions of docker/Dockerfile, read so that they can be tried without Docker."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.box import ROOT

DOCKERFILE = ROOT / "docker" / "Dockerfile"
KNOWN = [
    "FROM",
    "RUN",
    "COPY",
    "WORKDIR",
    "ENV",
    "USER",
    "VOLUME",
    "EXPOSE",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
]


@dataclass
class Stage:
    """What one FROM begins."""

    image: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)  # instruction, the rest of its line

    def last(self, instruction: str, default: str = "") -> str:
        return next((rest for name, rest in reversed(self.steps) if name == instruction), default)

    @property
    def environment(self) -> dict[str, str]:
        pairs = [pair for name, rest in self.steps if name == "ENV" for pair in rest.split()]
        return dict(pair.split("=", 1) for pair in pairs)

    @property
    def start_command(self) -> list[str]:
        return [*json.loads(self.last("ENTRYPOINT")), *json.loads(self.last("CMD"))]

    @property
    def health_command(self) -> list[str]:
        return [str(word) for word in json.loads(self.last("HEALTHCHECK").partition("CMD ")[2])]


def read(path: Path = DOCKERFILE) -> list[Stage]:
    stages: list[Stage] = []
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        instruction, _, rest = line.partition(" ")
        if instruction not in KNOWN:
            raise ValueError(f"{path}: what is {instruction}? Teach this module, or write it in another way")
        if instruction == "FROM":
            image, _, name = rest.partition(" AS ")
            stages.append(Stage(image, name))
        else:
            stages[-1].steps.append((instruction, rest))
    return stages
