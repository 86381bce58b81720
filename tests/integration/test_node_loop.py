import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from django.db import OperationalError, connection
from redis import Redis

from seedbox.config.celery import app as box_app
from seedbox.domain.states import State
from seedbox.models import LogEntry, Node, Observation, User
from seedbox.node.loop import LeaseLost
from seedbox.services import counters, holdings, nodes, nudge
from seedbox.services.ward import Charge
from tests.builders import NOW
from tests.sources import make_metainfo
from tests.turns import TurnedNode, seen

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

SOURCE = make_metainfo()
KEY = SOURCE.info_hash_v1


@contextmanager
def database_down() -> Iterator[None]:
    def refuse(*_: Any) -> Any:
        raise OperationalError("the server is gone")

    with connection.execute_wrapper(refuse):
        yield


class TestANodeWithoutItsDatabase:
    def test_keeps_its_engine_running_and_tells_later_what_it_saw(self, owner: User) -> None:
        node = TurnedNode()
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=2)
        with database_down():
            for number in range(5):
                node.engine.deliver(KEY, 10_000)
                node.engine.fail(KEY, f"sentence {number}") if number == 4 else None
                node.now += timedelta(seconds=1)
                node.loop.turn(node.engine.poll(timeout_s=0), now=node.now)
            assert "the server is gone" in node.loop.problem
        node.turn(times=2)
        assert (seen(holding).state, seen(holding).done_bytes) == (State.ERROR, 50_000)
        assert LogEntry.objects.get().text == "sentence 4"
        assert node.loop.problem == ""
        node.stop()

    def test_rests_longer_after_each_failure_up_to_five_seconds(self) -> None:
        node, tries = TurnedNode(), []

        def refuse(*_: Any) -> Any:
            tries.append(round((node.now - NOW).total_seconds(), 1))
            raise OperationalError("the server is gone")

        with connection.execute_wrapper(refuse):
            for _ in range(200):
                node.loop.turn([], now=node.now)
                node.now += timedelta(seconds=0.1)
        assert tries == [0, 0.5, 1.5, 3.5, 7.5, 12.5, 17.5]
        node.stop()


class TestAClockThatIsSetBack:
    def test_keeps_no_node_from_beating_and_looking(self, owner: User) -> None:
        node = TurnedNode()
        node.turn()
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.now -= timedelta(hours=2)
        node.turn(times=2)
        assert seen(holding).state == State.DOWNLOADING
        assert Node.objects.get().beat_at == node.now
        node.stop()


class TestAClockThatJumps:
    @pytest.mark.parametrize("jump", [timedelta(days=1), -timedelta(days=1)])
    def test_leaves_a_living_node_its_lease_and_its_health(self, jump: timedelta, owner: User) -> None:
        node, rival, seconds = TurnedNode(), nodes.Rival(lambda: seconds[0]), [0.0]
        for _ in range(10):
            seconds[0] += 3.0
            node.turn(after_s=3.0)
            with pytest.raises(nodes.LeaseHeld):
                nodes.claim(name="local", token="b", folder="/x", now=node.now + jump, rival=rival)
        node.now += jump
        node.turn()
        assert nodes.health(node.now).nodes[0].is_alive
        node.stop()

    def test_frees_a_dead_nodes_lease_all_the_same(self) -> None:
        seconds = [0.0]
        rival = nodes.Rival(lambda: seconds[0])
        nodes.claim(name="local", token="a", folder="/x", now=NOW)
        for seconds[0] in (0.0, 14.9):
            with pytest.raises(nodes.LeaseHeld):
                nodes.claim(name="local", token="b", folder="/x", now=NOW - timedelta(days=1), rival=rival)
        seconds[0] = 15.0
        nodes.claim(name="local", token="b", folder="/x", now=NOW - timedelta(days=1), rival=rival)
        assert Node.objects.get().lease_token == "b"

    def test_shows_no_dead_node_as_living(self) -> None:
        nodes.claim(name="local", token="a", folder="/x", now=NOW)
        assert not nodes.health(NOW - timedelta(days=1)).nodes[0].is_alive

    def test_keeps_no_retry_waiting(self, owner: User) -> None:
        charge = Charge(1, KEY, "/x", Observation())
        charge.fail("It failed.", now=NOW)
        assert not charge.is_to_retry(NOW)
        assert charge.is_to_retry(NOW + timedelta(days=1))
        assert charge.is_to_retry(NOW - timedelta(days=1))


