import pytest

from seedbox.web.doors import page_path


class TestTheWayBackAfterSigningIn:
    def test_leads_to_the_page_that_was_open(self) -> None:
        assert page_path("http://localhost:8000/torrents/5/?tab=peers") == "/torrents/5/?tab=peers"

    @pytest.mark.parametrize("url", ["", "http://[", "http://a//evil.example", "javascript:alert(1)", "evil.example"])
    def test_is_none_where_the_address_makes_no_sense_or_leads_away(self, url: str) -> None:
        assert page_path(url) == ""
