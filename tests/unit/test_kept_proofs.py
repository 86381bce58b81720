"""`make prove` takes hours: broken off, it goes on with what has not passed on the very same files."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.box import ROOT
from tests.prove import kept

TESTS = """
import os, pytest

def test_passes(): pass

def test_fails_at_first(): assert os.environ.get("AGAIN")

@pytest.fixture
def last():
    yield
    assert os.environ.get("AGAIN")

def test_cannot_be_undone_at_first(last): pass
"""


def git(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@localhost"]
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


class TestWhatHasPassed:
    def test_is_not_run_again(self, tmp_path: Path) -> None:
        (tmp_path / "test_few.py").write_text(TESTS)
        (tmp_path / "pytest.ini").touch()
        ran = [self.runs(tmp_path), self.runs(tmp_path, AGAIN="yes"), self.runs(tmp_path, AGAIN="yes")]
        assert ran == [
            ["test_cannot_be_undone_at_first", "test_fails_at_first", "test_passes"],
            ["test_cannot_be_undone_at_first", "test_fails_at_first"],
            [],
        ]

    def runs(self, folder: Path, **environ: str) -> list[str]:
        """Run the tests that have not passed, and return which were run."""
        before, now = folder / "before", folder / "now"
        before.write_text("\n".join(kept.passed(now)))
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DJANGO_"))}
        files = {kept.PASSED_BEFORE: str(before), kept.PASSED_NOW: str(now)}
        here = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        command = [sys.executable, "-m", "pytest", "-p", "tests.prove.kept", "-p", "xdist", "-n", "2", "-rA"]
        run = subprocess.run(
            command, cwd=folder, env=clean | files | here | environ, capture_output=True, text=True, check=False
        )
        assert run.returncode in {0, 1, kept.NONE_COLLECTED}, run.stdout + run.stderr
        return sorted(set(re.findall(r"^(?:PASSED|FAILED|ERROR) \S+::(\w+)", run.stdout, re.MULTILINE)))


class TestAState:
    def test_is_that_of_the_files_of_a_commit_and_of_no_others(self, tmp_path: Path) -> None:
        assert kept.state_of(tmp_path) is None
        git(tmp_path, "init")
        (tmp_path / "file").write_text("one")
        git(tmp_path, "add", ".")
        assert kept.state_of(tmp_path) is None
        git(tmp_path, "commit", "-m", "one")
        first = kept.state_of(tmp_path)
        assert first
        (tmp_path / "file").write_text("two")
        assert kept.state_of(tmp_path) is None
        git(tmp_path, "commit", "-am", "two")
        assert kept.state_of(tmp_path) not in {None, first}
        (tmp_path / "file").write_text("one")
        git(tmp_path, "commit", "-am", "one again")
        assert kept.state_of(tmp_path) == first
