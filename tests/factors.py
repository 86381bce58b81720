"""Second factors as a test's user handles them: codes as an authenticator app shows them."""

import re
import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse

from tests.box import wait_until

PERIOD_S = 30
SAFE_S = 5  # a code must not grow old between the app and the box
SECRET = re.compile(r'id="secret">([A-Z2-7]+)<')
CODE = re.compile(r"<li>(\d{8})</li>")


def code_of(secret: str, *, periods_ago: int = 0) -> str:
    """Return what an app shows for the secret, now or earlier."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_S - periods_ago)))


def fresh_code(secret: str) -> str:
    """Return what an app shows, with some seconds left to use it."""
    wait_until(lambda: time.time() % PERIOD_S < PERIOD_S - SAFE_S, "the next code", limit_s=PERIOD_S)
    return code_of(secret)


def set_up_app(client: Client) -> tuple[str, list[str]]:
    """Set up an authenticator app for who is signed in; return its secret and the recovery codes."""
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    found = SECRET.search(page)
    assert found, page
    secret = found.group(1)
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
    codes = CODE.findall(answer.content.decode())
    assert len(codes) == 10
    return secret, codes
