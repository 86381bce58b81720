"""What a market has asked of the engine: one small object for each matter, and their pace."""

from typing import TYPE_CHECKING

from seedbox.domain.lanes import (
    READ_EVERY_S,
    Announce,
    Bounce,
    FindSellers,
    LookAtPeers,
    MapPort,
    Order,
    Reach,
    ShareUpload,
    Watch,
)
from seedbox.engine.discovery import Discovery
from seedbox.engine.lane_classes import LaneClasses
from seedbox.engine.meters import Meters

if TYPE_CHECKING:
    from seedbox.engine.swarm import Swarm

TICK_S = READ_EVERY_S


class Market:
    """Carries out orders. Without any it costs nothing but the class that every connection is in."""

    def __init__(self, swarm: "Swarm") -> None:
        self._swarm = swarm
        self.classes = LaneClasses(swarm)
        self.meters = Meters(swarm, self.classes)
        self.discovery = Discovery(swarm)

    def carry_out(self, order: Order) -> None:
        match order:
            case ShareUpload():
                self.classes.share(order)
            case Watch():
                self.meters.watch(order)
            case Announce():
                self.discovery.announce(order)
            case MapPort():
                self._swarm.ports.ask(order)
            case Bounce():
                self._swarm.addresses.bounce(order)
            case FindSellers():
                self.discovery.find(order)
            case LookAtPeers():
                self.meters.look_at_peers(order.keys)
            case Reach():
                pass  # the engine knows it as its own command

    def tick_s(self) -> float:
        """Return how soon the next tick is wanted."""
        is_busy = self.meters.is_busy or self._swarm.addresses.is_busy
        return TICK_S if is_busy else 1.0

    def tick(self, now_s: float) -> None:
        self.meters.look_for_missed()
        self._swarm.addresses.look(now_s)
        self._swarm.ports.look()
        self.discovery.tick(now_s)
        if self.meters.is_busy:
            self.meters.tick(now_s)
        self.classes.tick(now_s)