class TestANodeWithoutRedis:
    def test_carries_out_wishes_by_looking(self, owner: User) -> None:
        node = TurnedNode(redis_url="unix:///nowhere/redis.sock")
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=2)
        assert seen(holding).state == State.DOWNLOADING
        node.stop()


class TestALease:
    def test_keeps_another_process_out_until_it_expires(self) -> None:
        nodes.claim(name="local", token="a", folder="/x", now=NOW)
        for age in (0, 14.9):
            with pytest.raises(nodes.LeaseHeld, match="run by another process"):
                nodes.claim(name="local", token="b", folder="/x", now=NOW + timedelta(seconds=age))
        nodes.claim(name="local", token="b", folder="/x", now=NOW + timedelta(seconds=15.1))
        assert Node.objects.get().lease_token == "b"

    def test_lets_the_same_folder_back_in_at_once(self) -> None:
        nodes.claim(name="local", token="a", folder="/x", now=NOW)
        assert nodes.claim(name="local", token="a", folder="/x", now=NOW).started_at == NOW

    def test_is_given_up_at_the_end(self) -> None:
        node = nodes.claim(name="local", token="a", folder="/x", now=NOW)
        nodes.release(node_id=node.pk, token="a")
        nodes.claim(name="local", token="b", folder="/x", now=NOW)

    def test_that_was_lost_stops_the_loop_and_leaves_the_new_owner_alone(self, owner: User) -> None:
        node = TurnedNode()
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=2)
        later = node.now + timedelta(seconds=20)
        nodes.claim(name="local", token="b", folder="/x", now=later)
        node.engine.deliver(KEY, 50_000)
        with pytest.raises(LeaseLost):
            node.loop.turn([], now=later)
        node.stop()
        assert seen(holding).done_bytes == 0
        assert Node.objects.get().lease_token == "b"

    def test_that_was_lost_while_the_node_hung_is_noticed_before_anything_is_touched(self, owner: User) -> None:
        node = TurnedNode()
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.turn(times=2)
        later = node.now + timedelta(seconds=20)
        nodes.claim(name="local", token="b", folder="/x", now=later)
        holdings.change(user=owner, holding_ids=[holding.pk], verb="remove", now=later)
        node.engine.deliver(KEY, 50_000)
        before = list(node.engine.commands)
        with pytest.raises(LeaseLost):
            node.loop.turn(node.engine.poll(timeout_s=0), now=later)
        assert node.engine.commands == before
        assert Observation.objects.get().done_bytes == 0
        node.stop()


class TestABeat:
    def test_tells_what_the_health_page_shows(self, redis_client: Redis) -> None:
        node = TurnedNode()
        node.turn()
        health = nodes.health(node.now)
        assert health.is_well
        assert health.nodes[0].listens_on == ("127.0.0.1:6881",)
        assert health.nodes[0].total_bytes >= health.nodes[0].free_bytes > 0
        assert health.nodes[0].counters["alerts_dropped"] == 0
        assert set(health.nodes[0].counters) <= set(counters.NAMES)
        node.engine.fault = "The port is taken."
        node.turn()
        assert not nodes.health(node.now).is_well
        assert nodes.health(node.now + timedelta(seconds=16)).nodes[0].problem == "The node does not run."
        node.stop()

    def test_that_never_came_is_no_health(self) -> None:
        assert not nodes.health(NOW).is_well

    def test_is_unknown_without_a_database(self) -> None:
        with database_down():
            assert nodes.health(NOW).database_problem == "The database does not answer."


class TestANudge:
    def test_for_a_dead_broker_is_counted_and_tried_again_after_a_rest_only(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        nowhere = Celery("nowhere", broker="redis+socket:///nowhere/redis.sock", set_as_current=False)
        nowhere.conf.broker_transport_options = box_app.conf.broker_transport_options
        sender = nudge.Sender(nowhere)
        asked_at_s = time.monotonic()
        for _ in range(3):
            sender.send("local")
        assert time.monotonic() - asked_at_s < 0.5
        assert sender.failed == 3
        assert caplog.text.count("nodes look by themselves") == 1

    def test_reaches_who_listens_in_this_process(self) -> None:
        heard: list[str] = []
        nudge.listen("here", lambda: heard.append("nudge"))
        nudge.hear("here")
        nudge.hear("elsewhere")
        nudge.listen("here", None)
        nudge.hear("here")
        assert heard == ["nudge"]
