"""What the form for adding says of uploads that are none."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from seedbox.models import Holding, User
from tests.builders import make_node

HASH = "89abcdef0123456789abcdef0123456789abcdef"
GOOD = f"magnet:?xt=urn:btih:{HASH}&dn=typed"


def upload(name: str, content: bytes, kind: str = "application/x-bittorrent") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


ODD: dict[str, tuple[Callable[[], list[SimpleUploadedFile]], str, str]] = {
    "nothing": (list, "", "Choose a torrent file, or paste a magnet link"),
    "an empty file": (lambda: [upload("a.torrent", b"")], "", "is empty"),
    "a picture": (
        lambda: [upload("a.png", b"\x89PNG\r\n", "image/png")],
        "",
        "isn&#x27;t a torrent file",
    ),
    "a large file": (lambda: [upload("a.torrent", b"d" + b"x" * 10_485_760)], "", "larger than 10 MiB"),
    "an odd name": (lambda: [upload("<b>\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe", b"x")], "", "<bdi>&lt;b&gt;gnp.exe</bdi>"),
    "a very long name": (lambda: [upload("x" * 5_000, b"x")], "", "x" * 50),
    "too many lines": (list, "magnet:?\n" * 101, "At most 100 torrents at once"),
    "too many files": (lambda: [upload(f"{n}.torrent", b"x") for n in range(101)], "", "at most 100 torrent files"),
    "a line that is no magnet": (list, "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
}


@pytest.fixture
def client_of_owner(client: Client, owner: User) -> Client:
    make_node()
    client.force_login(owner)
    return client


class TestTheFormForAdding:
    @pytest.mark.parametrize("case", ODD)
    def test_says_what_is_wrong_with_what_was_sent(self, client_of_owner: Client, case: str) -> None:
        files, magnets, sentence = ODD[case]
        answer = client_of_owner.post("/torrents/add/", {"files": files(), "magnets": magnets})
        assert sentence in answer.content.decode()
        assert answer.status_code in (200, 400)
        assert not Holding.objects.exists()

    def test_adds_the_good_ones_among_bad_ones(self, client_of_owner: Client) -> None:
        files = [upload("a.torrent", b"d4:infode"), upload("b.torrent", b"\0" * 100)]
        client_of_owner.post("/torrents/add/", {"files": files, "magnets": f"nonsense\n{GOOD}\r\n\0"})
        assert Holding.objects.get().name == "typed"

    def test_takes_text_in_any_encoding_for_what_it_is(self, client_of_owner: Client) -> None:
        kind = "multipart/form-data; boundary=x; charset=utf-16"
        body = b'--x\r\nContent-Disposition: form-data; name="magnets"\r\n\r\n\xff\xfe\xfa\r\n--x--\r\n'
        answer = client_of_owner.generic("POST", "/torrents/add/", body, content_type=kind)
        assert answer.status_code in (200, 400)

    def test_gives_refused_lines_back_to_be_mended(self, client_of_owner: Client) -> None:
        answer = client_of_owner.post("/torrents/add/", {"magnets": f"{GOOD}\nmagnet:?xt=broken"})
        assert 'data-line="magnet:?xt=broken"' in answer.content.decode()
        assert GOOD not in answer.content.decode()
        answer = client_of_owner.post("/torrents/add/", {"magnets": "magnet:?a\n" * 101})
        assert answer.content.decode().count("magnet:?a\n") == 100
