"""Which place has which lane: 23 lanes of one place each, and one that all share who come while those are taken.

A lane is a class of connections. It can't be taken from a connection once it is made, so a lane stays with its place
as long as any connection is left that was made under it, and is given to another place only some time after.
"""

from collections.abc import Collection, Mapping

SINGLE_LANES = 23
SHARED = SINGLE_LANES  # the number of the lane that many share; single lanes are numbered from 0
LANES = SINGLE_LANES + 1
COOLING_S = 30.0  # a connection that was being made when its place lost the lane would turn up under it by then

Connected = Mapping[tuple[int, str], int]  # lane and place -> connections made under it that are left


class LaneAssignment:
    """Knows who has a lane. It decides by what it is told, and changes only in `update`."""

    def __init__(self) -> None:
        self._own: dict[int, str] = {}
        self._shared: dict[str, float] = {}  # place -> when a connection under it was last seen
        self._cooling: dict[int, tuple[str, float]] = {}  # lane -> whose it was, and until when it rests

    @property
    def lanes(self) -> dict[str, int]:
        """The lane of each place: new connections of the place are made under it."""
        return {place: number for number, place in self._own.items()} | dict.fromkeys(self._shared, SHARED)

    @property
    def is_empty(self) -> bool:
        return not self._own and not self._shared

    def update(self, *, wanted: Collection[str], connected: Connected, now_s: float) -> None:
        """Give lanes to places that want one, and take back what nobody wants or uses.

        1. A lane that is not wanted, and under which nobody is connected, rests; its place has none.
        2. Who wants a lane that rests from having been his own gets it back, also by a connection that turns up late.
        3. Others get the lowest lane that is free, those first that share one without being connected under it.
        4. When none is free they share. Nobody is moved while connected.
        """
        self._let_rest(wanted, connected, now_s)
        self._wake(wanted, connected, now_s)
        for place in [*sorted(self._idle_sharers(wanted, now_s)), *sorted(wanted)]:
            if place not in self.lanes or (place in self._shared and self._is_idle(place, now_s)):
                self._give(place, now_s)

    def _let_rest(self, wanted: Collection[str], connected: Connected, now_s: float) -> None:
        for number, place in tuple(self._own.items()):
            if place not in wanted and not connected.get((number, place)):
                del self._own[number]
                self._cooling[number] = (place, now_s + COOLING_S)
        for place in tuple(self._shared):
            if connected.get((SHARED, place)):
                self._shared[place] = now_s
            elif place not in wanted:
                del self._shared[place]

    def _wake(self, wanted: Collection[str], connected: Connected, now_s: float) -> None:
        for number, (place, until_s) in tuple(self._cooling.items()):
            is_wanted = place in wanted and place not in self._shared
            if is_wanted or connected.get((number, place)):
                del self._cooling[number]
                self._own[number] = place
            elif now_s >= until_s:
                del self._cooling[number]

    def _idle_sharers(self, wanted: Collection[str], now_s: float) -> list[str]:
        return [place for place in self._shared if place in wanted and self._is_idle(place, now_s)]

    def _is_idle(self, place: str, now_s: float) -> bool:
        return now_s - self._shared[place] >= COOLING_S

    def _give(self, place: str, now_s: float) -> None:
        free = next((n for n in range(SINGLE_LANES) if n not in self._own and n not in self._cooling), None)
        if free is not None:
            self._shared.pop(place, None)
            self._own[free] = place
        else:
            self._shared.setdefault(place, now_s)
