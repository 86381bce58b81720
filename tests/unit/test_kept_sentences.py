"""Sentences that are kept: they are read in each reader's own language, whoever wrote them down."""

from collections.abc import Iterator

import pytest

from seedbox.domain import language
from seedbox.domain.kept import kept, kept_counted, together, told

GERMAN = {
    "Fast enough.": "Schnell genug.",
    "%(free)s come, the wish is %(wish)s": "Gewünscht ist %(wish)s, es kommt %(free)s",
    "nothing": "nichts",
    "%(seen)s: too slow.": "Zu langsam: %(seen)s.",
    "%(number)s seller from %(price)s": "%(number)s Verkäufer ab %(price)s",
    "%(number)s sellers from %(price)s": "%(number)s Verkaufende ab %(price)s",
    "%(share)s %% of it": "davon %(share)s %%",
}


@pytest.fixture
def in_german() -> Iterator[None]:
    def counted(one: str, many: str, number: int) -> str:
        return GERMAN[one if number == 1 else many]

    spoken = language._Language
    before = spoken.translate, spoken.translate_counted, spoken.signs
    language.speak(lambda text: GERMAN.get(text, text), counted, lambda: (",", "."))
    yield
    language.speak(*before)


def sellers(number: int) -> str:
    one, many = "%(number)s seller from %(price)s", "%(number)s sellers from %(price)s"
    return kept_counted(one, many, number, {"number": number, "price": "5 BTT/GiB"})


SEEN = kept("%(free)s come, the wish is %(wish)s", {"free": kept("nothing"), "wish": "2 MiB/s"})
SLOW = kept("%(seen)s: too slow.", {"seen": SEEN})


class TestAKeptSentence:
    def test_into_which_nothing_is_put_stands_as_it_is_written(self) -> None:
        assert kept("Fast enough.") == "Fast enough."

    def test_is_told_as_it_was_written_where_nobody_translates(self) -> None:
        assert told(SLOW) == "nothing come, the wish is 2 MiB/s: too slow."
        assert told(sellers(1)) == "1 seller from 5 BTT/GiB"
        assert told(kept("%(share)s %% of it", {"share": 7})) == "7 % of it"
        assert told("") == ""

    def test_counts_without_a_number_in_its_words(self) -> None:
        assert told(kept_counted("one deal", "some deals", 3)) == "some deals"

    @pytest.mark.usefixtures("in_german")
    def test_is_told_in_the_readers_language_with_all_that_is_put_into_it(self) -> None:
        assert told(SLOW) == "Zu langsam: Gewünscht ist 2 MiB/s, es kommt nichts."
        assert told(sellers(3)) == "3 Verkaufende ab 5 BTT/GiB"
        assert told(kept("%(share)s %% of it", {"share": "1,234.5 BTT/GiB"})) == "davon 1.234,5 BTT/GiB %"
        assert told(kept("%(share)s %% of it", {"share": "v1.5 by 2.x"})) == "davon v1.5 by 2.x %"
        assert told("Fast enough.") == "Schnell genug."

    @pytest.mark.usefixtures("in_german")
    def test_is_told_behind_others_once(self) -> None:
        text = together(("Fast enough.", "", SLOW, "Fast enough."))
        assert told(text) == f"Schnell genug. {told(SLOW)}"
        assert told(kept("%(seen)s: too slow.", {"seen": text})) == f"Zu langsam: {told(text)}."

    def test_alone_among_those_that_say_nothing_stays_as_it_is(self) -> None:
        assert together(("", SLOW)) == SLOW
        assert together(("", "")) == ""

    @pytest.mark.parametrize(
        "words",
        ["[::1]:6890 is silent.", "[1, 2]", '["a"', '{"says":"Pay"}', "100 % of it", "%(why)s"],
    )
    def test_is_not_seen_in_a_strangers_words(self, words: str) -> None:
        assert told(words) == words

    @pytest.mark.parametrize(
        "words",
        [
            '[{"says":"%(why)s","with":{}}]',
            '[{"says":"Pay","with":7}]',
            '[{"says":7,"with":{}}]',
            '[{"one":"a","many":"b"}]',
            '[{"says":"%d","with":{}}]',
            "[{}]",
        ],
    )
    def test_that_a_stranger_has_made_up_breaks_no_page(self, words: str) -> None:
        assert isinstance(told(words), str)

    def test_that_a_stranger_has_made_up_fills_no_memory(self) -> None:
        wide = '[{"says":"%(a)999999999s","with":{"a":"x"}}]'
        assert len(told(wide)) < 100
        assert told("[" * 100_000) == "[" * 100_000

    def test_counts_with_a_number_that_stays_one(self) -> None:
        assert told(kept_counted("%(count)d deal", "%(count)d deals", 3, {"count": 3})) == "3 deals"
