"""Peers found without a tracker: who may be, is; a private torrent gives no sign of itself.

The engine is set up as for the world, with DHT, LSD and PEX, but its world is the loopback interface.
"""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libtorrent as lt
import pytest

from seedbox.domain.lanes import Announce, FindSellers, SellersFound
from seedbox.engine.bare import BarePeer
from seedbox.engine.dht import FILE_NAME, MAX_STATE_BYTES
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import (
    AddTorrent,
    Details,
    GiveMetadata,
    MetadataReceived,
    StartTorrent,
    StopTorrent,
    WatchTorrents,
)
from seedbox.engine.settings import ALERT_MASK, EngineSettings, Setting
from tests.box import free_port
from tests.builders import make_content, make_torrent_file
from tests.capture import Capture
from tests.dht import LOOPBACK_DHT, entered_by
from tests.engines import ToldEngine

LIMIT_S = 60.0
OURS = "127.0.33.10"
FIRST_NODE = "127.0.33.11"
OTHER_NODE = "127.0.33.12"
PLAIN: dict[str, Setting] = {  # so that what is said can be read
    "in_enc_policy": int(lt.enc_policy.pe_disabled),
    "out_enc_policy": int(lt.enc_policy.pe_disabled),
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
}


class World(ToldEngine):
    """Our engine and two nodes of the DHT."""

    def __init__(self, folder: Path) -> None:
        self.downloads = folder / "downloads"
        super().__init__()
        port = free_port()
        first = f"{FIRST_NODE}:{port}"
        self._nodes = [  # the one that everybody starts from is in nobody's table
            BarePeer(FIRST_NODE, overrides={**LOOPBACK_DHT, "listen_interfaces": first}),
            BarePeer(OTHER_NODE, overrides={**LOOPBACK_DHT, "alert_mask": int(ALERT_MASK)}),
        ]
        self.settings = EngineSettings(
            resume_folder=folder / "resume",
            downloads_folder=self.downloads,
            listen=(f"{OURS}:0",),
            believes_local_peers=True,
            overrides={
                **PLAIN,
                **entered_by(first),
                "enable_lsd": True,
                "outgoing_interfaces": OURS,
            },
        )
        self.engine = LibtorrentEngine(self.settings)

    @property
    def other_node(self) -> lt.session:
        return self._nodes[1]._open_session()

    @property
    def dht_state(self) -> Path:
        return self.settings.resume_folder / FILE_NAME

    def reopen_without_bootstrap(self) -> None:
        """Start anew, told of no node."""
        alone = {**self.settings.overrides, "dht_bootstrap_nodes": "127.0.33.13:9"}  # nobody is there
        self.engine = LibtorrentEngine(replace(self.settings, overrides=alone))

    def meet_a_node(self) -> None:
        """Let our engine hear of a node, as others' questions do, and wait until it counts it."""
        address, _, port = self._nodes[1].endpoint.rpartition(":")
        assert self.engine._session
        self.engine._session.add_dht_node((address, int(port)))
        self.wait_for_a_node()

    def wait_for_a_node(self) -> None:
        """Torrents that are added before would ask nobody, and again only after a long time."""

        def look() -> bool:
            assert self.engine._session
            self.engine._session.post_session_stats()
            return self.engine.counters().get("dht_nodes", 0) > 0

        self.wait(look, "a node of the DHT")

    def add(self, data: bytes, *, peers: tuple[str, ...] = (), by_magnet: bool = False) -> str:
        key = read_torrent_file(data).info_hash_v1
        source = {"magnet": f"magnet:?xt=urn:btih:{key}"} if by_magnet else {"torrent_file": data}
        self.engine.apply(AddTorrent(key, str(self.downloads / key), peers=peers, **source))
        return key

    def knows(self, key: str) -> set[str]:
        """Return the peers of the newest details."""
        found = [event for event in self.seen if isinstance(event, Details) and event.key == key]
        return {peer.address for peer in found[-1].peers} if found else set()

    def close(self) -> None:
        self.engine.close(timeout_s=5)
        for node in self._nodes:
            node.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def torrent_of(folder: Path, name: str, *, private: bool) -> bytes:
    return make_torrent_file(make_content(folder / name, {f"{name}.bin": 400_000}, seed=len(name)), private=private)


class TestAPrivateTorrent:
    def test_is_named_in_no_packet_where_a_public_one_is(self, world: World, tmp_path: Path) -> None:
        secret, public = (torrent_of(tmp_path, name, private=name == "secret") for name in ("secret", "public"))
        world.meet_a_node()
        with Capture("127.0.33.") as capture:
            hidden = world.add(secret)
            shown = world.add(public)
            world.wait(lambda: capture.kinds(shown) == {"DHT", "LSD"}, "the public torrent to be looked for")
            for command in (StopTorrent, StartTorrent):
                world.engine.apply(command(hidden))
            later = world.add(torrent_of(tmp_path, "another", private=False))
            world.wait(lambda: capture.kinds(later) == {"DHT", "LSD"}, "another public torrent to be looked for")
        assert capture.kinds(hidden) == set()

    def test_falls_silent_when_a_magnet_turns_out_to_be_one(self, world: World, tmp_path: Path) -> None:
        secret = torrent_of(tmp_path, "hidden", private=True)
        world.meet_a_node()
        with Capture("127.0.33.") as capture:
            hidden = world.add(secret, by_magnet=True)
            world.wait(lambda: capture.kinds(hidden) == {"DHT", "LSD"}, "the magnet to be looked for")
            world.engine.apply(GiveMetadata(hidden, secret))
            world.wait(lambda: any(isinstance(event, MetadataReceived) for event in world.seen), "the metadata")
            public = world.add(torrent_of(tmp_path, "public", private=False))
            world.wait(lambda: capture.kinds(public) == {"DHT", "LSD"}, "a public torrent to be looked for")
            since = len(capture.packets)  # questions that were asked before have their answers by now
            for command in (StopTorrent, StartTorrent):
                world.engine.apply(command(hidden))
            later = world.add(torrent_of(tmp_path, "later", private=False))
            world.wait(lambda: capture.kinds(later) == {"DHT", "LSD"}, "another public torrent to be looked for")
        assert capture.kinds(hidden, since=since) == set()


