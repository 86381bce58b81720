"""Run everything, whatever fails, and end with what ran and what did not: `python -m tests.prove [NAME | PATH…]`.

The whole takes hours. With names of steps, or paths of tests, it runs these alone: what one change is about, or a part
of the whole in the time that there is.
"""

import os
import subprocess
import sys
from collections.abc import Callable

from tests.box import ROOT
from tests.prove import NotRun, advisories, compose, image

PYTEST = [sys.executable, "-m", "pytest", "--timeout", "7200"]
NONE_COLLECTED = 5  # pytest's exit code
TIMES = "100"


def _command(command: list[str], **environ: str) -> Callable[[], str]:
    def run() -> str:
        subprocess.run(command, cwd=ROOT, env={**os.environ, **environ}, check=True)
        return "passed"

    return run


def _tests(path: str) -> Callable[[], str]:
    """Run some tests at full scale on PostgreSQL, and those that matter on both databases again on SQLite."""

    def run() -> str:
        if not (ROOT / path.partition("::")[0]).exists():
            raise AssertionError(f"There is neither a step nor a test of this name; steps are: {', '.join(STEPS)}.")
        _command([*PYTEST, path], PROVE=TIMES)()
        on_sqlite = {**os.environ, "PROVE": TIMES, "TEST_DATABASE": "sqlite"}
        again = subprocess.run([*PYTEST, "-m", "both_databases", path], cwd=ROOT, env=on_sqlite, check=False)
        if again.returncode not in (0, NONE_COLLECTED):
            again.check_returncode()
        return "passed" if again.returncode else "passed, also on SQLite"

    return run


STEPS: dict[str, Callable[[], str]] = {
    "tests": _command(PYTEST, PROVE=TIMES),
    "tests on SQLite": _command([*PYTEST, "-m", "both_databases"], PROVE=TIMES, TEST_DATABASE="sqlite"),
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
            lines.append(f"ran      {name}: {(STEPS.get(name) or _tests(name))()}")
        except NotRun as reason:
            lines.append(f"not run  {name}: {reason}")
        except (subprocess.SubprocessError, AssertionError, OSError) as problem:
            failed = True
            lines.append(f"FAILED   {name}: {problem}")
    print("\nWhat was proved", *lines, sep="\n")  # noqa: T201  # the summary is what this is for
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
