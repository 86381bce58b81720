"""A demo as a terminal shows it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.config.demo.story import Story
from seedbox.domain.kept import told
from seedbox.domain.units import format_speed
from wallet.domain.money import format_btt

SAYS_AGAIN_S = 10  # what is waited for, where lines stay
CLEAR = "\r\x1b[K"
PARTS = {
    "before": gettext_noop("Bidding off"),
    "paid": gettext_noop("Bidding on, paid"),
    "control": gettext_noop("Bidding on, unpaid block"),
    "after": gettext_noop("Bidding off again"),
}


class Screen:
    """Prints each sentence with its second; what is waited for stands in the last line of a terminal, and changes."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._printed = 0
        self._is_terminal = out.isatty()
        self._said_s = 0

    def __call__(self, story: Story) -> None:
        for line in story.lines[self._printed :]:
            self._write(f"{line.at_s:>4} s  {told(line.text)}\n")
            self._said_s = line.at_s
        self._printed = len(story.lines)
        if not story.waits_for:
            return
        if self._is_terminal:
            self._write(f"{story.now_s:>4} s  {self._waiting(story)}")
        elif story.now_s - self._said_s >= SAYS_AGAIN_S:
            self._said_s = story.now_s
            self._write(f"{story.now_s:>4} s  {self._waiting(story)}\n")

    @staticmethod
    def _waiting(story: Story) -> str:
        text = f"… waiting for {told(story.waits_for)}"
        if story.speeds:
            text += f" (the buyer gets {format_speed(story.speeds[-1].buyer_bytes_per_s)})"
        return text

    def _write(self, text: str) -> None:
        with suppress(OSError):  # with nobody left to read it the demo plays on, and clears up after itself
            self._out.write(f"{CLEAR}{text}" if self._is_terminal else text)
            self._out.flush()


def table(figures: Mapping[str, Any]) -> str:
    """Return what a demo came to, in lines."""
    speeds = {label: figures[f"{name}_bytes_per_s"] for name, label in PARTS.items()}
    rows = {_(label): format_speed(speed) for label, speed in speeds.items()}
    rows |= {
        "Uplift": told(figures["uplift"]),
        "Spent by the buyer": f"{format_btt(figures['spent_ubtt'])} BTT",
        "Earned by the seller": f"{format_btt(figures['earned_ubtt'])} BTT",
        "Kept by the hub": f"{format_btt(figures['fee_ubtt'])} BTT",
    }
    width = max(map(len, rows))
    return "\n" + "\n".join(f"  {label:<{width}}  {value}" for label, value in rows.items()) + "\n"
