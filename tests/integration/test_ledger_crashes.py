"""Workers that die in the middle of a stream of keyed wishes, or lose their connection, and ask again."""

import os
import signal
import threading
from collections.abc import Iterator
from random import Random

import pytest
from django.db import connection

from seedbox.models import User
from tests.box import wait_until
from tests.ledger_model import users_of
from tests.ledger_truth import read_truth
from tests.ledger_witness import Witness
from tests.ledger_worker import Nursery, begin_books
from tests.servers import ON_SQLITE, PROVE

WISHES_A_BATCH = 5  # on average
WISHES = min(2_000 * PROVE, 10_000)
LIVES = min(15 * PROVE, 150)
SEED = 4
SOON_S = 0.004  # longer than a batch takes

_OTHERS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@pytest.fixture
def ids(committed_books: None) -> list[int]:
    people = User.objects.bulk_create([User(username=f"user{number}") for number in range(5)])
    begin_books([user.pk for user in people])
    return [user.pk for user in people]


@pytest.fixture
def nursery(process_environment: dict[str, str]) -> Iterator[Nursery]:
    name = str(connection.settings_dict["NAME"]) if ON_SQLITE else ""
    with Nursery(process_environment, database=name) as nursery:
        yield nursery


def others() -> list[int]:
    """Return the backends of everybody else."""
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        return [pid for (pid,) in cursor.fetchall()]


def follow_one_life(nursery: Nursery, witness: Witness, random: Random, *, after: int) -> bool:
    """Start a worker where the last one ended, or a little before; kill it after so many batches and a moment.

    Returns whether it was at its end before.
    """
    witness.next = max(0, witness.next - random.randrange(3))
    pid = nursery.start(first=witness.next, **witness.job)
    for _ in range(after):
        if (said := nursery.listen()).get("done"):
            list(nursery.wait(pid))
            return True
        witness.follow(said)
    threading.Event().wait(random.uniform(0, SOON_S))
    os.kill(pid, signal.SIGKILL)
    lines = list(nursery.wait(pid))
    for said in lines:
        if "batch" in said:
            witness.follow(said)
    if not ON_SQLITE:  # a commit that was sent is carried out after its sender's death
        wait_until(lambda: not others(), "the end of the dead worker's connection")
    witness.settle(read_truth())
    return False


@pytest.mark.both_databases
class TestAWorkerThatIsKilled:
    def test_and_asks_again_does_everything_once(self, ids: list[int], nursery: Nursery) -> None:
        random = Random(SEED)
        batches = WISHES // WISHES_A_BATCH
        witness = Witness(seed=SEED, users=users_of(ids), batches=batches)
        lives = 1
        while not follow_one_life(nursery, witness, random, after=random.randrange(1, 2 * batches // LIVES)):
            lives += 1
        witness.agree(read_truth())
        assert lives > LIVES // 3


class TestAConnection:
    def test_that_is_cut_at_any_moment_makes_nothing_happen_twice_or_never(
        self, ids: list[int], nursery: Nursery
    ) -> None:
        random = Random(SEED)
        witness = Witness(seed=SEED, users=users_of(ids), batches=WISHES // WISHES_A_BATCH // 2)
        pid = nursery.start(**witness.job)
        cuts = 0
        while not (said := nursery.listen()).get("done"):
            witness.follow(said)
            if random.random() < 0.1:
                threading.Event().wait(random.uniform(0, SOON_S))
                cuts += terminate_others()
        list(nursery.wait(pid))
        witness.agree(read_truth())
        assert cuts


def terminate_others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(pg_terminate_backend(pid)) FROM ({_OTHERS}) AS others")
        count: int = cursor.fetchone()[0]
        return count
