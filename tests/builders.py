"""Rows and torrents with plain defaults, for tests."""

import hashlib
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import libtorrent as lt
from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import reverse

from seedbox.domain.states import State
from seedbox.models import File, Holding, Node, Observation, Torrent, User
from seedbox.models.user import Role
from seedbox.services.audit import Origin
from seedbox.web.logins import begin

if TYPE_CHECKING:
    from collections.abc import Iterable

# The time that tests hand in. Long past, so that for pages and commands, which read the true clock, every term that
# runs from it is over, on any day: what shall still run there begins at `timezone.now()`.
NOW = datetime(2024, 11, 23, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
SOMEWHERE = Origin(actor=None, address="192.0.2.7", agent="Firefox", name="somebody")

_browsers = itertools.count()


def make_user(name: str = "alice", *, admin: bool = False) -> User:
    return User.objects.create_user(name, password=PASSWORD, role=Role.ADMIN if admin else Role.MEMBER)


def let_in(user: User) -> Client:
    """Return a browser with a login as a sign-in leaves it, without the form: for tests of what comes after."""
    client = Client()
    client.force_login(user)
    request = RequestFactory().get("/")
    request.session, request.user = client.session, user
    record_authentication(request, user, "password", username=user.username)
    begin(request, user)
    request.session.set_expiry(settings.SESSION_COOKIE_AGE)
    request.session.save()
    UserSession.objects.create_from_request(request)
    return client


def signed_in(user: User) -> Client:
    """Return a browser whose user has signed in just now, as dangerous acts ask for."""
    client = Client()
    form = {"login": user.username, "password": PASSWORD}
    address = f"127.0.31.{next(_browsers) % 250 + 1}"  # sign-ins from one address are throttled
    assert client.post(reverse("account_login"), form, REMOTE_ADDR=address).status_code == 302
    return client


def make_node(name: str = "local") -> Node:
    return Node.objects.get_or_create(name=name, defaults={"folder": str(settings.NODE_FOLDER)})[0]


def make_torrent(name: str = "debian.iso", **fields: Any) -> Torrent:
    """A torrent with metadata, one file for every 1 MiB unless `files` says otherwise."""
    files: Iterable[tuple[str, int]] = fields.pop("files", [(name, fields.get("size_bytes", 1_048_576))])
    files = list(files)
    digest = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    defaults: dict[str, Any] = {
        "node": fields.pop("node", None) or make_node(),
        "key": digest,
        "info_hash_v1": digest,
        "name": name,
        "size_bytes": sum(size for _, size in files),
        "piece_length_bytes": 16_384,
        "save_path": str(Path(settings.NODE_FOLDER) / digest),
        "created_at": NOW,
    }
    torrent = Torrent.objects.create(**defaults | fields)
    File.objects.bulk_create(
        File(torrent=torrent, index=index, path=path, size_bytes=size) for index, (path, size) in enumerate(files)
    )
    return torrent


def make_holding(user: User, torrent: Torrent | None = None, **fields: Any) -> Holding:
    return Holding.objects.create(user=user, torrent=torrent or make_torrent(), **{"added_at": NOW} | fields)


def make_observation(torrent: Torrent, *, state: State = State.DOWNLOADING, **fields: Any) -> Observation:
    defaults = {"seen_at": NOW, "wanted_bytes": torrent.size_bytes, "applied_version": torrent.wish_version}
    return Observation.objects.create(torrent=torrent, state=state, **defaults | fields)


def make_content(folder: Path, files: dict[str, int], *, seed: int = 1) -> Path:
    """Write files of the given sizes, filled with bytes that differ by file and by `seed`; return the folder."""
    for number, (path, size_bytes) in enumerate(files.items()):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = hashlib.shake_128(f"{seed}/{number}".encode())
        target.write_bytes(stream.digest(size_bytes))
    return folder


def make_torrent_file(
    content: Path, *, piece_size_bytes: int = 16_384, private: bool = False, protocol: str = "v1", tracker: str = ""
) -> bytes:
    """Return a .torrent of a file or folder; `protocol` is v1, v2 or hybrid."""
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[protocol]
    creator = lt.create_torrent(lt.list_files(str(content)), piece_size=piece_size_bytes, flags=flags)
    creator.set_priv(private)
    if tracker:
        creator.add_tracker(tracker)
    lt.set_piece_hashes(creator, str(content.parent))
    return bytes(lt.bencode(creator.generate()))
