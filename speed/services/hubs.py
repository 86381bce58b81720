"""The hubs that the operator trusts. A key is learnt from the hub that has the trusted id, and from nobody else."""

from datetime import datetime

from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept
from speed.models import Hub
from wallet.domain.hub import HubRefused
from wallet.domain.speed1.signing import hub_id_of
from wallet.services import speed_keys
from wallet.services.refusals import Refused

NOT_PAID = gettext_noop("Our own hub would pay this node nothing: %(why)s")
THIS_BOX = gettext_noop("This box")  # what its own hub is called


def know(*, hub_key: bytes, is_own: bool) -> None:
    """Write down what key a trusted hub has; our own is trusted when it is first heard of."""
    hub_id, key = hub_id_of(hub_key).hex(), hub_key.hex()
    if is_own:
        _own_is(hub_id, key)
    else:
        Hub.objects.filter(hub_id=hub_id).exclude(hub_key=key).update(hub_key=key)


def _own_is(hub_id: str, key: str) -> None:
    """A new key of our own hub, as after a rotation, takes the place of the old one: what was decided of it stays."""
    own = Hub.objects.filter(url="").first()
    if own is None:  # of two nodes that hear of it at once, one writes the row
        Hub.objects.get_or_create(hub_id=hub_id, defaults={"hub_key": key, "name": THIS_BOX})
    elif (own.hub_id, own.hub_key) != (hub_id, key):
        Hub.objects.filter(pk=own.pk).update(hub_id=hub_id, hub_key=key)


def let_earn(*, node_id: int, speed_key: bytes, now: datetime) -> str:
    """Let our own hub pay vouchers to a node into that node's earnings; return why it does not, in a sentence."""
    try:
        speed_keys.bind_node(node_id, speed_key.hex(), now=now)
    except (Refused, HubRefused) as refusal:
        return kept(NOT_PAID, {"why": str(refusal)})
    return ""
