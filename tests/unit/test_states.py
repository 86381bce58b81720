from dataclasses import replace

import pytest

from seedbox.domain.states import STATES, IllegalTable, State, StateText, check_table, is_legal_move


class TestTheTableOfStates:
    def test_has_a_sentence_for_every_state(self) -> None:
        assert all(text.meaning.endswith(".") for text in STATES.values())

    def test_without_an_entry_for_a_state_cannot_be_used(self) -> None:
        table: dict[State, StateText] = {state: text for state, text in STATES.items() if state != State.ERROR}
        with pytest.raises(IllegalTable, match=r"without an entry: .*error"):
            check_table(table)

    def test_with_a_state_that_nothing_leads_to_cannot_be_used(self) -> None:
        entry = STATES[State.METADATA]
        table = {state: replace(text, moves_to=text.moves_to - {State.METADATA}) for state, text in STATES.items()} | {
            State.METADATA: entry
        }
        with pytest.raises(IllegalTable, match=r"nothing leads to: .*metadata"):
            check_table(table)


class TestAMove:
    def test_to_the_same_state_is_always_legal(self) -> None:
        assert all(is_legal_move(state, state) for state in State)

    def test_into_error_or_removal_is_legal_from_everywhere(self) -> None:
        assert all(is_legal_move(state, end) for state in State for end in (State.ERROR, State.REMOVING))

    def test_into_trouble_and_out_of_it_is_legal_wherever_files_are(self) -> None:
        trouble = (State.DISK, State.MISSING)
        others = [state for state in State if state is not State.REMOVING]
        assert all(is_legal_move(state, end) and is_legal_move(end, state) for state in others for end in trouble)

    def test_from_seeding_back_to_fetching_metadata_is_not(self) -> None:
        assert not is_legal_move(State.SEEDING, State.METADATA)

    def test_out_of_removal_only_starts_anew(self) -> None:
        after_removal = {state for state in State if is_legal_move(State.REMOVING, state)}
        assert after_removal == {State.REMOVING, State.WAITING, State.ERROR}
