"""The dashboard's bench, small: what it reports, and the goals that are no times."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.benches import run_bench

CLIENTS = 10
LIMIT_S = 200.0
LIVE = {"clients", "lag_p95_ms", "cpu"}
PAGES = {"overview_p95_ms", "earnings_p95_ms", "history_p95_ms"}


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    live = ("dashboard", "--only", "live", "--clients", str(CLIENTS), "--seconds", "3")
    pages = ("dashboard", "--only", "pages", "--entries", "500", "--torrents", "60", "--requests", "3")
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run_bench, *options, limit_s=LIMIT_S) for options in (live, pages)]
        live_figures, page_figures = (run.result() for run in runs)
    goals = live_figures["goals"] | page_figures["goals"]
    return live_figures | page_figures | {"goals": goals}


@pytest.mark.timeout(220)
class TestTheDashboardsBench:
    def test_lets_every_dashboard_hear_every_change(self, figures: dict[str, Any]) -> None:
        assert figures["clients"] == CLIENTS
        assert figures["unheard"] == figures["lost"] == figures["dropped"] == 0

    def test_lets_no_memory_grow(self, figures: dict[str, Any]) -> None:
        assert figures["memory_ratio"] < 1.2  # of seconds; a leak shows in PROVE's ten minutes

    def test_reports_what_it_measured_and_holds_it_against_goals(self, figures: dict[str, Any]) -> None:
        assert all(figures[figure] > 0 for figure in (LIVE | PAGES) - {"cpu"})
        assert figures["cpu"] >= 0  # of ten pages, less than one tick of its clock
        assert figures["cores_of"].keys() == {"web", "node", "redis", "browsers", "others"}
        assert (LIVE | PAGES) - {"clients"} < figures["goals"].keys()
