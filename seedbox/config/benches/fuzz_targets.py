"""Every parser of ours that reads what strangers wrote, with what must hold of whatever it takes."""

import argparse
import io
import ipaddress
import os
import tempfile
import unicodedata
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import django

django.setup()

from django.core.exceptions import TooManyFieldsSent  # noqa: E402  # Django must be set up first
from django.http import Http404, HttpRequest, QueryDict  # noqa: E402  # as above

from seedbox.config.benches import fuzz_mutations as mutations  # noqa: E402  # as above
from seedbox.config.benches.fuzz_chain import CHAIN_TARGETS  # noqa: E402  # as above
from seedbox.config.benches.fuzz_engine import take_in  # noqa: E402  # as above
from seedbox.config.benches.fuzz_hub import HUB_TARGETS  # noqa: E402  # as above
from seedbox.config.benches.fuzz_mutations import Target  # noqa: E402  # as above
from seedbox.config.benches.fuzz_signer import SIGNER_TARGETS  # noqa: E402  # as above
from seedbox.config.benches.fuzz_speed import SPEED_TARGETS  # noqa: E402  # as above
from seedbox.domain.blocklist import BadBlocklist, read_blocklist  # noqa: E402  # as above
from seedbox.domain.magnets import magnet_link  # noqa: E402  # as above
from seedbox.domain.metainfo import BadTorrent, Source  # noqa: E402  # as above
from seedbox.domain.ranges import Unsatisfiable, requested_span  # noqa: E402  # as above
from seedbox.domain.torrent_file import shared_magnet, shared_parts  # noqa: E402  # as above
from seedbox.engine.commands import parse_endpoint  # noqa: E402  # as above
from seedbox.engine.intake import BadResume, read_intake  # noqa: E402  # as above
from seedbox.engine.metainfo import keep_trackers, read_magnet, read_torrent_file  # noqa: E402  # as above
from seedbox.engine.port import AddTorrent, Peer, Tracker  # noqa: E402  # as above
from seedbox.management.commands.torrents import read_peer  # noqa: E402  # as above
from seedbox.services import downloads  # noqa: E402  # as above
from seedbox.services.encoding import encode  # noqa: E402  # as above
from seedbox.services.rows import MAX_FOREIGN_CHARS, peer_row, tracker_row  # noqa: E402  # as above
from seedbox.web.adding import read_lines  # noqa: E402  # as above
from seedbox.web.doors import page_path  # noqa: E402  # as above
from seedbox.web.frames import BadFrame, parse_frame  # noqa: E402  # as above
from seedbox.web.list_query import read_wanted  # noqa: E402  # as above
from seedbox.web.proxies import Proxies  # noqa: E402  # as above
from seedbox.web.security import read_before  # noqa: E402  # as above
from wallet.domain.proofs import BadProof, verify_json  # noqa: E402  # as above

MAX_ADDRESS_CHARS = 45  # of an audit entry's column, and of any real address
MAX_SENTENCE_CHARS = 300  # of what is said about a proof
MAX_PART_BYTES = 255  # of a file's name, on every file system that we know
HASH = "0123456789abcdef0123456789abcdef01234567"


def text_of(data: bytes) -> str:
    """Bytes as the edge has them: of the command line odd ones come through as surrogates."""
    return data.decode(errors="surrogateescape")


def storable(*texts: str) -> None:
    """Both databases must take it: PostgreSQL has no NUL, and neither has lone surrogates."""
    for text in texts:
        assert "\0" not in text, "a NUL would reach the database"
        text.encode()


def safe_paths(paths: list[str]) -> None:
    """No file leads outside, and no two share a path on any file system."""
    seen = set()
    for path in paths:
        parts = path.split("/")
        assert not {"", ".", ".."} & set(parts), f"{path!r} leads elsewhere"
        assert all(len(part.encode()) <= MAX_PART_BYTES for part in parts), "a name that no disk takes"
        folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())
        assert folded not in seen, f"two files share the path {path!r}"
        seen.add(folded)
    storable(*paths)


def same_hashes(left: Source, right: Source) -> bool:
    return (left.info_hash_v1, left.info_hash_v2) == (right.info_hash_v1, right.info_hash_v2)


def torrent_file(data: bytes) -> None:
    metainfo = read_torrent_file(data)
    shared = read_torrent_file(shared_parts(data))
    assert same_hashes(metainfo, shared), "what is shared is another torrent"
    assert metainfo.files == shared.files, "what is shared has other files"
    safe_paths([file.path for file in metainfo.files])
    storable(metainfo.name, *metainfo.trackers)


