from datetime import timedelta
from typing import Any

import pytest

from seedbox.domain.states import State
from seedbox.domain.units import NOTHING
from seedbox.engine.port import Peer, Tracker
from seedbox.models import File, Holding, LogEntry, Observation, Torrent
from seedbox.services.rows import (
    MAX_FOREIGN_CHARS,
    Row,
    file_row,
    log_row,
    peer_row,
    plain_text,
    seen_state,
    torrent_row,
    tracker_row,
)
from tests.builders import NOW


def holding_of(*, holding: dict[str, Any] | None = None, torrent: dict[str, Any] | None = None, **seen: Any) -> Holding:
    """A holding in memory of a torrent of 1000 bytes; without `seen` its node has not looked yet."""
    fields = {"key": "ab" * 20, "name": "debian.iso", "size_bytes": 1000, "piece_length_bytes": 16384}
    held = Torrent(**fields | (torrent or {}))
    if seen:
        held.observation = Observation(torrent=held, **{"wanted_bytes": 1000, "seen_at": NOW} | seen)
    return Holding(pk=12, torrent=held, added_at=NOW, **holding or {})


def cells(row: Row, *names: str) -> list[str | int]:
    return [row[name] for name in names]


class TestATorrentsRow:
    def test_waits_while_its_node_has_not_looked(self) -> None:
        row = torrent_row(holding_of())
        assert cells(row, "row", "name", "state", "progress", "down", "eta", "ratio", "peers", "complete") == [
            "holding-12", "debian.iso", "waiting", "0.0 %", NOTHING, NOTHING, "0.00", "0", 0,
        ]  # fmt: skip

    def test_shows_a_download_with_its_time_left_rounded_up(self) -> None:
        row = torrent_row(
            holding_of(
                state=State.DOWNLOADING, done_bytes=123, down_bytes_per_s=500, up_bytes_per_s=7, peers=3, seeds=1
            )
        )
        # 877 bytes left at 500 bytes/s: 1.754 s
        assert cells(row, "progress", "progress_ppm", "done", "down", "up", "eta", "peers") == [
            "12.3 %", 123_000, "123 B", "500 B/s", "7 B/s", "2 s", "3 (1 seed)",
        ]  # fmt: skip

    def test_has_no_end_in_sight_while_nothing_comes(self) -> None:
        assert torrent_row(holding_of(state=State.DOWNLOADING, done_bytes=1))["eta"] == "∞"

    def test_is_complete_only_with_its_last_byte(self) -> None:
        assert torrent_row(holding_of(state=State.DOWNLOADING, done_bytes=999))["complete"] == 0
        assert torrent_row(holding_of(state=State.SEEDING, done_bytes=1000))["complete"] == 1

    def test_shows_how_far_a_check_has_come(self) -> None:
        row = torrent_row(holding_of(state=State.CHECKING, done_bytes=1000, checked_ppm=250_000))
        assert cells(row, "progress", "complete") == ["25.0 %", 0]

    def test_counts_from_the_beginning_of_its_holding(self) -> None:
        before = {"uploaded_before_bytes": 400, "downloaded_before_bytes": 1000}
        row = torrent_row(
            holding_of(holding=before, state=State.SEEDING, done_bytes=1000, uploaded_bytes=900, downloaded_bytes=1000)
        )
        assert cells(row, "uploaded", "downloaded", "ratio") == ["500 B", "0 B", "0.50"]

    def test_never_counts_below_nothing(self) -> None:
        row = torrent_row(holding_of(holding={"uploaded_before_bytes": 400}, state=State.SEEDING, uploaded_bytes=10))
        assert row["uploaded"] == "0 B"

    @pytest.mark.parametrize(
        ("seen", "shown"),
        [
            (State.SEEDING, State.FINISHED),
            (State.DOWNLOADING, State.STOPPED),
            (State.METADATA, State.STOPPED),
            (State.CHECKING, State.CHECKING),
            (State.ERROR, State.ERROR),
        ],
    )
    def test_shows_a_stopped_holder_nothing_of_what_runs_for_others(self, seen: State, shown: State) -> None:
        holding = holding_of(holding={"runs": False}, state=seen, down_bytes_per_s=5, up_bytes_per_s=5, peers=2)
        assert seen_state(holding) == shown
        if shown != seen:
            assert cells(torrent_row(holding), "down", "up", "peers") == [NOTHING, NOTHING, "0"]

    def test_calls_a_magnet_by_its_name_until_the_torrent_has_one(self) -> None:
        nameless = {"name": "", "piece_length_bytes": 0, "size_bytes": 0}
        assert torrent_row(holding_of(torrent=nameless))["name"] == "ab" * 20
        row = torrent_row(holding_of(torrent=nameless, holding={"name": "from magnet"}))
        assert cells(row, "name", "size", "done", "ratio") == ["from magnet", NOTHING, NOTHING, NOTHING]
        assert torrent_row(holding_of(holding={"name": "from magnet"}))["name"] == "debian.iso"

    def test_says_what_went_wrong_only_in_that_state(self) -> None:
        assert torrent_row(holding_of(state=State.ERROR, error="The disk is full."))["error"] == "The disk is full."
        assert torrent_row(holding_of(state=State.SEEDING, error="The disk is full."))["error"] == ""


class TestRowsOfAPage:
    def test_show_a_file(self) -> None:
        row = file_row(12, File(index=3, path="a/b.bin", size_bytes=2048, done_bytes=1024))
        assert cells(row, "row", "path", "size", "done", "progress", "complete") == [
            "file-12-3", "a/b.bin", "2.00 KiB", "1.00 KiB", "50.0 %", 0,
        ]  # fmt: skip

    def test_show_an_empty_file_as_complete(self) -> None:
        assert cells(file_row(12, File(index=0, path="a", size_bytes=0)), "progress", "complete") == ["100 %", 1]

    def test_show_a_peer_without_what_it_might_do_to_the_page(self) -> None:
        row = peer_row(Peer("192.0.2.1:6881", "evil\u202eclient\x07", 500_000, 2048, 0, 10, 20, "incoming, seed"))
        assert cells(row, "address", "client", "progress", "down", "up", "flags") == [
            "192.0.2.1:6881", "evil\ufffdclient\ufffd", "50.0 %", "2.00 KiB/s", NOTHING, "incoming, seed",
        ]  # fmt: skip

    def test_show_a_tracker(self) -> None:
        row = tracker_row(Tracker("http://t.example/announce", 0, "working", "", peers=5, next_announce_s=90))
        assert cells(row, "status_tone", "peers", "next") == ["green", "5", "1 min 30 s"]
        silent = tracker_row(Tracker("http://t.example/announce", 0, "not contacted", "", None, None))
        assert cells(silent, "status_tone", "peers", "next") == ["secondary", NOTHING, NOTHING]

    def test_show_a_log_entry(self) -> None:
        row = log_row(LogEntry(pk=7, at=NOW + timedelta(seconds=3), level="error", text="The disk is full."))
        assert cells(row, "row", "at", "at_text", "tone", "text") == [
            "log-7", "2024-11-23T12:00:03+00:00", "2024-11-23 12:00:03", "red", "The disk is full.",
        ]  # fmt: skip

    def test_cut_what_strangers_say(self) -> None:
        assert len(plain_text("x" * 10_000)) == MAX_FOREIGN_CHARS
