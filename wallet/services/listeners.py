"""Who wants to know that something has changed; the composition root registers them by name.

A listener is called by whoever has changed it, in that thread, and must not wait for anything. What it raises is logged
and harms nobody: what stands is written, and who could not be told reads it.
"""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

Listener = TypeVar("Listener")

logger = logging.getLogger(__name__)


class Listeners(Generic[Listener]):
    def __init__(self, of_what: str) -> None:
        self._of_what = of_what
        self._by_name: dict[str, Listener] = {}

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def listen(self, name: str, listener: Listener) -> None:
        self._by_name[name] = listener

    def stop_listening(self, name: str) -> None:
        self._by_name.pop(name, None)

    def tell(self, tell: Callable[[Listener], None]) -> None:
        for name, listener in list(self._by_name.items()):
            try:
                tell(listener)
            except Exception:  # not Django's `robust`, which fails over a partial
                logger.exception("%s could not be told of %s", name, self._of_what)
