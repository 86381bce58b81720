"""Two of our engines trade with each other: by every protocol version, over IPv4, IPv6, TCP and uTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from seedbox.domain.states import State
from seedbox.engine.bare import BarePeer
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_magnet, read_torrent_file
from seedbox.engine.port import AddTorrent, Details, Event, Snapshot, WatchTorrents
from seedbox.engine.settings import EngineSettings, Setting
from tests.box import free_port, wait_until
from tests.builders import make_content, make_torrent_file
from tests.engines import files_done

LIMIT_S = 60.0
ONLY_UTP: Mapping[str, Setting] = {"enable_incoming_tcp": False, "enable_outgoing_tcp": False}
LOOKS_FOR_NOBODY = dict.fromkeys(("enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp"), False)
ONLY_TCP: Mapping[str, Setting] = {"enable_incoming_utp": False, "enable_outgoing_utp": False}


def is_whole(seen: list[Event]) -> bool:
    return any(isinstance(event, Snapshot) and event.state is State.SEEDING for event in seen)


class Pair:
    """One engine that has a torrent, and one that wants it."""

    def __init__(
        self, folder: Path, listen: tuple[str, ...], seed: Mapping[str, Setting], leech: Mapping[str, Setting]
    ) -> None:
        self.folder = folder
        self.seen: tuple[list[Event], list[Event]] = ([], [])  # by the seed, by the leech
        self.engines = [
            LibtorrentEngine(
                EngineSettings(folder / name / "resume", folder / name, (address,), isolated=True, overrides=overrides)
            )
            for name, address, overrides in (("seed", listen[0], seed), ("leech", listen[-1], leech))
        ]

    def trade(self, *, protocol: str, hashes: str = "", slowly: bool = False) -> str:
        """Let the second fetch from the first, by magnet if `hashes` are named; return how the peers are flagged."""
        content = make_content(self.folder / "seed" / "k" / "songs", {"a.bin": 300_000, "b.bin": 40_000})
        data = make_torrent_file(content, protocol=protocol)
        metainfo = read_torrent_file(data)
        key = metainfo.info_hash_v1 or metainfo.info_hash_v2
        seed, leech = self.engines
        seed.apply(AddTorrent(key, str(content.parent), torrent_file=data))
        self._wait(lambda: is_whole(self.seen[0]), "the seed to have checked its files")
        self._wait(lambda: bool(seed.listening), "the seed to listen")
        peer = seed.listening[0]
        if slowly:  # so that the peers are seen
            taken = seed._swarm.torrents.get(key)
            assert taken
            taken.handle.set_upload_limit(200_000)
        topics = [f"xt=urn:btih:{metainfo.info_hash_v1}"] * ("v1" in hashes)
        topics += [f"xt=urn:btmh:1220{metainfo.info_hash_v2}"] * ("v2" in hashes)
        magnet = read_magnet(f"magnet:?{'&'.join(topics)}&x.pe={peer}") if hashes else None
        source = {"magnet": magnet.uri} if magnet else {"torrent_file": data}
        leech.apply(WatchTorrents(frozenset({key})))
        path = self.folder / "leech" / key
        leech.apply(AddTorrent(key, str(path), peers=magnet.peers if magnet else (peer,), **source))
        self._wait(lambda: is_whole(self.seen[1]), "the leech to have everything")
        whole = {file.index: file.size_bytes for file in metainfo.files}
        self._wait(lambda: files_done(self.seen[1], key) == whole, "the leech's files to be on disk")
        for file in metainfo.files:
            assert (path / file.path).read_bytes() == (content.parent / file.path).read_bytes()
        return " ".join(peer.flags for event in self.seen[1] if isinstance(event, Details) for peer in event.peers)

    def _wait(self, reached: Callable[[], bool], what: str) -> None:
        def look() -> bool:
            for engine, seen in zip(self.engines, self.seen, strict=True):
                seen.extend(engine.poll(timeout_s=0.02))
            return reached()

        wait_until(look, what, LIMIT_S)

    def close(self) -> None:
        for engine in self.engines:
            engine.close(timeout_s=3)


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path, *request.param)
    yield pair
    pair.close()


V4 = ("127.0.33.50:0", "127.0.33.51:0")
V6 = ("[::1]:0",)


class TestTwoEngines:
    @pytest.mark.parametrize("pair", [(V4, {}, {})], indirect=True)
    @pytest.mark.parametrize(
        ("protocol", "hashes"),
        [("v1", ""), ("v1", "v1"), ("v2", ""), ("v2", "v2"), ("hybrid", ""), ("hybrid", "v1"), ("hybrid", "v2")],
    )
    def test_trade_a_torrent_of_any_version_by_file_or_by_either_hash(
        self, pair: Pair, protocol: str, hashes: str
    ) -> None:
        pair.trade(protocol=protocol, hashes=hashes)

    @pytest.mark.parametrize("pair", [(V6, {}, {})], indirect=True)
    def test_trade_over_ipv6(self, pair: Pair) -> None:
        pair.trade(protocol="v1", hashes="v1")

    @pytest.mark.parametrize("pair", [(V4, ONLY_UTP, ONLY_UTP), (V4, ONLY_UTP, {})], indirect=True)
    def test_trade_over_utp_and_say_so(self, pair: Pair) -> None:
        assert "uTP" in pair.trade(protocol="v1", slowly=True)

    @pytest.mark.parametrize("pair", [(V4, {}, ONLY_TCP)], indirect=True)
    def test_trade_over_tcp_where_one_of_them_knows_no_utp(self, pair: Pair) -> None:
        assert "uTP" not in pair.trade(protocol="v1", slowly=True)


class TestAnEngineThatListensEverywhere:
    """As it does by default: on 0.0.0.0 and [::], with one port for both."""

    def test_is_reached_by_a_peer_over_each_version_of_ip(self, tmp_path: Path) -> None:
        content = make_content(tmp_path / "k" / "songs", {"a.bin": 300_000})
        data = make_torrent_file(content)
        key, port = read_torrent_file(data).info_hash_v1, free_port()
        everywhere = f"0.0.0.0:{port}", f"[::]:{port}"
        settings = EngineSettings(tmp_path, tmp_path, everywhere, overrides=LOOKS_FOR_NOBODY, believes_local_peers=True)
        engine = LibtorrentEngine(settings)
        seen: list[Event] = []
        wanted = {f"127.0.0.1:{port}", f"[::1]:{port}"}

        def look() -> bool:
            seen.extend(engine.poll(timeout_s=0.1))
            return is_whole(seen) and wanted <= set(engine.listening)

        try:
            engine.apply(AddTorrent(key, str(tmp_path / "k"), torrent_file=data))
            wait_until(look, f"the engine to seed on {wanted}", LIMIT_S)
            for address, endpoint in zip(("127.0.33.52", "[::1]"), sorted(wanted), strict=True):
                with closing(BarePeer(address)) as leech:
                    assert leech.endpoint  # or it connects before it has an address, in vain
                    leech.take(data, tmp_path / address, empty=True)
                    leech.connect(endpoint)
                    leech.wait_until_complete(limit_s=LIMIT_S)
        finally:
            engine.close(timeout_s=3)
