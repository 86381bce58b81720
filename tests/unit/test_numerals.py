"""Numbers as different people write and read them."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain import units
from seedbox.domain.numerals import EVERY, PLAIN, Numerals, called, with_signs
from seedbox.services.numerals import written
from seedbox.web.languages import numerals_of_languages
from speed.domain import reading
from speed.domain.reading import BadNumber
from wallet.domain import money
from wallet.domain.money import MAX_AMOUNT_UBTT, Asset, BadAmount
from wallet.templatetags.amounts import lined_up

GERMAN, FRENCH, SWISS = called("1.234,5"), called("1 234,5"), called("1'234.5")
BTT = 1_000_000
SPACE, QUOTE = "\N{NO-BREAK SPACE}", "\N{RIGHT SINGLE QUOTATION MARK}"

ways = st.sampled_from(EVERY)
amounts = st.integers(1, MAX_AMOUNT_UBTT) | st.integers(1, 10_000).map(lambda whole: whole * BTT)


class TestNumbers:
    @pytest.mark.parametrize(
        ("numerals", "amount", "size", "share", "ratio"),
        [
            (PLAIN, "1,234,567.5", "1.50 KiB", "12.3 %", "1,234.50"),
            (GERMAN, "1.234.567,5", "1,50 KiB", "12,3 %", "1.234,50"),
            (
                FRENCH,
                "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,5",
                "1,50 KiB",
                "12,3 %",
                "1\N{NO-BREAK SPACE}234,50",
            ),
            (SWISS, f"1{QUOTE}234{QUOTE}567.5", "1.50 KiB", "12.3 %", f"1{QUOTE}234.50"),
        ],
        ids=lambda way: way.name if isinstance(way, Numerals) else "",
    )
    def test_are_written_with_the_reader_s_signs(
        self, numerals: Numerals, amount: str, size: str, share: str, ratio: str
    ) -> None:
        with written(numerals):
            assert money.format_btt(1_234_567_500_000) == amount
            assert units.format_bytes(1536) == size
            assert units.format_progress(123_456) == share
            assert units.format_ratio(2469, 2) == ratio

    def test_are_plain_where_nobody_is_known_to_read(self) -> None:
        with written(GERMAN):
            pass
        assert money.format_btt(1_234_500_000) == "1,234.5"

    @pytest.mark.parametrize("numerals", EVERY, ids=lambda way: way.name)
    def test_tell_a_column_how_many_decimals_they_have(self, numerals: Numerals) -> None:
        with written(numerals):
            amounts_ubtt = (0, 1_234 * BTT, -1_500_000, 1_234_567_250_000, 1)
            assert [money.decimals_in(money.format_btt(one)) for one in amounts_ubtt] == [0, 0, 1, 2, 6]
            assert lined_up(money.format_amount(1_250_000, Asset.TRX)) == (
                f'<span class="figure" data-decimals="2">1{numerals.signs[0]}25</span> TRX'
            )
            assert lined_up("<b>") == '<span class="figure" data-decimals="0">&lt;b&gt;</span>'

    @given(ways, amounts)
    def test_in_a_field_are_read_as_they_were_written(self, numerals: Numerals, amount_ubtt: int) -> None:
        with written(numerals):
            assert money.parse_btt(money.write_btt(amount_ubtt)) == amount_ubtt

    @given(ways, amounts)
    def test_copied_from_a_page_are_read_right_or_not_at_all(self, numerals: Numerals, amount_ubtt: int) -> None:
        with written(numerals):
            try:
                assert money.parse_btt(money.format_btt(amount_ubtt)) == amount_ubtt
            except BadAmount as problem:
                assert numerals != PLAIN
                assert "it could be" in str(problem)

    @given(ways, ways, amounts)
    def test_never_mean_another_amount_to_somebody_else(
        self, writer: Numerals, reader: Numerals, amount_ubtt: int
    ) -> None:
        with written(writer):
            text = money.write_btt(amount_ubtt)
        if reader == PLAIN and re.fullmatch(r"[1-9]\d{0,2},\d{3}", text):
            return  # to who writes numbers so it is a thousand and more, and nothing else
        with written(reader):
            try:
                assert money.parse_btt(text) == amount_ubtt
            except BadAmount:
                assert writer.signs[0] != reader.signs[0]

    @given(ways, st.integers(0, 10**10))
    def test_of_speeds_and_shares_are_read_as_they_were_written(self, numerals: Numerals, ppm: int) -> None:
        with written(numerals):
            assert reading.read_percent(reading.write_percent(ppm // 100 * 100)) == ppm // 100 * 100


class TestWhatAPersonWrites:
    @pytest.mark.parametrize(
        ("numerals", "text", "amount"),
        [
            (GERMAN, "1,5", "1.5"),
            (GERMAN, "12.5", "12.5"),
            (GERMAN, "0.125", "0.125"),
            (GERMAN, "1.234.567", "1234567"),
            (GERMAN, "1.234,5", "1234.5"),
            (GERMAN, "1 234,5", "1234.5"),
            (GERMAN, "1,200.25", "1200.25"),
            (FRENCH, "1 234,5", "1234.5"),
            (FRENCH, "1\N{NO-BREAK SPACE}234", "1234"),
            (SWISS, f"1{QUOTE}234.5", "1234.5"),
            (SWISS, "1.234", "1.234"),
            (SWISS, "1'234'567.5", "1234567.5"),
            (FRENCH, "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567,5", "1234567.5"),
            (PLAIN, "1\N{NARROW NO-BREAK SPACE}234.5", "1234.5"),
        ],
    )
    def test_is_read_as_that_person_means_it(self, numerals: Numerals, text: str, amount: str) -> None:
        with written(numerals):
            assert money.parse_btt(text) == Decimal(amount) * BTT

    @pytest.mark.parametrize(
        ("numerals", "text", "ways_out"),
        [
            (GERMAN, "1.234", "1234 or 1,234"),
            (FRENCH, "12.345", "12345 or 12,345"),
            (SWISS, "1,234", "1234 or 1.234"),
        ],
    )
    def test_is_not_guessed_where_it_may_mean_a_thousand_times_as_much(
        self, numerals: Numerals, text: str, ways_out: str
    ) -> None:
        with written(numerals), pytest.raises(BadAmount, match=f"it could be {ways_out}"):
            money.parse_btt(text)

    @pytest.mark.parametrize("read", [reading.read_mib, reading.read_percent])
    def test_is_no_more_guessed_of_a_speed_or_a_share(self, read: Callable[[str], int]) -> None:
        with written(GERMAN):
            with pytest.raises(BadNumber, match=r"^It could be 1500 or 1,500: write one of these\.$"):
                read(" 1.500 ")
            assert read("1,500") == read("1,5") == read("1.5") < read("1500")
        assert read("1.500") == read("1.5")

    @pytest.mark.parametrize(
        ("numerals", "text", "meant"),
        [
            (GERMAN, "1.234", ["1234", "1.234"]),
            (SWISS, " 1,234 ", ["1234", "1.234"]),
            (GERMAN, "1,234", ["1.234"]),
            (PLAIN, "1,234", ["1234"]),
            (GERMAN, "0.125", ["0.125"]),
            (GERMAN, "many", []),
            (GERMAN, "", []),
        ],
    )
    def test_may_mean_two_amounts_where_one_searches(self, numerals: Numerals, text: str, meant: list[str]) -> None:
        with written(numerals):
            assert money.amounts_meant(text) == [Decimal(one) * BTT for one in meant]

    @pytest.mark.parametrize("text", ["1'5", "12'34", "'5", "5'", "1''234"])
    def test_has_the_apostrophe_between_thousands_alone(self, text: str) -> None:
        for numerals in EVERY:
            with written(numerals), pytest.raises(BadAmount):
                money.parse_btt(text)

    @pytest.mark.parametrize("text", ["1,234,567", "1.234,5.6", "1,2.3", "1.23.4", "", ",5", "5,"])
    def test_is_refused_where_it_is_no_number_there(self, text: str) -> None:
        with written(GERMAN), pytest.raises(BadAmount):
            money.parse_btt(text)

    def test_is_told_how_to_write_it_with_that_person_s_signs(self) -> None:
        with written(GERMAN), pytest.raises(BadAmount, match="like 12,5"):
            money.parse_btt("many")


class TestALanguage:
    @pytest.mark.parametrize(
        ("accepted", "name"),
        [
            ("de-AT,de;q=0.9,en;q=0.8", "1.234,5"),
            ("fr", "1 234,5"),
            ("pt-BR", "1.234,5"),
            ("en-GB", "1,234.5"),
            ("zh-CN", "1,234.5"),
            ("tlh, nl;q=0.5", "1.234,5"),
            ("*", "1,234.5"),
            ("", "1,234.5"),
            ("de" * 5_000, "1,234.5"),
        ],
    )
    def test_lets_suppose_how_its_people_write_numbers(self, accepted: str, name: str) -> None:
        assert numerals_of_languages(accepted).name == name

    def test_with_signs_that_nobody_has_gets_the_nearest(self) -> None:
        assert with_signs(",", "") == GERMAN
        assert with_signs("\N{ARABIC DECIMAL SEPARATOR}", "\N{ARABIC THOUSANDS SEPARATOR}") == PLAIN
