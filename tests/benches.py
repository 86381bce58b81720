"""Run a bench as people do."""

import json
import subprocess
import sys
from typing import Any

from tests.box import ROOT

LIMIT_S = 100


def run_bench(*arguments: str, limit_s: float = LIMIT_S) -> dict[str, Any]:
    """Run `manage.py bench …` and return the figures of its last line."""
    bench = subprocess.run(
        [sys.executable, "manage.py", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    assert bench.returncode == 0, bench.stderr
    figures: dict[str, Any] = json.loads(bench.stdout.splitlines()[-1])
    return figures
