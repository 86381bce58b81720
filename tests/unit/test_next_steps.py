from django.urls import set_script_prefix
from django.utils.functional import lazystr

from seedbox.web.next_steps import Step, version


class TestTheVersionOfSteps:
    def test_is_the_same_in_each_language_and_under_each_path(self) -> None:
        page = [Step("2 torrents load from nobody.", "Look at them", "/torrents/?sort=peers", tone="warning")]
        other = [Step(lazystr("2 laden von niemandem."), "Zeigen", "/box/torrents/?sort=peers", tone="warning")]
        named = version(page)
        set_script_prefix("/box/")
        try:
            assert version(other) == named
        finally:
            set_script_prefix("/")

    def test_is_another_one_of_other_steps(self) -> None:
        one = Step("2 torrents load from nobody.", "Look", "/torrents/")
        others = [Step("3 torrents load from nobody.", "Look", "/torrents/"), Step(one.text, "Look", "/health/")]
        assert len({version(steps) for steps in ([], [one], [one, one], *([other] for other in others))}) == 5
