"""Sentences that a row keeps: written in English with their values, and said in the language of whoever reads them.

Whoever writes them knows no reader, and compares how they begin; a log has them as they are.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from wallet.domain.language import counted, number, said

_VALUE = re.compile(r"%\((\w+)\)s")
_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})*(?:\.\d+)?(?: [A-Z]+)?")  # as nobody in particular reads it


class Counted(NamedTuple):
    """A sentence for one and for many: languages have other plurals. How many there are is its value `count`.

    Import it as `ngettext`: sentences are collected for translators by that name.
    """

    one: str
    many: str

    def kept(self, count: int, **values: object) -> str:
        return (self.one if count == 1 else self.many) % {"count": count, **values}


Text = str | Counted


def said_again(kept: str, texts: Iterable[Text]) -> str:
    """Return a sentence that was made of one of these texts, as its reader shall read it; any other one as it is.

    Its values may be such sentences, too, or amounts, which then have the signs of the reader's numbers. Several
    sentences stand on lines of their own, whole or with a semicolon. One that is cut short at its end is not found,
    and stays as it is kept.
    """
    texts = tuple(texts)
    return "\n".join(_line(line, texts) for line in kept.split("\n"))


def fitting(kept: str, most: int) -> str:
    """Return as many of the sentences as have room: one that is cut short can't be said in another language."""
    cut = kept[:most]
    between = next((one for one in ("\n", "; ") if one in cut), "")
    return cut.rpartition(between)[0] if between and cut != kept else cut


def names_of(text: str) -> list[str]:
    """Return the names of a text's values, in the order in which they stand in it."""
    return _VALUE.findall(text)


def _line(kept: str, texts: tuple[Text, ...]) -> str:
    """Return a sentence for its reader. Within a line, what is no sentence may be several, with semicolons between."""
    whole = kept.removesuffix(";")
    for text in texts:
        for form in (text,) if isinstance(text, str) else text:
            if found := _pattern(form).fullmatch(whole):
                values = {name: _value(value, texts) for name, value in found.groupdict().items()}
                return _said(text, found.groupdict()) % values + kept[len(whole) :]
    if "; " in kept:
        return "; ".join(_line(part, texts) for part in kept.split("; "))
    return kept


def _said(text: Text, values: dict[str, str]) -> str:
    if isinstance(text, str):
        return said(text)
    count = values["count"]
    return counted(text.one, text.many, int(count) if count.isdecimal() else 2)


def _value(kept: str, texts: tuple[Text, ...]) -> str:
    return number(kept) if _AMOUNT.fullmatch(kept) else said_again(kept, texts)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = _VALUE.split(text)  # words and names of values in turn
    wanted = (f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile("".join(wanted), re.DOTALL)
