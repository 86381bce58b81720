"""The tables and static files of a new box, made once for all processes of a run: dozens of boxes start."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Names the folder that all processes of a run share; what is no part of a run has none.
SHARED = "TESTS_SHARED"
NAME = "seedbox.sqlite3"
STATIC = "static"
LIMIT_S = 100.0  # far more than it takes
_ROOT = Path(__file__).resolve().parent.parent
_AS_UP_DOES = """
import django
django.setup()
from seedbox.config import preparation
preparation.prepare_static_files()
preparation.prepare_database()
preparation.let_go_of_database()
"""


def copy_tables(database: Path) -> None:
    """Let an SQLite file begin with the tables that `up` makes on an empty one."""
    if SHARED in os.environ:
        shutil.copy(_made() / NAME, database)


def copy_static_files(data: Path) -> None:
    """Let a data folder begin with the static files as `up` collects them: it sees that they are these."""
    if SHARED in os.environ:
        shutil.copytree(_made() / STATIC, data / STATIC)


def _made() -> Path:
    shared = Path(os.environ[SHARED])
    made = shared / "tables"
    with (shared / "tables.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(shared / "half a table").rename(made)
    return made


def _make(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    named = {"SEEDBOX_DATA": str(folder), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "seedbox.config.settings"}
    subprocess.run(
        [sys.executable, "-c", _AS_UP_DOES], cwd=_ROOT, env={**os.environ, **named}, timeout=LIMIT_S, check=True
    )
    return folder
