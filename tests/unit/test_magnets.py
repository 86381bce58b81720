from seedbox.domain.magnets import magnet_link

V1 = "a" * 40
V2 = "b" * 64


class TestAMagnetLink:
    def test_names_both_hashes_of_a_hybrid_torrent(self) -> None:
        link = magnet_link(info_hash_v1=V1, info_hash_v2=V2, name="", trackers=[])
        assert link == f"magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}"

    def test_escapes_what_would_end_a_name_or_a_tracker(self) -> None:
        link = magnet_link(info_hash_v1=V1, info_hash_v2="", name="a&b c/é", trackers=["http://t.example/a?k=1&x=2"])
        assert link == f"magnet:?xt=urn:btih:{V1}&dn=a%26b%20c%2F%C3%A9&tr=http%3A%2F%2Ft.example%2Fa%3Fk%3D1%26x%3D2"
