"""What `up` does before it starts a process: tables, static files, the first admin."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection, connections

from seedbox.config.env import BadEnvironment, Environment
from seedbox.services import first_admin

PASSWORD_BYTES = 12
TABLES_LOCK = 0x5EEDB0C5  # any number that nobody else locks in our database


@dataclass(frozen=True)
class FirstAdmin:
    """Who was made on this start, to be told once."""

    name: str
    password: str  # "" when the operator chose it
    kept_at: Path | None  # where a generated password is kept


def prepare_database() -> None:
    """Bring the tables up to date; of several processes that start at once the first does it, the others wait."""
    with _alone_at_the_tables():
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)


@contextmanager
def _alone_at_the_tables() -> Iterator[None]:
    if connection.vendor != "postgresql":  # SQLite has one box, and the data folder's lock keeps others out
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [TABLES_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [TABLES_LOCK])


def prepare_static_files() -> None:
    """Collect and compress the static files unless this was done for exactly these files; raises BadEnvironment."""
    for name in ("vendor/tabler.min.css", "vendor/uplot.min.js", "vendor/uplot.min.css"):
        if not finders.find(name):
            raise BadEnvironment(f"static/{name} is missing: run `make setup` first")
    fingerprint = _fingerprint()
    stamp = Path(settings.STATIC_ROOT) / "stamp"
    if not stamp.exists() or stamp.read_text() != fingerprint:
        stamp.unlink(missing_ok=True)  # first: whatever cuts this short, nothing half done is taken for done
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(fingerprint)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def make_first_admin(environment: Environment, *, now: datetime) -> FirstAdmin | None:
    """Make the first admin of an empty box; raises BadEnvironment if the operator's name or password won't do."""
    if not first_admin.is_needed():
        return None
    password = environment.admin_password or secrets.token_urlsafe(PASSWORD_BYTES)
    # Kept before the user exists, so that no crash in between loses it.
    kept_at = None if environment.admin_password else environment.data / "admin-password.txt"
    if kept_at:
        _write_private(kept_at, f"{password}\n")
    try:
        made = first_admin.create(name=environment.admin_user, password=password, now=now)
    except first_admin.BadFirstAdmin as problem:
        raise BadEnvironment(f"SEEDBOX_ADMIN_USER, SEEDBOX_ADMIN_PASSWORD: {problem}") from None
    if not made:
        if kept_at:
            kept_at.unlink()
        return None
    return FirstAdmin(environment.admin_user.lower(), password if kept_at else "", kept_at)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def let_go_of_database() -> None:
    connections.close_all()
