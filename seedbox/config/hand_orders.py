"""A hand inside a box: a process that does what people would do, by orders from whoever lent it."""

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection

Verb = Callable[[dict[str, Any]], Any]


def obey(verbs: Iterable[Verb]) -> None:
    """Read JSON orders line by line, `{"verb": …}`, until the input ends, and do what is named so.

    Each is answered with a line of JSON: `{"done": …}` or `{"failed": "why"}`.
    """
    by_name = {verb.__name__: verb for verb in verbs}
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"done": by_name[order["verb"]](order)}
        except Exception as problem:  # whatever it is, also what a kill did to us, is the answer
            connection.close()
            answer = {"failed": f"{type(problem).__name__}: {problem}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
