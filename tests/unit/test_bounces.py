"""A place is bounced once in five minutes, or sooner when all that came of the last time is gone."""

from seedbox.domain.lanes import BOUNCE_PAUSE_S
from seedbox.engine.bounces import Bounces
from seedbox.engine.connections import Connection

PLACE = "203.0.113.7/32"


def connection(number: int) -> Connection:
    return Connection(number, "ab", ("203.0.113.7", 6881), PLACE, None, incoming=False)


class TestAPlace:
    def test_rests_after_a_bounce_while_a_connection_is_left_that_came_of_it(self) -> None:
        bounces = Bounces()
        assert bounces.may_begin(PLACE, [connection(1)], 0.0)
        bounces.begin(PLACE, 0.0)
        assert not bounces.may_begin(PLACE, [], 1.0)  # its connections are being made
        bounces.note(PLACE, [connection(2)])
        bounces.note(PLACE, [connection(2), connection(3)])
        assert not bounces.may_begin(PLACE, [connection(3), connection(4)], 2.0)
        assert bounces.may_begin(PLACE, [connection(3)], BOUNCE_PAUSE_S)

    def test_does_not_rest_when_all_of_them_are_gone(self) -> None:
        bounces = Bounces()
        bounces.begin(PLACE, 0.0)
        bounces.note(PLACE, [connection(2), connection(3)])
        assert bounces.may_begin(PLACE, [connection(4)], 3.0)
        bounces.begin(PLACE, 3.0)
        assert not bounces.may_begin(PLACE, [connection(4)], 4.0)
