"""What errors and advice say, in the reader's language: the composition root brings the translation.

Import `said as _` and `counted as ngettext`: sentences are collected for translators by these names.
"""

from collections.abc import Callable


def _in_english(one: str, many: str, number: int) -> str:
    return one if number == 1 else many


class _Language:  # in processes that nobody reads, as it is written
    translate: Callable[[str], str] = staticmethod(str)
    translate_counted: Callable[[str, str, int], str] = staticmethod(_in_english)


def speak(translate: Callable[[str], str], translate_counted: Callable[[str, str, int], str]) -> None:
    """Let all that is said from now on go through these functions, which know who reads it."""
    _Language.translate = staticmethod(translate)
    _Language.translate_counted = staticmethod(translate_counted)


def said(text: str) -> str:
    """Return the sentence as its reader shall read it; what is put into it comes afterwards, by `%`."""
    return _Language.translate(text)


def counted(one: str, many: str, number: int) -> str:
    """Return the sentence for so many: languages have other plurals; the number is put into it afterwards, by `%`."""
    return _Language.translate_counted(one, many, number)


def gettext_noop(text: str) -> str:
    """Mark a sentence that is translated where it is shown."""
    return text
