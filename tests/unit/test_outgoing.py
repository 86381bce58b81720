import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seedbox.web.outgoing import MAX_MERGED_CHARS, MAX_WAITING, Outgoing


def say(outgoing: Outgoing, **message: Any) -> None:
    outgoing.put(json.dumps(message))


def rest(outgoing: Outgoing) -> list[dict[str, Any]]:
    texts = []
    while (text := outgoing.take()) is not None:
        texts.append(json.loads(text))
    return texts


class TestWhatIsOutgoing:
    def test_goes_out_as_it_came_while_little_waits(self) -> None:
        outgoing = Outgoing()
        for text in ("a", "b"):  # nobody reads it
            outgoing.put(text)
        assert (outgoing.take(), outgoing.take(), outgoing.take()) == ("a", "b", None)

    def test_is_one_message_with_the_newest_of_each_thing_when_more_waits(self) -> None:
        outgoing = Outgoing()
        say(outgoing, type="rows", rows={"holding-1": {"name": "a", "up": "1"}})
        for seq in range(MAX_WAITING):
            say(outgoing, type="rows", stream="e/user-1", seq=seq, rows={"holding-1": {"up": str(seq)}})
        say(outgoing, type="list", stream="e/detail-1", seq=4, list="peers-1", rows={"a": {}})
        say(outgoing, type="list", stream="e/detail-1", seq=5, list="peers-1", rows={"b": {}})
        say(outgoing, type="changed", what="torrents")
        say(outgoing, type="changed", what="torrents")
        say(outgoing, type="versions", versions={"story-1": "a", "story-2": "a"})
        say(outgoing, type="versions", versions={"story-1": "b"})
        say(outgoing, type="notice", text="one")
        say(outgoing, type="notice", text="two")
        assert rest(outgoing) == [
            {
                "type": "many",
                "streams": {"e/user-1": [0, 7], "e/detail-1": [4, 5]},
                "messages": [
                    {"type": "rows", "rows": {"holding-1": {"name": "a", "up": "7"}}},
                    {"type": "list", "list": "peers-1", "rows": {"b": {}}},
                    {"type": "changed", "what": "torrents"},
                    {"type": "versions", "versions": {"story-1": "b", "story-2": "a"}},
                    {"type": "notice", "text": "one"},
                    {"type": "notice", "text": "two"},
                ],
            }
        ]

    def test_does_not_hide_that_a_message_was_lost_before_it_came_here(self) -> None:
        outgoing = Outgoing()
        for seq in [*range(1, MAX_WAITING + 1), MAX_WAITING + 2, MAX_WAITING + 3]:
            say(outgoing, type="rows", stream="e/user-1", seq=seq, rows={})
        [many] = rest(outgoing)
        assert many["streams"] == {"e/user-1": [MAX_WAITING + 2, MAX_WAITING + 3]}

    def test_is_dropped_when_it_is_too_much_and_begins_anew_when_told(self) -> None:
        outgoing = Outgoing()
        for number in range(3):
            say(outgoing, type="rows", rows={f"holding-{number}": {"name": "x" * (MAX_MERGED_CHARS // 2)}})
        assert outgoing.is_overrun
        say(outgoing, type="changed", what="torrents")
        assert rest(outgoing) == []
        outgoing.begin_anew()
        say(outgoing, type="changed", what="torrents")
        assert rest(outgoing) == [{"type": "changed", "what": "torrents"}]

    def test_is_never_too_much_when_it_is_how_everything_stands(self) -> None:
        outgoing = Outgoing()
        long = "x" * MAX_MERGED_CHARS
        whole = [json.dumps({"type": "rows", "rows": {f"holding-{number}": {"name": long}}}) for number in range(3)]
        for _ in range(2):  # asked for once more before it was read
            outgoing.put_whole(whole)
        say(outgoing, type="rows", rows={"holding-1": {"up": "1"}})
        assert not outgoing.is_overrun
        [many] = rest(outgoing)
        assert many["messages"][0]["rows"]["holding-1"] == {"name": long, "up": "1"}
        say(outgoing, type="rows", rows={"holding-8": {"name": long * 5}})
        outgoing.put_whole(whole)
        assert outgoing.is_overrun

    def test_is_only_a_last_word_at_the_end(self) -> None:
        outgoing = Outgoing()
        outgoing.put("a")
        outgoing.end(4401, "b")
        outgoing.end(4400)
        outgoing.put("c")
        assert (outgoing.take(), outgoing.take(), outgoing.closes_with) == ("b", None, 4401)

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.booleans()), max_size=60))
    def test_leads_to_the_same_screen_however_slowly_it_is_read(self, steps: list[tuple[str, str, bool]]) -> None:
        outgoing = Outgoing()
        truth: dict[str, dict[str, str]] = {}
        screen: dict[str, dict[str, str]] = {}
        numbers = [0]

        def read(text: str | None) -> None:
            message = json.loads(text or '{"type": "many", "messages": []}')
            first, last = (message.get("streams") or {"s": [message.get("seq", 1), message.get("seq", 0)]})["s"]
            numbers.extend(range(first, last + 1))
            for one in message.get("messages", [message]):
                for row, cells in one["rows"].items():
                    screen.setdefault(row, {}).update(cells)

        for seq, (row, cell, reads) in enumerate(steps, start=1):
            truth.setdefault(row, {})[cell] = str(seq)
            say(outgoing, type="rows", stream="s", seq=seq, rows={row: {cell: str(seq)}})
            if reads:
                read(outgoing.take())
        while text := outgoing.take():
            read(text)
        assert screen == truth
        assert numbers == list(range(len(steps) + 1))
