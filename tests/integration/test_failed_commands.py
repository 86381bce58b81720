"""Commands that the engine's thread could not carry out, for a mistake of ours: the next turns ask again."""

from collections.abc import Callable, Iterator

import pytest

from seedbox.domain.network import NetworkSettings
from seedbox.domain.plan import Applied, plan
from seedbox.domain.states import State
from seedbox.domain.wishes import Desired
from seedbox.engine import port
from seedbox.engine.fake import FakeEngine
from seedbox.models import Observation, Torrent, User
from seedbox.node.engine_thread import EngineThread
from seedbox.services import audit, holdings, networks
from seedbox.services.lanes import LaneDesk
from seedbox.services.ward import NOT_CARRIED_OUT, RETRY, Charge
from tests.box import wait_until
from tests.builders import NOW
from tests.sources import make_metainfo
from tests.turns import TurnedNode, seen

pytestmark = pytest.mark.django_db

SOURCE, OTHER = make_metainfo(files={"a.bin": 40_000}), make_metainfo(files={"b.bin": 10_000})
KEY = SOURCE.info_hash_v1


class Clumsy(FakeEngine):
    """Can't carry out commands of one kind."""

    fails_at: type | None = None
    failures = 0

    def apply(self, command: port.Command) -> None:
        if type(command) is self.fails_at:
            self.failures += 1
            raise RuntimeError("a mistake of ours")
        super().apply(command)


class ClumsyNode(TurnedNode):
    """A node whose engine lives in its own thread and fails for a while."""

    engine: Clumsy

    def __init__(self) -> None:
        clumsy = Clumsy()
        super().__init__(clumsy, reached_by=EngineThread(lambda: clumsy, LaneDesk()))

    def until(self, is_so: Callable[[], object], what: str) -> None:
        """Turn until this is so, ten seconds on the clock at a time."""

        def look() -> object:
            self.turn()
            return is_so()

        wait_until(look, what)


@pytest.fixture
def node() -> Iterator[ClumsyNode]:
    node = ClumsyNode()
    yield node
    node.stop()


class TestACommandThatFails:
    def test_shows_why_nothing_happens_and_is_tried_again(self, node: ClumsyNode, owner: User) -> None:
        node.engine.fails_at = port.AddTorrent
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        node.until(lambda: seen(holding).error == NOT_CARRIED_OUT, "the sentence")
        node.engine.fails_at = None
        node.until(lambda: seen(holding).state == State.DOWNLOADING, "the torrent to be added after all")

        node.engine.fails_at = port.StopTorrent
        holdings.change(user=owner, holding_ids=[holding.pk], verb="stop", now=NOW)
        other = holdings.add(user=owner, source=OTHER, now=NOW)
        node.until(lambda: seen(holding).error == NOT_CARRIED_OUT, "the sentence")
        node.until(lambda: seen(other).state == State.DOWNLOADING, "the others to go on")
        assert node.engine.torrents[KEY].runs
        node.engine.fails_at = None
        node.until(lambda: seen(holding).state == State.STOPPED, "the torrent to be stopped after all")

        node.engine.fails_at = port.RemoveTorrent
        holdings.change(user=owner, holding_ids=[holding.pk], verb="remove", now=NOW)
        node.until(node.loop.ward.problem, "the failure")
        node.engine.fails_at = None
        node.until(lambda: not Torrent.objects.filter(pk=holding.torrent_id), "the torrent to be removed after all")

    def test_about_the_network_is_tried_again(self, node: ClumsyNode) -> None:
        node.turn()
        node.engine.fails_at = port.ConfigureNetwork
        wanted = NetworkSettings(max_connections=100)
        networks.change(node_name="local", settings=wanted, keeps_password=False, origin=audit.command_line(), now=NOW)
        node.until(lambda: node.engine.failures > 1, "two tries")
        node.engine.fails_at = None
        node.until(lambda: node.engine.network.settings == wanted, "the engine to be told after all")


APPLIED = Applied(runs=True, recheck_count=1, trackers=("t",), peers=("p", "q"))
DESIRED = Desired(present=True, runs=True, recheck_count=1, trackers=("t",), peers=("p", "q"))


class TestWhatIsTakenBack:
    @pytest.mark.parametrize(
        ("command", "verbs"),
        [
            (port.AddTorrent("k", "/f"), ["add"]),
            (port.StartTorrent("k"), ["start"]),
            (port.SetTrackers("k", ("t",)), ["trackers"]),
            (port.ConnectPeers("k", ("q",)), ["peers"]),
            (port.GiveMetadata("k", b""), ["metadata"]),
            (port.RecheckTorrent("k"), ["recheck"]),
        ],
    )
    def test_is_planned_again_and_nothing_else(self, command: port.Command, verbs: list[str]) -> None:
        charge = Charge(1, "k", "/f", Observation(torrent_id=1, rechecked_count=1), applied=APPLIED)
        charge.take_back(command, now=NOW)
        steps = plan(desired=DESIRED, applied=charge.applied, rechecked_count=charge.observation.rechecked_count)
        assert [step.verb for step in steps] == verbs
        assert charge.is_to_retry(NOW + RETRY)

    def test_of_a_torrent_whose_disk_is_away_is_asked_at_once(self) -> None:
        charge = Charge(1, "k", "/f", Observation(torrent_id=1), applied=APPLIED)
        charge.wait_for_folder("The disk is away.")
        charge.take_back(port.SetAside("k"), now=NOW)
        assert charge.applied is not None
        assert charge.look_again

    def test_is_nothing_while_the_torrent_is_removed(self) -> None:
        charge = Charge(1, "k", "/f", Observation(torrent_id=1), is_removing=True)
        charge.take_back(port.StopTorrent("k"), now=NOW)
        assert charge.retry_at is None
