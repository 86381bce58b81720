"""What a demo tells, to a terminal and to the page of a box."""

import io
import os
from pathlib import Path

import pytest

from seedbox.config import env
from seedbox.config.demo import record
from seedbox.config.demo.failure import DemoFailed
from seedbox.config.demo.record import Recorder
from seedbox.config.demo.screen import Screen, table
from seedbox.config.demo.story import STOPPED, Door, Speeds, Story
from seedbox.domain.kept import kept

KIB = 1024
AGAIN = "The buyer gets 240 KiB/s again."
FIGURES = {
    "before_bytes_per_s": 256 * KIB,
    "paid_bytes_per_s": 768 * KIB,
    "control_bytes_per_s": 250 * KIB,
    "after_bytes_per_s": 255 * KIB,
    "uplift": "not known yet: 0 of 6 unpaid blocks measured",
    "spent_ubtt": 344_238,
    "earned_ubtt": 340_796,
    "fee_ubtt": 3_442,
}


class TestAStory:
    def test_is_printed_sentence_by_sentence_each_once(self) -> None:
        out = io.StringIO()
        story = Story([Screen(out)])
        story.say("Two boxes start.")
        story.wait_for("both boxes to be well")
        story.say(kept("The buyer gets %(speed)s again.", {"speed": "240 KiB/s"}))
        lines = [line.partition(" s  ") for line in out.getvalue().splitlines()]
        assert [text for _, _, text in lines if not text.startswith("…")] == ["Two boxes start.", AGAIN]
        assert all(seconds.strip().isdecimal() for seconds, _, _ in lines)

    def test_ends_in_a_table_of_what_it_came_to(self) -> None:
        lines = [line.split("  ") for line in table(FIGURES).split("\n") if line]
        assert [(one[1].strip(), one[-1].strip()) for one in lines] == [
            ("Bidding off", "256 KiB/s"),
            ("Bidding on, paid", "768 KiB/s"),
            ("Bidding on, unpaid block", "250 KiB/s"),
            ("Bidding off again", "255 KiB/s"),
            ("Uplift", "not known yet: 0 of 6 unpaid blocks measured"),
            ("Spent by the buyer", "0.344238 BTT"),
            ("Earned by the seller", "0.340796 BTT"),
            ("Kept by the hub", "0.003442 BTT"),
        ]

    def test_is_written_down_for_the_page_and_names_no_door_any_more_at_its_end(self, tmp_path: Path) -> None:
        story = Story([Recorder(tmp_path)])
        story.doors = [Door("buyer", "http://localhost:8001", "bea", "a password")]
        story.note(Speeds(0, 256 * KIB, 250 * KIB, "watching", 0))
        assert record.read(tmp_path)["doors"][0]["person"] == "bea"
        story.end(STOPPED, "Stopped before its end.")
        told = record.read(tmp_path)
        assert (told["state"], told["doors"], told["lines"][0]["text"]) == (STOPPED, [], "Stopped before its end.")


class TestADemoOfAPage:
    def test_runs_alone(self, tmp_path: Path) -> None:
        assert not record.is_running(tmp_path)
        first = Recorder(tmp_path)
        assert record.is_running(tmp_path)
        with pytest.raises(DemoFailed, match="A demo runs already"):
            Recorder(tmp_path)
        assert first

    def test_ends_when_whoever_has_started_it_is_gone(self) -> None:
        reading, writing = os.pipe()
        with os.fdopen(reading) as source:
            assert not record.has_ended(source)
            os.close(writing)
            assert record.has_ended(source)

    @pytest.mark.parametrize(
        ("environ", "offered"),
        [
            ({}, True),
            ({"WALLET_NETWORK": "off"}, False),
            ({"WALLET_CHAIN_ENDPOINTS": "http://127.0.0.1:9090"}, False),
            ({"DATABASE_URL": "postgresql://box@localhost/box"}, False),
            ({"REDIS_URL": "redis://localhost:6379/0"}, False),
        ],
    )
    def test_is_offered_by_a_whole_box_with_a_chain_of_its_own(self, environ: dict[str, str], offered: bool) -> None:
        assert record.is_offered(env.read(environ)) is offered
