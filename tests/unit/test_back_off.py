import pytest

from seedbox.config.supervisor import next_delay_s


class TestTheRestOfAChildThatCrashed:
    @pytest.mark.parametrize(
        ("previous_s", "ran_s", "next_s"),
        [
            (0, 0.1, 0.5),
            (0.5, 0.1, 1),
            (1, 59, 2),
            (4, 0.1, 8),
            (8, 0.1, 10),
            (10, 0.1, 10),
            (10, 61, 0.5),
            (0, 900, 0.5),
        ],
    )
    def test_doubles_up_to_ten_seconds_until_it_ran_for_a_minute(
        self, previous_s: float, ran_s: float, next_s: float
    ) -> None:
        assert next_delay_s(previous_s=previous_s, ran_s=ran_s) == next_s
