import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.web.frames import MAX_DETAILS, MAX_FRAME_CHARS, MAX_NAMES, BadFrame, Frame, Names, parse_frame


class TestAFrame:
    def test_names_rows_and_pages_and_a_page_shows_its_row(self) -> None:
        frame = parse_frame('{"watch": ["holding-1", "detail-2", "torrents"]}')
        assert frame == Frame(watch=Names(frozenset({1, 2}), frozenset({2}), frozenset({"torrents"})), resync=None)

    def test_may_watch_nothing(self) -> None:
        assert parse_frame('{"watch": []}') == Frame(watch=Names(), resync=None)

    def test_may_watch_and_resync(self) -> None:
        frame = parse_frame('{"watch": ["holding-1"], "resync": ["holding-1"]}')
        assert frame.watch == frame.resync == Names(frozenset({1}))

    def test_says_what_a_page_that_comes_back_has_heard(self) -> None:
        frame = parse_frame('{"watch": [], "since": {"0a1b2c3d/user-7": 12}, "mark": 3}')
        assert frame == Frame(watch=Names(), resync=None, since={"0a1b2c3d/user-7": 12}, mark=3)

    @pytest.mark.parametrize(
        "name",
        ["holding-0", "holding-01", "holding--1", "holding-1 ", "holding-" + "9" * 19, "holding-\u0661", "user-1", ""],
    )
    def test_leaves_out_names_of_no_holding(self, name: str) -> None:
        assert parse_frame(json.dumps({"watch": [name]})).watch == Names()

    @pytest.mark.parametrize(
        "text",
        [
            "", "null", "[]", "{}", "7", "{", '{"watch": "holding-1"}', '{"watch": [1]}', '{"watch": {}}', "[" * 30_000,
            '{"subscribe": []}', '{"watch": [], "user": 1}', '{"watch": null}', '{"watch": [["holding-1"]]}',
            '{"mark": 1}', '{"watch": [], "mark": true}', '{"watch": [], "mark": -1}', '{"watch": [], "mark": 1e3}',
            '{"watch": [], "since": []}', '{"watch": [], "since": {"user-7": 1}}',
            '{"watch": [], "since": {"0a1b2c3d/user-7": "1"}}', f'{{"watch": [], "mark": {2**60}}}',
        ],
    )  # fmt: skip
    def test_that_makes_no_sense_is_refused(self, text: str) -> None:
        with pytest.raises(BadFrame):
            parse_frame(text)

    def test_has_a_limit_of_names_and_of_length(self) -> None:
        names = [f"holding-{10**17 + number}" for number in range(MAX_NAMES)]
        assert len((parse_frame(json.dumps({"watch": names})).watch or Names()).rows) == MAX_NAMES
        with pytest.raises(BadFrame):
            parse_frame(json.dumps({"watch": [*names, "holding-1"]}))
        with pytest.raises(BadFrame):
            parse_frame('{"watch": []}'.ljust(MAX_FRAME_CHARS + 1))

    def test_asks_for_few_torrents_in_all_detail(self) -> None:
        names = [f"detail-{number}" for number in range(1, MAX_DETAILS + 1)]
        assert len((parse_frame(json.dumps({"watch": names})).watch or Names()).details) == MAX_DETAILS
        with pytest.raises(BadFrame):
            parse_frame(json.dumps({"resync": [*names, "detail-99"]}))

    @given(st.text(max_size=200) | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(json.dumps))
    def test_of_any_kind_is_read_or_refused(self, text: str) -> None:
        try:
            parse_frame(text)
        except BadFrame:
            return
