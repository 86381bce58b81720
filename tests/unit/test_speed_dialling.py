"""Whom a buyer may call, and how often."""

import pytest

from seedbox.domain.lanes import place_of, place_of_endpoint
from speed.domain.dialling import MAX_REMEMBERED, PAUSE_S, Tries, obstacle, parse_endpoint

SELLER = "1.1.1.1:6890"
PLACES = [place_of(address) for address in ("1.1.1.1", "2606:4700:1:2::5", "127.0.0.2")]


class TestASeller:
    @pytest.mark.parametrize("endpoint", [SELLER, "[2606:4700:1:2::77]:6890", "[::ffff:1.1.1.1]:6890"])
    def test_may_be_called_where_a_peer_of_the_torrent_is(self, endpoint: str) -> None:
        assert obstacle(endpoint, places=PLACES, dials_local=False) == ""

    @pytest.mark.parametrize("endpoint", ["1.1.1.2:6890", "[2606:4700:1:3::5]:6890"])
    def test_is_left_alone_where_no_peer_is(self, endpoint: str) -> None:
        assert "connected" in obstacle(endpoint, places=PLACES, dials_local=True)

    def test_of_a_local_network_is_called_only_if_the_operator_says_so(self) -> None:
        assert "local" in obstacle("127.0.0.2:6890", places=PLACES, dials_local=False)
        assert "local" in obstacle("[::ffff:127.0.0.2]:6890", places=PLACES, dials_local=False)
        assert obstacle("127.0.0.2:6890", places=PLACES, dials_local=True) == ""

    @pytest.mark.parametrize("endpoint", ["224.0.0.1:6890", "0.0.0.0:6890", "[ff0e::1]:6890", "[::]:6890"])
    def test_is_no_group_and_no_nobody(self, endpoint: str) -> None:
        places = [place_of_endpoint(endpoint)]
        assert "Nobody can be called" in obstacle(endpoint, places=places, dials_local=True)

    @pytest.mark.parametrize(
        "endpoint",
        ["", "1.1.1.1", "1.1.1.1:", "1.1.1.1:0", "1.1.1.1:65536", "1.1.1.1:99999999", "1.1.1.1:²", "a.example:1",
         "[fe80::1%eth0]:6890", "2606:4700:1:2::5", ":6890", "1.1.1.1:+5"],
    )  # fmt: skip
    def test_has_an_address_and_a_port(self, endpoint: str) -> None:
        assert "no address" in obstacle(endpoint, places=PLACES, dials_local=True)

    def test_is_read_as_address_and_port(self) -> None:
        address, port = parse_endpoint("[::ffff:1.1.1.1]:6890")
        assert (str(address), port) == ("1.1.1.1", 6890)


class TestTries:
    def test_leave_an_endpoint_alone_for_ten_minutes_that_has_not_answered(self) -> None:
        tries = Tries()
        assert tries.wait_s(SELLER, 0.0) == 0
        tries.call(SELLER, 0.0)
        assert tries.wait_s(SELLER, 1.0) == 599
        assert tries.wait_s(SELLER, 600.0) == 0
        assert tries.wait_s("1.1.1.1:6891", 1.0) == 0

    def test_call_a_market_again_after_longer_and_longer_pauses(self) -> None:
        tries, pauses, now_s = Tries(), [], 0.0
        tries.call(SELLER, now_s)
        tries.answered(SELLER)
        for _ in range(9):
            pauses.append(tries.wait_s(SELLER, now_s))
            now_s += pauses[-1]
            tries.call(SELLER, now_s)
        assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]

    def test_call_soon_again_where_a_market_was_before_the_node_was_started(self) -> None:
        tries = Tries()
        tries.call(SELLER, 0.0, is_market=True)
        assert tries.wait_s(SELLER, 0.0) == 5
        tries.call(SELLER, 5.0, is_market=True)
        assert tries.wait_s(SELLER, 5.0) == 10

    def test_call_at_once_where_a_steady_connection_was_lost_and_then_soon_again(self) -> None:
        tries = Tries()
        tries.call(SELLER, 0.0)
        tries.answered(SELLER)
        tries.lost(SELLER, lasted_s=59.0)
        assert tries.wait_s(SELLER, 2.0) == 3
        tries.lost(SELLER, lasted_s=60.0)
        assert tries.wait_s(SELLER, 2.0) == 0
        tries.call(SELLER, 2.0)
        assert tries.wait_s(SELLER, 2.0) == 5

    def test_are_no_shorter_for_who_answers_and_hangs_up(self) -> None:
        tries = Tries()
        for at_s in (0.0, 5.0, 15.0):
            assert tries.wait_s(SELLER, at_s) == 0
            tries.call(SELLER, at_s)
            tries.answered(SELLER)
            tries.lost(SELLER, lasted_s=0.1)
        assert tries.wait_s(SELLER, 15.0) == 20

    def test_know_nothing_of_who_was_never_called(self) -> None:
        tries = Tries()
        tries.answered(SELLER)
        tries.lost(SELLER, lasted_s=1e6)
        assert tries.wait_s(SELLER, 0.0) == 0

    def test_remember_so_many_and_call_nobody_else_until_some_are_over(self) -> None:
        tries = Tries()
        for number in range(MAX_REMEMBERED):
            tries.call(f"10.0.{number >> 8}.{number & 255}:1", 0.0 if number else -1.0)
        assert tries.wait_s(SELLER, 0.0) == PAUSE_S
        assert tries.wait_s(SELLER, 599.5) == 0.0
        tries.call(SELLER, 599.5)
        assert tries.wait_s("1.1.1.2:1", 599.5) == PAUSE_S
