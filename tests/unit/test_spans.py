"""A period of whole hours is made of months, days and hours without a gap, and of as few as can be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wallet.domain.spans import Span, beginning, following, pieces, whole

HOUR = timedelta(hours=1)
TIMES = st.integers(0, 3 * 366 * 24 * 60).map(
    lambda minutes: datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


class TestPieces:
    @given(at=TIMES, hours=st.integers(0, 24 * 800))
    def test_cover_a_period_once_in_its_order(self, at: datetime, hours: int) -> None:
        since = beginning(at, Span.HOUR)
        reached = since
        for span, begins_at, ends_at in pieces(since, since + hours * HOUR):
            assert begins_at == reached < ends_at
            assert (beginning(begins_at, span), beginning(ends_at, span)) == (begins_at, ends_at)
            reached = ends_at
        assert reached == since + hours * HOUR

    @given(at=TIMES, hours=st.integers(0, 24 * 800))
    def test_are_five_runs_at_most(self, at: datetime, hours: int) -> None:
        since = beginning(at, Span.HOUR)
        spans = [span for span, *_ in pieces(since, since + hours * HOUR)]
        assert len(spans) <= 5
        assert spans.count(Span.MONTH) <= 1

    def test_of_a_year_are_months_with_days_and_hours_at_its_ends(self) -> None:
        since, until = datetime(2025, 3, 30, 22, tzinfo=UTC), datetime(2026, 3, 2, 1, tzinfo=UTC)
        assert list(pieces(since, until)) == [
            (Span.HOUR, since, datetime(2025, 3, 31, tzinfo=UTC)),
            (Span.DAY, datetime(2025, 3, 31, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)),
            (Span.MONTH, datetime(2025, 4, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
            (Span.DAY, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
            (Span.HOUR, datetime(2026, 3, 2, tzinfo=UTC), until),
        ]


class TestAPeriod:
    def test_has_its_first_and_last_hours_and_days_whole(self) -> None:
        since, until = datetime(2026, 2, 27, 22, 30, tzinfo=UTC), datetime(2026, 2, 28, 5, 0, 1, tzinfo=UTC)
        assert whole(since, until, Span.HOUR) == (since.replace(minute=0), datetime(2026, 2, 28, 6, tzinfo=UTC))
        assert whole(since, until, Span.DAY) == (since.replace(hour=0, minute=0), datetime(2026, 3, 1, tzinfo=UTC))
        assert whole(since, until, Span.MONTH)[1] == datetime(2026, 3, 1, tzinfo=UTC)

    def test_keeps_an_end_that_is_one(self) -> None:
        at = datetime(2026, 12, 1, tzinfo=UTC)
        assert all(whole(at, at, span) == (at, at) for span in Span)
        assert following(at, Span.MONTH) == datetime(2027, 1, 1, tzinfo=UTC)
