"""Where a node's worker gets its market: a step of the worker, which starts after the node and stops before it."""

from typing import Any

from celery import bootsteps
from django.conf import settings

from seedbox.services.lanes import desk
from speed import wiring
from speed.agent.buyer import Buyer
from speed.agent.life import AgentLife, AgentSettings, Makers
from speed.agent.seller import Seller
from speed.agent.side import Floor, Side
from speed.services import markets


class SpeedStep(bootsteps.StartStopStep):
    """Lives in a worker that is this install's node, if the install has a wallet."""

    requires = ("seedbox.node.bootstep:NodeStep",)

    def include_if(self, worker: Any) -> bool:
        return markets.takes_part() and f"node.{settings.NODE_NAME}" in worker.app.amqp.queues.consume_from

    def create(self, worker: Any) -> Any:  # celery's types know steps without a service only
        """Return what the worker starts once its node runs."""
        return AgentLife(
            AgentSettings(
                node_name=settings.NODE_NAME,
                folder=settings.DATA_DIR / f"node-{settings.NODE_NAME}",
                listen=settings.NODE_SPEED_LISTEN,
            ),
            makers=Makers(door=wiring.Doors(), hub=wiring.make_hub, sides=_sides),
            desk=desk,
        )


def _sides(floor: Floor) -> tuple[Side, ...]:
    return (Seller(floor), Buyer(floor))
