"""What a browser calls itself, in words for people. No rule may rest on it: anybody can call themselves anything."""

import re

from seedbox.domain.kept import kept as _
from seedbox.domain.kept import told

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_MAX_AGENT_WORDS_CHARS = 60


def browser_in_words(agent: str) -> str:
    """Guess browser and system from what a browser calls itself: for people, not for rules."""
    return told(browser_kept(agent))


def browser_kept(agent: str) -> str:
    """Return the same as a line of a log keeps it."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser:
        return _("%(browser)s on %(system)s", {"browser": browser, "system": system}) if system else browser
    plain = re.sub(r"[^\x20-\x7e]", "", agent).strip()
    return plain[:_MAX_AGENT_WORDS_CHARS] or _("Unknown browser")
