"""The box as an app: what its manifest promises, and the form that magnet links and shared texts lead to."""

import re
import struct
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse, set_script_prefix

from seedbox.models import Holding, User
from seedbox.web import install
from tests.builders import make_node

LINK = "magnet:?xt=urn:btih:89abcdef0123456789abcdef0123456789abcdef&dn=Sintel"
FIELD = re.compile(r'<textarea[^>]*id="add-magnets"[^>]*>([^<]*)</textarea>')


@pytest.fixture
def asked(client: Client, owner: User) -> Client:
    make_node()
    client.force_login(owner)
    return client


def opened(client: Client, **given: str) -> str:
    return client.get(reverse("torrents_new"), given).content.decode()


def filled(page: str) -> str:
    found = FIELD.search(page)
    assert found
    return found[1].replace("&amp;", "&")


@pytest.mark.django_db
class TestTheManifest:
    def test_lets_the_box_be_installed_and_take_magnets_files_and_shared_texts(self, client: Client) -> None:
        answer = client.get(reverse("manifest"))
        assert answer["Content-Type"] == "application/manifest+json"
        body = answer.json()
        assert (body["start_url"], body["scope"], body["display"]) == ("/", "/", "standalone")
        assert body["protocol_handlers"] == [{"protocol": "magnet", "url": "/torrents/new/?magnet=%s"}]
        accept = {"application/x-bittorrent": [".torrent"]}
        assert body["file_handlers"] == [{"action": "/torrents/new/", "accept": accept}]
        assert (body["share_target"]["action"], body["share_target"]["method"]) == ("/torrents/new/", "GET")

    def test_lies_below_a_path_whole(self, client: Client) -> None:
        set_script_prefix("/box/")
        try:
            body = client.get("/manifest.webmanifest", SCRIPT_NAME="/box").json()
        finally:
            set_script_prefix("/")
        actions = (body["protocol_handlers"][0]["url"], body["file_handlers"][0]["action"], body["start_url"])
        assert actions == ("/box/torrents/new/?magnet=%s", "/box/torrents/new/", "/box/")

    @pytest.mark.parametrize(("name", "size", "purpose"), install.PICTURES)
    def test_names_pictures_that_are_there_and_as_large_as_it_says(self, name: str, size: int, purpose: str) -> None:
        path = finders.find(name)
        assert path, purpose
        assert struct.unpack(">II", Path(path).read_bytes()[16:24]) == (size, size)


class TestTheFormForWhatComesFromOutside:
    def test_is_filled_with_a_link_and_adds_nothing_by_itself(self, asked: Client) -> None:
        page = opened(asked, magnet=LINK)
        assert filled(page) == LINK
        assert "Nothing has been added yet" in page
        assert not Holding.objects.exists()

    def test_finds_links_in_a_shared_text(self, asked: Client) -> None:
        assert filled(opened(asked, title="Look", text=f"see {LINK} and {LINK}")) == LINK

    @pytest.mark.parametrize(
        ("link", "sentence"),
        [
            ("magnet:?xt=nothing", "magnet"),
            ("javascript:alert(1)", "There is no magnet link in what was handed over."),
            (f"{LINK}&x={'y' * 9_000}", "longer than a link may be"),
        ],
    )
    def test_says_what_is_wrong_with_a_link_that_is_none(self, asked: Client, link: str, sentence: str) -> None:
        page = opened(asked, magnet=link)
        assert sentence in page.partition('id="add-problems"')[2].partition("</div>")[0]

    def test_escapes_what_strangers_write(self, asked: Client) -> None:
        assert "<script>alert" not in opened(asked, magnet="magnet:?x=</textarea><script>alert(1)</script>")

    def test_keeps_the_link_while_its_user_signs_in(self, client: Client) -> None:
        answer = client.get(reverse("torrents_new"), {"magnet": LINK})
        assert "magnet%253A" in answer["Location"]