def torrent_parts(data: bytes) -> None:
    shared_parts(data)


def magnet(data: bytes) -> None:
    for line in read_lines(text_of(data)):
        read = read_magnet(line)
        storable(read.name, shared_magnet(read), *read.trackers, *read.peers)
        assert all(parse_endpoint(peer) for peer in read.peers), "a peer that cannot be called"
        assert same_hashes(read, read_magnet(shared_magnet(read))), "what is shared is another torrent"
        link = magnet_link(
            info_hash_v1=read.info_hash_v1, info_hash_v2=read.info_hash_v2, name=read.name, trackers=read.trackers[:3]
        )
        assert same_hashes(read, read_magnet(link)), "our own link is another torrent"


def frame(data: bytes) -> None:
    parse_frame(data.decode(errors="replace"))


def byte_range(data: bytes) -> None:
    for size_bytes in (0, 1, 1_000, 2**40):
        try:
            span = requested_span(text_of(data), size_bytes=size_bytes)
        except Unsatisfiable:
            continue
        assert span is None or 0 <= span.start <= span.end <= size_bytes, "a span outside the file"


def list_query(data: bytes) -> None:
    wanted = read_wanted(QueryDict(data))
    storable(wanted.search)
    assert wanted.page < 2**31, "a page that no database can skip to"


def peer_address(data: bytes) -> None:
    text = text_of(data)
    parse_endpoint(text)
    assert parse_endpoint(read_peer(text)), "the command takes what the engine can't call"


def tracker_url(data: bytes) -> None:
    for url in (kept := keep_trackers(text_of(data).split("\n"))):
        storable(url)
        urlsplit(url)
    link = magnet_link(info_hash_v1=HASH, info_hash_v2="", name="", trackers=kept[:3])
    assert set(read_magnet(link).trackers) <= set(kept), "our own link has other trackers"


def resume(data: bytes) -> None:
    by_file = read_torrent_file(b"d4:infod6:lengthi100e4:name1:a12:piece lengthi16384e6:pieces20:" + b"x" * 20 + b"ee")
    key = by_file.info_hash_v1
    for command in (
        AddTorrent(key, "/nowhere", torrent_file=by_file.torrent_file),
        AddTorrent(key, "/nowhere", magnet=f"magnet:?xt=urn:btih:{key}"),
    ):
        read_intake(command, data)


