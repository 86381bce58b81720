import pytest

from seedbox.config.supervisor import next_delay_s


class TestTheRestOfAChildThatCrashed:
    @pytest.mark.parametrize(
        ("previous_s", "ran_s", "next_s"),
        [
            (0, 0.1, 0.1),
            (0.1, 0.1, 0.2),
            (0.2, 9, 0.4),
            (6.4, 0.1, 10),
            (10, 0.1, 10),
            (10, 11, 0.1),
            (0, 900, 0.1),
        ],
    )
    def test_doubles_up_to_ten_seconds_until_it_ran_for_ten(
        self, previous_s: float, ran_s: float, next_s: float
    ) -> None:
        assert next_delay_s(previous_s=previous_s, ran_s=ran_s) == next_s
