"""What an admin wants of a node's network: read, change, and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import kept, listed, told
from seedbox.domain.network import HELP, NAMES, NetworkSettings, ProxyKind, check
from seedbox.models import Network, Node
from seedbox.models.audit_entry import Act
from seedbox.services import audit, sealing
from seedbox.services.audit import Origin
from seedbox.services.nudge import nudge_node

PLAIN_FIELDS = tuple(name for name in HELP if name != "proxy_password")


class NoSuchNode(Exception):
    """There is no such node."""


@dataclass(frozen=True)
class Standing:
    """A node's wish, and what its node made of it."""

    node_name: str
    version: int  # of the wish
    settings: NetworkSettings  # without the password
    has_password: bool
    is_answered: bool  # this version of the wish
    problem: str  # why it is not in force, in a sentence; of the answer that came last
    answered_at: datetime | None
    facts: Mapping[str, str]
    listens_on: tuple[str, ...]


def find_node(name: str) -> Node:
    """Return the node with its wish, if there is one; raises NoSuchNode."""
    node = Node.objects.select_related("network").filter(name=name).first()
    if node is None:
        raise NoSuchNode(_("There is no node %(name)s.") % {"name": repr(name)})
    return node


def standing(node: Node) -> Standing:
    """Return how the node's network settings stand; expects `network` to be joined."""
    network = wish_of(node)
    return Standing(
        node_name=node.name,
        version=network.version,
        settings=_plain(network),
        has_password=bool(network.proxy_password_sealed),
        is_answered=node.network_version == network.version and node.network_answered_at is not None,
        problem=told(node.network_answer),
        answered_at=node.network_answered_at,
        facts={name: told(str(fact)) for name, fact in node.network_facts.items()},
        listens_on=tuple(node.listens_on),
    )


def wish_of(node: Node) -> Network:
    """Return the node's row, or one of version 0 that nobody has saved."""
    return getattr(node, "network", None) or Network(node=node, version=0)


def settings_of(network: Network) -> NetworkSettings:
    """Return a row as settings, with the password; raises SealBroken, BadNetwork."""
    return check(replace(_plain(network), proxy_password=sealing.unseal(network.proxy_password_sealed)))


def _plain(network: Network) -> NetworkSettings:
    values = {name: getattr(network, name) for name in PLAIN_FIELDS}
    return NetworkSettings(**values | {"proxy_kind": ProxyKind(network.proxy_kind)})


def change(
    *, node_name: str, settings: NetworkSettings, keeps_password: bool, origin: Origin, now: datetime
) -> tuple[str, ...]:
    """Wish for other settings; return the fields that changed. Raises NoSuchNode, BadNetwork, SealBroken.

    `keeps_password` leaves the password as it is, whatever the settings say; it goes with the user name.
    """
    node = find_node(node_name)
    with transaction.atomic():
        Network.objects.get_or_create(node=node, defaults={"version": 0})
        network = Network.objects.select_for_update().get(node=node)
        before = network.proxy_password_sealed
        if keeps_password and settings.proxy_user:
            settings = replace(settings, proxy_password=sealing.unseal(before))
        check(settings)
        changed = [name for name in PLAIN_FIELDS if getattr(network, name) != getattr(settings, name)]
        if settings.proxy_password != _unsealed_or_nothing(before):
            changed.append("proxy_password")
            network.proxy_password_sealed = sealing.seal(settings.proxy_password)
        if not changed:
            return ()
        for name in PLAIN_FIELDS:
            setattr(network, name, getattr(settings, name))
        network.version += 1
        network.save()
        facts = {"name": node.name, "fields": listed(NAMES[name] for name in changed)}
        detail = kept(gettext_noop("Network of node %(name)s: %(fields)s."), facts)
        audit.record(Act.SETTING_CHANGED, origin=origin, now=now, detail=detail)
        nudge_node(node.name)
    return tuple(changed)


def _unsealed_or_nothing(sealed: str) -> str | None:
    """Return the secret, or None for one that nobody can read any more: that is changed by whatever replaces it."""
    try:
        return sealing.unseal(sealed)
    except sealing.SealBroken:
        return None
