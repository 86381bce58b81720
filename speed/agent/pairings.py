"""Codes that users brought from foreign hubs: the node hands them in, and keeps the account that it was let to.

It asks now and then what those accounts hold, so that pages can say what is in others' hands.
"""

from datetime import datetime, timedelta
from functools import partial

from speed.agent.due import Due
from speed.agent.side import Floor
from speed.models import Pairing
from speed.services import spenders
from speed.wire.hub_port import Answer, Hub, HubRefused

LOOK_EVERY = timedelta(seconds=3)
ASK_HELD_EVERY = timedelta(seconds=60)


class Pairings:
    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._due = Due()
        self._busy: set[str] = set()  # keys of codes that a hub was asked about

    def tick(self, now: datetime) -> None:
        if self._due.is_due("look", LOOK_EVERY, now):
            self._floor.write(partial(spenders.waiting, self._floor.node_name), self._bring)
        if self._due.is_due("held", ASK_HELD_EVERY, now):
            self._floor.write(partial(spenders.hubs_paired, self._floor.node_name), self._ask_held)

    def _bring(self, pairings: list[Pairing], _now: datetime) -> None:
        for pairing in pairings:
            if pairing.key not in self._busy:
                self._busy.add(pairing.key)
                self._floor.ask_hub(
                    bytes.fromhex(pairing.hub_id), partial(_bind, pairing), partial(self._answered, pairing)
                )

    def _ask_held(self, hub_ids: list[bytes], _now: datetime) -> None:
        for hub_id in hub_ids:
            self._floor.ask_hub(hub_id, _held, partial(self._heard_held, hub_id))

    def _heard_held(self, hub_id: bytes, answer: Answer[dict[str, int]], now: datetime) -> None:
        if isinstance(answer, dict):
            note = partial(spenders.note_held, answer, node_name=self._floor.node_name, hub_id=hub_id, now=now)
            self._floor.write(note)

    def _answered(self, pairing: Pairing, answer: Answer[str], _now: datetime) -> None:
        self._busy.discard(pairing.key)
        if isinstance(answer, HubRefused):
            self._floor.write(partial(spenders.not_paired, pairing.key, problem=answer.text))
        elif isinstance(answer, str):
            self._floor.write(partial(spenders.paired, pairing.key, account=answer))


def _bind(pairing: Pairing, hub: Hub) -> str:
    return hub.bind(
        pairing=pairing.code, daily_limit_ubtt=pairing.daily_limit_ubtt, earns=pairing.earns, key=pairing.key
    )


def _held(hub: Hub) -> dict[str, int]:
    return {one.account: one.available_ubtt + one.in_channels_ubtt for one in hub.accounts()}
