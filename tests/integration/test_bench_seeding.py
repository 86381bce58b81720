import json
import subprocess
import sys

from tests.box import ROOT

LIMIT_S = 100


class TestTheSeedingBench:
    def test_runs_on_a_small_file_and_ends_with_its_figures(self) -> None:
        bench = subprocess.run(
            [sys.executable, "manage.py", "bench", "seeding", "--size-mib", "8", "--rounds", "1"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert bench.returncode == 0, bench.stderr
        figures = json.loads(bench.stdout.splitlines()[-1])

        assert list(figures) == [
            "node_mib_s",
            "libtorrent_mib_s",
            "libtorrent_best_mib_s",
            "aria2_mib_s",
            "ratio_libtorrent",
            "ratio_best",
            "ratio_aria2",
            "cpu_s_per_gib",
        ]
        assert figures["node_mib_s"] > 0
        assert figures["ratio_best"] <= figures["ratio_libtorrent"]
