import json
from datetime import UTC, datetime, timedelta

from seedbox.services.moving import SILENT_S, Sum, order_of
from seedbox.services.totals import Speeds

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def said(node: str, down: int, up: int, *, busiest: str = "", now: datetime = NOW) -> str:
    return order_of(node, Speeds(down, up), busiest=busiest, now=now)


class TestASum:
    def test_adds_up_what_the_nodes_say(self) -> None:
        moving = Sum()
        moving.hear(said("attic", 1024, 7, busiest="5 7"), 0)
        moving.hear(said("cellar", 10, 0, busiest="2"), 0)
        row = json.loads(moving.hear(said("attic", 1014, 0, busiest="5"), 1))["rows"]["speeds"]
        assert (row["down_bytes_per_s"], row["up_bytes_per_s"]) == (1024, 0)
        assert (row["down"], row["up"]) == ("1.00 KiB/s", "0 B/s")
        assert (row["at"], row["busiest"]) == (int(NOW.timestamp()), "5 2")

    def test_is_of_the_time_of_the_fastest_clock_and_follows_one_that_is_set_back(self) -> None:
        def at(node: str, now: datetime) -> int:
            return int(json.loads(moving.hear(said(node, 1, 1, now=now), 0))["rows"]["speeds"]["at"])

        moving, second = Sum(), timedelta(seconds=1)
        assert at("attic", NOW) == NOW.timestamp()
        assert at("cellar", NOW - 3 * second) == NOW.timestamp()
        assert at("attic", NOW - 3600 * second) == (NOW - 3 * second).timestamp()
        last = json.loads(moving.forget_silent(SILENT_S + 1))["rows"]["speeds"]
        assert last["at"] == (NOW - 3 * second).timestamp()

    def test_counts_no_node_that_has_died(self) -> None:
        moving = Sum()
        moving.hear(said("attic", 1024, 7), 0)
        moving.hear(said("cellar", 3, 0), 5)
        assert not moving.forget_silent(SILENT_S)
        assert json.loads(moving.forget_silent(SILENT_S + 1))["rows"]["speeds"]["down_bytes_per_s"] == 3
        assert not moving.forget_silent(SILENT_S + 1)
