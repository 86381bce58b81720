"""Keep what has passed, so that `make prove`, which takes hours, goes on where it was broken off.

What is kept counts for one state of the files alone: that of a commit, with nothing changed beside it.
"""

import os
import subprocess
from pathlib import Path

import pytest

KEPT = Path(__file__).parents[1] / "output" / "proved"
# Variables with the names of two files, of a name of a test a line: the first is read by every process, to the other
# one the first process adds.
PASSED_BEFORE, PASSED_NOW = "PROVED_BEFORE", "PROVED_NOW"

NONE_COLLECTED = 5  # pytest's exit code

_failed: set[str] = set()


def state_of(root: Path) -> str | None:
    """Return a name of what the files of a project are, or None while they are no commit's."""
    if _git(root, "status", "--porcelain") != "":
        return None
    return _git(root, "rev-parse", "HEAD^{tree}")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        asked = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return asked.stdout.strip()


def passed(file: Path) -> set[str]:
    """Return the names of tests in a file of them; none when there is no file."""
    return set(file.read_text(encoding="utf-8").splitlines()) if file.exists() else set()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    before = passed(Path(os.environ[PASSED_BEFORE]))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in before])
    items[:] = [item for item in items if item.nodeid not in before]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # the first process hears of everything
    if not report.passed:
        _failed.add(report.nodeid)
    elif report.when == "teardown" and report.nodeid not in _failed:
        with Path(os.environ[PASSED_NOW]).open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")
