"""All that accounts hold, by key, with an undo journal: for a transaction that fails, for reorgs, and for older views.

A transaction writes between `attempt` and `keep` or `give_up`. What was kept since the newest block is the open layer;
`seal` makes it the block's. A layer holds the values from before it, so the state at a height is the newest one seen
through the layers above that height, and nothing is ever copied.
"""

from collections.abc import Iterator
from typing import Protocol

from wallet.devnet.accounts import Value

Undo = dict[bytes, Value | None]  # the values before, None for a key that was not there


class Reader(Protocol):
    def get(self, key: bytes) -> Value | None: ...


class State:
    def __init__(self, values: dict[bytes, Value] | None = None) -> None:
        self._values = values or {}
        self._layers: dict[int, Undo] = {}  # by block number, without gaps
        self._open: Undo = {}
        self._attempt: Undo = {}
        self.height = 0

    def get(self, key: bytes) -> Value | None:
        return self._values.get(key)

    def put(self, key: bytes, value: Value) -> None:
        if key not in self._attempt:
            self._attempt[key] = self._values.get(key)
        self._values[key] = value

    def attempt(self) -> None:
        assert not self._attempt, "one transaction at a time"

    def keep(self) -> None:
        for key, value in self._attempt.items():
            self._open.setdefault(key, value)
        self._attempt = {}

    def give_up(self) -> None:
        self._restore(self._attempt)
        self._attempt = {}

    def forget_open(self) -> None:
        """Undo all that was kept since the newest block."""
        self._restore(self._open)
        self._open = {}

    def seal(self, number: int) -> Undo:
        """Make the open layer that of a new block; return it."""
        sealed, self._open = self._open, {}
        self._layers[number] = sealed
        self.height = number
        return sealed

    def undo_block(self) -> Undo:
        """Undo the newest block, nothing being open; return its layer."""
        layer = self._layers.pop(self.height)
        self._restore(layer)
        self.height -= 1
        return layer

    def adopt(self, number: int, layer: Undo) -> None:
        """Take over a layer as it was stored; the newest last."""
        self._layers[number] = layer
        self.height = number

    def forget_layers_below(self, number: int) -> list[int]:
        """Drop layers that nobody needs any more; return their numbers."""
        old = [known for known in self._layers if known < number]
        for known in old:
            del self._layers[known]
        return old

    def lowest_height(self) -> int:
        """Return the lowest height that can still be seen, and gone back to."""
        return min(self._layers, default=self.height + 1) - 1

    def at(self, key: bytes, height: int) -> Value | None:
        """Return what a key held when the block of that height was the newest."""
        for number in range(height + 1, self.height + 1):
            layer = self._layers[number]
            if key in layer:
                return layer[key]
        return self._open[key] if key in self._open else self._values.get(key)

    def items(self) -> Iterator[tuple[bytes, Value]]:
        return iter(self._values.items())

    def _restore(self, undo: Undo) -> None:
        for key, value in undo.items():
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = value


class StateAt:
    """The state as it was at a height."""

    def __init__(self, state: State, height: int) -> None:
        self._state = state
        self._height = height

    def get(self, key: bytes) -> Value | None:
        return self._state.at(key, self._height)
