import pytest

from seedbox.domain import units


class TestNumbersOnAPage:
    @pytest.mark.parametrize(
        ("size_bytes", "text"),
        [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "0.98 KiB"),
            (1_536, "1.50 KiB"),
            (10 * units.MIB, "10.0 MiB"),
            (1_023 * units.KIB, "1.00 MiB"),
            (456 * units.GIB, "456 GiB"),
            (5_000 * 1024**5, "5,000 PiB"),
        ],
    )
    def test_a_size_has_three_digits_and_a_unit(self, size_bytes: int, text: str) -> None:
        assert units.format_bytes(size_bytes) == text

    @pytest.mark.parametrize(
        ("ppm", "text"), [(0, "0.0 %"), (1, "0.0 %"), (999_999, "99.9 %"), (1_000_000, "100 %"), (123_456, "12.3 %")]
    )
    def test_a_hundred_per_cent_means_every_byte(self, ppm: int, text: str) -> None:
        assert units.format_progress(ppm) == text

    def test_progress_of_all_but_one_byte_is_below_a_million(self) -> None:
        assert units.progress_ppm(done_bytes=10**12 - 1, wanted_bytes=10**12) == 999_999

    @pytest.mark.parametrize(
        ("duration_s", "text"),
        [(0, "0 s"), (59, "59 s"), (190, "3 min 10 s"), (18_120, "5 h 2 min"), (1_051_200, "12 d 4 h")],
    )
    def test_a_duration_shows_its_two_largest_units(self, duration_s: int, text: str) -> None:
        assert units.format_duration(duration_s) == text

    def test_an_unknown_eta_is_infinite(self) -> None:
        assert units.format_eta(None) == "∞"

    def test_a_ratio_is_rounded_down(self) -> None:
        assert units.format_ratio(1_999, 1_000) == "1.99"
