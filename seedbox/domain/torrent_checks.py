"""What a decoded torrent file must not say, checked before an engine quietly repairs it.

Engines rename what they dislike, so a hostile torrent would come out as something else than it claims. We refuse
it instead, and say why.
"""

import re
from collections.abc import Iterator

from seedbox.domain.kept import kept as _
from seedbox.domain.metainfo import BadTorrent

MAX_PATH_PARTS = 100  # engines stop at about this depth; deeper trees are no honest content

# Names that Windows keeps for devices: nobody there could save such a file.
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{kind}{n}" for kind in ("COM", "LPT") for n in range(1, 10))})
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_SUSPECT = re.compile(r"[/\\\0]|^\.\.?\Z")  # all that is refused below, and more

Path = tuple[str, ...]


def check_decoded(decoded: object) -> None:
    """Refuse a decoded torrent file whose names, paths or sizes are not what an honest one has."""
    if not isinstance(decoded, dict):
        raise BadTorrent(_("This isn't a torrent file: it has no dictionary at its top. Get the file again."))
    info = decoded.get(b"info")
    if not isinstance(info, dict):
        raise BadTorrent(_("This torrent file has no description of its content (no info part). Get the file again."))
    name = _text(info.get(b"name.utf-8", info.get(b"name")), "name")
    check_part(name)
    for files in _file_lists(info):
        _check_files(files)


def check_part(part: str) -> None:
    """Refuse one part of a path that would lead elsewhere or that file systems keep for themselves."""
    if part and not _SUSPECT.search(part) and part.upper() not in _DEVICES:
        return  # there may be hundreds of thousands of them
    shown = _shown(part)
    if not part:
        raise BadTorrent(_("A file or folder in this torrent has an empty name. Ask for a torrent made anew."))
    if "\0" in part:
        raise BadTorrent(_("The name %(shown)s has a NUL character in it. Don't trust this torrent.", {"shown": shown}))
    if part.startswith(("/", "\\")) or _DRIVE.match(part):
        raise BadTorrent(
            _(
                "The path %(shown)s is absolute: it points outside the torrent's folder. Don't trust it.",
                {"shown": shown},
            )
        )
    if part in (".", "..") or any(piece == ".." for piece in re.split(r"[/\\]", part)):
        raise BadTorrent(
            _(
                "The path %(shown)s leads out of the torrent's folder (“..”). Don't trust this torrent.",
                {"shown": shown},
            )
        )
    if "/" in part:
        raise BadTorrent(_("The name %(shown)s has a slash in it. Ask for a torrent made anew.", {"shown": shown}))
    if part.upper() in _DEVICES:
        raise BadTorrent(
            _(
                "The name %(shown)s is reserved by operating systems. Ask for a torrent with another name.",
                {"shown": shown},
            )
        )


def _check_files(files: list[tuple[Path, int]]) -> None:
    if not files:
        raise BadTorrent(_("This torrent has no files. Ask for a torrent made anew."))
    if not any(size for _path, size in files):
        raise BadTorrent(_("All files of this torrent are empty (zero bytes): there is nothing to download."))
    paths: set[Path] = set()
    folders: set[Path] = set()
    for path, _size in files:
        if path in paths:
            raise BadTorrent(
                _(
                    "This torrent has the file %(path)s twice. Ask for a torrent made anew.",
                    {"path": _shown("/".join(path))},
                )
            )
        paths.add(path)
        folders.update(path[:depth] for depth in range(1, len(path)))
    if clashes := paths & folders:
        shown = _shown("/".join(min(clashes)))
        raise BadTorrent(
            _(
                "This torrent uses %(shown)s both as a file and as a folder. Ask for a torrent made anew.",
                {"shown": shown},
            )
        )


def _file_lists(info: dict[object, object]) -> Iterator[list[tuple[Path, int]]]:
    """Yield the v1 list and the v2 tree, whichever there are, without pad files."""
    if b"files" in info:
        yield list(_listed_files(info[b"files"]))
    elif b"length" in info:
        yield [(("content",), _size(info[b"length"]))]
    if b"file tree" in info:
        yield list(_tree_files(info[b"file tree"], ()))


def _listed_files(files: object) -> Iterator[tuple[Path, int]]:
    for entry in _items(files):
        if not isinstance(entry, dict):
            raise BadTorrent(_("This torrent's list of files is damaged. Get the file again."))
        if b"p" in _bytes(entry.get(b"attr", b"")):
            continue
        for key in (b"path", b"symlink path"):
            parts = _items(entry.get(key + b".utf-8", entry.get(key, [])))
            path = tuple(_text(part, "path") for part in parts)
            _check_path(path, may_be_empty=key != b"path")
            if key == b"path":
                yield path, _size(entry.get(b"length", 0))


def _tree_files(tree: object, folder: Path) -> Iterator[tuple[Path, int]]:
    if not isinstance(tree, dict):
        raise BadTorrent(_("This torrent's tree of files is damaged. Get the file again."))
    for key, entry in tree.items():
        if key == b"":
            size = _size(entry.get(b"length", 0)) if isinstance(entry, dict) else 0
            yield folder, size
        else:
            path = (*folder, _text(key, "path"))
            _check_path(path, may_be_empty=False)
            yield from _tree_files(entry, path)


def _check_path(path: Path, *, may_be_empty: bool) -> None:
    if not path and not may_be_empty:
        raise BadTorrent(_("A file in this torrent has no path. Ask for a torrent made anew."))
    if len(path) > MAX_PATH_PARTS:
        raise BadTorrent(
            _(
                "This torrent nests folders more than %(max_path_parts)s deep. Don't trust it.",
                {"max_path_parts": MAX_PATH_PARTS},
            )
        )
    for part in path:
        check_part(part)


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BadTorrent(_("This torrent's list of files is damaged. Get the file again."))
    return value


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _size(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise BadTorrent(_("This torrent gives a file without a proper size. Ask for a torrent made anew."))
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, bytes):
        raise BadTorrent(_("This torrent has no proper %(what)s. Ask for a torrent made anew.", {"what": what}))
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadTorrent(
            _(
                "A %(what)s in this torrent isn't in UTF-8, so nobody can tell what it says. Ask for "
                "a torrent made anew.",
                {"what": what},
            )
        ) from None


def _shown(text: str) -> str:
    """Quote hostile text so that it stays on its line."""
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return f"“{clean[:80]}…”" if len(clean) > 80 else f"“{clean}”"
