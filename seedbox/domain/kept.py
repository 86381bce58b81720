"""Sentences that are kept: whoever writes them down does not know in which language they will be read.

So what is kept is a sentence as it stands in the source, with what is put into it. One into which nothing is put is
kept as it is written. Import `kept as _` and `kept_counted as ngettext`: sentences are collected for translators by
these names.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from seedbox.domain.language import counted, number, said

# How values stand in sentences. A stranger's words may ask for one of any width, which would fill the memory.
_OURS = re.compile(r"(?:[^%]|%%|%\(\w+\)[sd])*")
_FIGURE = re.compile(r"\d{1,3}(?:,\d{3})*(?:\.\d+)?(?: [\w/%]+)?")  # with its unit, as nobody in particular reads it

Values = Mapping[str, str | int]  # whatever is put in may be a kept sentence itself


def kept(words: str, values: Values | None = None) -> str:
    """Return a sentence as it is kept, with what is put into it by name."""
    return _written([{"says": words, "with": _inside(values)}]) if values else words


def kept_counted(one: str, many: str, number: int, values: Values | None = None) -> str:
    """Return the sentence for so many as it is kept; the number is put into it only where it stands in the values."""
    return _written([{"one": one, "many": many, "number": number, "with": _inside(values or {})}])


def together(texts: Iterable[str]) -> str:
    """Return kept sentences as one text, each of them once; those that say nothing are left out."""
    found = list(dict.fromkeys(text for text in texts if text))
    return found[0] if len(found) == 1 else _written([part for text in found for part in _parts(text)]) if found else ""


def listed(texts: Iterable[str]) -> str:
    """Return kept texts as one that names them one after another."""
    found = list(texts)
    return found[0] if len(found) == 1 else _written([{"list": [part for text in found for part in _parts(text)]}])


def told(text: str) -> str:
    """Return what is kept as its reader shall read it. What was never kept here, as a stranger's words, stays so."""
    return " ".join(map(_told, _parts(text))) if text else ""


class KeptError(Exception):
    """An error whose message is a kept sentence: `kept` is for a row, `str` for whoever reads it now."""

    @property
    def kept(self) -> str:
        return str(self.args[0])

    def __str__(self) -> str:
        return told(self.kept)


def _written(parts: list[Any]) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _inside(values: Values) -> dict[str, Any]:
    """Return values as they are kept within a sentence, so that none is written in a text within a text."""
    return {
        name: _parts(value) if isinstance(value, str) and value.startswith("[") else value
        for name, value in values.items()
    }


def _parts(text: str) -> list[Any]:
    """Return the sentences of a text; what is no list of them is one, as it stands."""
    if not text.startswith("["):
        return [text]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    is_kept = isinstance(found, list) and all(isinstance(part, str | dict) for part in found)
    return found if is_kept else [text]


def _told(part: Any) -> str:
    """Return one sentence. A stranger's words may look like one: they must not keep a page from being shown."""
    if not isinstance(part, dict):
        return said(part) if isinstance(part, str) else str(part)
    try:
        if "list" in part:
            return ", ".join(map(_told, part["list"]))
        words = said(part["says"]) if "says" in part else counted(part["one"], part["many"], part["number"])
        values = {name: _value(value) for name, value in part["with"].items()}
        return words % values if _OURS.fullmatch(words) else str(part)
    except (AttributeError, KeyError, TypeError, ValueError):
        return str(part)


def _value(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _FIGURE.fullmatch(value):
        return number(value)
    return " ".join(map(_told, value)) if isinstance(value, list) else _told(value)
