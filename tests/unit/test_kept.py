"""What is found out at most so often."""

import tomllib
from itertools import count

from seedbox import __version__
from seedbox.config.env import ROOT
from seedbox.services.kept import Kept


class TestAKeptValue:
    def test_is_read_again_only_when_it_is_old_or_was_forgotten(self) -> None:
        clock_s, numbers = [100.0], count(1)
        kept = Kept(lambda: next(numbers), for_s=5, clock_s=lambda: clock_s[0])
        assert (kept.value(), kept.value()) == (1, 1)
        clock_s[0] += 4.9
        assert kept.value() == 1
        clock_s[0] += 0.1
        assert (kept.value(), kept.value()) == (2, 2)
        kept.forget()
        assert kept.value() == 3


class TestTheVersion:
    def test_that_nodes_tell_is_the_projects(self) -> None:
        assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
