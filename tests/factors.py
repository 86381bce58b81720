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
    answer = client.post(reverse("mfa_activate_totp"), {"code": fresh_code(secret)}, follow=True)
    codes = CODE.findall(answer.content.decode())
    assert len(codes) == 10
    return secret, codes


def found(pattern: str, page: str) -> str:
    """Return what the pattern's group finds in a page."""
    match = re.search(pattern, page)
    assert match, page
    return match[1]


def prove(browser: Client, name: str, form: dict[str, str], code: str, *args: object) -> str:
    """Post a form that asks for a second factor, show it, and return the page it leads to."""
    asked = browser.post(reverse(name, args=args), form)
    assert asked.status_code == 302 and asked["Location"].startswith(reverse("mfa_reauthenticate")), asked
    page = browser.get(asked["Location"]).content.decode()
    return confirm(browser, page, code)


def confirm(browser: Client, page: str, code: str) -> str:
    """Send off the page that asks for a code, as it was shown, and return the page it leads to."""
    form = {name: found(rf'name="{name}" value="([^"]+)"', page) for name in ("next", "act")}
    return browser.post(reverse("mfa_reauthenticate"), form | {"code": code}, follow=True).content.decode()
