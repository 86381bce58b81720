"""What the signer says, as somebody reads it who speaks something else."""

import pytest

from tests import made_up_language
from tests.made_up_language import english_among
from wallet.domain import signer_words as words
from wallet.domain.chain_words import TROUBLES
from wallet.domain.halt_words import CONFLICT, HALTS
from wallet.domain.retelling import fitting, names_of, said_again
from wallet.domain.withdrawal_words import EVENTS, UNSIGNED, WAITS

# On pages of the desk, of a withdrawal, and of sweeps.
PLACES = [words.SIGNER, (*WAITS, *words.SIGNER, *TROUBLES), (*EVENTS, *words.SIGNER, *TROUBLES), HALTS]


def written(sentence: str) -> str:
    return sentence % dict.fromkeys(names_of(sentence), "77/7")


def english_of(kept: str, texts: tuple[str, ...]) -> list[str]:
    assert said_again(kept, texts) == kept
    with made_up_language.spoken():
        said = said_again(kept, texts)
    assert said.count("7") == kept.count("7")
    return english_among([said], ())


class TestWhatTheSignerSays:
    @pytest.mark.parametrize("sentence", words.SIGNER)
    def test_is_said_in_the_language_of_its_reader_wherever_it_stands(self, sentence: str) -> None:
        for texts in PLACES:
            assert not english_of(written(sentence), texts)

    @pytest.mark.parametrize("sentence", words.SIGNER)
    def test_is_said_so_within_other_sentences(self, sentence: str) -> None:
        assert not english_of(UNSIGNED % {"why": written(sentence)}, PLACES[1])
        assert not english_of(CONFLICT % {"problem": written(sentence)}, HALTS)

    @pytest.mark.parametrize("doubt", [words.STORE_EMPTY, words.STORE_SHORTENED, words.STORE_COPIED, words.STORE_GONE])
    def test_is_said_so_with_what_is_to_be_done(self, doubt: str) -> None:
        for texts in PLACES:
            assert not english_of(words.CONFIRM % {"doubt": written(doubt)}, texts)

    def test_is_said_so_also_where_there_is_no_room_for_all_of_it(self) -> None:
        kept = "; ".join((written(words.STORE_CHANGED), words.MEND, words.MEND_ALONE))
        assert fitting(kept, len(kept)) == kept
        assert fitting(kept, len(kept) - 1) == "; ".join((written(words.STORE_CHANGED), words.MEND))
        for texts in PLACES:
            assert not english_of(kept, texts)
            assert not english_of(fitting(kept, 100), texts)
