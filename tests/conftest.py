import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from redis import Redis

from seedbox.config.children import child_environ
from seedbox.models import User
from tests.builders import make_user
from tests.emptying import empty_tables
from tests.ledger import empty_the_books
from tests.order import FilesAndChains, longest_first
from tests.servers import ON_SQLITE, PROVE
from tests.tables import copy_tables

# The same examples on every run of `make test`; `make prove` draws a hundred times as many.
hypothesis_settings.register_profile(
    "box",
    max_examples=50 * PROVE,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("box")


SLOW_S = 20

ON_BOTH = "both_databases"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only what matters on both databases is asked for, read no file without it: reading all takes its time."""
    if config.option.markexpr != ON_BOTH or not collection_path.name.startswith("test_"):
        return None
    return None if ON_BOTH in collection_path.read_text() else True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the collector pass over what stays to the end: engines let it run at each close, over all there is."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FilesAndChains | None:
    return FilesAndChains(config, log) if config.option.dist == "loadfile" else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    if ON_SQLITE:
        copy_tables(Path(settings.DATABASES["default"]["TEST"]["NAME"]))


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """On SQLite the test database is there already, with all its tables, and nothing is left to migrate."""
    return ON_SQLITE


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> Iterator[None]:
    """Where Django would rewrite every table, delete what there is."""
    with pytest.MonkeyPatch.context() as django:
        django.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


@pytest.fixture
def slow_at_once(settings: Settings) -> None:
    """Let a torrent count as slow after a third of a minute: each second costs such a test time."""
    settings.SPEED_SLOW_S = SLOW_S


@pytest.fixture
def owner(db: None) -> User:
    return make_user("olga")


@pytest.fixture
def stranger(db: None) -> User:
    return make_user("sam")


@pytest.fixture
def admin(db: None) -> User:
    return make_user("ada", admin=True)


@pytest.fixture
def redis_client() -> Iterator[Redis]:
    """The real Redis-protocol server of this run, emptied."""
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        yield client


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """The environment for a child process that shall see this test's database, Redis and data folder, as of a box."""
    parts = connection.settings_dict
    environ = child_environ(os.environ)
    if ON_SQLITE:
        return environ
    url = f"postgresql://{parts['USER']}:@/{parts['NAME']}?host={parts['OPTIONS'].get('host') or parts['HOST']}"
    return environ | {"DATABASE_URL": url}


@pytest.fixture
def committed_books(transactional_db: None) -> Iterator[None]:
    """A database in which a test's commits are real, for several threads or processes; the books are empty after it."""
    yield
    empty_the_books()
