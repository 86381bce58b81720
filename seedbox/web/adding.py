"""Add what somebody dropped, picked or pasted, item by item: a bad one says what is wrong, the good ones are added."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from seedbox.domain.metainfo import MAX_TORRENT_FILE_BYTES, BadTorrent, Source
from seedbox.models import User
from seedbox.services import holdings
from seedbox.services.rows import printable, torrent_name
from seedbox.wiring import read_magnet, read_torrent_file

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

MAX_ITEMS = 100  # in one go, files and magnets together
MAX_LABEL_CHARS = 90


@dataclass(frozen=True)
class Outcome:
    """What became of one file or line."""

    label: str  # the file's name or the beginning of the line
    kind: str  # added | known | failed
    message: str
    holding_id: int | None  # to link to
    line: str = ""  # a refused one, whole, so that it can be mended


class TooManyItems(Exception):
    """At most 100 torrents at once: add the rest afterwards."""

    def __str__(self) -> str:
        return _("At most %(max_items)s torrents at once: add the rest afterwards.") % {"max_items": MAX_ITEMS}


def read_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def add_all(request: HttpRequest, *, user: User, now: datetime) -> list[Outcome]:
    """Add each of the request's files and magnet lines; raises TooManyItems and adds nothing."""
    files: Sequence[UploadedFile[Any]] = request.FILES.getlist("files")
    lines = read_lines(request.POST.get("magnets", ""))
    if len(files) + len(lines) > MAX_ITEMS:
        raise TooManyItems
    runs = request.POST.get("start") == "on"
    return [_add(user, item, runs, now) for item in _items(files, lines)]


@dataclass(frozen=True)
class _Item:
    label: str
    source: Source | BadTorrent
    line: str = ""


def _items(files: Sequence["UploadedFile[Any]"], lines: Sequence[str]) -> Iterator[_Item]:
    for file in files:
        yield _Item(_shortened(file.name or _("a file without a name")), _read_file(file))
    for line in lines:
        yield _Item(_shortened(line), _read_line(line), line)


def _read_file(file: "UploadedFile[Any]") -> Source | BadTorrent:
    if (file.size or 0) > MAX_TORRENT_FILE_BYTES:
        return BadTorrent(_("This file is larger than 10 MiB, which no torrent file needs to be. Is it the right one?"))
    try:
        return read_torrent_file(file.read())
    except BadTorrent as problem:
        return problem


def _read_line(line: str) -> Source | BadTorrent:
    try:
        return read_magnet(line)
    except BadTorrent as problem:
        return problem


def _add(user: User, item: _Item, runs: bool, now: datetime) -> Outcome:  # noqa: FBT001  # as the form says it
    if isinstance(item.source, BadTorrent):
        return Outcome(item.label, "failed", str(item.source), None, item.line)
    try:
        holding = holdings.add(user=user, source=item.source, now=now, runs=runs)
    except holdings.AlreadyHeld as known:
        return Outcome(item.label, "known", str(known), known.holding.pk)
    except holdings.PrivateElsewhere as problem:
        return Outcome(item.label, "failed", _(str(problem)), None, item.line)
    return Outcome(torrent_name(holding), "added", _("Added."), holding.pk)


def _shortened(text: str) -> str:
    text = printable(text)
    return text if len(text) <= MAX_LABEL_CHARS else f"{text[: MAX_LABEL_CHARS - 1]}…"
