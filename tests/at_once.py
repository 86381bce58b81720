"""Calls that start together, each in a thread of its own."""

import threading
from collections.abc import Callable

from django.db import connection

LIMIT_S = 60


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads that start together; return what each returned or raised."""
    start = threading.Barrier(len(calls))
    outcomes: list[object] = [None] * len(calls)

    def run(number: int, call: Callable[[], object]) -> None:
        try:
            start.wait(LIMIT_S)
            outcomes[number] = call()
        except Exception as problem:
            outcomes[number] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    return outcomes
