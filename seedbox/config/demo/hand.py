"""A hand inside a box of the demo: does what its people would do on pages, and tells what the box knows.

Run in the box's environment, one process for the whole demo. Reads JSON orders line by line, `{"verb": …}`, and
answers each with a line of JSON: `{"done": …}` or `{"failed": "why"}`. It ends with its input.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402  # Django must be set up first

from seedbox.config.demo import hand_buyer as buyer  # noqa: E402  # as above
from seedbox.config.demo import hand_own as own  # noqa: E402  # as above
from seedbox.config.demo import hand_seller as seller  # noqa: E402  # as above

OWN = (own.is_ready, own.bind, own.take_part, own.add)
BUYERS = (buyer.fund, buyer.charge, buyer.let_in, buyer.prepare, buyer.turn_on, buyer.turn_off, buyer.balances)
SELLERS = (seller.trust, seller.is_paired, seller.offer, seller.is_seeding)
SEES = (buyer.see_buyer, seller.see_seller)
VERBS: dict[str, Callable[[own.Order], Any]] = {verb.__name__: verb for verb in (*OWN, *BUYERS, *SELLERS, *SEES)}


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"done": VERBS[order["verb"]](order)}
        except Exception as problem:  # whatever it is, the demo says it and ends
            connection.close()
            answer = {"failed": f"{type(problem).__name__}: {problem}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
