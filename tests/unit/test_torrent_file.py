from typing import Any

import libtorrent as lt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.metainfo import Magnet
from seedbox.domain.torrent_file import shared_magnet, shared_parts

values = st.recursive(
    st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.binary(max_size=5), inner, max_size=3),
    max_leaves=10,
)


class TestTheSharedPartsOfATorrentFile:
    @given(info=st.dictionaries(st.binary(max_size=5), values, max_size=4), secret=values, layers=values)
    def test_are_its_content_and_nothing_of_its_bringer(self, info: Any, secret: Any, layers: Any) -> None:
        whole = {b"info": info, b"piece layers": layers, b"announce": secret, b"comment": secret, b"nodes": secret}
        shared = lt.bdecode(shared_parts(bytes(lt.bencode(whole))))
        assert shared == lt.bdecode(lt.bencode({b"info": info, b"piece layers": layers}))

    def test_keep_the_bytes_of_a_badly_sorted_info(self) -> None:
        info = b"d1:b1:x1:a1:ye"
        assert shared_parts(b"d4:info" + info + b"8:announce3:urle") == b"d4:info" + info + b"e"

    @pytest.mark.parametrize(
        "data", [b"", b"le", b"d4:info", b"d4:infode", b"d4:info5:abce", b"d4:infoi5", b"d-4:infoe", b"d+1:ai1ee"]
    )
    def test_are_refused_for_what_is_no_dictionary(self, data: bytes) -> None:
        with pytest.raises(ValueError):  # the standard library words some of them
            shared_parts(data)

    def test_survive_any_depth(self) -> None:
        deep = b"l" * 100_000 + b"e" * 100_000
        assert shared_parts(b"d4:info" + deep + b"e") == b"d4:info" + deep + b"e"


class TestASharedMagnet:
    def test_has_hashes_and_web_seeds_and_no_name_tracker_or_peer(self) -> None:
        v1, v2 = "a" * 40, "b" * 64
        uri = f"magnet:?xt=urn:btih:{v1}&dn=secret&tr=http%3A%2F%2Ft%2Fkey&x.pe=1.2.3.4:5&ws=http%3A%2F%2Fw%2F%3Fa%26b"
        magnet = Magnet(v1, v2, "secret", ("http://t/key",), ("1.2.3.4:5",), uri)
        shared = f"magnet:?xt=urn:btih:{v1}&xt=urn:btmh:1220{v2}&ws=http%3A%2F%2Fw%2F%3Fa%26b"
        assert shared_magnet(magnet) == shared
