"""The page that Prometheus reads: the apps register what they count, by name; nobody can make it count too often."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from seedbox.domain.exposition import Metric, write
from seedbox.services.kept import Kept

KEPT_S = 5.0  # a scraper asks every 15 s or so; one that asks all the time costs no more

Counter = Callable[[datetime], Iterable[Metric]]

_counters: dict[str, Counter] = {}


def register(key: str, count: Counter) -> None:
    _counters[key] = count
    page.forget()


def forget(key: str) -> None:
    _counters.pop(key, None)
    page.forget()


def read(now: datetime) -> list[Metric]:
    return [metric for count in _counters.values() for metric in count(now)]


page = Kept(lambda: write(read(datetime.now(UTC))), for_s=KEPT_S)