def forwarded_for(data: bytes) -> None:
    proxies = Proxies((ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")))
    client = proxies.client(sender="10.0.0.1", forwarded=data.decode("latin-1"))
    ipaddress.ip_address(client)
    assert len(client) <= MAX_ADDRESS_CHARS, "an address longer than its column"
    assert client.isprintable() and "%" not in client, "an address with words in it"


def download_name(data: bytes) -> None:
    name = PurePosixPath(text_of(data)).name
    header = downloads.attachment(name)
    assert header.isascii() and header.isprintable(), "a header with other characters"
    quoted, mark, encoded = header.partition("; filename*=UTF-8''")
    assert quoted.count('"') == 2, "a name that ends early"
    assert not mark or "\N{REPLACEMENT CHARACTER}" not in unquote(encoded), "a name that no browser reads"
    downloads.content_type(name).encode("ascii")


_OPEN_ROOT = Path(tempfile.mkdtemp(prefix="box"))
(_OPEN_ROOT / "in" / "a").mkdir(parents=True)
(_OPEN_ROOT / "in" / "a" / "file").write_bytes(b"inside")
(_OPEN_ROOT / "secret").write_bytes(b"outside")
(_OPEN_ROOT / "in" / "link").symlink_to(_OPEN_ROOT)


def file_path(data: bytes) -> None:
    descriptor = downloads.open_below(str(_OPEN_ROOT / "in"), text_of(data))
    try:
        assert os.read(descriptor, 10) == b"inside", "a file outside the folder was opened"
    finally:
        os.close(descriptor)


def foreign_words(data: bytes) -> None:
    text = data.decode(errors="replace")
    peer = peer_row(Peer("192.0.2.1:1", text, 0, 0, 0, 0, 0, ""))
    tracker = tracker_row(Tracker("udp://a", 0, "working", text, None, None))
    for words in (str(peer["client"]), str(tracker["message"])):
        assert words.isprintable() and len(words) <= MAX_FOREIGN_CHARS, "words that push the page apart"
    encode({"rows": {"peer": peer, "tracker": tracker}}).encode()


def open_page(data: bytes) -> None:
    path = page_path(data.decode("latin-1"))
    assert not path or (path.startswith("/") and not path.startswith("//")), "a way out to another site"


def blocklist(data: bytes) -> None:
    for first, last in read_blocklist(io.BytesIO(data)).ranges:
        begin, end = ipaddress.ip_address(first), ipaddress.ip_address(last)
        assert begin.version == end.version and int(begin) <= int(end), "a range that no filter takes"


def proof(data: bytes) -> None:
    verified = verify_json(data)
    assert verified.sentence.isprintable() and len(verified.sentence) <= MAX_SENTENCE_CHARS, "words of a stranger"
    assert len(bytes.fromhex(verified.hash)) == 32, "a hash that nobody can compare"


def older_lines(data: bytes) -> None:
    request = HttpRequest()
    request.GET = QueryDict(b"before=" + data)
    before = read_before(request)
    assert before is None or before < 2**63, "a line that no database can look for"


_BENCODE = (
    b"info",
    b"name",
    b"files",
    b"path",
    b"length",
    b"attr",
    b"l",
    b"symlink path",
    b"file tree",
    b"pieces root",
)
_MAGNET = (b"xt", b"dn", b"tr", b"x.pe", b"ws", b"so", b"xt.1", b"urn:btih:", b"urn:btmh:1220", HASH.encode())
TARGETS = (
    Target("torrent_file", torrent_file, mutations.mutate_bencode, (BadTorrent,), (*_BENCODE, b"path.utf-8"), 3.0),
    Target("torrent_parts", torrent_parts, mutations.mutate_bencode, (ValueError,), (b"e", b"-5:", b"d", b"i1e")),
    Target("magnet", magnet, mutations.mutate_pairs, (BadTorrent,), _MAGNET, 2.0),
    Target("frame", frame, mutations.mutate_json, (BadFrame,), (b"watch", b"resync", b"detail-9", b"holding-1")),
    Target("byte_range", byte_range, mutations.mutate_lists, (), (b"bytes", b"0-0", b"-1", b" , ", b"\t")),
    Target(
        "list_query",
        list_query,
        mutations.mutate_pairs,
        (TooManyFieldsSent,),
        (b"q", b"sort", b"-name", b"state", b"page", b"%00"),
    ),
    Target("peer_address", peer_address, mutations.mutate_lists, (argparse.ArgumentTypeError,), (b"[::1]:6881", b"%1")),
    Target("tracker_url", tracker_url, mutations.mutate_lists, (), (b"udp://", b"https://[::1]", b"\n", b"@", b"#")),
    Target("resume", resume, mutations.mutate_bencode, (BadResume, BadTorrent), (b"pieces", b"have", b"mapped_files")),
    Target("resume_taken_in", take_in, mutations.mutate_bencode, (), (b"peers", b"trackers"), 0.01),
    Target("forwarded_for", forwarded_for, mutations.mutate_lists, (), (b"10.0.0.2", b"fe80::1%eth0", b"::1", b",")),
    Target("download_name", download_name, mutations.mutate_bytes, (), (b'"', b";", b"filename=", b"%22")),
    Target("file_path", file_path, mutations.mutate_lists, (OSError, ValueError), (b"a/file", b"link/secret", b"/..")),
    Target("foreign_words", foreign_words, mutations.mutate_bytes, (), (b"</td>", b"{{", b"\xe2\x80\xae")),
    Target("blocklist", blocklist, mutations.mutate_lists, (BadBlocklist,), (b"1.2.3.4-1.2.3.9", b"10.0.0.0/8", b"\n")),
    Target("proof", proof, mutations.mutate_json, (BadProof,), (b"inclusion/1", b"path", b"1|seal|", b"=i0|")),
    Target("older_lines", older_lines, mutations.mutate_lists, (Http404, TooManyFieldsSent), (b"9" * 5_000, b"&")),
    Target("open_page", open_page, mutations.mutate_lists, (), (b"http://", b"//evil.example", b"?next=", b"\\")),
    *CHAIN_TARGETS,
    *SIGNER_TARGETS,
    *HUB_TARGETS,
    *SPEED_TARGETS,
)
