from ipaddress import ip_network

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from seedbox.web.proxies import Proxies, trusted_proxies

PROXIES = Proxies((ip_network("10.0.0.1/32"), ip_network("10.0.1.0/24"), ip_network("fd00::/8")))


class TestAClientsAddress:
    @pytest.mark.parametrize(
        ("sender", "forwarded", "client"),
        [
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "203.0.113.9, 10.0.1.7", "203.0.113.9"),
            ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ],
    )
    def test_is_what_a_listed_proxy_says(self, sender: str, forwarded: str, client: str) -> None:
        assert PROXIES.client(sender=sender, forwarded=forwarded) == client

    def test_is_not_what_the_client_wrote_itself(self) -> None:
        assert PROXIES.client(sender="10.0.0.1", forwarded="1.1.1.1, 203.0.113.9") == "203.0.113.9"

    def test_is_the_sender_when_that_is_no_listed_proxy(self) -> None:
        assert PROXIES.client(sender="203.0.113.5", forwarded="1.1.1.1") == "203.0.113.5"
        assert PROXIES.client(sender="", forwarded="1.1.1.1") == ""

    @pytest.mark.parametrize("forwarded", ["", "nonsense", "203.0.113.9:4711", "<script>", "fe80::1%<script>"])
    def test_is_the_proxy_when_the_header_makes_no_sense(self, forwarded: str) -> None:
        assert PROXIES.client(sender="10.0.0.1", forwarded=forwarded) == "10.0.0.1"


def tell_address(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.META["REMOTE_ADDR"])


class TestTheMiddleware:
    def test_puts_the_client_in_place_of_its_proxy(self, settings: Settings) -> None:
        settings.TRUSTED_PROXIES = ("127.0.0.0/8",)
        request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="127.0.0.1")
        response = trusted_proxies(tell_address)(request)
        assert isinstance(response, HttpResponse)
        assert response.content == b"203.0.113.9"

    @pytest.mark.parametrize(("sender", "believed"), [("127.0.0.1", True), ("203.0.113.5", False)])
    def test_lets_a_listed_proxy_alone_say_that_https_was_used(
        self, settings: Settings, sender: str, believed: bool
    ) -> None:
        settings.TRUSTED_PROXIES = ("127.0.0.0/8",)
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        request = RequestFactory().get("/", headers={"X-Forwarded-Proto": "https"}, REMOTE_ADDR=sender)
        trusted_proxies(tell_address)(request)
        assert request.is_secure() is believed

    def test_is_left_out_where_no_proxy_is_listed(self, settings: Settings) -> None:
        settings.TRUSTED_PROXIES = ()
        with pytest.raises(MiddlewareNotUsed):
            trusted_proxies(tell_address)
