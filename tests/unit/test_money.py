import pytest

from wallet.domain import money
from wallet.domain.money import Asset, BadAmount


class TestAnAmount:
    @pytest.mark.parametrize("amount_ubtt", [1, 2**62])
    def test_is_a_whole_number_up_to_two_to_the_62(self, amount_ubtt: int) -> None:
        assert money.check_amount(amount_ubtt) == amount_ubtt

    @pytest.mark.parametrize(
        "amount",
        [0, -1, 2**62 + 1, 2**63, -(2**63), 1.0, 0.5, float("nan"), float("inf"), True, False, "1", b"1", None, [1]],
        ids=repr,
    )
    def test_is_nothing_else(self, amount: object) -> None:
        with pytest.raises(BadAmount, match="This is no amount: "):
            money.check_amount(amount)


class TestWhatAPersonWrites:
    @pytest.mark.parametrize(
        ("text", "amount_ubtt"),
        [
            ("1", 1_000_000),
            ("0.000001", 1),
            (" 12.5 ", 12_500_000),
            ("1,234.5", 1_234_500_000),
            ("1 234 567.000001", 1_234_567_000_001),
            ("1\N{NO-BREAK SPACE}234", 1_234_000_000),
            ("007", 7_000_000),
            ("4611686018427.387904", 2**62),
        ],
    )
    def test_is_read_to_the_last_unit(self, text: str, amount_ubtt: int) -> None:
        assert money.parse_btt(text) == amount_ubtt

    @pytest.mark.parametrize(
        "text",
        [
            *["", " ", "0", "0.000000", "-1", "+1", "1e3", "1E-6", ".5", "5.", "0.0000001", "1.2.3", "NaN", "inf"],
            *[
                "4611686018427.387905",
                "9999999999999",
                "12345678901234",
                "1_000",
                "½",
                "\u0661",
                "1\n2",
                "1 BTT",
                "0x1",
            ],
        ],
    )
    def test_is_refused_where_it_is_no_amount(self, text: str) -> None:
        with pytest.raises(BadAmount):
            money.parse_btt(text)

    @pytest.mark.parametrize(
        "text", ["1,5", "1,50", "0,001", "0 001", "0,000001", "1 5", "12,34.5", "1,234,5", "1234,567", "1,234 567"]
    )
    def test_is_not_guessed_where_a_comma_may_mean_a_point(self, text: str) -> None:
        with pytest.raises(BadAmount):
            money.parse_btt(text)


class TestWhatAPersonReads:
    @pytest.mark.parametrize(
        ("amount_ubtt", "text"),
        [
            (0, "0"),
            (1, "0.000001"),
            (1_000_000, "1"),
            (1_234_500_000, "1,234.5"),
            (-1_500_000, "\N{MINUS SIGN}1.5"),
            (2**62, "4,611,686,018,427.387904"),
        ],
    )
    def test_is_exact(self, amount_ubtt: int, text: str) -> None:
        assert money.format_btt(amount_ubtt) == text

    @pytest.mark.parametrize("amount_ubtt", [1, 10, 999_999, 1_000_000, 1_234_567_890, 2**62])
    def test_can_be_written_back(self, amount_ubtt: int) -> None:
        assert money.parse_btt(money.format_btt(amount_ubtt)) == amount_ubtt

    def test_names_the_asset(self) -> None:
        assert [money.format_amount(2_500_000, asset) for asset in Asset] == ["2.5 BTTOLD", "2.5 BTT", "2.5 TRX"]
