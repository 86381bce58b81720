"""The simulation in the database of its environment: `python -m … SEED WITHDRAWALS`; the last line is JSON.

For no withdrawals it only makes the database.
"""

import dataclasses
import json
import logging
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seedbox.config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first
from django.core.management import call_command  # noqa: E402  # as above
from django.db import connection  # noqa: E402  # as above

from seedbox.config.benches.chain_simulation import Simulation  # noqa: E402  # as above

WITHDRAWALS_OF_A_USER = 20
FEWEST_USERS = 6


def main(seed: int, wanted: int) -> None:
    logging.disable(logging.CRITICAL)  # everything that is complained about there is wanted here
    call_command("migrate", verbosity=0)
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA synchronous = OFF")  # nobody cuts the power here
    if not wanted:
        say_figures({})  # a database is what was wanted
        return
    users = max(wanted // WITHDRAWALS_OF_A_USER, FEWEST_USERS)
    simulation = Simulation(settings.DATA_DIR, seed=seed, wanted=wanted, users=users, say=say)
    verdict = simulation.run()
    figures = dataclasses.asdict(verdict) | {"killed": simulation.killed, "interrupted": simulation.interrupted}
    say_figures(figures | {"faults": simulation.world.faults})


def say_figures(figures: dict[str, Any]) -> None:
    print(json.dumps(figures))  # noqa: T201  # what the bench reads


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # for whoever watches the bench


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
