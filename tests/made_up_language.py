"""A language that nobody speaks: whatever a page still says in English while it is spoken, nobody could translate.

Each sentence that is asked for comes back in wide letters; what is put into it afterwards stays as it is. So an English
word that a page shows was never asked for.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

import pytest
from django.utils import translation

from tests.test_words import SAME_EVERYWHERE

_WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F) if chr(code).isalpha()})
# What a sentence says to machines: where values go, elements, entities.
_FOR_MACHINES = re.compile(r"(%(?:\(\w+\))?[-#0+]*[\d.]*[sdrifxX%]|\{[^{}]*\}|<[^<>]*>|&#?\w+;)")
_ENGLISH = re.compile(r"[A-Za-z]{2,}")
# Addresses, hashes, keys, times: what has digits among its letters, or leads somewhere, or refers to a row.
_NO_WORDS = re.compile(
    r"\S*(?:\d\S*){2,}|(?:https?|magnet):\S+|(?<![\w/])/[\w./-]+|\b[a-z-]+[/-]\d+|\b[0-9a-f]{16,}\b|\bT\w+…\w+"
)
UNITS = {"TiB", "PiB", "min", "ms", "SUN", "CSV", "JSON", "PNG", "HTTP", "HTTPS", "SOCKS", "IP", "DHT", "uTP"}
KEYS = {"Esc", "Enter", "Shift", "Ctrl", "Alt", "Tab", "Home", "End"}
_READ_ALOUD = {"aria-label", "aria-description", "aria-roledescription", "title", "placeholder", "alt", "label"}
_READ_BY_SCRIPTS = {"data-label", "data-said", "data-offline", "data-say"}
_UNSEEN = {"script", "style", "code"}  # and what is typed or copied as it stands


def in_wide_letters(text: str) -> str:
    return "".join(
        part if number % 2 else part.translate(_WIDE) for number, part in enumerate(_FOR_MACHINES.split(text))
    )


@contextmanager
def spoken() -> Iterator[None]:
    """Let everybody read in this language: pages, forms, what is translated late, and the domain."""
    answers = {
        "gettext": in_wide_letters,
        "ngettext": lambda one, many, number: in_wide_letters(one if number == 1 else many),
        "pgettext": lambda context, text: in_wide_letters(text),
        "npgettext": lambda context, one, many, number: in_wide_letters(one if number == 1 else many),
    }
    with pytest.MonkeyPatch.context() as django:
        for name, answer in answers.items():
            django.setitem(vars(vars(translation)["_trans"]), name, answer)
        yield


class _Reader(HTMLParser):
    """Takes down what somebody sees of a page, or hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        is_button = tag == "input" and dict(attrs).get("type") in ("submit", "button")
        for name, value in attrs:
            if value and (name in _READ_ALOUD | _READ_BY_SCRIPTS or (is_button and name == "value")):
                self.said.append(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._unseen -= tag in _UNSEEN

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.said.append(data)


def english_on(page: str, own: Iterable[str] = ()) -> list[str]:
    """Return each text of a page that has English words, except names and units and what is the scene's own."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return english_among(reader.said, own)


def english_in(message: str, own: Iterable[str], for_machines: re.Pattern[str]) -> list[str]:
    """Return the same of a live message, without what stands under names that only scripts read."""
    return english_among(_texts(json.loads(message), for_machines), own)


def english_among(said: Iterable[str], own: Iterable[str]) -> list[str]:
    longest_first = sorted(own, key=len, reverse=True) or ["\0"]
    known = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    found = (" ".join(text.split()) for text in said if _has_english(known.sub(" ", text)))
    return list(dict.fromkeys(found))


def _has_english(text: str) -> bool:
    return bool(set(_ENGLISH.findall(_NO_WORDS.sub(" ", text))) - SAME_EVERYWHERE - UNITS - KEYS)


def _texts(value: object, for_machines: re.Pattern[str]) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, part in value.items():
                if not for_machines.fullmatch(name):
                    yield from _texts(part, for_machines)
        case list():
            for part in value:
                yield from _texts(part, for_machines)
