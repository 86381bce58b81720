"""Which adapters this process uses."""

import ipaddress
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from django.conf import settings

from speed.domain.dialling import Tries
from speed.services.markets import TrustedHub
from speed.services.own_hub import OwnHub
from speed.services.speed_key import SpeedKey, draw
from speed.wire.door import WebSocketDoor
from speed.wire.hub_foreign import ForeignHub
from speed.wire.hub_port import Hub, HubAway, HubRefused
from speed.wire.hub_transport import anywhere
from speed.wire.port import Door, Hearer, Identity
from wallet.domain.hub import HubInfo
from wallet.domain.language import said as _
from wallet.domain.speed1.receipt import NETWORK_NUMBERS
from wallet.services.install import market_asset

__all__ = ["Doors", "ask_hub_at", "make_hub"]

ASKED_QUIET_S = 4.0
ASKED_WHOLE_S = 8.0


class Doors:
    """Makes the doors of one node, one after another; whom they have called is remembered over all of them."""

    def __init__(self) -> None:
        self._tries = Tries()

    def __call__(self, identity: Identity, hearer: Hearer) -> Door:
        return WebSocketDoor(identity, hearer, tries=self._tries)


def make_hub(hub: TrustedHub, key: SpeedKey, way_out: Callable[[], str]) -> Hub:
    """Return a hub as a Speed key sees it, asked by a node that goes out by `way_out`; raises BadHubAddress."""
    if not hub.url:
        return OwnHub(key.public_key.hex(), clock=_now, address=_reached_at(settings.NODE_SPEED_LISTEN))
    return ForeignHub(
        hub.url,
        hub_id=bytes.fromhex(hub.hub_id),
        network=NETWORK_NUMBERS[settings.WALLET_NETWORK],
        asset=market_asset(),
        speed_private_key=key.private_key,
        clock=_now,
        way_out=way_out,
    )


def ask_hub_at(url: str, hub_id: str) -> HubInfo:
    """Return what the hub with this id says of itself at an address; raises HubAway unless it is the one that answers.

    Anybody may ask that, so the key is one of the moment. A person waits for it: less long than a node would.
    """
    hub = ForeignHub(
        url,
        hub_id=bytes.fromhex(hub_id),
        network=NETWORK_NUMBERS[settings.WALLET_NETWORK],
        asset=market_asset(),
        speed_private_key=draw(),
        clock=_now,
        way_out=anywhere,
        quiet_s=ASKED_QUIET_S,
        whole_answer_s=ASKED_WHOLE_S,
    )
    try:
        return hub.info()
    except HubRefused as refusal:
        raise HubAway(_("the hub refuses: %(why)s") % {"why": refusal.text}) from None
    finally:
        hub.shut()


def _reached_at(listen: Iterable[str]) -> str:
    """Return the address that the operator has given the Speed port; "" if it is any of this machine's."""
    addresses = (place.rpartition(":")[0].strip("[]") for place in listen)
    return next((address for address in addresses if not ipaddress.ip_address(address).is_unspecified), "")


def _now() -> datetime:
    return datetime.now(UTC)
