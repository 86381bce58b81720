"""Write magnet links."""

from collections.abc import Sequence
from urllib.parse import quote


def magnet_link(*, info_hash_v1: str, info_hash_v2: str, name: str, trackers: Sequence[str]) -> str:
    """Write a link that any client can add; 1220 says that a SHA-256 follows (BEP 52)."""
    topics = []
    if info_hash_v1:
        topics.append(f"xt=urn:btih:{info_hash_v1}")
    if info_hash_v2:
        topics.append(f"xt=urn:btmh:1220{info_hash_v2}")
    names = [f"dn={quote(name, safe='')}"] if name else []
    return "magnet:?" + "&".join([*topics, *names, *(f"tr={quote(url, safe='')}" for url in trackers)])
