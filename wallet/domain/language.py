"""What errors and advice say, in the reader's language and with the reader's numbers: the composition root brings both.

Import `said as _` and `counted as ngettext`: sentences are collected for translators by these names.
"""

import re
from collections.abc import Callable

PLAIN = (".", ",")  # the sign before decimals and the one between thousands, as all is written that no person reads
_AMBIGUOUS = re.compile(r"([1-9]\d{0,2})([.,])(\d{3})", re.ASCII)


def _in_english(one: str, many: str, number: int) -> str:
    return one if number == 1 else many


class _Language:  # in processes that nobody reads, as it is written
    translate: Callable[[str], str] = staticmethod(str)
    translate_counted: Callable[[str, str, int], str] = staticmethod(_in_english)
    signs: Callable[[], tuple[str, str]] = staticmethod(lambda: PLAIN)


def speak(
    translate: Callable[[str], str],
    translate_counted: Callable[[str, str, int], str],
    signs: Callable[[], tuple[str, str]],
) -> None:
    """Let all that is said from now on go through these functions, which know who reads it."""
    _Language.translate = staticmethod(translate)
    _Language.translate_counted = staticmethod(translate_counted)
    _Language.signs = staticmethod(signs)


def said(text: str) -> str:
    """Return the sentence as its reader shall read it; what is put into it comes afterwards, by `%`."""
    return _Language.translate(text)


def counted(one: str, many: str, number: int) -> str:
    """Return the sentence for so many: languages have other plurals; the number is put into it afterwards, by `%`."""
    return _Language.translate_counted(one, many, number)


def signs() -> tuple[str, str]:
    """Return the two signs of the reader's numbers: the one before decimals and the one between thousands."""
    return _Language.signs()


def number(plain: str) -> str:
    """Return a number like 1,234.5 as its reader writes it; signs and units may stand around it."""
    found = _Language.signs()
    if found == PLAIN:
        return plain
    decimal, group = found
    return plain.translate({ord("."): decimal, ord(","): group})


def as_printed(text: str) -> str:
    """Return a number with the signs that are printed: keyboards have another apostrophe, browsers a narrower space."""
    _decimal, group = _Language.signs()
    text = text.replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")
    return text.replace("'", group) if group == "\N{RIGHT SINGLE QUOTATION MARK}" else text


def two_meanings(text: str) -> tuple[str, str] | None:
    """Return both numbers, as the reader writes them, that a text could mean: thousands, or little more than one.

    Who writes 1.234,5 may have brought 1.234 from a file or a command. None: it can mean but one.
    """
    decimal, _group = found = _Language.signs()
    match = _AMBIGUOUS.fullmatch(text.strip())
    if found == PLAIN or match is None or match[2] == decimal:
        return None
    return f"{match[1]}{match[3]}", f"{match[1]}{decimal}{match[3]}"


def gettext_noop(text: str) -> str:
    """Mark a sentence that is translated where it is shown."""
    return text
