"""The desk between a market and the engine: orders one way, reports the other."""

import logging

import pytest

from seedbox.domain.lanes import Announce, Bounce, FindSellers, Lane, PortMapped, Report, ShareUpload, Watch, place_of
from seedbox.services.lanes import MAX_ERRANDS, LaneDesk

HOME = place_of("203.0.113.7")


class TestOrders:
    def test_are_taken_once_the_standing_ones_first_and_only_the_last_of_a_kind(self) -> None:
        desk = LaneDesk()
        desk.open(lambda: None)
        desk.ask(Bounce(HOME))
        desk.ask(ShareUpload(1_000))
        desk.ask(ShareUpload(2_000, lanes={HOME: Lane(500)}))
        desk.ask(FindSellers(bytes(20)))

        assert desk.take() == [ShareUpload(2_000, lanes={HOME: Lane(500)}), Bounce(HOME), FindSellers(bytes(20))]
        assert desk.take() == []

    def test_that_stand_are_told_to_the_next_engine_too_and_errands_are_not(self) -> None:
        desk = LaneDesk()
        desk.open(lambda: None)
        desk.ask(Watch(sells={"a": frozenset({HOME})}))
        desk.take()
        desk.ask(Bounce(HOME))
        desk.close()
        desk.open(lambda: None)

        assert desk.take() == [Watch(sells={"a": frozenset({HOME})})]

    def test_wake_the_engine_that_is_there(self) -> None:
        woken: list[str] = []
        desk = LaneDesk()
        desk.ask(Announce())
        desk.open(lambda: woken.append("once"))
        assert desk.has_engine
        desk.ask(Announce())
        desk.close()
        desk.ask(Announce())

        assert woken == ["once"]
        assert not desk.has_engine

    def test_of_a_market_that_nobody_hears_take_no_more_and_more_room(self) -> None:
        desk = LaneDesk()
        for number in range(MAX_ERRANDS + 5):
            desk.ask(FindSellers(number.to_bytes(20, "big")))

        assert desk.take()[0] == FindSellers((5).to_bytes(20, "big"))


class TestReports:
    def test_reach_all_that_listen_until_they_stop(self) -> None:
        first: list[Report] = []
        second: list[Report] = []
        desk = LaneDesk()
        end = desk.listen(first.append)
        desk.listen(second.append)
        desk.tell([PortMapped("a")])
        end()
        desk.tell([PortMapped("b")])

        assert first == [PortMapped("a")]
        assert second == [PortMapped("a"), PortMapped("b")]

    def test_reach_the_next_listener_when_one_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        heard: list[Report] = []
        desk = LaneDesk()

        def fail(report: Report) -> None:
            raise RuntimeError("the market's loop is closed")

        desk.listen(fail)
        desk.listen(heard.append)
        with caplog.at_level(logging.CRITICAL):
            desk.tell([PortMapped("a")])

        assert heard == [PortMapped("a")]
