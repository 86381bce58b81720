"""What errors and advice say, in the reader's language: the composition root brings the translation."""

from collections.abc import Callable


class _Language:
    translate: Callable[[str], str] = staticmethod(str)  # in processes that nobody reads, as it is written


def speak(translate: Callable[[str], str]) -> None:
    """Let all that is said from now on go through this function, which knows who reads it."""
    _Language.translate = staticmethod(translate)


def said(text: str) -> str:
    """Return the sentence as its reader shall read it; what is put into it comes afterwards, by `%`."""
    return _Language.translate(text)


def gettext_noop(text: str) -> str:
    """Mark a sentence that is translated where it is shown."""
    return text
