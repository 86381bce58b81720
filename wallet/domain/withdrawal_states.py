"""What a withdrawal and its attempts can be, and what may become of each. Checked when this module is imported.

An attempt is one signed transaction of a withdrawal. A withdrawal is SENDING from its first attempt on; which step of
sending it has reached, its newest attempt says.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class WithdrawalState(StrEnum):
    CHECKING = "checking"  # its money is held; an admin who did not ask for it has to approve it
    QUEUED = "queued"  # its money is held; it waits for its turn
    SENDING = "sending"  # its money is in flight: there is or was an attempt, and it can't be cancelled any more
    FINAL = "final"  # it arrived, irreversibly
    RETURNED = "returned"  # it did not arrive and never will: the money is back
    CANCELLED = "cancelled"  # by its user, before the first attempt
    REJECTED = "rejected"  # by an admin, or because nobody approved it in time

    @property
    def is_over(self) -> bool:
        return not MOVES[self]


class AttemptState(StrEnum):
    PREPARED = "prepared"  # its bytes are stored; the signer may have signed them
    SIGNED = "signed"  # its signature is stored; nobody has got it from us yet
    BROADCAST = "broadcast"  # the network was given it, and may have taken it whatever was answered
    SEEN = "seen"  # in a block that may still be taken back
    FINAL = "final"  # in a solid block, and it did what it should
    FAILED = "failed"  # in a solid block, and it moved nothing
    DEAD = "dead"  # in no block, and it can't come into one any more

    @property
    def is_live(self) -> bool:
        return bool(ATTEMPT_MOVES[self])


MOVES: Mapping[WithdrawalState, frozenset[WithdrawalState]] = {
    WithdrawalState.CHECKING: frozenset(
        {WithdrawalState.QUEUED, WithdrawalState.CANCELLED, WithdrawalState.REJECTED},
    ),
    WithdrawalState.QUEUED: frozenset(
        {WithdrawalState.SENDING, WithdrawalState.CANCELLED, WithdrawalState.REJECTED},
    ),
    WithdrawalState.SENDING: frozenset({WithdrawalState.FINAL, WithdrawalState.RETURNED}),
    WithdrawalState.FINAL: frozenset(),
    WithdrawalState.RETURNED: frozenset(),
    WithdrawalState.CANCELLED: frozenset(),
    WithdrawalState.REJECTED: frozenset(),
}
_SETTLED = frozenset({AttemptState.SEEN, AttemptState.FINAL, AttemptState.FAILED, AttemptState.DEAD})
# Also one that was never given out by us may be found in a block: then somebody else had its signature.
ATTEMPT_MOVES: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.PREPARED: frozenset({AttemptState.SIGNED}) | _SETTLED,
    AttemptState.SIGNED: frozenset({AttemptState.BROADCAST}) | _SETTLED,
    AttemptState.BROADCAST: _SETTLED,
    # A block was taken back: the network may put the attempt into another one, or never.
    AttemptState.SEEN: frozenset({AttemptState.BROADCAST}) | _SETTLED - {AttemptState.SEEN},
    AttemptState.FINAL: frozenset(),
    AttemptState.FAILED: frozenset(),
    AttemptState.DEAD: frozenset(),
}
CANCELLABLE = frozenset(
    state for state, further in MOVES.items() if WithdrawalState.CANCELLED in further
)  # until there is an attempt
OPEN = frozenset(state for state in WithdrawalState if MOVES[state])
LIVE = frozenset(state for state in AttemptState if ATTEMPT_MOVES[state])

State = TypeVar("State", bound=StrEnum)


class IllegalMove(Exception):
    """A withdrawal or an attempt can't become this from what it is: a mistake of the program."""

    def __init__(self, old: StrEnum, new: StrEnum) -> None:
        super().__init__(f"{old} can't become {new}")


def check_move(old: WithdrawalState, new: WithdrawalState) -> None:
    if new not in MOVES[old]:
        raise IllegalMove(old, new)


def check_attempt_move(old: AttemptState, new: AttemptState) -> None:
    if new not in ATTEMPT_MOVES[old]:
        raise IllegalMove(old, new)


def check_graph(moves: Mapping[State, frozenset[State]], *, starts: frozenset[State]) -> None:
    """Raise ValueError unless every state can be reached, and from every state there is a way to an end."""
    reached, fresh = set(starts), set(starts)
    while fresh:
        fresh = {further for state in fresh for further in moves[state]} - reached
        reached |= fresh
    if unreached := set(moves) - reached:
        raise ValueError(f"nothing leads to {sorted(unreached)}")
    ends = {state for state, further in moves.items() if not further}
    leading = set(ends)
    while more := {state for state, further in moves.items() if further & leading} - leading:
        leading |= more
    if stuck := set(moves) - leading:
        raise ValueError(f"nothing leads on from {sorted(stuck)} to an end")


check_graph(MOVES, starts=frozenset({WithdrawalState.CHECKING, WithdrawalState.QUEUED}))
check_graph(ATTEMPT_MOVES, starts=frozenset({AttemptState.PREPARED}))
