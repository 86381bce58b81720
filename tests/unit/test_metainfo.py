from collections.abc import Callable
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.metainfo import MAX_MAGNET_CHARS, MAX_TORRENT_FILE_BYTES, BadTorrent
from seedbox.engine.metainfo import keep_trackers, read_magnet, read_torrent_file
from tests.builders import make_content, make_torrent_file

HASH = "0123456789abcdef0123456789abcdef01234567"


def encode(info: dict[bytes, Any], **top: Any) -> bytes:
    return bytes(lt.bencode({b"info": info} | {key.encode(): value for key, value in top.items()}))


def single(**changes: Any) -> bytes:
    """A v1 torrent of one file of 100 bytes, with some of its info changed."""
    info: dict[bytes, Any] = {b"name": b"a.bin", b"piece length": 16_384, b"pieces": b"x" * 20, b"length": 100}
    return encode(info | {key.replace("_", " ").encode(): value for key, value in changes.items()})


def several(*paths: list[bytes], sizes: int = 5, **file_fields: Any) -> bytes:
    extra = {key.replace("_", " ").encode(): value for key, value in file_fields.items()}
    files = [{b"path": path, b"length": sizes, **extra} for path in paths]
    return encode({b"name": b"folder", b"piece length": 16_384, b"pieces": b"x" * 20, b"files": files})


def tree(entries: dict[bytes, Any]) -> bytes:
    """A v2 torrent with this file tree."""
    return encode({b"name": b"folder", b"piece length": 16_384, b"meta version": 2, b"file tree": entries})


LEAF = {b"": {b"length": 5, b"pieces root": b"r" * 32}}


