"""Who may spend: users who have turned it on, by the Speed keys of the nodes that bid for them."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from speed.models import Agent, Budget, Pairing
from wallet.domain.hub import HubAccount
from wallet.services import speed_keys
from wallet.services.refusals import Refused

REVOKED = gettext_noop("That hub does not let the node act for the account any more.")


def allow(user_id: int, *, day_limit_ubtt: int, now: datetime) -> None:
    """Turn a user's spending on: nodes of this install may bid for this user, up to that much within 24 hours.

    The ledger holds the same limit against each node's key, and counts there what went into channels.
    """
    with transaction.atomic():
        Budget.objects.update_or_create(user_id=user_id, defaults={"is_on": True, "day_limit_ubtt": day_limit_ubtt})
    for key in _keys():
        speed_keys.bind_user(user_id, key, daily_limit_ubtt=day_limit_ubtt, now=now)


def stop(user_id: int, *, now: datetime) -> None:
    """Turn a user's spending off: nodes pay what is owed, and the ledger itself opens no channel any more.

    At a foreign hub it is the account's owner who takes the key off it, on a page of that install.
    """
    with transaction.atomic():
        Budget.objects.filter(user_id=user_id).update(is_on=False)
    for bound in speed_keys.bound_to_user(user_id):
        if bound.key in _keys():
            speed_keys.revoke(user_id, bound.key, now=now)


def revoke(user_id: int, key: str, *, now: datetime) -> bool:
    """Take a key off a user's account; true if that has turned spending off, for it is one of a node of this box.

    As long as spending is on, such a node would be bound again at its next start.
    """
    is_own = key in _keys()
    if is_own:
        stop(user_id, now=now)
    else:
        speed_keys.revoke(user_id, key, now=now)
    return is_own


def bind(user_id: int, *, node_name: str, now: datetime) -> None:
    """Let one node's key spend for a user who has turned it on."""
    budget = Budget.objects.filter(user_id=user_id, is_on=True).first()
    agent = Agent.objects.filter(node_name=node_name).exclude(speed_key="").first()
    if budget and agent:
        speed_keys.bind_user(user_id, agent.speed_key, daily_limit_ubtt=budget.day_limit_ubtt, now=now)


def bind_all(key: bytes, *, now: datetime) -> None:
    """Let a node's key, which may be a new one, spend for all who have turned it on."""
    for budget in Budget.objects.filter(is_on=True):
        with suppress(Refused):  # a user who is gone
            speed_keys.bind_user(budget.user_id, key.hex(), daily_limit_ubtt=budget.day_limit_ubtt, now=now)


def budget_of(user_id: int) -> Budget:
    """Return what a user has decided; who has not said anything spends nothing."""
    return Budget.objects.filter(user_id=user_id).first() or Budget(user_id=user_id)


def _keys() -> list[str]:
    return list(Agent.objects.exclude(speed_key="").values_list("speed_key", flat=True))


# --- foreign hubs


def pair(
    *, user_id: int, node_name: str, hub_id: str, code: str, daily_limit_ubtt: int, earns: bool = False, key: str
) -> None:
    """Have a node bring a foreign hub the code that was made there; `key` is new for each wish.

    With `earns` all that the node sells at that hub is paid to that account, so this is for an operator to say.
    """
    Pairing.objects.update_or_create(
        user_id=user_id,
        node_name=node_name,
        hub_id=hub_id,
        defaults={"code": code, "daily_limit_ubtt": daily_limit_ubtt, "earns": earns, "key": key, "problem": ""},
    )


def unpair(user_id: int, pairing_pk: int) -> bool:
    """Let a node spend from a foreign account no longer; false if there is no such pairing of the user's.

    The hub itself is told on a page of that install: here nobody may take the node's key off others' accounts there.
    """
    return bool(Pairing.objects.filter(pk=pairing_pk, user_id=user_id).delete()[0])


def waiting(node_name: str) -> list[Pairing]:
    """Return the codes that a node shall bring to their hubs."""
    return list(Pairing.objects.filter(node_name=node_name).exclude(code="").order_by("pk"))


def hubs_paired(node_name: str) -> list[bytes]:
    """Return the ids of the hubs where a node has accounts."""
    found = Pairing.objects.filter(node_name=node_name).exclude(account="")
    return [bytes.fromhex(hub_id) for hub_id in found.values_list("hub_id", flat=True).order_by("hub_id").distinct()]


def note_accounts(accounts: Iterable[HubAccount], *, node_name: str, hub_id: bytes, now: datetime) -> None:
    """Write down what a foreign hub says of a node's accounts: what they hold, and what the node may do there.

    One that it does not name lets nobody act any more. While a code is on its way, what was asked for stands there.
    """
    told = {account.account: account for account in accounts}
    pairings = Pairing.objects.filter(node_name=node_name, hub_id=hub_id.hex(), code="").exclude(account="")
    for pairing in pairings:
        account = told.get(pairing.account)
        if account is None:
            pairings.filter(pk=pairing.pk).update(held_ubtt=0, heard_at=now, problem=REVOKED)
            continue
        pairings.filter(pk=pairing.pk).update(
            held_ubtt=account.available_ubtt + account.in_channels_ubtt,
            daily_limit_ubtt=account.daily_limit_ubtt,
            earns=account.earns,
            heard_at=now,
            problem="" if pairing.problem == REVOKED else pairing.problem,
        )


def paired(key: str, *, account: str) -> None:
    """The hub has bound the node's key to this account."""
    Pairing.objects.filter(key=key).update(account=account, code="", problem="")


def not_paired(key: str, *, problem: str) -> None:
    """The hub has refused; an account of before stays."""
    Pairing.objects.filter(key=key).update(code="", problem=problem)
