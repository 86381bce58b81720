"""The tables of what may become of a withdrawal and of its attempts."""

import pytest

from wallet.domain.withdrawal_states import (
    ATTEMPT_MOVES,
    CANCELLABLE,
    LIVE,
    MOVES,
    OPEN,
    AttemptState,
    IllegalMove,
    WithdrawalState,
    check_attempt_move,
    check_graph,
    check_move,
)


class TestAWithdrawal:
    def test_can_be_cancelled_until_there_is_an_attempt(self) -> None:
        assert {WithdrawalState.CHECKING, WithdrawalState.QUEUED} == CANCELLABLE

    def test_ends_once(self) -> None:
        ends = {state for state in WithdrawalState if state.is_over}
        assert ends == set(WithdrawalState) - OPEN
        for end in ends:
            for state in WithdrawalState:
                with pytest.raises(IllegalMove):
                    check_move(end, state)

    def test_that_is_being_sent_arrives_or_returns_and_nothing_else(self) -> None:
        allowed = {state for state in WithdrawalState if state in MOVES[WithdrawalState.SENDING]}
        assert allowed == {WithdrawalState.FINAL, WithdrawalState.RETURNED}


class TestAnAttempt:
    def test_is_live_until_its_fate_is_irreversible(self) -> None:
        assert {AttemptState.FINAL, AttemptState.FAILED, AttemptState.DEAD} == set(AttemptState) - LIVE
        assert not AttemptState.DEAD.is_live and AttemptState.SEEN.is_live

    def test_in_a_block_that_is_taken_back_waits_for_another_one(self) -> None:
        check_attempt_move(AttemptState.SEEN, AttemptState.BROADCAST)

    def test_never_loses_its_signature(self) -> None:
        assert all(AttemptState.PREPARED not in further for further in ATTEMPT_MOVES.values())
        with pytest.raises(IllegalMove):
            check_attempt_move(AttemptState.BROADCAST, AttemptState.SIGNED)


class TestAWrongTable:
    def test_with_a_state_that_nothing_leads_to_is_refused(self) -> None:
        moves = {
            WithdrawalState.QUEUED: frozenset({WithdrawalState.FINAL}),
            WithdrawalState.FINAL: frozenset[WithdrawalState](),
            WithdrawalState.SENDING: frozenset({WithdrawalState.FINAL}),
        }
        with pytest.raises(ValueError, match="nothing leads to"):
            check_graph(moves, starts=frozenset({WithdrawalState.QUEUED}))

    def test_with_a_state_that_leads_nowhere_is_refused(self) -> None:
        moves = {
            WithdrawalState.QUEUED: frozenset({WithdrawalState.FINAL, WithdrawalState.SENDING}),
            WithdrawalState.SENDING: frozenset({WithdrawalState.SENDING}),
            WithdrawalState.FINAL: frozenset[WithdrawalState](),
        }
        with pytest.raises(ValueError, match="nothing leads on from"):
            check_graph(moves, starts=frozenset({WithdrawalState.QUEUED}))
