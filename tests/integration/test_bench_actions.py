import json
import subprocess
import sys

from tests.box import ROOT

LIMIT_S = 100


class TestTheBenchOfActions:
    def test_ends_with_its_figures(self) -> None:
        bench = subprocess.run(
            [sys.executable, "manage.py", "bench", "actions", "--rounds", "4"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert bench.returncode == 0, bench.stderr
        figures = json.loads(bench.stdout.splitlines()[-1])
        assert list(figures) == ["median_ms", "p95_ms", "limit_ms", "ratio_p95"]
        assert 0 < figures["median_ms"] <= figures["p95_ms"]
