"""What the operator sees: the lines of all processes, each with its name in front."""

import os
from typing import TextIO

NAME_WIDTH = 7
_COLOURS = {"box": 37, "redis": 31, "devnet": 35, "signer": 34, "node": 32, "wallet": 33, "web": 36}
# A torrent's name in a log line must not steer the terminal.
_HARMLESS = dict.fromkeys((*range(9), *range(10, 32), 127, *range(128, 160)), "?")


class Console:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_read = True
        self._coloured = out.isatty() and not os.environ.get("NO_COLOR")

    def say(self, name: str, line: str) -> None:
        """Print one line; with nobody left to read it (a closed pipe, a lost terminal) the box goes on in silence."""
        if not self._is_read:
            return
        prefix = f"{name:<{NAME_WIDTH}}|"
        if self._coloured:
            prefix = f"\x1b[{_COLOURS.get(name, 35)}m{prefix}\x1b[0m"
        try:
            self._out.write(f"{prefix} {line.rstrip().translate(_HARMLESS)}\n")
            self._out.flush()
        except OSError:
            self._is_read = False
