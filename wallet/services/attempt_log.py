"""How an attempt moves on: by a conditional update, with a line in a log that only grows."""

from datetime import datetime, timedelta
from typing import Any

from wallet.domain.retelling import fitting
from wallet.domain.withdrawal_states import AttemptState, check_attempt_move
from wallet.models import Attempt, AttemptEvent
from wallet.services import ledger, news

LOOK_AGAIN = timedelta(seconds=3)  # a block
BACK_OFF_MOST = timedelta(seconds=15)
ENDPOINT_CHARS, CODE_CHARS, MESSAGE_CHARS = 100, 40, 300


def move(attempt: Attempt, to: AttemptState, what: str, *, now: datetime, message: str = "", **fields: Any) -> bool:
    """Let the attempt's row become something else if it still is what we saw; say whether it did.

    Whoever comes second moves nothing, and has to look anew. `attempt` stays as it was read: the caller's transaction
    may be done again from the beginning.
    """
    check_attempt_move(AttemptState(attempt.state), to)

    def work() -> bool:
        moved = Attempt.objects.filter(pk=attempt.pk, state=attempt.state).update(state=to, **fields)
        if moved:
            note(attempt, what, now, message=message)
            news.withdrawal_changed(attempt.withdrawal.user_id)
        return bool(moved)

    return ledger.whole(work)


def note(
    attempt: Attempt, what: str, now: datetime, *, endpoint: str = "", code: str = "", message: str = ""
) -> AttemptEvent:
    return AttemptEvent.objects.create(
        attempt=attempt,
        at=now,
        what=what,
        endpoint=endpoint[:ENDPOINT_CHARS],
        code=code[:CODE_CHARS],
        message=_fitting(message),
    )


def note_once(attempt: Attempt, what: str, now: datetime, *, message: str) -> None:
    """Note what was noted last only if it differs: what is asked every second must not fill the log."""
    last = attempt.events.order_by("-pk").first()
    if last is None or (last.what, last.message) != (what, _fitting(message)):
        note(attempt, what, now, message=message)


def _fitting(message: str) -> str:
    return fitting(message.replace("\0", ""), MESSAGE_CHARS)  # PostgreSQL takes no such character


def look_again(attempt: Attempt, now: datetime, after: timedelta = LOOK_AGAIN) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(next_try_at=now + after)


def back_off(attempt: Attempt, now: datetime) -> None:
    """Wait twice as long as the time before, up to a limit: the same bytes go to a network that is busy."""
    wait = min(timedelta(seconds=2 ** min(attempt.tries, 4)), BACK_OFF_MOST)
    Attempt.objects.filter(pk=attempt.pk).update(tries=attempt.tries + 1, next_try_at=now + wait)
