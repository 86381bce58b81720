"""Under which licence each package is that a box, its tests or its pages use, in one notation."""

import importlib.metadata
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution

from seedbox.config.env import ROOT

# What works in an Apache-2.0 project: MPL and LGPL bind their own files, which we use unchanged.
ALLOWED = frozenset({"Apache-2.0", "BSD", "ISC", "LGPL-3.0-only", "MIT", "MPL-2.0", "PSF-2.0"})
# Tools that tests run as a command: nothing of the box contains or links them, so their licence binds nothing of ours.
COMMANDS_OF_TESTS = frozenset({"beancount"})
# As packages write it, in the order it is looked for: the first that is found counts.
_SPELLINGS = {
    "MPL-2.0": r"MPL[ -]?2|Mozilla Public License 2",
    "LGPL-3.0-only": r"LGPL-3",
    "GPL": r"\bA?GPL|General Public License",
    "Apache-2.0": r"Apache",
    "MIT": r"\bMIT\b",
    "BSD": r"BSD",
    "ISC": r"\bISC\b",
    "PSF-2.0": r"PSF|Python Software Foundation",
}
# They say it in a file alone, or say too much; read by a person.
READ_BY_HAND = {
    "atheris": "Apache-2.0",
    "fido2": "BSD",  # its copies of the public suffix list and of one module are MPL-2.0 and Apache-2.0
    "python-dateutil": "Apache-2.0",
}


@dataclass(frozen=True)
class Licensed:
    """One package."""

    name: str
    version: str
    licence: str  # of ALLOWED, or as the package wrote it
    kind: str  # python | npm

    @property
    def goes_with_ours(self) -> bool:
        return self.licence in ALLOWED or self.name in COMMANDS_OF_TESTS


def licences() -> list[Licensed]:
    return [*_of_python(), *_of_npm()]


def read_licence(*, expression: str, classifiers: list[str], text: str) -> str:
    """Return the licence in our notation, or what was written when nothing of it is known."""
    for written in (expression, " ".join(classifiers), text):
        for licence, spelling in _SPELLINGS.items():
            if re.search(spelling, written):
                return licence
    return expression or "; ".join(classifiers) or text or "unknown"


def _of_python() -> Iterator[Licensed]:
    for package in sorted(importlib.metadata.distributions(), key=lambda found: found.name.lower()):
        yield Licensed(package.name, package.version, _licence_of(package), "python")


def _licence_of(package: Distribution) -> str:
    about = package.metadata
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License")]
    said = read_licence(
        expression=(about.get_all("License-Expression") or [""])[0],
        classifiers=classifiers,
        text=(about.get_all("License") or [""])[0].partition("\n")[0],
    )
    return READ_BY_HAND.get(package.name, said)


def _of_npm() -> Iterator[Licensed]:
    for path, entry in json.loads((ROOT / "package-lock.json").read_text())["packages"].items():
        if path:
            licence = read_licence(expression=entry.get("license", ""), classifiers=[], text="")
            yield Licensed(path.removeprefix("node_modules/"), entry["version"], licence, "npm")
