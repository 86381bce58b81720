"""A network device that everything is bound to, as a VPN's, vanishes: really, in a network of the test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from seedbox.domain.kept import told
from seedbox.domain.network import NetworkSettings
from tests.box import wait_until
from tests.network_box import TCP_ONLY, NetworkBox
from tests.own_network import OwnNetwork

VPN, COMMON = "tun0", "eth0"
OURS_BY_VPN, ROUTER_BY_VPN = "10.99.1.2", "10.99.1.1"
OURS, ROUTER = "10.99.2.2", "10.99.2.1"
ROUTER_FAR, PEER, EAR = "10.99.3.1", "10.99.3.2", "10.99.3.3"

T = TypeVar("T")


class DeviceBox(NetworkBox):
    """An engine in one network, peer and ear in another; two ways lead to the router between, and one is the VPN."""

    listen, peer_address, ear_address = "0.0.0.0:0", PEER, EAR
    peer_port = 6881  # libtorrent listens anew when devices change; a port that nobody chose would change too

    def __init__(self, folder: Path, ours: OwnNetwork, router: OwnNetwork, far: OwnNetwork) -> None:
        self._ours, self._router, self._far = ours, router, far
        router.route_for_others()
        far.lay_cable(COMMON, PEER, other=router, other_address=ROUTER_FAR, other_device="far0")
        far.ip("address", "add", f"{EAR}/24", "dev", COMMON)
        far.ip("route", "add", "default", "via", ROUTER_FAR)
        ours.lay_cable(COMMON, OURS, other=router, other_address=ROUTER)
        ours.ip("route", "add", "default", "via", ROUTER, "metric", "100")
        self.bring_vpn_up()
        super().__init__(folder, NetworkSettings(interface=VPN), TCP_ONLY)

    def there(self, job: Callable[[], T]) -> T:
        return self._far.run(job)

    def bring_vpn_up(self) -> None:
        self._ours.lay_cable(VPN, OURS_BY_VPN, other=self._router, other_address=ROUTER_BY_VPN)
        self._ours.ip("route", "add", "default", "via", ROUTER_BY_VPN, "metric", "10")

    def take_vpn_away(self) -> None:
        self._ours.ip("link", "delete", VPN)


class TestADeviceThatVanishes:
    def test_leaves_no_way_out_until_it_is_back(self, tmp_path: Path) -> None:
        with OwnNetwork() as far, OwnNetwork() as router, OwnNetwork() as ours:
            ours.run(lambda: self._lose_and_find(DeviceBox(tmp_path, ours, router, far), ours))

    def _lose_and_find(self, box: DeviceBox, ours: OwnNetwork) -> None:
        with box:
            assert box.answer(lambda answer: answer.problem == "")
            box.bare.limit_upload(60_000)
            box.add()
            wait_until(lambda: box.turn(1) or (box.bare.sent_bytes and box.ear.heard), "the download to begin")
            assert set(box.bare.peers) <= {OURS_BY_VPN}
            box.take_vpn_away()
            assert f"There is no network device {VPN}" in told(box.answer(lambda answer: answer.problem != "").problem)
            wait_until(lambda: box.turn(1) or not ours.sockets, "every socket to be closed")
            box.turn(5)
            assert (box.engine.listening, ours.sockets) == ((), [])

            box.bare.limit_upload(0)
            box.bring_vpn_up()
            assert box.answer(lambda answer: answer.problem == "")
            box.download()
            assert {sighting.split()[1] for sighting in box.ear.heard} == {OURS_BY_VPN}
