"""The crowd of the dashboard bench, and the node that it watches: `python -m … USERS`.

It makes users with a login and holdings of their own and says who they are; told for how many seconds, it changes all
rows of each of them once a second, in one turn for all as a node's loop does, and says how that went.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402  # as above
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402  # as above
from django.contrib.sessions.models import Session  # noqa: E402  # as above
from django.utils import timezone  # noqa: E402  # as above

from seedbox.config import preparation  # noqa: E402  # as above
from seedbox.domain.states import State  # noqa: E402  # as above
from seedbox.models import Holding, Node, Observation, Torrent, User  # noqa: E402  # as above
from seedbox.services import columns, logins  # noqa: E402  # as above
from seedbox.services.live import Publisher  # noqa: E402  # as above

ROWS = 20  # of each user
SIZE_BYTES = 1 << 30
PIECE_LENGTH_BYTES = 1 << 20
AT_ONCE = 1_000
TURN_S = 1.0
STAMP = "at"  # a name of a torrent says when it was published: "at 123456789", in ns of the machine's monotonic clock


def prepare() -> None:
    preparation.prepare_database()
    preparation.prepare_static_files()


def log_in(users: list[User]) -> list[str]:
    """Write a login session for each user, and return the cookies."""
    ends_at = timezone.now() + logins.LIFETIME
    sessions = [
        Session(
            session_key=SessionStore()._get_new_session_key(),  # type: ignore[attr-defined]  # save() would take a query each
            session_data=SessionStore().encode(
                {
                    SESSION_KEY: str(user.pk),
                    BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
                    HASH_SESSION_KEY: user.get_session_auth_hash(),
                }
            ),
            expire_date=ends_at,
        )
        for user in users
    ]
    Session.objects.bulk_create(sessions, batch_size=AT_ONCE)
    return [f"{settings.SESSION_COOKIE_NAME}={session.session_key}" for session in sessions]


def hold(node: Node, users: list[User], each: int) -> None:
    """Give each user so many torrents of its own, which the node has seen seeding or loading."""
    now = timezone.now()
    torrents = [
        Torrent(
            node=node,
            key=f"{user.pk:08x}{number:032x}",
            info_hash_v1=f"{user.pk:08x}{number:032x}",
            name=f"torrent {number} of {user.username}.iso",
            size_bytes=SIZE_BYTES + number,
            piece_length_bytes=PIECE_LENGTH_BYTES,
            save_path="/nowhere",
            created_at=now,
        )
        for user in users
        for number in range(each)
    ]
    Torrent.objects.bulk_create(torrents, batch_size=AT_ONCE)
    owners = [user for user in users for _ in range(each)]
    Holding.objects.bulk_create(
        [Holding(user=user, torrent=one, added_at=now) for user, one in zip(owners, torrents, strict=True)],
        batch_size=AT_ONCE,
    )
    Observation.objects.bulk_create(
        [
            Observation(
                torrent=one,
                state=State.SEEDING if place % 3 else State.DOWNLOADING,
                done_bytes=SIZE_BYTES if place % 3 else place % SIZE_BYTES,
                wanted_bytes=one.size_bytes,
                uploaded_bytes=place * 1_000_003,
                up_bytes_per_s=place % 5_000_000,
                peers=place % 40,
                seen_at=now,
            )
            for place, one in enumerate(torrents)
        ],
        batch_size=AT_ONCE,
    )


class Crowd:
    """All who watch, with the rows that their pages show."""

    def __init__(self, count: int) -> None:
        users = [User(username=f"watcher{number}", password="!") for number in range(count)]
        User.objects.bulk_create(users, batch_size=AT_ONCE)
        hold(Node.objects.create(name="bench", beat_at=timezone.now()), users, ROWS)
        self._holdings: dict[int, list[Holding]] = {user.pk: [] for user in users}
        for one in columns.loaded(Holding.objects.select_related("torrent__observation").order_by("pk")):
            self._holdings[one.user_id].append(one)
        self.watchers = [
            {"cookie": cookie, "watch": [f"holding-{one.pk}" for one in self._holdings[user.pk]]}
            for user, cookie in zip(users, log_in(users), strict=True)
        ]

    def publish(self, seconds: float) -> dict[str, Any]:
        """Change every row once a second, and return how many turns there were and what they took."""
        publisher = Publisher(redis_url=settings.REDIS_URL)
        began_s, turns, busy_s = time.monotonic(), 0, 0.0
        while turns * TURN_S < seconds and time.monotonic() - began_s < seconds:
            time.sleep(max(began_s + turns * TURN_S - time.monotonic(), 0))
            turn_began_s = time.monotonic()
            publisher.watched(timezone.now())
            publisher.publish_rows(self._changed(turns))
            busy_s += time.monotonic() - turn_began_s
            turns += 1
        took_s = time.monotonic() - began_s
        publisher.close()
        counted = publisher.counters()
        return {
            "turns": turns,
            "turn_s": busy_s / max(turns, 1),
            "took_s": took_s,
            "lost": counted["live_messages_lost"],
            "unanswered": counted["live_watches_unanswered"],
        }

    def _changed(self, turn: int) -> Iterator[Holding]:
        """Change one user's rows after the other's, as they are asked for."""
        for holdings in self._holdings.values():
            self._change(holdings, turn)
            yield from holdings

    @staticmethod
    def _change(holdings: list[Holding], turn: int) -> None:
        for place, one in enumerate(holdings):
            seen = one.torrent.observation
            seen.up_bytes_per_s = (seen.up_bytes_per_s + 100_003 * (place + 1)) % 9_000_000
            seen.uploaded_bytes += seen.up_bytes_per_s
            seen.peers = (seen.peers + turn) % 40
        holdings[-1].torrent.name = f"{STAMP} {time.monotonic_ns()}"


def _say(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    preparation.prepare_database()
    crowd = Crowd(int(sys.argv[1]))
    _say(crowd.watchers)
    _say(crowd.publish(json.loads(sys.stdin.readline())))
