import json
from datetime import UTC, datetime

from seedbox.services.moving import SILENT_S, Sum, order_of
from seedbox.services.totals import Speeds

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def said(node: str, down: int, up: int, *, busiest: str = "") -> str:
    return order_of(node, Speeds(down, up), busiest=busiest, now=NOW)


class TestASum:
    def test_adds_up_what_the_nodes_say(self) -> None:
        moving = Sum()
        moving.hear(said("attic", 1024, 7, busiest="5 7"), 0)
        moving.hear(said("cellar", 10, 0, busiest="2"), 0)
        row = json.loads(moving.hear(said("attic", 1014, 0, busiest="5"), 1))["rows"]["speeds"]
        assert (row["down_bytes_per_s"], row["up_bytes_per_s"]) == (1024, 0)
        assert (row["down"], row["up"]) == ("1.00 KiB/s", "0 B/s")
        assert (row["at"], row["busiest"]) == (int(NOW.timestamp()), "5 2")

    def test_counts_no_node_that_has_died(self) -> None:
        moving = Sum()
        moving.hear(said("attic", 1024, 7), 0)
        moving.hear(said("cellar", 3, 0), 5)
        assert not moving.forget_silent(SILENT_S)
        assert json.loads(moving.forget_silent(SILENT_S + 1))["rows"]["speeds"]["down_bytes_per_s"] == 3
        assert not moving.forget_silent(SILENT_S + 1)