class TestATorrentFile:
    @pytest.mark.parametrize(("protocol", "v1_digits", "v2_digits"), [("v1", 40, 0), ("v2", 0, 64), ("hybrid", 40, 64)])
    def test_is_read_whatever_its_protocol(self, tmp_path: Path, protocol: str, v1_digits: int, v2_digits: int) -> None:
        content = make_content(tmp_path / "songs", {"a.ogg": 40_000, "sub/ü.ogg": 20_000, "sub/empty": 0})
        data = make_torrent_file(content, protocol=protocol, tracker="http://127.0.0.1:1/announce", private=True)
        metainfo = read_torrent_file(data)
        assert (len(metainfo.info_hash_v1), len(metainfo.info_hash_v2)) == (v1_digits, v2_digits)
        assert (metainfo.name, metainfo.size_bytes, metainfo.private) == ("songs", 60_000, True)
        assert {file.path: file.size_bytes for file in metainfo.files} == {
            "songs/a.ogg": 40_000,
            "songs/sub/ü.ogg": 20_000,
            "songs/sub/empty": 0,
        }
        assert metainfo.trackers == ("http://127.0.0.1:1/announce",)
        assert metainfo.torrent_file == data

    def test_keeps_the_indices_of_its_files_where_pad_files_are_left_out(self, tmp_path: Path) -> None:
        content = make_content(tmp_path / "songs", {"a": 40_000, "b": 20_000})
        files = read_torrent_file(make_torrent_file(content, protocol="hybrid")).files

        assert [(file.index, file.path) for file in files] == [(0, "songs/a"), (2, "songs/b")]

    def test_names_files_as_they_come_to_stand_on_disk(self) -> None:
        files = read_torrent_file(several([b"a"], [b"A"], [b"tab\there"])).files

        assert [file.path for file in files] == ["folder/a", "folder/A.1", "folder/tab_here"]

    def test_gives_files_that_some_disks_would_take_for_one_a_path_each(self) -> None:
        accent, combined = "\N{LATIN SMALL LETTER E WITH ACUTE}", "e\N{COMBINING ACUTE ACCENT}"

        files = read_torrent_file(several([f"{accent}.txt".encode()], [f"{combined}.txt".encode()], [b"a"])).files

        assert [file.path for file in files] == [f"folder/{accent}.txt", f"folder/{combined}.1.txt", "folder/a"]

    def test_shortens_names_that_no_disk_takes(self) -> None:
        files = read_torrent_file(several([b"x" * 300], [b"x" * 301], ["ü".encode() * 200])).files

        assert len({file.path for file in files}) == 3
        assert max(len(file.path.removeprefix("folder/").encode()) for file in files) <= 255

    def test_loses_marks_that_turn_the_direction_of_writing(self) -> None:
        files = read_torrent_file(several(["\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe".encode()], [b"gnp.exe"])).files

        assert [file.path for file in files] == ["folder/gnp.exe", "folder/gnp.1.exe"]

    def test_may_have_a_tracker_that_nobody_can_read(self) -> None:
        data = encode(
            {b"name": b"a", b"piece length": 16_384, b"pieces": b"x" * 20, b"length": 1},
            **{"announce-list": [[b"http://a.example/\xff"], [b"http://b.example/"], 7]},
        )
        assert read_torrent_file(data).trackers == ("http://b.example/",)

    def test_keeps_trackers_that_an_engine_can_use_each_once(self) -> None:
        data = encode(
            {b"name": b"a", b"piece length": 16_384, b"pieces": b"x" * 20, b"length": 1},
            **{"announce-list": [[b"udp://a.example:1", b"javascript:alert(1)"], [b"udp://a.example:1", b"wss://b"]]},
        )
        assert read_torrent_file(data).trackers == ("udp://a.example:1", "wss://b")


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "too large": (b"d" + b"x" * MAX_TORRENT_FILE_BYTES, "larger than 10 MiB"),
    "a web page": (b"\n<!DOCTYPE html><html>", "web page"),
    "a magnet in a file": (b"magnet:?xt=urn:btih:" + HASH.encode(), "magnet link"),
    "something else": (b"PK\x03\x04", "isn't a torrent file"),
    "cut off": (single()[:-7], "cut off"),
    "a list": (b"l4:infoe", "isn't a torrent file"),
    "without info": (b"d3:foo3:bare", "no info part"),
    "a description for us and one for the engine": (single()[:-1] + b"4:info" + single(name=b"b")[7:], "things twice"),
    "something behind its end": (single() + b"4:more", "behind its end"),
    "a path for no disk": (several([b"x" * 200] * 20), "too long for disks"),
    "deeply nested": (b"d4:info" + b"l" * 5_000 + b"e" * 5_000 + b"e", "nests"),
    "a bomb of tokens": (b"d4:infol" + b"0:" * 3_500_000 + b"ee", "too many parts"),
    "without a name": (single(name=7), "no proper name"),
    "a name in another encoding": (single(name=b"\xff\xfe"), "UTF-8"),
    "a path in another encoding": (several([b"\xe4.txt"]), "UTF-8"),
    "an empty name": (single(name=b""), "empty name"),
    "an empty part": (several([b"", b"a"]), "empty name"),
    "no path": (several([]), "no path"),
    "a climbing path": (several([b"..", b"..", b"etc"]), "leads out"),
    "a climbing name": (single(name=b".."), "leads out"),
    "a climbing part": (several([b"a\\..\\b"]), "leads out"),
    "a climbing link": (several([b"l"], attr=b"l", symlink_path=[b"..", b"etc"]), "leads out"),
    "an absolute path": (several([b"/etc", b"passwd"]), "absolute"),
    "an absolute name": (single(name=b"/etc/passwd"), "absolute"),
    "a drive": (single(name=b"C:\\boot"), "absolute"),
    "a slash in a part": (several([b"a/b"]), "slash"),
    "a NUL": (several([b"a\0b"]), "NUL"),
    "a device": (several([b"con"]), "reserved"),
    "the same file twice": (several([b"a"], [b"a"]), "twice"),
    "a file that is a folder": (several([b"a"], [b"a", b"b"]), "both as a file and as a folder"),
    "no files": (several(), "no files"),
    "only empty files": (several([b"a"], [b"b"], sizes=0), "empty"),
    "an empty file": (single(length=0), "empty"),
    "a negative size": (single(length=-1), "proper size"),
    "missing hashes": (single(length=40_000), "hash for every piece"),
    "a damaged list": (encode({b"name": b"x", b"files": [7]}), "damaged"),
    "a climbing tree": (tree({b"..": LEAF}), "leads out"),
    "a NUL in a tree": (tree({b"a\0": LEAF}), "NUL"),
    "an empty tree": (tree({}), "no files"),
    "a tree that is none": (tree({b"a": 5}), "damaged"),
}


