import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain.kept import told
from seedbox.domain.network import (
    HELP,
    MAX_CONNECTIONS,
    MIN_CONNECTIONS,
    BadNetwork,
    NetworkSettings,
    ProxyKind,
    check,
    find_problems,
    parse_proxy,
)

BY_PROXY = {"proxy_kind": ProxyKind.SOCKS5, "proxy_host": "proxy.example.org"}


class TestSettings:
    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"interface": "wg0"},
            {"interface": "10.8.0.2"},
            {"interface": "fd00::2"},
            BY_PROXY,
            BY_PROXY | {"proxy_host": "::1", "proxy_user": "olga", "proxy_password": "p: ß"},
            {"blocklist_path": "/etc/list.p2p.gz", "max_connections": 10, "max_upload_slots": 1_000},
        ],
    )
    def test_that_can_be_carried_out_are_taken(self, fields: dict[str, object]) -> None:
        settings = NetworkSettings(**fields)  # type: ignore[arg-type]  # a table of fields of many types
        assert check(settings) is settings

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"interface": "a/b"}, "interface"),
            ({"interface": "0.0.0.0"}, "interface"),
            ({"interface": "10.8.0"}, "interface"),
            ({"interface": "fe80::1%eth0"}, "interface"),
            ({"interface": "eth0,eth1"}, "interface"),
            ({"interface": "sixteen-letters0"}, "interface"),
            (BY_PROXY | {"interface": "wg0"}, "interface"),
            (BY_PROXY | {"proxy_host": ""}, "proxy_host"),
            (BY_PROXY | {"proxy_host": "http://proxy"}, "proxy_host"),
            (BY_PROXY | {"proxy_host": "1.2.3.999"}, "proxy_host"),
            (BY_PROXY | {"proxy_host": "0.0.0.0"}, "proxy_host"),
            (BY_PROXY | {"proxy_host": "a" * 64}, "proxy_host"),
            (BY_PROXY | {"proxy_port": 0}, "proxy_port"),
            (BY_PROXY | {"proxy_port": 65_536}, "proxy_port"),
            (BY_PROXY | {"proxy_password": "alone"}, "proxy_user"),
            (BY_PROXY | {"proxy_user": "ü" * 128}, "proxy_user"),
            (BY_PROXY | {"proxy_user": "a\nb"}, "proxy_user"),
            ({"blocklist_path": "list.p2p"}, "blocklist_path"),
            ({"blocklist_path": "/a\0b"}, "blocklist_path"),
            ({"max_connections": 9}, "max_connections"),
            ({"max_connections": 20_001}, "max_connections"),
            ({"max_upload_slots": 0}, "max_upload_slots"),
        ],
    )
    def test_that_can_not_are_refused_at_their_field(self, fields: dict[str, object], field: str) -> None:
        problems = find_problems(NetworkSettings(**fields))  # type: ignore[arg-type]  # a table of many types
        assert list(problems) == [field]
        assert told(problems[field]).endswith(".")

    @given(st.text(), st.text(), st.text(), st.integers(), st.sampled_from(ProxyKind))
    def test_of_any_kind_are_taken_or_refused(
        self, interface: str, host: str, path: str, number: int, kind: ProxyKind
    ) -> None:
        settings = NetworkSettings(
            interface=interface, proxy_kind=kind, proxy_host=host, blocklist_path=path, max_connections=number
        )
        problems = find_problems(settings)
        assert problems.keys() <= HELP.keys()
        assert ("max_connections" in problems) is not (MIN_CONNECTIONS <= number <= MAX_CONNECTIONS)
        if interface and "interface" not in problems:
            assert not set(interface) & set(", /\0\n\"';")

    @given(st.ip_addresses())
    def test_take_every_address_of_a_machine(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
        usable = not (address.is_multicast or address.is_unspecified)
        assert ("interface" not in find_problems(NetworkSettings(interface=str(address)))) is usable

    def test_keep_the_password_out_of_what_is_printed(self) -> None:
        assert "s3cret" not in repr(NetworkSettings(proxy_password="s3cret"))


class TestAProxysAddress:
    def test_names_kind_host_port_and_user(self) -> None:
        assert parse_proxy("socks5://ol%40ga@[::1]:1080") == (ProxyKind.SOCKS5, "::1", 1080, "ol@ga")
        assert parse_proxy("http://proxy:3128/") == (ProxyKind.HTTP, "proxy", 3128, "")
        assert parse_proxy("none")[0] is ProxyKind.NONE

    @pytest.mark.parametrize(
        "text", ["", "proxy:1", "ftp://a:1", "none://a:1", "http://a", "http://:1", "http://a:x", "http://u:p@a:1"]
    )
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(BadNetwork):
            parse_proxy(text)
