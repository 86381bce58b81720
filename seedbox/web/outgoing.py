"""What one socket still has to send: never more than a page can use, however slowly its browser reads.

A few messages wait as they are. When more would wait they become one:

    {"type": "many", "streams": {"<stream>": [5, 9]}, "messages": [...]}

In it each thing stands once, with its newest value: rows are merged cell by cell, whole lists replace older ones of
their name. `streams` says which numbers of each stream it stands for, the first and the last. What is too much even so
is dropped, and whoever sends starts anew with how everything stands. That is as large as what the page shows, which may
have long names: it is never too much itself, or nobody would ever come to an end with it.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from typing import Any

from seedbox.services.encoding import encode

MAX_WAITING = 8  # messages as they are: a turn of a node makes no more than four for one page
MAX_WAITING_CHARS = 128 * 1024
MAX_MERGED_CHARS = 512 * 1024  # beyond how everything stands

Message = dict[str, Any]


class Outgoing:
    """Messages in order, from one event loop; `put` never waits."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._waiting_chars = 0
        self._whole_chars = 0  # of how everything stands, when that was most
        self._merged: Merged | None = None
        self._something = asyncio.Event()
        self._is_overrun = False
        self.closes_with: int | None = None  # when all is sent

    def put(self, text: str) -> None:
        """Let a message wait; it is dropped if the browser can't keep up, or nothing more is to be sent."""
        if self._is_overrun or self.closes_with is not None:
            return
        self._waiting.append(text)
        self._waiting_chars += len(text)
        if len(self._waiting) > MAX_WAITING or self._waiting_chars > MAX_WAITING_CHARS:
            self._merge()
        self._something.set()

    def put_whole(self, texts: Sequence[str]) -> None:
        """Let how everything stands wait, likewise."""
        self._whole_chars = max(self._whole_chars, sum(map(len, texts)))
        for text in texts:
            self.put(text)

    def end(self, code: int, last_word: str = "") -> None:
        """Send nothing of what waits: only a last word, if there is one, and then close."""
        if self.closes_with is None:
            self.begin_anew()
            if last_word:
                self.put(last_word)
            self.closes_with = code
            self._something.set()

    def begin_anew(self) -> None:
        """Forget what waits; from now on messages are taken again."""
        self._waiting.clear()
        self._waiting_chars = 0
        self._merged, self._is_overrun = None, False

    @property
    def is_overrun(self) -> bool:
        """Whether messages were dropped since it began."""
        return self._is_overrun

    async def something(self) -> None:
        """Return when there is something to do: to send, to start anew or to close."""
        await self._something.wait()
        self._something.clear()

    def take(self) -> str | None:
        """Return what is to be sent next."""
        if self._merged is not None:
            self._merge()
        if self._merged is not None:
            text, self._merged = self._merged.text(), None
            return text
        if not self._waiting:
            return None
        text = self._waiting.popleft()
        self._waiting_chars -= len(text)
        return text

    def _merge(self) -> None:
        merged = self._merged or Merged()
        for text in self._waiting:
            merged.add(json.loads(text))
        self.begin_anew()
        if len(merged.text()) > MAX_MERGED_CHARS + self._whole_chars:
            self._is_overrun = True
        else:
            self._merged = merged


class Merged:
    """Several messages as one."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str], Message] = {}
        self._streams: dict[str, tuple[int, int]] = {}
        self._odd = 0

    def add(self, message: Message) -> None:
        """Take in what came after all that was added before."""
        if stream := message.pop("stream", None):
            self._follow(stream, message.pop("seq"))
        kind = message["type"]
        if kind in ("rows", "versions"):
            part = self._parts.setdefault((kind, ""), {"type": kind, kind: {}})
            for name, value in message[kind].items():
                part[kind][name] = {**part[kind].get(name, {}), **value} if kind == "rows" else value
        elif kind in ("list", "head"):
            self._parts[kind, message["list"]] = message
        elif kind in ("changed", "alive"):
            self._parts[kind, message.get("what", "")] = message
        else:
            self._odd += 1
            self._parts["odd", str(self._odd)] = message  # nobody here knows what may replace it

    def text(self) -> str:
        return encode({"type": "many", "streams": self._streams, "messages": list(self._parts.values())})

    def _follow(self, stream: str, seq: int) -> None:
        first, last = self._streams.get(stream, (seq, seq - 1))
        # A message that was lost on the way here must be missed there, too: then it begins after the gap.
        self._streams[stream] = (first if seq == last + 1 else seq, seq)