class TestABadTorrentFile:
    @pytest.mark.parametrize("case", REFUSED)
    def test_is_refused_with_a_sentence_that_says_why(self, case: str) -> None:
        data, reason = REFUSED[case]

        with pytest.raises(BadTorrent, match=reason) as refusal:
            read_torrent_file(data)

        assert str(refusal.value).endswith(".")
        assert str(refusal.value).isprintable()


class TestReadingTorrentFiles:
    @given(st.binary(max_size=500))
    def test_never_fails_in_another_way_on_noise(self, data: bytes) -> None:
        only_refuses(read_torrent_file, data)
        only_refuses(read_torrent_file, b"d" + data)

    @given(st.data())
    def test_never_fails_in_another_way_on_a_torrent_with_changed_bytes(self, data: st.DataObject) -> None:
        torrent = bytearray(several([b"a", b"b"], [b"c"]))
        for _ in range(data.draw(st.integers(1, 4))):
            torrent[data.draw(st.integers(0, len(torrent) - 1))] = data.draw(st.integers(0, 255))
        only_refuses(read_torrent_file, bytes(torrent))

    @given(
        st.recursive(
            st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=12),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from([b"name", b"files", b"length", b"path", b"file tree", b"pieces", b"", b"attr"]),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=20,
        )
    )
    def test_never_fails_in_another_way_on_wrong_types(self, info: Any) -> None:
        only_refuses(read_torrent_file, bytes(lt.bencode({b"info": info})))


class TestAMagnet:
    def test_is_read_with_hash_name_trackers_and_peers(self) -> None:
        magnet = read_magnet(
            f" magnet:?xt=urn:btih:{HASH}&dn=%E2%82%AC%0Auro&tr=udp%3A%2F%2Fa.example%3A1"
            "&x.pe=127.0.0.1:5&x.pe=[::1]:6\n"
        )
        assert (magnet.info_hash_v1, magnet.info_hash_v2, magnet.name) == (HASH, "", "€ uro")
        assert (magnet.trackers, magnet.peers) == (("udp://a.example:1",), ("127.0.0.1:5", "[::1]:6"))

    def test_loses_trackers_with_characters_that_no_address_has(self) -> None:
        trackers = (
            "http://a.example/%00",
            "http://[",
            "http://",
            "udp://a.example:0",
            "udp://a.example:99999",
            "udp://a",
        )
        assert keep_trackers([*trackers, "http://a.example/\0", "http://a.example/ b", "http://a\udcff"]) == (
            "http://a.example/%00",
            "udp://a",
        )

    def test_may_have_its_hash_in_base32(self) -> None:
        magnet = read_magnet("magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH")
        assert magnet.info_hash_v1 == HASH

    def test_may_be_of_protocol_2(self) -> None:
        digits = "ab" * 32
        assert read_magnet(f"magnet:?xt=urn:btmh:1220{digits}").info_hash_v2 == digits

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "https://example.org",
            "magnet:?dn=nothing",
            "magnet:?xt=urn:btih:123",
            "magnet:?xt=urn:btih:" + "0" * 40,
            "magnet:?xt=urn:btih:" + "z" * 40,
            "magnet:?xt=urn:btmh:1120" + "ab" * 32,
            "magnet:?xt=urn:btih:" + HASH + "&dn=\udcff",
            "magnet:?xt=urn:btih:" + HASH + "&dn=" + "x" * MAX_MAGNET_CHARS,
        ],
    )
    def test_is_refused_with_a_sentence_when_it_is_wrong(self, text: str) -> None:
        with pytest.raises(BadTorrent, match=r"\.$"):
            read_magnet(text)

    @given(st.text(max_size=200))
    def test_never_fails_in_another_way(self, text: str) -> None:
        only_refuses(read_magnet, text)
        only_refuses(read_magnet, "magnet:?" + text)
        only_refuses(read_magnet, f"magnet:?xt=urn:btih:{HASH}&" + text)


def only_refuses(read: Callable[[Any], object], value: object) -> None:
    try:
        read(value)
    except BadTorrent as refusal:
        assert str(refusal)
