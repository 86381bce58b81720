"""The ports that a router is asked to let in: that of torrents, and that of a market beside it."""

from contextlib import closing
from pathlib import Path

from seedbox.domain.kept import told
from seedbox.domain.lanes import MapPort, PortMapped
from seedbox.domain.network import NetworkSettings
from seedbox.engine.libtorrent_engine import LibtorrentEngine
from seedbox.engine.port import ConfigureNetwork, NetworkAnswered
from seedbox.engine.settings import EngineSettings
from tests.engines import ToldEngine
from tests.gateway import TCP, UDP, Gateway
from tests.own_network import OwnNetwork

OURS, ROUTER = "10.99.5.2", "10.99.5.1"
TORRENTS, MARKET, OTHER = 6881, 6890, 6891


class MappedEngine(ToldEngine):
    """An engine behind a router, and what it says."""

    def __init__(self, folder: Path) -> None:
        overrides = {"enable_dht": False, "enable_lsd": False, "enable_upnp": False}
        self.engine = LibtorrentEngine(
            EngineSettings(folder / "resume", folder, (f"{OURS}:{TORRENTS}",), overrides=overrides)
        )
        super().__init__()

    def wait_until_said(self, sentence: str) -> None:
        self.wait(lambda: self.said == sentence, f"{sentence!r}")

    @property
    def said(self) -> str | None:
        """What was said last of the market's port."""
        return next((told(event.text) for event in reversed(self.seen) if isinstance(event, PortMapped)), None)

    @property
    def said_of_torrents(self) -> str:
        answers = [event for event in self.seen if isinstance(event, NetworkAnswered)]
        return told(answers[-1].port_mapping) if answers else ""

    def close(self) -> None:
        self.engine.close(timeout_s=1)


class TestThePortOfAMarket:
    def test_is_mapped_beside_that_of_torrents_until_it_is_no_more_wanted(self, tmp_path: Path) -> None:
        with OwnNetwork() as router, OwnNetwork() as ours:
            ours.lay_cable("eth0", OURS, other=router, other_address=ROUTER)
            ours.ip("route", "add", "default", "via", ROUTER)
            gateway = router.run(lambda: Gateway(ROUTER))
            try:
                ours.run(lambda: self._map(tmp_path, gateway))
            finally:
                router.run(gateway.close)

    def _map(self, folder: Path, gateway: Gateway) -> None:
        with closing(MappedEngine(folder)) as box:
            box.wait(lambda: {(TCP, TORRENTS), (UDP, TORRENTS)} <= gateway.mapped.keys(), "the torrent port")
            box.engine.apply(MapPort(MARKET))
            box.wait_until_said(f"The router lets peers in at port {MARKET}.")
            assert gateway.mapped[TCP, MARKET] == MARKET
            box.wait(lambda: str(TORRENTS) in box.said_of_torrents, "the torrent port in the network settings' answer")
            assert (UDP, MARKET) not in gateway.mapped

            box.engine.apply(MapPort(OTHER))
            box.wait_until_said(f"The router lets peers in at port {OTHER}.")
            box.wait(lambda: (TCP, MARKET) not in gateway.mapped, "the port from before to be given back")
            assert (TCP, TORRENTS) in gateway.mapped

            box.engine.apply(ConfigureNetwork(1, NetworkSettings(port_mapping=False)))
            box.wait_until_said("")
            box.engine.apply(ConfigureNetwork(2, NetworkSettings()))
            box.wait_until_said(f"The router lets peers in at port {OTHER}.")

            box.engine.apply(MapPort(0))
            box.wait_until_said("")
            box.wait(lambda: (TCP, OTHER) not in gateway.mapped, "the port to be given back")
