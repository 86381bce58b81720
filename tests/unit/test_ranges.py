import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.ranges import Span, Unsatisfiable, requested_span


def slice_of(content: bytes, header: str) -> bytes | None:
    """The bytes that would be sent; None: the answer is 416."""
    try:
        span = requested_span(header, size_bytes=len(content))
    except Unsatisfiable:
        return None
    return content if span is None else content[span.start : span.end]


class TestARange:
    @pytest.mark.parametrize(
        ("header", "span"),
        [
            ("bytes=0-0", Span(0, 1)),
            ("bytes=0-", Span(0, 10)),
            ("bytes=9-", Span(9, 10)),
            ("bytes=2-5", Span(2, 6)),
            ("bytes=2-500", Span(2, 10)),
            ("bytes=-3", Span(7, 10)),
            ("bytes=-30", Span(0, 10)),
            ("BYTES = 1-2 ", Span(1, 3)),
            ("bytes=,1-2,", Span(1, 3)),
        ],
    )
    def test_asks_for_some_bytes(self, header: str, span: Span) -> None:
        assert requested_span(header, size_bytes=10) == span

    @pytest.mark.parametrize(
        "header",
        [
            "", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=1-2-3", "bytes=--1", "bytes=1",
            "items=0-1", "bytes=0-1,3-4", "bytes=0-0,99-", "bytes=0-1,x", "bytes=\u0661-2", "bytes=+1-2",
            "bytes=0x1-2", "bytes=" + "9" * 21 + "-",
        ],
    )  # fmt: skip
    def test_that_is_several_or_senseless_gets_the_whole(self, header: str) -> None:
        assert requested_span(header, size_bytes=10) is None

    @pytest.mark.parametrize(
        "header", ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99-,10-10", "bytes=" + "9" * 20 + "-"]
    )
    def test_behind_the_end_cannot_be_satisfied(self, header: str) -> None:
        with pytest.raises(Unsatisfiable):
            requested_span(header, size_bytes=10)

    def test_of_an_empty_file_is_all_of_it_or_nothing(self) -> None:
        assert requested_span("bytes=-5", size_bytes=0) is None
        with pytest.raises(Unsatisfiable):
            requested_span("bytes=0-", size_bytes=0)

    @given(st.binary(max_size=50), st.integers(0, 60), st.integers(0, 60))
    def test_is_the_slice_that_it_names(self, content: bytes, first: int, length: int) -> None:
        expected = content[first : first + length + 1] or None
        assert slice_of(content, f"bytes={first}-{first + length}") == expected
        assert slice_of(content, f"bytes={first}-") == (content[first:] or None)

    @given(st.binary(min_size=1, max_size=50), st.integers(1, 60))
    def test_of_the_last_bytes_is_the_end(self, content: bytes, length: int) -> None:
        assert slice_of(content, f"bytes=-{length}") == content[-length:]

    @given(st.text(alphabet="bytes=-,0123456789 \t", max_size=40), st.integers(0, 10**15))
    def test_of_any_kind_stays_within_the_file(self, header: str, size_bytes: int) -> None:
        try:
            span = requested_span("bytes=" + header, size_bytes=size_bytes)
        except Unsatisfiable:
            return
        assert span is None or 0 <= span.start < span.end <= size_bytes
