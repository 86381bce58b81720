"""Stop and start a box's torrent in turns, for the bench of actions. Run in the box's environment.

The last line is a JSON list: milliseconds from each action to the moment at which the database says that the node has
told its engine.
"""

import json
import sys
import time
from datetime import UTC, datetime

import django

django.setup()

from seedbox.models import Holding, Observation, Torrent  # noqa: E402  # Django must be set up first
from seedbox.services import holdings  # noqa: E402  # as above

LIMIT_S = 30.0
LOOK_AGAIN_S = 0.002
IDLE_S = 0.2  # between two actions, so that each meets a node that has nothing else to do


def act(holding: Holding, verb: holdings.Verb) -> float:
    asked_s = time.monotonic()
    holdings.change(user=holding.user, holding_ids=[holding.pk], verb=verb, now=datetime.now(UTC))
    version = Torrent.objects.values_list("wish_version", flat=True).get(pk=holding.torrent_id)
    carried_out = Observation.objects.filter(torrent_id=holding.torrent_id, applied_version=version)
    while not carried_out.exists():
        if time.monotonic() - asked_s > LIMIT_S:
            raise TimeoutError(f"the node did not {verb} the torrent within {LIMIT_S:g} s")
        time.sleep(LOOK_AGAIN_S)
    return (time.monotonic() - asked_s) * 1000


def main(actions: int) -> None:
    holding = Holding.objects.select_related("user").get()
    took_ms = []
    for number in range(actions):
        took_ms.append(act(holding, "start" if number % 2 else "stop"))
        time.sleep(IDLE_S)
    sys.stdout.write(json.dumps(took_ms) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
