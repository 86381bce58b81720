"""A page as live.js keeps it, in Python: it hears a real socket's messages when a test lets it, and can be cut off."""

from collections.abc import Awaitable, Callable

from tests.sockets import Browser, Message

Rows = dict[str, dict[str, object]]


class OpenPage:
    """Rows of torrents, which the box renders, and a list that grows at its top.

    What has come waits until it is heard; what was not heard when the line is cut is lost.
    """

    def __init__(self, *, connect: Callable[[], Awaitable[Browser]], render: Callable[[], Awaitable[Rows]]) -> None:
        self._connect = connect
        self._render = render
        self.rows: Rows = {}
        self.entries: list[str] = []
        self.is_fetching_entries = False
        self.streams: dict[str, int] = {}
        self.browser: Browser | None = None
        self._held: set[str] = set()
        self._sent: set[str] = set()
        self._mark = 0
        self._marked: set[str] = set()
        self._answered = 0
        self._come: list[Message] = []

    async def opens(self) -> None:
        self.rows = await self._render()
        await self.comes_back()

    async def comes_back(self) -> None:
        self.browser = await self._connect()
        names = self._wanted & self._held
        if names:
            await self._ask({"watch": sorted(names), "since": self.streams}, names)
            self._sent = names
        else:
            self.streams.clear()
            self._held.clear()
            self._sent = set()
            await self._fetch()
        await self._watch()

    async def is_cut_off(self, *, hears: int) -> None:
        """Lose the line after so many more messages, and what else has come."""
        assert self.browser
        await self.hear(hears)
        await self.browser.leave()
        self.browser = None
        self._come.clear()
        self._answered = self._mark

    async def comes_until(self, is_last: Callable[[Message], bool]) -> None:
        """Let come what the server sends up to a message."""
        assert self.browser
        while True:
            message = await self.browser.hear()
            if is_last(message):
                return
            self._come.append(message)

    async def is_answered(self) -> None:
        """Let come all up to the answer of what the page has asked last."""
        assert self.browser
        while self._answered != self._mark:
            self._come.append(await self.browser.hear())
            if self._come[-1]["type"] == "watching":
                self._answered = self._come[-1]["mark"]

    async def hear(self, count: int | None = None) -> int:
        """Take in so many messages of those that have come, and return how many there were."""
        heard, self._come = self._come[:count], self._come[len(self._come[:count]) :]
        for message in heard:
            await self._take(message)
        return len(heard)

    @property
    def _wanted(self) -> set[str]:
        return {"totals", "entries", *self.rows}

    async def _take(self, message: Message) -> None:
        if "stream" in message:
            before = self.streams.get(message["stream"], message["seq"] - 1)
            self.streams[message["stream"]] = max(before, message["seq"])
            if message["seq"] > before + 1:
                await self._resync()
        if message["type"] == "rows":
            for row, cells in message["rows"].items():
                self.rows.get(row, {}).update(cells)
        if message["type"] == "anew":
            self.streams.clear()
        if message["type"] == "anew" or message.get("what") == "torrents":
            await self._fetch()
        if message["type"] == "head":
            self._put_on_top(list(message["rows"]))
        if message["type"] == "watching":
            for stream, number in message["numbers"].items():
                self.streams[stream] = max(number, self.streams.get(stream, 0))
            if message["mark"] == self._mark:
                self._held = self._marked

    def _put_on_top(self, keys: list[str]) -> None:
        fresh = [key for key in keys if key not in self.entries]
        if fresh and (not self.entries or len(fresh) == len(keys)):
            self.is_fetching_entries = True
        else:
            self.entries[:0] = fresh

    async def _fetch(self) -> None:
        """Show what the box renders now; how that stands is asked for."""
        self.rows = await self._render()
        if self.browser:
            await self._watch()
            await self._resync()

    async def _watch(self) -> None:
        if self._wanted != self._sent:
            self._sent = self._wanted
            await self._ask({"watch": sorted(self._sent)}, self._sent)

    async def _resync(self) -> None:
        self._held = set()
        await self._ask({"resync": sorted(self._wanted)}, self._wanted)

    async def _ask(self, frame: dict[str, object], names: set[str]) -> None:
        assert self.browser
        self._mark += 1
        self._marked = names
        await self.browser.say(**frame, mark=self._mark)
