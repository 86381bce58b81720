"""What is known of a folder whose disk may take its time."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from seedbox.domain.folders import Folder, FolderHealth, silent
from seedbox.services.folders import SILENT_AFTER, Watch
from tests.builders import NOW

LIMIT_S = 20.0
BIG = Folder("big", Path("/mnt/big"))
WELL = FolderHealth("big", "/mnt/big", is_there=True, problem="", free_bytes=7)
LATE = NOW + SILENT_AFTER


def never_asked() -> FolderHealth:
    raise AssertionError("nobody shall look")


def look_at(look: Callable[[], FolderHealth]) -> tuple[Watch, Callable[[], None]]:
    """Return a watch whose look has begun, and what lets that look end and waits for it."""
    disk_answers = threading.Event()

    def wait_and_look() -> FolderHealth:
        assert disk_answers.wait(LIMIT_S)
        return look()

    watch = Watch(BIG, wait_and_look)
    answer = watch.begin(NOW)
    assert answer

    def let_it_end() -> None:
        disk_answers.set()
        answer.exception(LIMIT_S)

    return watch, let_it_end


class TestAFolder:
    def test_is_not_there_before_the_first_answer(self) -> None:
        found = Watch(BIG, never_asked).take(NOW)
        assert (found.is_there, found.problem) == (False, silent("big"))

    def test_is_as_it_was_found(self) -> None:
        watch, let_it_end = look_at(lambda: WELL)
        let_it_end()
        assert watch.take(LATE) == WELL

    def test_stays_as_it_was_while_the_next_look_is_young(self) -> None:
        watch, let_it_end = look_at(lambda: WELL)
        watch.found = WELL
        assert watch.take(LATE - timedelta(seconds=1)) == WELL
        let_it_end()

    def test_does_not_answer_when_a_look_takes_too_long_and_is_back_when_that_ends(self) -> None:
        watch, let_it_end = look_at(lambda: WELL)
        watch.found = WELL
        assert watch.take(LATE).problem == silent("big")
        let_it_end()
        assert watch.take(LATE) == WELL

    def test_does_not_answer_either_when_the_clock_was_set_back_meanwhile(self) -> None:
        watch, let_it_end = look_at(lambda: WELL)
        watch.found = WELL
        assert watch.take(NOW - timedelta(days=1)).problem == silent("big")
        let_it_end()

    def test_is_looked_at_again_only_after_the_look_before_has_ended(self) -> None:
        watch, let_it_end = look_at(lambda: WELL)
        assert watch.begin(LATE) is None
        let_it_end()
        watch.take(LATE)
        again = watch.begin(LATE)
        assert again
        assert again.result(LIMIT_S) == WELL

    def test_that_was_looked_at_by_a_mistake_of_ours_says_so_and_is_looked_at_again(self) -> None:
        watch, let_it_end = look_at(never_asked)
        let_it_end()
        with pytest.raises(AssertionError, match="nobody shall look"):
            watch.take(NOW)
        assert watch.begin(NOW)
