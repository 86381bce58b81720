"""Rounds of others, summed up anew: their rows are asked for page by page, and compared with what was said then."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from seedbox.domain.kept import kept as _
from speed.agent.due import Due
from speed.agent.side import Floor
from speed.domain.messages import MAX_ROUND_ROWS, Audit, Error, ErrorCode, Round
from speed.domain.rounds import PublishedBid, RoundRecord
from speed.services import audits
from speed.wire.port import Link

LOOK_EVERY = timedelta(seconds=30)  # at what is due
ASK_EVERY = timedelta(seconds=1)  # of one seller: a day's rounds are asked for in hours, and it has others to serve
PATIENCE = timedelta(seconds=60)  # with an answer
REST = timedelta(minutes=10)  # after a seller did not show a round, or was too busy, or could not be called
MAX_TRIES = 2  # for a round
MAX_ROWS = 1_000  # of one round: they are summed up in the thread that stores vouchers

TOO_LARGE = _("The seller shows more than %(most)s bids of this round.", {"most": f"{MAX_ROWS:,}"})
NOT_SHOWN = _("The seller does not show this round, though it is time.")
DIFFERS = _("The seller shows this round once so, and once otherwise.")


@dataclass
class _Question:
    """One round that is being asked for, page by page."""

    number: int
    asked_at: datetime
    head: tuple[int, int, int] | None = None  # ask, what is for sale, price
    rows: list[PublishedBid] = field(default_factory=list)


class Auditor:
    """Asks one question of a seller at a time. `call` calls sellers anew that are not connected any more."""

    def __init__(self, floor: Floor, *, call: Callable[[str, datetime], None]) -> None:
        self.right = self.wrong = 0  # rounds
        self._floor = floor
        self._call = call
        self._waiting: dict[bytes, deque[int]] = {}  # rounds, by seller
        self._away: dict[bytes, str] = {}  # endpoints of sellers that have rounds to show
        self._questions: dict[Link, _Question] = {}
        self._rest_until: dict[bytes, datetime] = {}
        self._tries: dict[tuple[bytes, int], int] = {}
        self._due = Due()
        self._is_looking = False

    @property
    def has_calls(self) -> bool:
        """Say whether sellers have something to show that have to be called for it."""
        return bool(self._away)

    def tick(self, now: datetime) -> None:
        if not self._is_looking and self._due.is_due("look", LOOK_EVERY, now):
            self._look(now)
        for link, question in list(self._questions.items()):
            if now - question.asked_at >= PATIENCE:
                self._failed(link, now)
        for endpoint in self._away.values():
            if self._due.is_due(f"call {endpoint}", REST, now):
                self._call(endpoint, now)
        for link in self._floor.links:
            if self._waiting.get(link.peer_key) and now >= self._rest_until.get(link.peer_key, now):
                self._ask_next(link, now)

    def _look(self, now: datetime) -> None:
        self._is_looking = True
        linked = {link.peer_key for link in self._floor.links}
        work = partial(audits.due, self._floor.node_name, linked=linked, now=now)
        self._floor.write(work, self._looked, self._not_looked)

    def _looked(self, found: audits.Due, _now: datetime) -> None:
        self._is_looking = False
        asked = {(link.peer_key, question.number) for link, question in self._questions.items()}
        self._waiting = {
            key: deque(number for number in numbers if (key, number) not in asked)
            for key, numbers in found.rounds.items()
        }
        self._away = dict(found.endpoints)
        self._tries = {  # of rounds that are still to be shown; whoever is away will be asked again
            (key, number): count
            for (key, number), count in self._tries.items()
            if key in found.endpoints or number in found.rounds.get(key, ())
        }

    def _not_looked(self, _now: datetime) -> None:
        self._is_looking = False

    # --- questions

    def _ask_next(self, link: Link, now: datetime) -> None:
        if any(other.peer_key == link.peer_key for other in self._questions):
            return
        number = self._waiting[link.peer_key].popleft()
        self._questions[link] = _Question(number, now)
        self._rest_until[link.peer_key] = now + ASK_EVERY
        link.send(Audit(number))

    def take(self, link: Link, page: Round, now: datetime) -> None:
        """Take in a page of a round, and sum the round up when it is the last one."""
        question = self._questions.get(link)
        if question is None or page.round != question.number:
            return
        head = page.ask, page.for_sale, page.price
        if question.head is not None and (head != question.head or not _goes_on(question.rows, page.bids)):
            self._give_up(link, DIFFERS)
            return
        question.head = head
        question.rows += page.bids
        if len(question.rows) > MAX_ROWS:
            self._give_up(link, TOO_LARGE)
        elif page.more and len(page.bids) == MAX_ROUND_ROWS:
            question.asked_at = now
            link.send(Audit(question.number, page.bids[-1].leaf))
        else:
            del self._questions[link]
            record = RoundRecord(question.number, *head, tuple(question.rows))
            work = partial(audits.judge, self._floor.node_name, link.peer_key, record, now=now)
            self._floor.write(work, self._judged)

    def _judged(self, findings: list[str], _now: datetime) -> None:
        self.right += not findings
        self.wrong += bool(findings)

    def refused(self, link: Link, error: Error, now: datetime) -> None:
        """The seller does not show what was asked for, or not now."""
        if link in self._questions:
            if error.code == ErrorCode.UNKNOWN_ROUND:
                self._failed(link, now)
            elif error.code == ErrorCode.TOO_MANY:
                del self._questions[link]  # it comes with the next look
                self._rest_until[link.peer_key] = now + REST

    def _failed(self, link: Link, now: datetime) -> None:
        question = self._questions[link]
        tries = self._tries[link.peer_key, question.number] = self._tries.get((link.peer_key, question.number), 0) + 1
        if tries >= MAX_TRIES:
            self._give_up(link, NOT_SHOWN)
        else:
            del self._questions[link]
            self._rest_until[link.peer_key] = now + REST

    def _give_up(self, link: Link, why: str) -> None:
        number = self._questions.pop(link).number
        self._tries.pop((link.peer_key, number), None)
        self._floor.write(partial(audits.give_up, self._floor.node_name, link.peer_key, number, why=why))

    def forget_link(self, link: Link) -> None:
        self._questions.pop(link, None)


def _goes_on(rows: list[PublishedBid], page: tuple[PublishedBid, ...]) -> bool:
    """Say whether a page begins behind the rows that are there: or one could be kept asking for ever."""
    return not rows or not page or page[0].leaf > rows[-1].leaf
