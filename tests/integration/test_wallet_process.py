"""The wallet worker as it lives: a real Celery worker with its beat, on the real PostgreSQL and Valkey."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from seedbox.config import celery
from tests.box import ROOT, wait_until
from tests.builders import make_user
from tests.ledger import BTT, fund, user
from wallet import models, tasks

LIMIT_S = 60.0
OPTIONS = "-Q wallet -n wallet@%h -B --pool threads --concurrency 1 --without-gossip --without-mingle"
COMMAND = (sys.executable, "-m", "celery", "--quiet", "-A", "seedbox.config.celery", "worker", *OPTIONS.split())


@pytest.fixture
def log(
    process_environment: dict[str, str], committed_books: None, redis_client: Redis, tmp_path: Path
) -> Iterator[Path]:
    """A running worker's log."""
    path = tmp_path / "worker.log"
    environment = process_environment | {"SEEDBOX_DATA": str(tmp_path / "data")}
    with path.open("wb") as log:
        command = (*COMMAND, "-s", str(tmp_path / "schedule"))
        worker = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    yield path
    worker.terminate()
    try:
        worker.wait(LIMIT_S)
    finally:
        worker.kill()
        worker.wait()


class TestTheWalletWorker:
    def test_seals_what_is_written_while_it_runs(self, log: Path) -> None:
        owner = user(make_user("olga").pk)
        fund(owner, BTT)
        wait_until(lambda: models.Seal.objects.count() == 1, "the first seal", LIMIT_S)
        fund(owner, BTT)
        wait_until(lambda: models.Seal.objects.count() == 2, "the second seal", LIMIT_S)
        assert "Traceback" not in log.read_text()


class TestTheSchedule:
    def test_names_tasks_of_the_wallet_that_do_not_pile_up(self) -> None:
        celery.app.loader.import_default_modules()
        for entry in celery.SCHEDULE.values():
            assert celery.app.tasks[entry["task"]].throws == tasks.AWAY
            assert celery.app.amqp.router.route({}, entry["task"])["queue"].name == "wallet"
            assert entry["options"]["expires"] > 0
