"""Whatever befalls the automatic bidder, in whatever order: no overspend, one bidder, a sentence, and it goes on."""

from dataclasses import dataclass

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from speed.domain.autobid_view import State
from speed.domain.refusals import Reason
from speed.services.autobid import Choice, Terms
from tests.auto_bidding import KIB
from tests.auto_world import World
from tests.builders import make_user
from tests.buying import BTT, MIB, PRICE
from tests.servers import PROVE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("slow_at_once")]


@dataclass(frozen=True)
class Event:
    """Something that is done to the world, with what."""

    name: str
    arguments: tuple[object, ...]

    def __call__(self, world: World) -> None:
        getattr(world, self.name)(*self.arguments)


def event(name: str, *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Event]:
    return st.builds(Event, st.just(name), st.tuples(*arguments))


people, sellers = st.integers(0, 1), st.integers(0, 2)
moneys = st.sampled_from((BTT // 2, 2 * BTT, 40 * BTT, 400 * BTT))
terms = st.builds(
    Terms,
    ceiling_ubtt_per_gib=st.sampled_from((PRICE // 2, PRICE, 2 * PRICE)),
    torrent_budget_ubtt=moneys,
    day_limit_ubtt=moneys,
    least_bytes_per_s=st.sampled_from((64 * KIB, 512 * KIB, 2 * MIB)),
)
asks = st.sampled_from((PRICE // 4, PRICE, 3 * PRICE))
refusals = st.sampled_from((None, None, Reason.NO_CAPACITY, Reason.PRICE_TOO_LOW, Reason.UNPAID, Reason.CHANNEL_LOW))
events = st.one_of(
    event("set_swarm", st.sampled_from((0, 50 * KIB, 480 * KIB, 520 * KIB, 3 * MIB))),
    event("set_hub", st.booleans(), st.booleans()),
    event("set_seller", sellers, asks, refusals),
    event("turn_on", people, terms),
    event("turn_on", people, terms),
    event("turn_off", people),
    event("stop", people),
    event("choose", people, st.sampled_from(Choice)),
    event("restart"),
    event("jump", st.sampled_from((-5, 5))),
    event("lose", sellers),
    event("find", sellers),
)


@pytest.mark.timeout(120 * (1 + PROVE))
class TestTheAutomaticBidder:
    @settings(max_examples=4 * PROVE)
    @given(st.lists(st.tuples(st.lists(events, min_size=1, max_size=2), st.integers(2, 14)), min_size=4, max_size=12))
    def test_overspends_nothing_whatever_happens_and_goes_on_when_it_is_over(
        self, history: list[tuple[list[Event], int]]
    ) -> None:
        with transaction.atomic():
            world = World(make_user("olga"), make_user("sam"))
            world.pass_by(24)
            for together, seconds in history:
                for one in together:
                    one(world)
                world.pass_by(seconds)
            world.mend()
            world.run_until(State.BIDDING, *world.shops)
            transaction.set_rollback(True)
