"""The parts of a torrent file or magnet that every holder may share."""

from urllib.parse import parse_qsl, quote, urlsplit

from seedbox.domain.metainfo import Magnet

MAX_WEB_SEEDS = 20

# In the order that bencoding wants. Without announce URLs: they may carry their holder's passkey, so each holding keeps
# its own; without comment, author and time: they say who made the file and when, not what it is.
_SHARED_PARTS = (b"httpseeds", b"info", b"piece layers", b"url-list")


def shared_parts(torrent_file: bytes) -> bytes:
    """Return a torrent file of the same info-hash that says nothing of who brought it; its parts keep their bytes.

    Raises ValueError for bytes that are no bencoded dictionary.
    """
    parts = _top_level(torrent_file)
    kept = (b"%d:%s%s" % (len(name), name, parts[name]) for name in _SHARED_PARTS if name in parts)
    return b"d" + b"".join(kept) + b"e"


def info_section(torrent_file: bytes) -> bytes:
    """Return the bencoded info section as it stands; raises ValueError where there is none."""
    try:
        return _top_level(torrent_file)[b"info"]
    except KeyError:
        raise ValueError("no info section") from None


def _top_level(data: bytes) -> dict[bytes, bytes]:
    if data[:1] != b"d":
        raise ValueError("no bencoded dictionary")
    parts: dict[bytes, bytes] = {}
    position = 1
    while data[position : position + 1] != b"e":
        start_of_value = _end_of_item(data, position)
        name = data[data.index(b":", position) + 1 : start_of_value]
        position = _end_of_item(data, start_of_value)
        parts[name] = data[start_of_value:position]
    return parts


def _end_of_item(data: bytes, position: int) -> int:
    """Return where the item that starts here ends; without recursion, for strangers choose how deep it goes."""
    depth = 0
    while True:
        kind = data[position : position + 1]
        if kind == b"i":
            position = data.index(b"e", position) + 1
        elif kind in (b"d", b"l"):
            depth += 1
            position += 1
        elif kind == b"e":
            depth -= 1
            position += 1
        else:
            position = _end_of_text(data, position)
        if depth <= 0:
            return position


def _end_of_text(data: bytes, position: int) -> int:
    """A length is digits only: what else Python takes for a number could lead backwards, and round for ever."""
    colon = data.index(b":", position)
    if not data[position:colon].isdigit():
        raise ValueError("no length of a text")
    return colon + 1 + int(data[position:colon])


def shared_magnet(magnet: Magnet) -> str:
    """Return a magnet of the same info-hashes and web seeds, without what is its holder's own."""
    hashes = [f"xt=urn:btih:{magnet.info_hash_v1}"] if magnet.info_hash_v1 else []
    if magnet.info_hash_v2:
        hashes.append(f"xt=urn:btmh:1220{magnet.info_hash_v2}")
    pairs = parse_qsl(urlsplit(magnet.uri).query)
    web_seeds = [f"ws={quote(value, safe='')}" for name, value in pairs if name == "ws"][:MAX_WEB_SEEDS]
    return "magnet:?" + "&".join((*hashes, *web_seeds))
