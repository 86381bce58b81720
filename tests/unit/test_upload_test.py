"""How fast a node can upload, as its page says."""

from seedbox.domain.upload_test import BEST, BEST_AT, LATELY_S, UploadTest

NOW = 1_800_000_000.0


def seen(*readings: tuple[float, int], test: UploadTest | None = None) -> UploadTest:
    test = test or UploadTest()
    for clock_s, sent_bytes in readings:
        test.see(sent_bytes, clock_s=clock_s, now_s=NOW + clock_s)
    return test


class TestTheUploadTest:
    def test_knows_nothing_before_ten_seconds(self) -> None:
        assert seen((0, 0), (3, 9_000), (9, 90_000)).best_bytes_per_s == 0

    def test_keeps_the_highest_mean_over_ten_seconds(self) -> None:
        test = seen((0, 0), (5, 5_000), (10, 10_000), (15, 35_000), (20, 60_000), (25, 60_000), (30, 60_000))

        assert test.best_bytes_per_s == 5_000
        assert test.suggested_limit_bytes_per_s == 4_250

    def test_does_not_take_a_new_engine_for_a_fast_one(self) -> None:
        assert seen((0, 900_000), (10, 1_000_000), (20, 50_000), (30, 60_000)).best_bytes_per_s == 10_000

    def test_goes_on_after_a_restart_and_forgets_after_a_week(self) -> None:
        before = seen((0, 0), (10, 100_000))
        assert UploadTest.from_counters(before.counters, now_s=NOW + 60).best_bytes_per_s == 10_000
        assert UploadTest.from_counters(before.counters, now_s=NOW + 11 + LATELY_S).best_bytes_per_s == 0
        assert set(before.counters) == {BEST, BEST_AT}

        later = seen((LATELY_S + 20, 0), (LATELY_S + 30, 10_000), test=before)
        assert later.best_bytes_per_s == 1_000
