"""Pages of somebody with much of everything: `python -m … ENTRIES TORRENTS REQUESTS`; the first line has their times.

Told to, it goes on as the node behind these pages, and changes once a second what their rows show, until its input
ends.
"""

import json
import sys
import time
from statistics import median, quantiles
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first
from django.test import Client  # noqa: E402  # as above
from django.urls import reverse  # noqa: E402  # as above
from django.utils import timezone  # noqa: E402  # as above

from seedbox.config.benches import dashboard_crowd  # noqa: E402  # as above
from seedbox.config.benches.dashboard_books import TRADED, Books  # noqa: E402  # as above
from seedbox.models import Holding, Node, User  # noqa: E402  # as above
from seedbox.services import columns  # noqa: E402  # as above
from seedbox.services.live import Publisher  # noqa: E402  # as above

OTHERS = 9
WARM_UPS = 3
PAGES = {
    "overview": ("overview", ""),
    "earnings": ("earnings", "?period=all"),
    "earnings_hour": ("earnings", "?period=hour"),
    "earnings_year": ("earnings", "?period=year"),
    "earnings_data": ("earnings_data", "?period=all"),
    "history": ("money", ""),
    "torrents": ("torrents", ""),
    "torrents_by_name": ("torrents", "?sort=name"),
    "torrents_by_ratio": ("torrents", "?sort=-ratio"),
    "torrents_by_speed": ("torrents", "?sort=-up"),
    "torrents_found": ("torrents", "?q=torrent+77"),
}


def fill(entries: int, torrents: int) -> str:
    """Fill the database, and return the cookie of who has most of it."""
    dashboard_crowd.prepare()
    now = timezone.now()
    users = [User(username="rich", password="!"), *(User(username=f"other{n}", password="!") for n in range(OTHERS))]
    User.objects.bulk_create(users)
    node = Node.objects.create(name="bench", beat_at=now)
    dashboard_crowd.hold(node, users[:1], torrents)
    say(f"{torrents:,} torrents are there; writing {entries:,} entries of a year")
    sold = Holding.objects.select_related("torrent__node").order_by("pk")[:TRADED]
    Books(users[0], users[1:], list(sold), now).fill(entries, say)
    return dashboard_crowd.log_in(users[:1])[0]


def measure(cookie: str, requests: int) -> dict[str, float]:
    """Return the 95th percentile of each page's time, as Django's handler answers, and what of it is this process's.

    The median of that says more of the page where others keep the machine busy. All is in ms.
    """
    # One for all: with each new one Django loads its middleware anew, which a web process does once.
    client = Client(headers={"cookie": cookie, "host": settings.PUBLIC_ORIGIN.partition("://")[2]})
    found: dict[str, float] = {}
    for page, (name, query) in PAGES.items():
        address = reverse(name) + query
        every = [_took_ms(client, address) for _ in range(WARM_UPS + requests)][WARM_UPS:]
        p95_ms = quantiles([took_ms for took_ms, _ in every], n=20, method="inclusive")[-1]
        found |= {f"{page}_p95_ms": round(p95_ms, 1), f"{page}_cpu_ms": round(median(cpu for _, cpu in every), 1)}
        say(f"{page}: {found[f'{page}_p95_ms']} ms, {found[f'{page}_cpu_ms']} ms of work")
    return found


def _took_ms(client: Client, address: str) -> tuple[float, float]:
    began_s, worked_s = time.perf_counter(), time.process_time()
    response = client.get(address)
    took_ms, cpu_ms = (time.perf_counter() - began_s) * 1_000, (time.process_time() - worked_s) * 1_000
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return took_ms, cpu_ms


def publish() -> None:
    """Change the rows that somebody looks at, once a second, for ever."""
    publisher = Publisher(redis_url=settings.REDIS_URL)
    turn = 0
    while True:
        watched = publisher.watched(timezone.now())
        rows = Holding.objects.filter(pk__in=watched.rows).select_related("torrent__observation")
        holdings = list(columns.loaded(rows))
        for place, one in enumerate(holdings):
            seen = one.torrent.observation
            seen.up_bytes_per_s = (turn * 100_003 * (place + 1)) % 9_000_000
            seen.uploaded_bytes += turn * 10_000_019
            seen.peers = (place + turn) % 40
        publisher.publish_rows(holdings)
        turn += 1
        time.sleep(dashboard_crowd.TURN_S)


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def run(entries: int, torrents: int, requests: int) -> dict[str, Any]:
    cookie = fill(entries, torrents)
    return {"cookie": cookie, "pages": measure(cookie, requests) if requests else {}}


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(run(*map(int, sys.argv[1:4])))}\n")
    sys.stdout.flush()
    if sys.stdin.readline():
        publish()
