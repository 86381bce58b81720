import gc
import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from redis import Redis

from seedbox.models import User
from tests.builders import make_user
from tests.emptying import empty_tables
from tests.ledger import empty_the_books
from tests.servers import ON_SQLITE, PROVE

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

# Files that take a minute or so, the longest first: begun late, one of them leaves the other cores idle at the end.
LONGEST_FIRST = (
    "test_trading_boxes.py",
    "test_bench_market.py",
    "test_demo.py",
    "test_live_dashboard.py",
    "test_bench_autobid.py",
    "test_every_page.py",
    "test_chaos.py",
    "test_bench_seeding.py",
    "test_foreign_peers.py",
    "test_headers.py",
    "test_demo_page.py",
    "test_trading.py",
    "test_trading_by_itself.py",
    "test_first_light.py",
    "test_exchange.py",
    "test_legacy_peers.py",
    "test_node_process.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order what was shuffled by a little: files that take long come first."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the collector pass over what stays to the end: engines let it run at each close, over all there is."""
    gc.collect()
    gc.freeze()


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
    """The environment for a child process that shall see this test's database, Redis and data folder."""
    parts = connection.settings_dict
    if ON_SQLITE:
        return dict(os.environ)
    url = f"postgresql://{parts['USER']}:@/{parts['NAME']}?host={parts['OPTIONS'].get('host') or parts['HOST']}"
    return {**os.environ, "DATABASE_URL": url}


@pytest.fixture
def committed_books(transactional_db: None) -> Iterator[None]:
    """A database in which a test's commits are real, for several threads or processes; the books are empty after it."""
    yield
    empty_the_books()
