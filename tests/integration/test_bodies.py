"""What is too large or too slow is refused before it is kept, and with words."""

import json
import tempfile
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.test import Client
from django.urls import reverse

from seedbox.models import User
from seedbox.web.bodies import ADD_PATH, MAX_ADD_BYTES, MAX_FORM_BYTES, BodyLimits
from tests.box import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

CHUNK = b"x" * 1_048_576
ANSWER_LIMIT_S = 30.0
BOUNDARY = b"multipart/form-data; boundary=b"


class Sender:
    """A browser that sends a body part by part, whatever comes back."""

    def __init__(
        self,
        path: str,
        *,
        user: User | None = None,
        announced: int | None = None,
        content_type: bytes = BOUNDARY,
        **limits: float,
    ) -> None:
        headers = [(b"host", b"localhost"), (b"content-type", content_type), (b"hx-request", b"true")]
        if announced is not None:
            headers.append((b"content-length", str(announced).encode()))
        if user is not None:
            client = Client()
            client.force_login(user)
            name = settings.SESSION_COOKIE_NAME
            headers.append((b"cookie", f"{name}={client.cookies[name].value}".encode()))
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        self._scope = scope
        self._application = BodyLimits(get_asgi_application(), **limits)

    def answer_to(self, *parts: bytes, ends: bool = True) -> tuple[int, str]:
        """Send the parts and return status and text of what comes back."""
        answer: tuple[int, str] = async_to_sync(self._exchange)(parts, ends)
        return answer

    async def _exchange(self, parts: tuple[bytes, ...], ends: bool) -> tuple[int, str]:
        asgi: Any = ApplicationCommunicator(self._application, self._scope)  # type: ignore[no-untyped-call]  # of asgiref
        for part in parts:
            await asgi.send_input({"type": "http.request", "body": part, "more_body": True})
        if ends:
            await asgi.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await asgi.receive_output(timeout=ANSWER_LIMIT_S)
        body = await asgi.receive_output(timeout=ANSWER_LIMIT_S)
        await asgi.send_input({"type": "http.disconnect"})
        await asgi.wait(timeout=ANSWER_LIMIT_S)
        return start["status"], body["body"].decode()


class Disk:
    """Notes how much Django has put aside of a body."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept_bytes = 0
        disk = self

        class Counting(tempfile.SpooledTemporaryFile[bytes]):
            def write(self, data: Any) -> int:
                disk.kept_bytes += len(data)
                return super().write(data)

        monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Counting)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


class TestABody:
    def test_that_announces_too_much_is_refused_unseen(self, owner: User, disk: Disk) -> None:
        status, text = Sender(ADD_PATH, user=owner, announced=MAX_ADD_BYTES + 1).answer_to(CHUNK, CHUNK)
        assert (status, disk.kept_bytes) == (413, 0)
        assert "At most 100 MiB of torrent files fit in one go. Add them in several steps." in text

    def test_that_grows_too_large_unannounced_is_cut(self, disk: Disk) -> None:
        status, text = Sender("/accounts/login/").answer_to(CHUNK, CHUNK, CHUNK)
        assert (status, disk.kept_bytes) == (413, MAX_FORM_BYTES)
        assert "A form may carry at most 1 MiB" in text

    def test_of_a_member_who_adds_may_be_larger_than_a_form(self, owner: User, disk: Disk) -> None:
        status, _ = Sender(ADD_PATH, user=owner).answer_to(CHUNK, CHUNK, CHUNK)
        assert (status, disk.kept_bytes) == (403, 3 * len(CHUNK))  # it came through, and had no token

    def test_of_a_stranger_who_adds_is_not_kept_at_all(self, disk: Disk) -> None:
        status, text = Sender(ADD_PATH, announced=3 * len(CHUNK)).answer_to(CHUNK, CHUNK, CHUNK)
        assert (status, disk.kept_bytes) == (403, 0)
        assert "You have signed in or out" in text

    def test_that_does_not_come_is_not_waited_for(self) -> None:
        status, text = Sender("/accounts/login/", grace_s=0.05).answer_to(b"a=", ends=False)
        assert status == 408
        assert "did not arrive in time" in text

    def test_of_nonsense_length_is_read_like_one_without(self) -> None:
        status, _ = Sender("/accounts/login/", announced=-1).answer_to(b"a=b")
        assert status == 403


class TestTheLimits:
    def test_hold_for_the_address_that_adds(self) -> None:
        assert reverse("torrents_add") == ADD_PATH

    def test_are_what_the_proxies_let_pass(self) -> None:
        assert f"client_max_body_size {MAX_ADD_BYTES // 1_048_576}m;" in (ROOT / "README.md").read_text()

    def test_of_a_form_are_those_of_django(self) -> None:
        assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == MAX_FORM_BYTES


class TestABodyForTheHub:
    def test_is_json_and_is_answered_in_json(self) -> None:
        status, text = Sender("/hub/1/vouchers", content_type=b"application/json").answer_to(b"{}")
        assert (status, json.loads(text)["code"]) == (401, "not_signed")

    def test_is_refused_in_json_too(self, disk: Disk) -> None:
        for sent, status in ((b"application/json", 413), (b"text/plain", 415)):
            found, text = Sender("/hub/1/vouchers", content_type=sent).answer_to(CHUNK, CHUNK)
            assert (found, json.loads(text)["code"]) == (status, "bad_request")
        assert disk.kept_bytes <= MAX_FORM_BYTES


class TestABodyThatIsNoForm:
    @pytest.mark.parametrize("content_type", [b"application/json", b"text/plain; charset=utf-8", b"APPLICATION/XML"])
    def test_is_refused_and_told_what_the_box_takes(self, content_type: bytes, disk: Disk) -> None:
        status, text = Sender(reverse("account_login"), content_type=content_type).answer_to(b"{}")
        assert status == 415
        assert "The box takes forms only" in text
        assert disk.kept_bytes == 0
