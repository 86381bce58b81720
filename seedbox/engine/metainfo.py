"""Read torrent files and magnets with libtorrent, into our own values or a sentence that says what is wrong."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.language import gettext_noop
from seedbox.domain.metainfo import (
    MAX_MAGNET_CHARS,
    MAX_MAGNET_PEERS,
    MAX_TORRENT_FILE_BYTES,
    MAX_TRACKERS,
    BadTorrent,
    Magnet,
    MetaFile,
    Metainfo,
)
from seedbox.domain.paths import MAX_PATH_BYTES, clashing
from seedbox.domain.torrent_checks import check_decoded

MAX_PIECES = 0x20_0000
MAX_DEPTH = 100
MAX_TOKENS = 3_000_000
MAX_FILES = 200_000  # each becomes a row
MAX_TRACKER_CHARS = 2_000
TRACKER_SCHEMES = ("http://", "https://", "udp://", "ws://", "wss://")
LIMITS: Mapping[str, int] = {
    "max_buffer_size": MAX_TORRENT_FILE_BYTES,
    "max_pieces": MAX_PIECES,
    "max_decode_depth": MAX_DEPTH,
    "max_decode_tokens": MAX_TOKENS,
}

# Of libtorrent's messages, the ones that users can do something about; by the code that ends the message.
_SENTENCES = {
    "bdecode:3": gettext_noop("This torrent file is cut off before its end. Download it again."),
    "bdecode:5": gettext_noop("This torrent file nests its parts more than %(depth)d deep. Don't trust it."),
    "bdecode:6": gettext_noop("This torrent file has far too many parts. Don't trust it."),
    "libtorrent:12": gettext_noop(
        "This torrent file doesn't have a hash for every piece. Ask for a torrent made anew."
    ),
    "libtorrent:13": gettext_noop("This torrent has more than %(pieces)d pieces. Ask for one with larger pieces."),
    "libtorrent:16": gettext_noop("This torrent has no files. Ask for a torrent made anew."),
    "libtorrent:219": gettext_noop("This torrent nests its folders too deep. Don't trust it."),
}


def read_torrent_file(data: bytes) -> Metainfo:
    """Parse and check a .torrent file; raises BadTorrent."""
    _check_shape(data)
    try:
        decoded = lt.bdecode(data)
        _check_said_once(data, decoded)
        check_decoded(decoded)
        params = load_params(data)
    except (RuntimeError, ValueError) as problem:
        raise BadTorrent(_explain(problem)) from None
    info = params.ti
    if info is None:
        raise BadTorrent(_("This torrent file doesn't describe any content. Get the file again."))
    hashes = params.info_hashes
    files = _files(info, params.renamed_files)
    return Metainfo(
        info_hash_v1=str(hashes.v1) if hashes.has_v1() else "",
        info_hash_v2=str(hashes.v2) if hashes.has_v2() else "",
        name=info.name(),
        size_bytes=sum(file.size_bytes for file in files),
        piece_length_bytes=info.piece_length(),
        private=info.priv(),
        files=files,
        trackers=keep_trackers(_announce_urls(params, decoded)),
        torrent_file=data,
    )


def read_magnet(text: str) -> Magnet:
    """Parse and check a magnet link; raises BadTorrent."""
    uri = text.strip()
    if not uri.lower().startswith("magnet:"):
        raise BadTorrent(_("This isn't a magnet link: it should begin with “magnet:?”."))
    if len(uri) > MAX_MAGNET_CHARS:
        raise BadTorrent(
            _(
                "This magnet link has more than %(most)d characters. Use one with fewer trackers.",
                {"most": MAX_MAGNET_CHARS},
            )
        )
    try:
        params = lt.parse_magnet_uri(uri)
        name, trackers = params.name, params.trackers
    except (RuntimeError, ValueError):
        raise BadTorrent(_(_WRONG_MAGNET)) from None
    hashes = params.info_hashes
    if not (hashes.has_v1() or hashes.has_v2()):
        raise BadTorrent(_(_WRONG_MAGNET))
    return Magnet(
        info_hash_v1=str(hashes.v1) if hashes.has_v1() else "",
        info_hash_v2=str(hashes.v2) if hashes.has_v2() else "",
        name=_one_line(name),
        trackers=keep_trackers(trackers),
        peers=tuple(format_endpoint(peer) for peer in params.peers[:MAX_MAGNET_PEERS]),
        uri=uri,
    )


_WRONG_MAGNET = gettext_noop(
    "This magnet link has no proper info-hash: it needs xt=urn:btih: with 40 hex digits (or 32 letters), "
    "or xt=urn:btmh:1220 with 64 hex digits. Copy the whole link again."
)


def load_params(data: bytes) -> lt.add_torrent_params:
    """Parse a .torrent file within our limits, every file with a path of its own; raises RuntimeError."""
    params: lt.add_torrent_params = lt.load_torrent_buffer(data, dict(LIMITS))  # type: ignore[call-overload]  # its stub names another dictionary
    if params.ti is not None:
        params.renamed_files = renamed_files(params.ti, params.renamed_files)
    return params


def torrent_file_of(info: lt.torrent_info) -> bytes:
    """Return the metadata as a .torrent file: the info part byte for byte, so that its hash stays."""
    return b"d4:info" + info.info_section() + b"e"


def renamed_files(info: lt.torrent_info, renamed: Mapping[int, str]) -> dict[int, str]:
    """Return the paths of files that stand elsewhere than the torrent says, given those that libtorrent has moved."""
    layout = info.layout()
    paths = {index: renamed.get(index) or layout.file_path(index) for index in range(layout.num_files())}
    return {**renamed, **clashing(paths)}


def keep_trackers(urls: list[str]) -> tuple[str, ...]:
    """Return the announce URLs that an engine can use, each once, in order, at most MAX_TRACKERS."""
    return tuple(dict.fromkeys(url for url in urls if _is_tracker(url)))[:MAX_TRACKERS]


def _is_tracker(url: str) -> bool:
    """Say whether a tracker can be reached under this; odd characters would be no page's and no database's friends."""
    if not url.lower().startswith(TRACKER_SCHEMES) or len(url) > MAX_TRACKER_CHARS or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        return " " not in url and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def format_endpoint(endpoint: tuple[str, int]) -> str:
    address, port = endpoint
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _check_shape(data: bytes) -> None:
    if not data:
        raise BadTorrent(_("This file is empty. Download the torrent file again."))
    if len(data) > MAX_TORRENT_FILE_BYTES:
        limit = MAX_TORRENT_FILE_BYTES // 1024 // 1024
        raise BadTorrent(
            _("This file is larger than %(limit)d MiB. Use the torrent's magnet link instead.", {"limit": limit})
        )
    start = data[:1024].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        raise BadTorrent(
            _(
                "This is a web page, not a torrent file. The site may want you to sign in: open the link in your "
                "browser."
            )
        )
    if start.startswith(b"magnet:"):
        raise BadTorrent(_("This file holds a magnet link. Paste the link into the field for magnets."))
    if not start.startswith(b"d"):
        raise BadTorrent(_("This isn't a torrent file. Choose a file whose name ends in .torrent."))


def _check_said_once(data: bytes, decoded: Any) -> None:
    """Refuse a file with a key twice: the engine believes the first, our checks would see the last."""
    if len(lt.bencode(decoded)) < len(data.rstrip()):
        raise BadTorrent(_("This torrent file says things twice, or has something behind its end. Don't trust it."))


def _announce_urls(params: lt.add_torrent_params, decoded: Any) -> list[str]:
    """Return what the file says, tier by tier; libtorrent's list can't be had if one of them isn't in UTF-8."""
    try:
        return params.trackers
    except UnicodeDecodeError:
        tiers = decoded.get(b"announce-list", [])
        listed = [url for tier in tiers if isinstance(tier, list) for url in tier] if isinstance(tiers, list) else []
        urls = [url for url in listed or [decoded.get(b"announce")] if isinstance(url, bytes)]
        return [text for url in urls if (text := url.decode(errors="ignore")).encode() == url]


def _files(info: lt.torrent_info, renamed: Mapping[int, str]) -> tuple[MetaFile, ...]:
    layout = info.layout()
    if layout.num_files() > MAX_FILES:
        raise BadTorrent(_("This torrent has more than %(most)d files. Ask for one in parts.", {"most": MAX_FILES}))
    files = tuple(
        MetaFile(index=index, path=renamed.get(index) or layout.file_path(index), size_bytes=layout.file_size(index))
        for index in range(layout.num_files())
        if not layout.file_flags(index) & lt.file_flags_t.flag_pad_file
    )
    if any(len(file.path.encode()) > MAX_PATH_BYTES for file in files):
        raise BadTorrent(
            _("A file in this torrent has a path that is too long for disks. Ask for one with shorter names.")
        )
    return files


def _explain(problem: Exception) -> str:
    text = str(problem)
    code = text.rpartition("[")[2].rstrip("]")
    plain = text.partition(" [")[0]
    known = _SENTENCES.get(code)
    if known:
        return _(known, {"depth": MAX_DEPTH, "pieces": MAX_PIECES})
    return _("This torrent file is damaged (%(why)s). Download it again.", {"why": plain})


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text).strip()[:255]
