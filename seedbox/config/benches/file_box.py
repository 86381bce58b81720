"""The inside of a box for the files bench: a database with one user, one finished file, one login.

Run as a process of its own in the box's environment; the last line says how to fetch the file.
"""

import json
import sys
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402  # as above
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402  # as above
from django.utils import timezone  # noqa: E402  # as above

from seedbox.config import preparation  # noqa: E402  # as above
from seedbox.models import File, Holding, Node, Torrent, User  # noqa: E402  # as above


def fill(path: Path) -> dict[str, str]:
    """Make `path` a finished file of a new user; return its URL's path and the cookie of a login."""
    preparation.prepare_database()
    preparation.prepare_static_files()
    now = timezone.now()
    size_bytes = path.stat().st_size
    torrent = Torrent.objects.create(
        node=Node.objects.create(name="bench"),
        key="0" * 40,
        info_hash_v1="0" * 40,
        name=path.name,
        size_bytes=size_bytes,
        piece_length_bytes=1_048_576,
        save_path=str(path.parent),
        created_at=now,
    )
    File.objects.create(torrent=torrent, index=0, path=path.name, size_bytes=size_bytes, done_bytes=size_bytes)
    user = User.objects.create(username="bench")
    holding = Holding.objects.create(user=user, torrent=torrent, added_at=now)
    login = SessionStore()
    login[SESSION_KEY] = str(user.pk)
    login[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    login[HASH_SESSION_KEY] = user.get_session_auth_hash()
    login.save()
    return {
        "path": f"/torrents/{holding.pk}/files/0/",
        "cookie": f"{settings.SESSION_COOKIE_NAME}={login.session_key}",
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fill(Path(sys.argv[1]))) + "\n")
