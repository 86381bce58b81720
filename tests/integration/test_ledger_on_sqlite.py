"""What a file and its disk can do to the ledger in SQLite: another writer, no room, no power."""

import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.box import wait_until
from tests.ledger_model import users_of
from tests.ledger_truth import Truth, read_truth
from tests.ledger_witness import Witness
from tests.ledger_worker import Nursery
from tests.servers import PROVE
from tests.small_disk import SmallDisk
from wallet.domain.accounts import AccountName

USERS = 5
IDS = [1, 2, 3, 4, 5]
SEED = 11
BATCHES = min(120 * PROVE, 2_000)
POWER_CUTS = 6
SOON_S = 0.004  # longer than a batch takes
DISK_MIB = 6 + BATCHES // 100


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nursery, Path]]:
    """Workers and a database in a file for them, whatever the other tests run on."""
    file = tmp_path_factory.mktemp("file") / "new.sqlite3"
    environment = {**os.environ, "DATABASE_URL": "", "SEEDBOX_DATA": str(file.parent)}
    with Nursery(environment, database=str(file)) as nursery:
        assert nursery.begin(USERS) == IDS
        yield nursery, file


@pytest.fixture
def nursery(template: tuple[Nursery, Path]) -> Nursery:
    return template[0]


@pytest.fixture
def place(template: tuple[Nursery, Path]) -> Callable[[Path], Path]:
    """Put a new copy of the database into a folder and let the workers use it."""

    def copy_to(folder: Path) -> Path:
        nursery, file = template
        nursery.database = str(folder / "books.sqlite3")
        return Path(shutil.copy(file, nursery.database))

    return copy_to


@pytest.fixture
def witness() -> Witness:
    return Witness(seed=SEED, users=users_of(IDS), batches=BATCHES)


def read_file(file: Path) -> Truth:
    """Look whether the file is whole and what stands in it."""
    with sqlite3.connect(file) as books:
        assert books.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        truth = read_truth(lambda statement: books.execute(statement).fetchall())
    books.close()
    return truth


def begin_writing(file: Path) -> sqlite3.Connection:
    """Take the write lock of the file, as somebody who writes."""
    writer = sqlite3.connect(file, timeout=30, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    return writer


class TestAnotherWriter:
    def test_who_never_ends_makes_the_ledger_say_that_it_is_busy(
        self, nursery: Nursery, place: Callable[[Path], Path], witness: Witness, tmp_path: Path
    ) -> None:
        file = place(tmp_path)
        writer = begin_writing(file)
        pid = nursery.start(wait_s=0.01, **witness.job)
        assert nursery.listen() == {"worker": "stream", "busy": 0, "why": "database is locked"}
        list(nursery.wait(pid))
        writer.rollback()
        writer.close()
        follow_to_the_end(nursery, witness, wait_s=20)
        witness.agree(read_file(file))

    def test_who_comes_again_and_again_loses_nothing_of_the_ledger(
        self, nursery: Nursery, place: Callable[[Path], Path], witness: Witness, tmp_path: Path
    ) -> None:
        file, random = place(tmp_path), Random(SEED)
        pid = nursery.start(wait_s=20, **witness.job)
        while not (said := nursery.listen()).get("done"):
            witness.follow(said)
            if random.random() < 0.1:
                writer = begin_writing(file)
                writer.execute("UPDATE wallet_account SET created_at = created_at")
                threading.Event().wait(random.uniform(0, SOON_S))
                writer.commit()
                writer.close()
        list(nursery.wait(pid))
        witness.agree(read_file(file))


def follow_to_the_end(nursery: Nursery, witness: Witness, **job: Any) -> dict[str, Any]:
    """Let a worker go on from where the last one was; return the last that it said."""
    pid = nursery.start(first=witness.next, **witness.job, **job)
    while "batch" in (said := nursery.listen()):
        witness.follow(said)
    list(nursery.wait(pid))
    return said


class TestAFullDisk:
    def test_in_the_middle_of_a_commit_loses_and_doubles_nothing(
        self, nursery: Nursery, place: Callable[[Path], Path], witness: Witness, tmp_path: Path
    ) -> None:
        random = Random(SEED)
        with SmallDisk(tmp_path / "disk", mebibytes=DISK_MIB) as disk:
            file, ballast = place(disk.folder), disk.folder / "ballast"
            for _ in range(3):
                free = shutil.disk_usage(disk.folder).free - random.randrange(50_000, 200_000)
                ballast.write_bytes(bytes(free))
                said = follow_to_the_end(nursery, witness, wait_s=20)
                assert "full" in said["why"], said
                ballast.unlink()
                witness.settle(read_file(file))
            assert follow_to_the_end(nursery, witness, wait_s=20).get("done")
            witness.agree(read_file(file))


class TestAPowerCut:
    """The files as they are at one moment, opened elsewhere."""

    @pytest.mark.parametrize("is_torn", [False, True], ids=["after what was written", "in the middle of the log"])
    def test_keeps_a_whole_beginning_of_what_was_done(
        self, nursery: Nursery, place: Callable[[Path], Path], witness: Witness, tmp_path: Path, is_torn: bool
    ) -> None:
        file, random = place(tmp_path), Random(SEED)
        # The end of the log may be torn off only while nothing was carried over into the file; else that is done often.
        pid = nursery.start(before=[f"PRAGMA wal_autocheckpoint = {0 if is_torn else 20}"], wait_s=20, **witness.job)
        moments = sorted(random.sample(range(1, BATCHES), POWER_CUTS))
        copies: list[tuple[int, Path]] = []
        stands = [stand(witness)]
        while not (said := nursery.listen()).get("done"):
            witness.follow(said)
            stands.append(stand(witness))
            if witness.next in moments:
                threading.Event().wait(random.uniform(0, SOON_S))
                copies.append((0 if is_torn else witness.next, cut(pid, file, tmp_path / str(witness.next))))
        list(nursery.wait(pid))
        assert len(copies) == POWER_CUTS
        for done, copy in copies:
            if is_torn:
                log = copy.with_name(f"{copy.name}-wal")
                os.truncate(log, random.randrange(log.stat().st_size))
            check_beginning(read_file(copy), witness, stands, done)


Stand = tuple[dict[AccountName, int], dict[AccountName, int], int]


def stand(witness: Witness) -> Stand:
    return dict(witness.model.balance), dict(witness.model.held), len(witness.model.told)


def cut(pid: int, file: Path, folder: Path) -> Path:
    """Stop the worker for a moment and copy its files."""
    folder.mkdir()
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TZ", "it to stop")
        for suffix in ("", "-wal"):
            shutil.copy(f"{file}{suffix}", folder)
    finally:
        os.kill(pid, signal.SIGCONT)
    return folder / file.name


def check_beginning(truth: Truth, witness: Witness, stands: list[Stand], done: int) -> None:
    """Fail unless the books stand as they did after one of the batches, not before the one numbered `done`."""
    keys = list(witness.model.codes())
    for balance, held, count in stands[done:]:
        if (truth.balance, truth.held, len(truth.codes)) == (balance, held, count + USERS):
            assert set(keys[:count]) <= truth.codes.keys(), witness.replay
            return
    raise AssertionError(f"{witness.replay}: the books stand as they never stood")
