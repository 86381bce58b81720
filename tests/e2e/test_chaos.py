"""`kill -9` of every process of a real box, at random moments while people add, check and remove: all is well again."""

import pytest

from tests.benches import run_bench
from tests.servers import PROVE

KILLS = min(10 * PROVE, 300)
HANGS = min(PROVE - 1, 3)
STORMS = min(PROVE - 1, 10)
LIMIT_S = 600 * PROVE  # far more than it takes; a busy machine is no fault


@pytest.mark.timeout(LIMIT_S + 10)
class TestABoxUnderFire:
    def test_loses_nothing_and_fetches_nothing_again_that_was_on_disk(self) -> None:
        figures = run_bench(
            *("chaos", "--kills", str(KILLS), "--hangs", str(HANGS), "--storms", str(STORMS)), limit_s=LIMIT_S
        )
        assert figures["kills"] == KILLS
        assert {"node", "web", "redis", "wallet", "beat", "guardian", "supervisor"} <= figures["kills_of"].keys()
        assert figures["lost_torrents"] == 0
        assert figures["wrong_hashes"] == 0
        assert figures["removed"] > 0 and figures["fetched_by_others"] > figures["fetched_over_utp"] > 0
        assert figures["refetched_bytes"] <= figures["refetch_limit_bytes"]
        assert figures["unflushed_worst_bytes"] <= figures["unflushed_limit_bytes"]
