"""A visitor without a mouse, who sees at each step where the focus is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MAX_STEPS = 150
# What the focus is on, and what is wrong with that: nothing of it may be out of sight, or look as if it had no focus.
WHERE = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return "";
    const name = `${one.tagName} ${one.id} ${one.textContent.trim().slice(0, 40)}`;
    const style = getComputedStyle(one);
    const hasLine = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const box = one.getBoundingClientRect();
    if (!one.matches(":focus-visible")) return `not marked: ${name}`;
    if (!hasLine && style.boxShadow === "none") return `without a line around it: ${name}`;
    if (box.bottom <= 0 || box.top >= innerHeight || !box.width || !box.height) return `out of sight: ${name}`;
    return "seen";
}"""


class Keyboard:
    def __init__(self, page: "Page") -> None:
        self.page = page

    def go_to(self, wanted: "Locator") -> None:
        """Press Tab until the focus is there; after the last element it begins with the first one again."""
        wanted.wait_for()
        for _ in range(MAX_STEPS):
            if wanted.evaluate("(one) => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
            found = self.page.evaluate(WHERE)
            assert found in ("seen", ""), found
        raise AssertionError(f"Tab never leads to {wanted}")

    def write(self, wanted: "Locator", text: str) -> None:
        self.go_to(wanted)
        self.page.keyboard.insert_text(text)

    def press(self, wanted: "Locator", key: str = "Enter") -> None:
        self.go_to(wanted)
        self.page.keyboard.press(key)

    def assert_has_a_place(self) -> None:
        """See that what was done has not thrown its user back to the beginning of the page."""
        found = self.page.evaluate(WHERE)
        assert found == "seen", found or "the focus is lost"
