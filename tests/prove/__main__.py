"""Run everything, whatever fails, and end with what ran and what did not: `python -m tests.prove [NAME | PATH…]`.

The whole takes hours. Broken off, it goes on with what has not passed on this very state of the files. With names of
steps, or paths of tests, it runs these alone.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.box import ROOT
from tests.prove import NotRun, advisories, compose, image, kept

PYTEST = [sys.executable, "-m", "pytest", "--timeout", "7200", "-p", "tests.prove.kept"]
TIMES = "100"


def _tests(*chosen: str, database: str = "postgresql") -> Callable[[], str]:
    """Run tests at full scale, those that have not passed so yet."""

    def run() -> str:
        state = kept.state_of(ROOT)
        kept.KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            before, changed = Path(folder) / "before", Path(folder) / "now"
            now = kept.KEPT / f"{state}-{database}-{TIMES}" if state else changed
            before.write_text("\n".join(kept.passed(now)), encoding="utf-8")
            scale = {"PROVE": TIMES, "TEST_DATABASE": database}
            environ = {**os.environ, **scale, kept.PASSED_BEFORE: str(before), kept.PASSED_NOW: str(now)}
            exit_code = subprocess.run([*PYTEST, *chosen], cwd=ROOT, env=environ, check=False).returncode
            have_passed = f"{len(kept.passed(now))} passed, {len(kept.passed(before))} of them before"
        if exit_code not in {0, kept.NONE_COLLECTED}:
            raise AssertionError(f"{have_passed}; pytest ended with {exit_code}")
        return have_passed

    return run


def _path(path: str) -> str:
    """Run the tests of a path at full scale on PostgreSQL, and those that matter on both databases again on SQLite."""
    if not (ROOT / path.partition("::")[0]).exists():
        raise AssertionError(f"There is neither a step nor a test of this name; steps are: {', '.join(STEPS)}.")
    on_sqlite = _tests("-m", "both_databases", path, database="sqlite")
    return f"on PostgreSQL {_tests(path)()}, on SQLite {on_sqlite()}"


STEPS: dict[str, Callable[[], str]] = {
    "tests": _tests(),
    "tests on SQLite": _tests("-m", "both_databases", database="sqlite"),
    "holes in Python packages": advisories.audit_python,
    "holes in npm packages": advisories.audit_npm,
    "compose file": compose.check_compose,
    "image": image.try_image,
}


def main(names: list[str]) -> int:
    """Return 1 when a step failed; one that could not run is named, and is no failure."""
    lines, failed = [], False
    for name in names or STEPS:
        try:
            lines.append(f"ran      {name}: {STEPS[name]() if name in STEPS else _path(name)}")
        except NotRun as reason:
            lines.append(f"not run  {name}: {reason}")
        except (subprocess.SubprocessError, AssertionError, OSError) as problem:
            failed = True
            lines.append(f"FAILED   {name}: {problem}")
    print("\nWhat was proved", *lines, sep="\n")  # noqa: T201  # the summary is what this is for
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
