"""What the web process gives to anybody who asks, and what it never gives; logins and settings that it stands on."""

import os
import re
import subprocess
import sys

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import Client
from django.urls import reverse

from seedbox.models import User
from tests.box import ROOT
from tests.builders import PASSWORD
from tests.sockets import Browser

STRAY = ["/.git/config", "/.env", "/static/", "/static/../manage.py", "/static/%2e%2e/manage.py", "/manage.py"]
STRAY += ["/static/.DS_Store", "/var/secret_key", "/downloads/", "/admin/", "/static/app.js~", "/package.json"]
VERSION = re.compile(r"django|granian|python|\d+\.\d+\.\d+", re.IGNORECASE)
# What Django's check would like and a box leaves to its proxy, or to its operator.
LEFT_TO_OTHERS = {"security.W008", "security.W021"}  # redirects from http; the browsers' list of HSTS hosts


@pytest.mark.django_db
class TestWhatIsServed:
    @pytest.mark.parametrize("path", STRAY)
    def test_is_what_is_known_and_nothing_beside_it(self, path: str) -> None:
        assert Client().get(path).status_code == 404

    @pytest.mark.parametrize("path", ["/accounts/login/", "/healthz", "/no/such/page"])
    def test_tells_no_version(self, path: str) -> None:
        headers = Client().get(path).headers
        assert [name for name, value in headers.items() if VERSION.search(f"{name}: {value}")] == []

    def test_says_what_it_is(self) -> None:
        assert Client().get("/accounts/login/").headers["Content-Type"] == "text/html; charset=utf-8"
        assert Client().get("/no/such/page").headers["Content-Type"] == "text/html; charset=utf-8"
        assert Client().get("/healthz").headers["Content-Type"] == "application/json"

    def test_is_shared_with_no_other_origin(self) -> None:
        for origin in ("https://evil.example", "null"):
            headers = Client().get("/healthz", headers={"Origin": origin}).headers
            assert [name for name in headers if name.startswith("Access-Control")] == []


@pytest.mark.django_db(transaction=True)
class TestASocket:
    @pytest.mark.parametrize(
        "origin", ["", "http://localhost:8000.evil.example", "http://evil.example:8000", "http://"]
    )
    def test_is_refused_to_what_is_no_page_of_ours(self, origin: str) -> None:
        headers = [(b"origin", origin.encode())] if origin else []

        async def connects() -> bool:
            return await Browser(*headers).connects()

        assert not async_to_sync(connects)()


@pytest.mark.django_db
class TestALoginsToken:
    def test_is_a_new_one_after_sign_in(self, owner: User) -> None:
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32  # as somebody may have planted it
        client.post(reverse("account_login"), {"login": "olga", "password": PASSWORD})
        first = client.cookies[settings.SESSION_COOKIE_NAME].value
        client.post(reverse("account_logout"))
        client.post(reverse("account_login"), {"login": "olga", "password": PASSWORD})
        assert len({"a" * 32, first, client.cookies[settings.SESSION_COOKIE_NAME].value}) == 3

    def test_is_worth_nothing_after_sign_out(self, owner: User) -> None:
        client, thief = Client(), Client()
        client.force_login(owner)
        thief.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        assert thief.get(reverse("torrents")).status_code == 200
        client.post(reverse("account_logout"))
        assert thief.get(reverse("torrents")).status_code == 302


class TestTheSettings:
    def test_pass_djangos_own_check_for_deployment(self) -> None:
        environ = {
            **os.environ,
            "SEEDBOX_PUBLIC_URL": "https://box.example",
            "SEEDBOX_SECRET_KEY": os.urandom(40).hex(),
        }
        command = [sys.executable, str(ROOT / "manage.py"), "check", "--deploy"]
        check = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        assert set(re.findall(r"security\.W\d+", check.stdout + check.stderr)) == LEFT_TO_OTHERS

    def test_keep_time_in_utc(self) -> None:
        assert (settings.USE_TZ, settings.TIME_ZONE, settings.DEBUG) == (True, "UTC", False)
