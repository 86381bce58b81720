"""Sentences that a row keeps: written in English with their values, and said in the language of whoever reads them.

Whoever writes them knows no reader, and compares how they begin; a log has them as they are.
"""

import re
from collections.abc import Iterable
from functools import cache

from wallet.domain.language import number, said

_VALUE = re.compile(r"%\((\w+)\)s")
_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})*(?:\.\d+)?(?: [A-Z]+)?")  # as nobody in particular reads it


def said_again(kept: str, texts: Iterable[str]) -> str:
    """Return a sentence that was made of one of these texts, as its reader shall read it; any other one as it is.

    Its values may be such sentences, too, or amounts, which then have the signs of the reader's numbers. Several
    sentences stand on lines of their own, whole or with a semicolon. One that is cut short at its end is not found,
    and stays as it is kept.
    """
    texts = tuple(texts)
    return "\n".join(_line(line, texts) for line in kept.split("\n"))


def _line(kept: str, texts: tuple[str, ...]) -> str:
    """Return a sentence for its reader. Within a line, what is no sentence may be several, with semicolons between."""
    whole = kept.removesuffix(";")
    for text in texts:
        if found := _pattern(text).fullmatch(whole):
            values = {name: _value(value, texts) for name, value in found.groupdict().items()}
            return said(text) % values + kept[len(whole) :]
    if "; " in kept:
        return "; ".join(_line(part, texts) for part in kept.split("; "))
    return kept


def _value(kept: str, texts: tuple[str, ...]) -> str:
    return number(kept) if _AMOUNT.fullmatch(kept) else said_again(kept, texts)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = _VALUE.split(text)  # words and names of values in turn
    wanted = (f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile("".join(wanted), re.DOTALL)
