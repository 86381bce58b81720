"""An engine under network settings over real sockets, a peer with the content, and an ear at which nobody may knock."""

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar

from seedbox.domain.network import NetworkSettings
from seedbox.domain.states import State
from seedbox.engine.bare import BarePeer
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.metainfo import read_torrent_file
from seedbox.engine.port import AddTorrent, ConfigureNetwork, NetworkAnswered
from seedbox.engine.settings import EngineSettings, Setting
from tests.builders import make_content, make_torrent_file
from tests.engines import Watcher

ADDRESS, OTHER_ADDRESS, PEER_ADDRESS, EAR_ADDRESS = "127.0.32.2", "127.0.32.3", "127.0.32.4", "127.0.32.5"
SIZES = {"a.bin": 900_000, "b.bin": 40_000}
# Over uTP a peer that was not told of our leaving keeps its old connection for a while.
TCP_ONLY: Mapping[str, Setting] = {"min_reconnect_time": 1, "enable_outgoing_utp": False, "enable_incoming_utp": False}

T = TypeVar("T")


class Ear:
    """A port where a peer could be; keeps who knocks, over TCP and UDP, and says nothing."""

    def __init__(self, address: str = EAR_ADDRESS) -> None:
        self.heard: list[str] = []
        self._address = address
        self._tcp = socket.create_server((address, 0))
        self.endpoint = f"{address}:{self._tcp.getsockname()[1]}"
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(self._tcp.getsockname())
        self._threads = [threading.Thread(target=listen) for listen in (self._accept, self._receive)]
        for thread in self._threads:
            thread.start()

    def _accept(self) -> None:
        while True:
            connection, (host, _) = self._tcp.accept()
            connection.close()
            if host == self._address:
                return
            self.heard.append(f"tcp {host}")

    def _receive(self) -> None:
        while True:
            _, (host, _) = self._udp.recvfrom(2_000)
            if host == self._address:
                return
            self.heard.append(f"udp {host}")

    def close(self) -> None:
        """End the threads by knocking ourselves."""
        place = self._tcp.getsockname()
        with closing(socket.create_connection(place, source_address=(self._address, 0))):
            pass
        self._udp.sendto(b"", place)
        for thread in self._threads:
            thread.join()
        self._tcp.close()
        self._udp.close()


class NetworkBox:
    """An engine under network settings, a peer with the content, and an ear that nobody should knock at."""

    listen, peer_address, ear_address = f"{ADDRESS}:0", PEER_ADDRESS, EAR_ADDRESS
    peer_port = 0

    def __init__(self, folder: Path, network: NetworkSettings, overrides: Mapping[str, Setting]) -> None:
        self.content = make_content(folder / "seed" / "songs", SIZES)
        self.torrent_file = make_torrent_file(self.content)
        self.key = read_torrent_file(self.torrent_file).info_hash_v1
        self.downloads = folder / "downloads"
        self.missing: set[str] = set()  # interfaces that are gone for now
        settings = EngineSettings(
            resume_folder=folder / "resume",
            downloads_folder=self.downloads,
            listen=(self.listen,),
            isolated=True,
            overrides=overrides,
            interface_problem=self._interface_problem,
        )
        self.ear = self.there(lambda: Ear(self.ear_address))
        self.version = 1
        self.engine = LibtorrentEngine(settings, ConfigureNetwork(self.version, network))
        listens = {"listen_interfaces": f"{self.peer_address}:{self.peer_port}"}
        self.bare = self.there(lambda: BarePeer(self.peer_address, overrides={**overrides, **listens}))
        self.bare.take(self.torrent_file, self.content.parent)
        self.bare.wait_until_complete(limit_s=60)
        self.watcher = Watcher(self)

    def there(self, job: Callable[[], T]) -> T:
        """Do something where peer and ear are."""
        return job()

    def _interface_problem(self, interface: str) -> str:
        if interface in self.missing:
            return f"{interface} is gone."
        return EngineSettings(Path(), Path(), ()).interface_problem(interface)

    @property
    def peer(self) -> str:
        return self.bare.endpoint

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def let_peers_send(self) -> None:
        """A real peer sends without being told."""

    def reopen(self) -> None:
        raise NotImplementedError

    def lose_files(self, key: str) -> Callable[[], None]:
        raise NotImplementedError

    def close(self) -> None:
        self.engine.close(timeout_s=0)
        self.bare.close()
        self.there(self.ear.close)

    def configure(self, network: NetworkSettings) -> NetworkAnswered:
        """Ask for other settings, and return the answer to just these."""
        self.version += 1
        self.engine.apply(ConfigureNetwork(self.version, network))
        return self.answer()

    def answer(self, matches: "Callable[[NetworkAnswered], bool]" = lambda answer: True) -> NetworkAnswered:
        return self.watcher.wait_for(NetworkAnswered, lambda answer: answer.version == self.version and matches(answer))

    def add(self, *, peers: tuple[str, ...] = (), trackers: tuple[str, ...] = ()) -> None:
        self.engine.apply(
            AddTorrent(
                self.key,
                str(self.downloads / self.key),
                torrent_file=self.torrent_file,
                peers=peers or (self.peer, self.ear.endpoint),
                trackers=trackers,
            )
        )

    def download(self) -> None:
        self.watcher.wait_for_state(self.key, State.SEEDING)

    def turn(self, times: int) -> bool:
        """Let the engine go on for a moment; false, so that `or` says what is waited for."""
        for _ in range(times):
            self.watcher.poll(timeout_s=0.2)
        return False
