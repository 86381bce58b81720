"""How the engine reaches the world, over real sockets of loopback: by the wanted way, or not at all."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seedbox.domain.kept import told
from seedbox.domain.network import NetworkSettings, ProxyKind
from seedbox.domain.states import State
from seedbox.engine import gate
from seedbox.engine.bare import BarePeer
from seedbox.engine.blocking import read_filter
from seedbox.engine.port import ConfigureNetwork, Snapshot
from seedbox.engine.settings import Setting
from tests.box import wait_until
from tests.network_box import ADDRESS, EAR_ADDRESS, OTHER_ADDRESS, PEER_ADDRESS, TCP_ONLY, NetworkBox
from tests.proxy import OUTGOING, Proxy
from tests.tracker import Tracker

MISSING = "203.0.113.77"  # an address of nobody: TEST-NET-3

OpenBox = Callable[..., NetworkBox]


@pytest.fixture
def open_box(tmp_path: Path) -> Iterator[OpenBox]:
    boxes: list[NetworkBox] = []

    def open_box(network: NetworkSettings, overrides: Mapping[str, Setting] = TCP_ONLY) -> NetworkBox:
        boxes.append(NetworkBox(tmp_path, network, overrides))
        return boxes[-1]

    yield open_box
    for box in boxes:
        box.close()


def through(proxy: Proxy, **fields: Any) -> NetworkSettings:
    settings = NetworkSettings(
        proxy_kind=ProxyKind(proxy.kind),
        proxy_host=proxy.host,
        proxy_port=proxy.port,
        proxy_user=proxy.user,
        proxy_password=proxy.password,
    )
    return replace(settings, **fields)


class TestAProxy:
    @pytest.mark.parametrize("kind", ["socks5", "http"])
    def test_carries_a_whole_download_and_is_all_that_peers_and_trackers_see(
        self, open_box: OpenBox, kind: str
    ) -> None:
        with Proxy(kind, "olga", "s3cret: ü") as proxy, Tracker() as tracker:
            box = open_box(through(proxy), overrides={})  # uTP goes through SOCKS5 too
            assert box.answer().problem == ""
            box.add(trackers=(tracker.url,))
            box.download()
            wait_until(lambda: tracker.announces, "the tracker to hear of us")
            wait_until(lambda: box.ear.heard, "somebody to knock at the ear")
            seen = set(box.ear.heard) | {f"tcp {host}" for host in tracker.clients}
            reached = {*proxy.reached, *proxy.datagrams}

        assert seen - {f"udp {OUTGOING}"} == {f"tcp {OUTGOING}"}
        assert box.peer in reached
        assert proxy.refused == 0

    @pytest.mark.parametrize("kind", ["socks5", "http"])
    def test_that_is_down_leaves_no_way_out_until_it_is_back(self, open_box: OpenBox, kind: str) -> None:
        proxy = Proxy(kind)
        proxy.start()
        proxy.stop()
        box = open_box(through(proxy))
        assert "can't be reached" in box.answer().problem
        box.add()
        box.turn(2)
        assert (box.ear.heard, box.bare.sent_bytes, box.engine.listening) == ([], 0, ())
        with proxy:
            assert box.answer().problem == ""
            box.download()
            assert {sighting.split()[1] for sighting in box.ear.heard} <= {OUTGOING}

    def test_that_dies_while_it_carries_leaves_no_way_out_until_it_is_back(
        self, open_box: OpenBox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gate, "ASK_PROXY_EVERY_S", 1.0)
        with Proxy() as proxy:
            box = open_box(through(proxy))
            box.bare.limit_upload(60_000)
            box.add()
            wait_until(lambda: box.turn(1) or (box.bare.sent_bytes and box.ear.heard), "the download to begin")
        assert "can't be reached" in box.answer(lambda answer: answer.problem != "").problem
        wait_until(lambda: not box.bare.peers, "the peer to lose us")
        box.turn(2)
        assert (box.bare.peers, box.engine.listening) == ((), ())

        box.bare.limit_upload(0)
        with proxy:
            assert box.answer(lambda answer: answer.problem == "")
            box.download()
            assert {sighting.split()[1] for sighting in box.ear.heard} == {OUTGOING}

    def test_is_asked_at_once_when_its_settings_change(self, open_box: OpenBox) -> None:
        with Proxy() as proxy:
            box = open_box(through(proxy))
            assert box.answer().problem == ""
        box.configure(through(proxy, proxy_user="changed"))  # asked at once, not with the next look
        assert box.engine.problem != ""

    @pytest.mark.parametrize("kind", ["socks5", "http"])
    def test_that_refuses_the_password_is_told(self, open_box: OpenBox, kind: str) -> None:
        with Proxy(kind, "olga", "right") as proxy:
            box = open_box(through(proxy, proxy_password="wrong"))
            assert "user name" in box.answer().problem
            box.add()
            box.turn(2)
            assert (box.ear.heard, proxy.reached) == ([], [])
            assert box.configure(through(proxy)).problem == ""

    def test_that_speaks_something_else_is_told(self, open_box: OpenBox) -> None:
        box = open_box(NetworkSettings())
        host, _, port = box.ear.endpoint.rpartition(":")  # it hangs up at once
        elsewhere = NetworkSettings(proxy_kind=ProxyKind.SOCKS5, proxy_host=host, proxy_port=int(port))
        assert told(box.configure(elsewhere).problem).startswith("The proxy")


class TestTrackers:
    def test_all_hear_of_us_also_when_the_first_answers(self, open_box: OpenBox) -> None:
        with Tracker() as first, Tracker() as second, Tracker() as third:
            box = open_box(NetworkSettings())
            box.add(trackers=(first.url, second.url, third.url))
            heard = (first.announces, second.announces, third.announces)
            wait_until(lambda: box.turn(1) or all(heard), "each tracker to hear of us")


class TestTheMachineItself:
    def test_is_nobody_in_the_world_and_neighbours_are(self) -> None:
        blocked = read_filter("", guards_machine=True).addresses
        assert blocked is not None
        own = (
            "127.0.0.1",
            "127.255.0.9",
            "0.0.0.0",
            "169.254.169.254",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "fd00:ec2::254",
        )
        neighbours = (
            "10.0.0.1",
            "192.168.1.7",
            "172.16.0.1",
            "100.64.0.1",
            "fd00::7",
            "fe80::1",
            "8.8.8.8",
            "2001:db8::1",
        )
        assert all(blocked.access(address) for address in own)
        assert not any(blocked.access(address) for address in neighbours)

    def test_stays_blocked_beside_a_blocklist_and_is_free_where_the_engine_is_isolated(self, tmp_path: Path) -> None:
        blocklist = tmp_path / "list"
        blocklist.write_text("8.8.8.8/32\n")
        for guards in (True, False):
            found = read_filter(str(blocklist), guards_machine=guards).addresses
            assert found is not None
            assert [found.access(address) for address in ("8.8.8.8", "127.0.0.1")] == [1, int(guards)]


class TestAnInterface:
    def test_is_all_that_peers_see(self, open_box: OpenBox) -> None:
        box = open_box(NetworkSettings(interface=OTHER_ADDRESS))
        assert box.answer().problem == ""
        box.add()
        box.download()
        wait_until(lambda: box.ear.heard, "somebody to knock at the ear")

        assert {sighting.split()[1] for sighting in box.ear.heard} == {OTHER_ADDRESS}
        assert {place.rpartition(":")[0] for place in box.engine.listening} == {OTHER_ADDRESS}

    @pytest.mark.parametrize("interface", [MISSING, "nosuchdevice0"])
    def test_that_is_missing_leaves_no_way_out(self, open_box: OpenBox, interface: str) -> None:
        box = open_box(NetworkSettings(interface=interface))
        assert interface in box.answer().problem
        box.add()
        box.turn(2)
        assert (box.ear.heard, box.bare.sent_bytes, box.engine.listening) == ([], 0, ())
        assert box.watcher.states.get(box.key, State.DOWNLOADING) == State.DOWNLOADING

        assert box.configure(NetworkSettings(interface=OTHER_ADDRESS)).problem == ""
        box.download()

    def test_that_is_lost_drops_everybody_and_carries_on_when_it_is_back(self, open_box: OpenBox) -> None:
        box = open_box(NetworkSettings(interface=OTHER_ADDRESS))
        box.bare.limit_upload(60_000)
        box.add()
        wait_until(lambda: box.turn(1) or box.bare.sent_bytes > 0, "the download to begin")
        box.missing.add(OTHER_ADDRESS)
        assert box.answer(lambda answer: answer.problem != "").problem == f"{OTHER_ADDRESS} is gone."
        wait_until(lambda: not box.bare.peers, "the peer to lose us")
        knocks = len(box.ear.heard)
        box.turn(2)
        assert (box.bare.peers, len(box.ear.heard)) == ((), knocks)

        box.bare.limit_upload(0)
        box.missing.clear()
        assert box.answer(lambda answer: answer.problem == "")
        box.download()

    def test_that_changes_takes_everybody_along(self, open_box: OpenBox) -> None:
        box = open_box(NetworkSettings())
        box.bare.limit_upload(60_000)
        box.add()
        wait_until(lambda: box.turn(1) or box.bare.peers == (ADDRESS,), "the peer to see the first address")
        assert box.configure(NetworkSettings(interface=OTHER_ADDRESS)).problem == ""
        wait_until(lambda: box.turn(1) or box.bare.peers == (OTHER_ADDRESS,), "the peer to see the other address")


class TestABlocklist:
    def test_blocks_a_peer_until_it_is_taken_out(self, open_box: OpenBox, tmp_path: Path) -> None:
        blocklist = tmp_path / "list.p2p"
        blocklist.write_text(f"the peer:{PEER_ADDRESS}-{PEER_ADDRESS}\nnonsense\n")
        with Tracker() as tracker:
            box = open_box(NetworkSettings(blocklist_path=str(blocklist)))
            tracker.peers = [box.peer, box.ear.endpoint]
            assert told(box.answer().blocklist) == "1 range. 1 line could not be read, first: line 2."
            box.add(trackers=(tracker.url,))
            wait_until(lambda: box.turn(1) or box.ear.heard, "somebody to knock at the ear")
            assert box.bare.sent_bytes == 0
            blocklist.write_text("somebody else:127.0.32.200-127.0.32.201\n")
            assert box.answer(lambda answer: told(answer.blocklist) == "1 range.")
            box.download()

    def test_lets_a_peer_in_that_is_taken_out_though_somebody_of_no_use_is_there(
        self, open_box: OpenBox, tmp_path: Path
    ) -> None:
        blocklist = tmp_path / "list.p2p"
        blocklist.write_text(f"the peer:{PEER_ADDRESS}-{PEER_ADDRESS}\n")
        with ExitStack() as stack:
            tracker = stack.enter_context(Tracker())
            box = open_box(NetworkSettings(blocklist_path=str(blocklist)))
            idle = BarePeer(EAR_ADDRESS)
            stack.callback(idle.close)
            idle.take(box.torrent_file, tmp_path / "idle", empty=True)
            tracker.peers = [box.peer, idle.endpoint]
            assert told(box.answer().blocklist) == "1 range."
            box.add(peers=(idle.endpoint,), trackers=(tracker.url,))
            wait_until(lambda: box.turn(1) or (idle.peers and tracker.announces), "somebody of no use to be there")
            box.watcher.wait_for(Snapshot, lambda snapshot: snapshot.peers == 1)
            blocklist.write_text("somebody else:127.0.32.200-127.0.32.201\n")
            box.download()

    def test_that_is_missing_at_the_start_leaves_no_way_out(self, open_box: OpenBox, tmp_path: Path) -> None:
        blocklist = tmp_path / "list.p2p"
        box = open_box(NetworkSettings(blocklist_path=str(blocklist)))
        assert "no blocklist file" in box.answer().problem
        box.add()
        box.turn(2)
        assert box.ear.heard == []
        blocklist.write_text("# blocks nobody\n")
        assert box.answer(lambda answer: answer.problem == "")
        box.download()

    def test_that_goes_bad_later_stays_in_force_as_it_was(self, open_box: OpenBox, tmp_path: Path) -> None:
        blocklist = tmp_path / "list.p2p"
        blocklist.write_text(f"{PEER_ADDRESS}/32\n")
        box = open_box(NetworkSettings(blocklist_path=str(blocklist)))
        assert box.answer().problem == ""
        blocklist.write_text("<html>not found</html>\n")
        assert "No line" in box.answer(lambda answer: answer.problem != "").problem
        box.add()
        wait_until(lambda: box.turn(1) or box.ear.heard, "somebody to knock at the ear")
        assert box.bare.sent_bytes == 0


class TestLimits:
    def test_are_in_force_at_once(self, open_box: OpenBox) -> None:
        box = open_box(NetworkSettings(max_connections=300, max_upload_slots=7))
        assert settings_of(box) == (300, 7)
        box.configure(NetworkSettings(max_connections=20, max_upload_slots=3))
        assert settings_of(box) == (20, 3)


class TestAnonymousMode:
    @pytest.mark.parametrize("anonymous", [True, False])
    def test_hides_the_name_from_trackers_and_peers(self, open_box: OpenBox, anonymous: bool) -> None:
        with Tracker() as tracker:
            box = open_box(NetworkSettings(anonymous=anonymous))
            box.add(trackers=(tracker.url,))
            box.bare.limit_upload(50_000)
            wait_until(lambda: box.turn(1) or (tracker.announces and box.bare.peers), "tracker and peer to meet us")
            told = [tracker.announces[0]["peer_id"], tracker.agents[0], *box.bare.clients]
            hides = not any("seedbox" in text.lower() or "-sb" in text.lower() for text in told)
        assert hides is anonymous


class TestSettingsThatCantBeRead:
    def test_leave_no_way_out(self, open_box: OpenBox) -> None:
        box = open_box(NetworkSettings())
        box.version += 1
        box.engine.apply(ConfigureNetwork(box.version, NetworkSettings(), refusal="The key is another one."))
        assert box.answer().problem == "The key is another one."
        box.add()
        box.turn(2)
        assert box.ear.heard == []


def settings_of(box: NetworkBox) -> tuple[int, int]:
    """Look behind the port: counting to the limit would take that many peers."""
    found = box.engine._swarm.session.get_settings()
    return found["connections_limit"], found["unchoke_slots_limit"]
