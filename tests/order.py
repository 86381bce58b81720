"""The order of test files, and who runs them: what waits runs beside what computes, and no core idles at the end."""

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.servers import PROVE

# Files that take a minute or more and wait most of it, for a slow line, a round or a block. Each chain is the work of
# one process: were they spread, three of them would wait together while the cores have nothing to do.
CHAINS = (
    ("test_trading_boxes.py", "test_bench_autobid.py", "test_chaos.py"),
    ("test_demo.py", "test_bench_market.py", "test_bench_seeding.py"),
)
# Files that share a box, whoever needs it clean first: another process would start another one.
ONE_BOX = (
    "test_first_light.py",
    "test_foreign_peers.py",
    "test_hostile_words.py",
    "test_second_factors.py",
    "test_network_settings.py",
    "test_bad_input.py",
)
# Files that take half a minute or so, the longest first: begun late, one of them leaves cores idle at the end.
LONGEST_FIRST = (
    "test_live_dashboard.py",
    "test_every_page.py",
    "test_demo_page.py",
    "test_trading.py",
    "test_trading_by_itself.py",
    "test_exchange.py",
    "test_legacy_peers.py",
    "test_node_process.py",
)
_CHAIN_OF = {name: f"chain {number}" for number, chain in enumerate((*CHAINS, ONE_BOX)) for name in chain if PROVE == 1}
_PLACES = {
    name: place for place, name in enumerate(name for names in (*CHAINS, ONE_BOX, LONGEST_FIRST) for name in names)
}


def longest_first(items: list[pytest.Item]) -> None:
    """Order what was shuffled by a little: files that take long come first."""
    items.sort(key=lambda item: _PLACES.get(item.path.name, len(_PLACES)))


class FilesAndChains(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Give each process a file or a chain of files at a time."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _CHAIN_OF.get(PurePosixPath(file).name, file)
