"""People deposit and withdraw on a devnet while wallet worker, signer and devnet are killed, again and again.

    python -m tests.exchange_storm --kills 200 --seed 7

The processes are real, and so are their deaths: each is forked from one that has loaded everything, so that its next
life costs a few milliseconds. All runs in a data folder of its own; the last line is one JSON object. The same seed
gives the same wishes, kills and pauses; what a process was just doing then is up to the machine.

The worker does what its tasks do, without a pause between them and on a clock that hurries, so that what is looked at
again in seconds is looked at again at once. The chain's time is the chain's, except where it is set forward: a payment
that was lost must expire within this storm.
"""

import argparse
import subprocess
import sys
from contextlib import ExitStack

from tests.box import ROOT, Box

STORM = "tests.exchange_kills"  # needs Django, which is set up in a process of its own
SCRIPT = "from {storm} import Storm, Plan; Storm(Plan(**{plan!r})).run()"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.exchange_storm", description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--users", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1, help="more than one: as nobody should run it")
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database; without it SQLite is used")
    parser.add_argument("--keep", action="store_true", help="leave the data folder, and say where it is")
    chosen = vars(parser.parse_args(arguments))
    url, keep = chosen.pop("database_url"), chosen.pop("keep")
    box = Box(WALLET_NETWORK="devnet", DATABASE_URL=url)  # for its environment and its folder; it is not started
    with ExitStack() as cleanup:
        if keep:
            print(box.data, file=sys.stderr)  # noqa: T201 # what was asked for
        else:
            cleanup.callback(box.__exit__, None, None, None)
        environment = box.env | {"PYTHONUNBUFFERED": "1"}
        command = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run([*command, "migrate", "-v", "0"], env=environment, cwd=ROOT, check=True)
        script = SCRIPT.format(storm=STORM, plan=chosen)
        return subprocess.run([*command, "shell", "-v", "0", "-c", script], env=environment, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