class TestPeersThatPeersTellOf:
    def test_are_used_for_a_public_torrent_and_never_for_a_private_one(self, world: World, tmp_path: Path) -> None:
        pairs: dict[str, tuple[BarePeer, BarePeer]] = {}
        keys = {}
        for number, name in ((20, "secret"), (30, "public")):
            data = torrent_of(tmp_path, name, private=name == "secret")
            seed, leech = (BarePeer(f"127.0.33.{number + each}", overrides=PLAIN) for each in (0, 1))
            pairs[name] = seed, leech
            seed.take(data, tmp_path)
            seed.wait_until_complete(limit_s=LIMIT_S)
            seed.limit_upload(10_000)
            leech.take(data, tmp_path / f"{name} of a leech", empty=True)
            leech.connect(seed.endpoint)
            leech.wait_until(lambda: leech.received_bytes > 0, "download", limit_s=LIMIT_S)  # noqa: B023  # runs here
            keys[name] = data
        with Capture("127.0.33.") as capture:
            hidden = world.add(keys["secret"], peers=(pairs["secret"][0].endpoint,))
            shown = world.add(keys["public"], peers=(pairs["public"][0].endpoint,))
            world.engine.apply(WatchTorrents(frozenset({hidden, shown})))
            third = pairs["public"][1].endpoint
            world.wait(lambda: third in world.knows(shown), "the third peer of the public torrent")
            world.wait(lambda: bool(world.knows(hidden)), "the one peer of the private torrent")
        assert world.knows(hidden) == {pairs["secret"][0].endpoint}
        assert capture.speaks_pex("127.0.33.30")
        assert not capture.speaks_pex("127.0.33.20")
        for pair in pairs.values():
            for peer in pair:
                peer.close()


class TestTheDhtAfterARestart:
    def test_is_usable_at_once_and_counted(self, world: World, tmp_path: Path) -> None:
        world.meet_a_node()
        world.engine.close(timeout_s=5)
        world.reopen_without_bootstrap()
        world.wait_for_a_node()
        with Capture("127.0.33.") as capture:
            shown = world.add(torrent_of(tmp_path, "public", private=False))
            world.wait(lambda: "DHT" in capture.kinds(shown), "that node to be asked for peers")

    @pytest.mark.parametrize("damage", [b"", b"d9:dht stated", b"x" * (MAX_STATE_BYTES + 1), b"de"])
    def test_begins_anew_if_what_was_saved_is_damaged(
        self, world: World, caplog: pytest.LogCaptureFixture, damage: bytes
    ) -> None:
        world.engine.close(timeout_s=5)
        world.dht_state.write_bytes(damage)
        world.engine = LibtorrentEngine(world.settings)
        session = world.engine._session
        world.wait(lambda: session is not None and session.is_dht_running(), "the DHT to start")
        assert ("can't be used" in caplog.text) == (damage != b"de")

    def test_keeps_nothing_of_an_engine_that_has_no_dht(self, tmp_path: Path) -> None:
        settings = EngineSettings(tmp_path / "resume", tmp_path / "downloads", (f"{OURS}:0",), isolated=True)
        LibtorrentEngine(settings).close(timeout_s=5)
        assert not (settings.resume_folder / FILE_NAME).exists()


class TestTheKeysOfAMarket:
    def test_are_announced_and_found_with_the_port_that_was_named(self, world: World) -> None:
        ours, theirs = hashlib.sha256(b"ours").digest()[:20], hashlib.sha256(b"theirs").digest()[:20]
        world.meet_a_node()
        world.engine.apply(Announce({ours: 6890}))
        node = world.other_node
        looks = itertools.count()
        answers: dict[bytes, set[str]] = {ours: set(), theirs: set()}

        def look() -> bool:
            if next(looks) % 10 == 0:  # whoever asks more often than five times a second is not answered
                node.dht_announce(lt.sha1_hash(theirs), 6891)
                node.dht_get_peers(lt.sha1_hash(ours))
                world.engine.apply(FindSellers(theirs))
            for event in world.seen:
                if isinstance(event, SellersFound):
                    answers[event.target] |= set(event.endpoints)
            for alert in node.pop_alerts():
                if isinstance(alert, lt.dht_get_peers_reply_alert) and alert.info_hash.to_bytes() == ours:
                    answers[ours] |= {f"{host}:{port}" for host, port in alert.peers()}
            return all(answers.values())

        world.wait(look, "both keys to be found")
        assert answers == {ours: {f"{OURS}:6890"}, theirs: {f"{OTHER_NODE}:6891"}}
