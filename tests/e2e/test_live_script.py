"""live.js in a real Chromium, on a small page and against a socket that the test plays."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import DESKTOP, open_page
from tests.e2e.live_page import ORIGIN, Box

COUNT_REFETCHES = "count = 0; document.getElementById('list').addEventListener('refetch', () => count++)"
SWAP = """([type, text, token]) => {
    const fragment = document.createElement("template");
    fragment.innerHTML = `<p>${text}</p><form><input name="csrfmiddlewaretoken" value="${token}"></form>`;
    const sourceElement = document.getElementById("list");
    const ctx = { sourceEvent: { type }, sourceElement, request: { action: "/part/" } };
    const detail = { ctx, tasks: [{ fragment: fragment.content }] };
    return document.dispatchEvent(new CustomEvent("htmx:before:swap", { detail, cancelable: true }));
}"""
ROW = '<tr data-row="holding-{0}" data-attr="data-tone:tone onclick:tone"><td><b data-cell="down">old</b></td></tr>'
PAGE = """<!doctype html><html lang="en"><head><title>t</title><script type="module" src="/refetched.js"></script>
<script type="module" src="/live.js"></script></head>
<body data-socket="/sub/live/"><span data-live-status></span>
<table><tbody id="rows">{rows}</tbody></table>
<progress data-row="holding-1" data-cell="progress_ppm" max="1000000" value="0"></progress>
<table><tbody data-list="peers-1"><template><tr><td><input data-attr="title:client"></td><td data-cell="down"></td></tr>
</template></tbody></table>
<table><tbody data-head="entries" data-refetch-with="torrents"><template><tr><td>
<a data-attr="href:href" data-cell="down"></a></td></tr></template>
<tr data-key="entry-1"><td>first</td></tr></tbody></table>
{far}<p data-row="holding-9"><i data-cell="down">far</i></p>
<div id="list" data-watch="torrents" data-refetch="torrents"></div></body></html>"""


@pytest.fixture
def box(browser: Browser) -> Iterator[Box]:
    with open_page(browser, ORIGIN, DESKTOP) as page:
        rows = "".join(ROW.format(number) for number in (1, 2))
        box = Box(page, PAGE.format(rows=rows, far="<br>" * 300))
        page.goto("/")
        expect(page.locator("[data-live-status]")).to_have_text("Live")
        box.hears(watch=["torrents", "holding-1", "holding-2"])
        yield box


class TestTheLivePage:
    def test_patches_text_bars_and_harmless_attributes_of_one_row(self, box: Box) -> None:
        box.say(type="rows", rows={"holding-1": {"down": "<b>7</b> MiB/s", "progress_ppm": 250000, "tone": "alert(1)"}})
        row = box.page.locator("tr[data-row=holding-1]")
        expect(row.locator("[data-cell=down]")).to_have_text("<b>7</b> MiB/s")
        expect(row).to_have_attribute("data-tone", "alert(1)")
        assert row.get_attribute("onclick") is None
        assert box.page.locator("progress").evaluate("bar => bar.value") == 250_000
        expect(box.page.locator("tr[data-row=holding-2] [data-cell=down]")).to_have_text("old")

    def test_watches_what_is_on_screen(self, box: Box) -> None:
        box.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        box.hears(watch=["torrents", "holding-9"])

    def test_watches_nothing_in_a_hidden_tab(self, box: Box) -> None:
        show = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        show += "document.dispatchEvent(new Event('visibilitychange')); }"
        box.page.evaluate(show, True)
        box.hears(watch=[])
        box.frames.clear()
        box.page.evaluate(show, False)
        box.hears(watch=["torrents", "holding-1", "holding-2"])

    def test_asks_for_everything_after_a_gap_and_not_without_one(self, box: Box) -> None:
        for seq in (7, 8):
            box.say(type="rows", stream="e/user-1", seq=seq, rows={})
        box.say(type="rows", stream="other/user-1", seq=1, rows={})
        box.say(type="rows", rows={"holding-2": {"down": "seen"}})
        expect(box.page.locator("tr[data-row=holding-2] [data-cell=down]")).to_have_text("seen")
        assert not any("resync" in frame for frame in box.frames)
        box.say(type="rows", stream="e/user-1", seq=10, rows={})
        box.hears(resync=["torrents", "holding-1", "holding-2"])

    def test_takes_several_messages_as_one_for_the_numbers_that_it_stands_for(self, box: Box) -> None:
        box.say(type="rows", stream="e/user-1", seq=7, rows={})
        messages = [{"type": "rows", "rows": {"holding-2": {"down": "many"}}}, {"type": "changed", "what": "nothing"}]
        box.say(type="many", streams={"e/user-1": [8, 12]}, messages=messages)
        box.say(type="rows", stream="e/user-1", seq=13, rows={"holding-1": {"down": "next"}})
        expect(box.page.locator("tr[data-row=holding-1] [data-cell=down]")).to_have_text("next")
        expect(box.page.locator("tr[data-row=holding-2] [data-cell=down]")).to_have_text("many")
        assert not any("resync" in frame for frame in box.frames)
        box.say(type="many", streams={"e/user-1": [15, 16]}, messages=[])
        box.hears(resync=["torrents", "holding-1", "holding-2"])

    def test_begins_anew_without_asking_when_the_server_says_so(self, box: Box) -> None:
        box.page.evaluate(COUNT_REFETCHES)
        box.say(type="rows", stream="e/user-1", seq=7, rows={})
        box.say(type="anew")
        box.say(type="rows", stream="e/user-1", seq=99, rows={"holding-1": {"down": "anew"}})
        expect(box.page.locator("tr[data-row=holding-1] [data-cell=down]")).to_have_text("anew")
        assert box.page.evaluate("count") == 1
        assert not any("resync" in frame for frame in box.frames)

    def test_says_after_a_lost_connection_what_it_has_and_takes_what_it_missed(self, box: Box) -> None:
        box.answer(a=4, b=9)
        box.say(type="rows", stream="a/user-1", seq=5, rows={})
        box.cut()
        box.hears(watch=["torrents", "holding-1", "holding-2"], since={"a/user-1": 5, "b/user-1": 9})
        for seq, text in ((6, "missed"), (7, "newest"), (6, "again")):
            box.say(type="rows", stream="a/user-1", seq=seq, rows={"holding-1": {"down": text}})
        box.answer()
        box.say(type="rows", stream="a/user-1", seq=8, rows={"holding-2": {"down": "next"}})
        expect(box.page.locator("tr[data-row=holding-2] [data-cell=down]")).to_have_text("next")
        assert not any("resync" in frame for frame in box.frames)
        box.cut()
        box.hears(watch=["torrents", "holding-1", "holding-2"], since={"a/user-1": 8, "b/user-1": 9})

    def test_asks_for_everything_after_a_lost_connection_if_it_was_not_told_all_before(self, box: Box) -> None:
        box.answer(a=4)
        box.page.locator("#rows").evaluate("(body, html) => { body.innerHTML = html }", ROW.format(5))
        box.page.evaluate(COUNT_REFETCHES)
        box.frames.clear()
        box.cut()
        box.hears(watch=["torrents", "holding-1", "holding-5"])
        assert box.page.evaluate("count") == 1

    def test_comes_back_after_a_lost_connection_and_fetches_the_list(self, box: Box) -> None:
        box.frames.clear()
        box.page.evaluate(COUNT_REFETCHES)
        box.cut()
        box.until(lambda: len(box.sockets) == 2, "no second connection")
        box.hears(watch=["torrents", "holding-1", "holding-2"])
        box.say(type="rows", rows={"holding-1": {"down": "back"}})
        expect(box.page.locator("tr[data-row=holding-1] [data-cell=down]")).to_have_text("back")
        assert box.page.evaluate("count") == 1

    def test_asks_first_whether_the_box_is_there_for_the_answer_must_not_wait_behind_what_is_on_screen(
        self, box: Box
    ) -> None:
        assert box.asked_alive == [0]
        box.frames.clear()
        box.asked_alive.clear()
        box.cut()
        box.hears(watch=["torrents", "holding-1", "holding-2"])
        assert box.asked_alive == [0]

    def test_tells_with_notices_when_the_socket_was_opened_by_which_they_came(self, box: Box) -> None:
        box.page.evaluate("() => document.addEventListener('box:notices', ({ detail }) => { told = detail.openedAt })")
        cut_at = box.page.evaluate("told = Date.now()")
        box.cut()
        box.until(lambda: len(box.sockets) == 2, "no second connection")
        box.hears(watch=["torrents", "holding-1", "holding-2"])
        box.say(type="notices", unread=0, newest=7, fresh=[])
        box.until(lambda: box.page.evaluate("told") > cut_at, "not told, or of the socket before")

    def test_says_that_its_user_is_signed_out(self, box: Box) -> None:
        box.sockets[-1].close(code=4401)
        expect(box.page.locator("[data-live-status]")).to_have_text("Signed out")

    def test_fetches_the_list_once_for_changes_in_a_row(self, box: Box) -> None:
        box.page.evaluate(COUNT_REFETCHES)
        for _ in range(3):
            box.say(type="changed", what="torrents")
        box.until(lambda: bool(box.page.evaluate("count")), "no event")
        box.say(type="rows", rows={"holding-1": {"down": "after"}})
        expect(box.page.locator("tr[data-row=holding-1] [data-cell=down]")).to_have_text("after")
        assert box.page.evaluate("count") == 1

    def test_fetches_a_part_whose_version_is_another_and_leaves_one_that_is_new_alone(self, box: Box) -> None:
        box.page.evaluate(COUNT_REFETCHES)
        box.page.locator("#list").evaluate("list => { list.dataset.version = 'a' }")
        box.say(type="versions", versions={"torrents": "a", "story-9": "b"})
        box.say(type="versions", versions={"torrents": "b"})
        box.until(lambda: bool(box.page.evaluate("count")), "no event")
        box.page.locator("#list").evaluate("list => { list.dataset.version = 'b' }")  # as what was fetched says
        box.say(type="versions", versions={"torrents": "b"})
        box.say(type="rows", rows={"holding-1": {"down": "after"}})
        expect(box.page.locator("tr[data-row=holding-1] [data-cell=down]")).to_have_text("after")
        assert box.page.evaluate("count") == 1

    def test_puts_in_what_it_was_told_to_fetch_unless_it_is_what_was_put_in_before(self, box: Box) -> None:
        fetches = [
            ("refetch", "a", 1),
            ("refetch", "a", 2),
            ("refetch", "b", 3),
            ("click", "c", 4),
            ("refetch", "b", 5),
        ]
        assert [box.page.evaluate(SWAP, fetch) for fetch in fetches] == [True, False, True, True, True]

    def test_picks_up_rows_that_were_swapped_in(self, box: Box) -> None:
        box.page.locator("#rows").evaluate("(body, html) => { body.innerHTML = html }", ROW.format(5))
        box.hears(watch=["torrents", "holding-1", "holding-5"])  # 1 is the bar's
        box.until(lambda: any("holding-5" in str(frame.get("resync")) for frame in box.frames), "no resync")
        box.say(type="rows", rows={"holding-5": {"down": "new"}})
        expect(box.page.locator("[data-row=holding-5] [data-cell=down]")).to_have_text("new")

    def test_keeps_the_focus_in_a_list_while_others_come_and_go(self, box: Box) -> None:
        def say(**rows: str) -> None:
            cells = {key: {"down": value, "client": key} for key, value in rows.items()}
            box.say(type="list", list="peers-1", rows=cells)

        rows = box.page.locator("[data-list=peers-1] > tr")
        say(b="1", c="2")
        expect(rows).to_have_count(2)
        box.page.locator("[title=c]").focus()
        say(a="3", c="4", d="5")
        expect(rows).to_have_text(["3", "4", "5"])
        expect(box.page.locator("[title=c]")).to_be_focused()
        say()
        expect(rows).to_have_count(0)

    def test_puts_new_rows_on_top_and_fetches_a_list_that_lacks_some(self, box: Box) -> None:
        rows = box.page.locator("[data-head=entries] > tr")
        entry = {f"entry-{number}": {"down": str(number), "href": f"entries/{number}/"} for number in range(1, 7)}
        box.page.evaluate(COUNT_REFETCHES)
        for newest in (2, 3):
            box.say(type="head", list="entries", rows={f"entry-{n}": entry[f"entry-{n}"] for n in range(newest, 0, -1)})
        expect(rows).to_have_text(["3", "2", "first"])
        expect(rows.first.get_by_role("link")).to_have_attribute("href", "entries/3/")
        assert box.page.evaluate("count") == 0
        box.say(type="head", list="entries", rows={key: entry[key] for key in ("entry-6", "entry-5")})
        box.until(lambda: box.page.evaluate("count") == 1, "no event")
        expect(rows).to_have_count(3)

    @pytest.mark.parametrize("address", ["javascript:alert(1)", "//evil.example/1/", "/entries/1/", "entries/1/../x"])
    def test_takes_no_address_but_those_below_its_page(self, box: Box, address: str) -> None:
        box.say(type="head", list="entries", rows={"entry-2": {"down": "2", "href": address}, "entry-1": {}})
        expect(box.page.locator("[data-head=entries] > tr")).to_have_text(["2", "first"])
        assert box.page.locator("[data-head=entries] a").first.get_attribute("href") is None

    def test_fills_a_list_again_that_was_swapped(self, box: Box) -> None:
        rows = box.page.locator("[data-list=peers-1] > tr")
        box.say(type="list", list="peers-1", rows={"a": {"down": "1"}})
        expect(rows).to_have_text(["1"])
        box.page.evaluate("""() => {
            document.querySelector("[data-list=peers-1] > tr").remove();
            document.body.dispatchEvent(new CustomEvent("htmx:after:swap", {bubbles: true}));
        }""")
        expect(rows).to_have_text(["1"])
