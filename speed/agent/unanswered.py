"""Channels of which a hub never spoke: what was reserved for them, and whether that hub answers again.

The reservation stays until a channel that may have been opened for it must have ended. New ones are asked for elsewhere
only as long as the hub is silent: it may have been away for a while, or this node may have been, and never have asked.
"""

from datetime import datetime, timedelta
from functools import partial

from seedbox.domain.kept import together
from speed.agent.due import Due
from speed.agent.errands import Errand
from speed.agent.side import Floor
from speed.domain.buying import has_ended
from speed.services import budgets
from speed.wire.hub_port import Answer, Hub, HubAway
from wallet.domain.hub import HubAccount

ASK_EVERY = timedelta(seconds=60)  # whether a hub answers at all
NEVER_ANSWERED = "No answer came from the hub. Nothing was signed, and a channel that it may have opened has ended."


class Unanswered:
    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._errands: set[Errand] = set()  # that are asked no more
        self._answers: dict[bytes, bool] = {}  # whether a hub did when it was last asked; before that, it has no say
        self._asking: set[bytes] = set()
        self._due = Due()

    def add(self, errand: Errand) -> None:
        """Ask this no more. A hub that was asked in vain up to now counts as silent until it answers something."""
        self._errands.add(errand)
        if errand.was_asked:
            self._answers[errand.source.hub_id] = False

    def tick(self, now: datetime) -> None:
        for errand in list(self._errands):
            if has_ended(expires_at_s=errand.last_expiry_s, now_s=int(now.timestamp())):
                self._errands.discard(errand)
                self._floor.write(partial(budgets.given_up, errand.reservation.key, text=NEVER_ANSWERED))
        hub_ids = {errand.source.hub_id for errand in self._errands}
        self._answers = {hub_id: answers for hub_id, answers in self._answers.items() if hub_id in hub_ids}
        for hub_id in (hub_ids & self._floor.payers.keys()) - self._asking:
            if self._due.is_due(hub_id.hex(), ASK_EVERY, now):
                self._asking.add(hub_id)
                self._floor.ask_hub(hub_id, _accounts, partial(self._answered, hub_id))

    def has(self, hub_id: bytes) -> bool:
        """Whether a hub owes an answer, be it silent or not."""
        return any(errand.source.hub_id == hub_id for errand in self._errands)

    def is_silent(self, hub_id: bytes) -> bool:
        return self.has(hub_id) and not self._answers.get(hub_id, False)

    def about(self, torrent_key: str) -> str:
        """Return in sentences of which channels nothing is known, while what was reserved for them still counts."""
        found = [errand for errand in self._errands if errand.bought.torrent_key == torrent_key]
        return together(self.text_of(errand) for errand in sorted(found, key=lambda errand: errand.last_expiry_s))

    def text_of(self, errand: Errand) -> str:
        return errand.unknown_text(is_away=not self._answers.get(errand.source.hub_id, True))

    def _answered(self, hub_id: bytes, answer: Answer[list[HubAccount]], _now: datetime) -> None:
        self._asking.discard(hub_id)
        self._answers[hub_id] = not isinstance(answer, HubAway)


def _accounts(hub: Hub) -> list[HubAccount]:
    return hub.accounts()
