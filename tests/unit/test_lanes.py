"""Places and lanes, without any engine."""

import pytest

from seedbox.domain.lanes import place_of, place_of_endpoint


class TestAPlace:
    @pytest.mark.parametrize(
        ("address", "place"),
        [
            ("203.0.113.7", "203.0.113.7/32"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
        ],
    )
    def test_is_one_ipv4_address_or_an_ipv6_network(self, address: str, place: str) -> None:
        assert place_of(address) == place

    def test_of_an_endpoint_is_that_of_its_address(self) -> None:
        assert place_of_endpoint("203.0.113.7:6881") == "203.0.113.7/32"
        assert place_of_endpoint("[2001:db8::1]:6881") == "2001:db8::/64"

    def test_is_no_name(self) -> None:
        with pytest.raises(ValueError, match=r"example\.org"):
            place_of("example.org")
