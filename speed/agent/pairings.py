"""Codes that users brought from foreign hubs: the node hands them in, and keeps the account that it was let to.

It asks now and then what those accounts hold, and what it may do there, so that pages can say what is in others' hands.
"""

from datetime import datetime, timedelta
from functools import partial

from speed.agent.due import Due
from speed.agent.side import Floor
from speed.models import Pairing
from speed.services import spenders
from speed.wire.hub_port import Answer, Hub, HubAway, HubRefused
from wallet.domain.hub import HubAccount

LOOK_EVERY = timedelta(seconds=3)
ASK_ACCOUNTS_EVERY = timedelta(seconds=60)
ASK_ACCOUNTS_AGAIN = timedelta(seconds=10)  # a hub that gave no answer, or had not told its key yet


class Pairings:
    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._due = Due()
        self._busy: set[str] = set()  # keys of codes that a hub was asked about
        self._ask_again_at: dict[bytes, datetime] = {}  # what a hub holds, by its id

    def tick(self, now: datetime) -> None:
        if self._due.is_due("look", LOOK_EVERY, now):
            self._floor.write(partial(spenders.waiting, self._floor.node_name), self._bring)
        if self._due.is_due("accounts", ASK_ACCOUNTS_EVERY, now):
            self._floor.write(partial(spenders.hubs_paired, self._floor.node_name), self._ask_all)
        self._ask_accounts([hub_id for hub_id, at in self._ask_again_at.items() if at <= now], now)

    def _bring(self, pairings: list[Pairing], _now: datetime) -> None:
        for pairing in pairings:
            if pairing.key not in self._busy:
                self._busy.add(pairing.key)
                self._floor.ask_hub(
                    bytes.fromhex(pairing.hub_id), partial(_bind, pairing), partial(self._answered, pairing)
                )

    def _ask_all(self, hub_ids: list[bytes], now: datetime) -> None:
        self._ask_again_at.clear()  # of hubs that nobody is paired with any more, too
        self._ask_accounts(hub_ids, now)

    def _ask_accounts(self, hub_ids: list[bytes], _now: datetime) -> None:
        for hub_id in hub_ids:
            self._ask_again_at.pop(hub_id, None)
            self._floor.ask_hub(hub_id, _accounts, partial(self._told, hub_id))

    def _told(self, hub_id: bytes, answer: Answer[list[HubAccount]], now: datetime) -> None:
        if isinstance(answer, HubAway):
            self._ask_again_at[hub_id] = now + ASK_ACCOUNTS_AGAIN
        elif isinstance(answer, list):
            note = partial(spenders.note_accounts, answer, node_name=self._floor.node_name, hub_id=hub_id, now=now)
            self._floor.write(note)

    def _answered(self, pairing: Pairing, answer: Answer[str], now: datetime) -> None:
        self._busy.discard(pairing.key)
        if isinstance(answer, HubRefused):
            self._floor.write(partial(spenders.not_paired, pairing.key, problem=answer.text))
            self._ask_accounts([bytes.fromhex(pairing.hub_id)], now)  # an account of before stays as it was
        elif isinstance(answer, str):
            self._floor.write(partial(spenders.paired, pairing.key, account=answer))


def _bind(pairing: Pairing, hub: Hub) -> str:
    return hub.bind(
        pairing=pairing.code, daily_limit_ubtt=pairing.daily_limit_ubtt, earns=pairing.earns, key=pairing.key
    )


def _accounts(hub: Hub) -> list[HubAccount]:
    return hub.accounts()
