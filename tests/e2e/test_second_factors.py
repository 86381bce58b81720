"""Second factors in a real browser: an app, recovery codes, a passkey, a box that insists; and logins that end."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.box import Box
from tests.e2e import steps
from tests.e2e.browser import DESKTOP, PHONE, PICTURES, open_page, picture, violations
from tests.factors import fresh_code
from tests.servers import PROVE

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
LOOKS = [
    (f"{where}-{colours}", viewport, colours)
    for where, viewport in (("desktop", DESKTOP), ("phone", PHONE))
    for colours in ("light", "dark")
]


def look_at(page: Page, name: str) -> None:
    """Keep a picture of the page in four looks, each without a finding of axe-core; `make test` looks twice."""
    for look, viewport, colours in LOOKS if PICTURES or PROVE > 1 else (LOOKS[0], LOOKS[-1]):
        page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")  # type: ignore[arg-type]  # one of its words
        expect(page.locator("html")).to_have_attribute("data-bs-theme", colours)
        picture(page, f"pages/{name}-{look}")
        assert violations(page) == [], look
    page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})


def enter_password(page: Page, name: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def set_up_app(page: Page, look: str = "") -> tuple[str, list[str]]:
    """From the page that shows the secret on; return it and the recovery codes."""
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Authenticator code").fill(fresh_code(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    if look:
        look_at(page, look)
    return secret, page.locator(".codes li").all_inner_texts()


def plug_in_device(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


def at_home(page: Page) -> None:
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()


class TestSomebody:
    def test_sets_up_an_app_and_comes_in_with_a_recovery_code(self, page: Page, box: Box) -> None:
        steps.new_member(page, box, "mia")
        page.goto("/account/security/")
        page.get_by_role("link", name="Set up an authenticator app").click()
        secret, codes = set_up_app(page, "recovery-codes-fresh")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Save as a file").click()
        assert saved.value.path().read_text().split()[-10:] == codes
        page.get_by_role("link", name="I have saved them").click()
        look_at(page, "security-with-factor")
        page.goto("/")
        steps.sign_out(page, "mia")
        enter_password(page, "mia", steps.PASSWORD)
        expect(page.get_by_role("heading", name="One more step")).to_be_visible()
        page.get_by_label("Code").fill("123456")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("This code is not right.")).to_be_visible()
        page.get_by_label("Code").fill(codes[0])
        page.get_by_role("button", name="Sign in").click()
        at_home(page)
        steps.sign_out(page, "mia")
        enter_password(page, "mia", steps.PASSWORD)
        page.get_by_label("Code").fill(fresh_code(secret))
        page.get_by_role("button", name="Sign in").click()
        at_home(page)

    def test_adds_a_passkey_and_comes_in_with_nothing_else(self, page: Page, box: Box) -> None:
        plug_in_device(page)
        steps.new_member(page, box, "noa")
        page.goto("/account/security/")
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_role("textbox", name="Name").fill("Noa's phone")
        page.get_by_role("button", name="Add the passkey").click()
        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        page.get_by_role("link", name="I have saved them").click()
        expect(page.get_by_text("Noa's phone", exact=True).first).to_be_visible()
        page.get_by_role("link", name="Remove Noa's phone").click()
        look_at(page, "mfa_remove_webauthn")
        page.goto("/accounts/2fa/passkeys/confirm/")
        look_at(page, "mfa_reauthenticate_webauthn")
        page.get_by_role("button", name="Use a passkey").click()
        at_home(page)
        steps.sign_out(page, "noa")
        page.get_by_role("button", name="Sign in with a passkey").click()
        at_home(page)
        expect(page.locator("summary", has_text="noa")).to_be_visible()

    def test_signs_out_everywhere_else(self, page: Page, box: Box, browser: Browser) -> None:
        steps.new_member(page, box, "pia")
        with open_page(browser, box.url, DESKTOP) as elsewhere:
            steps.sign_in(elsewhere, "pia", steps.PASSWORD)
            expect(elsewhere.locator("[data-live-status=live]")).to_be_visible()
            page.goto("/account/security/")
            page.get_by_role("button", name="Sign out everywhere else").click()
            expect(page.get_by_text("1 login ended")).to_be_visible()
            expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()  # by itself
            at_home = page.goto("/")
            assert at_home and at_home.ok


class TestABoxThatInsists:
    def test_leads_everybody_to_set_up_a_second_factor(self, box: Box, browser: Browser) -> None:
        with open_page(browser, box.url, DESKTOP) as admin, open_page(browser, box.url, DESKTOP) as member:
            steps.sign_in(admin, box.admin_user, box.admin_password)
            steps.sign_up(member, steps.invite(admin), "ria")
            expect(member.locator("[data-live-status=live]")).to_be_visible()
            admin.goto("/accounts/2fa/app/add/")
            set_up_app(admin)
            admin.goto("/people/")
            admin.get_by_label("Required of").select_option("everybody")
            admin.get_by_role("button", name="Save").click()
            expect(admin.get_by_text("Everybody needs a second factor now.")).to_be_visible()
            expect(member.get_by_role("heading", name="This box asks for a second factor")).to_be_visible()  # by itself
            member.get_by_role("link", name="Use an authenticator app").click()
            set_up_app(member)
            member.goto("/")
            at_home(member)
            admin.goto("/audit/")
            expect(admin.get_by_role("cell", name=re.compile("Second factor required of: Everybody"))).to_be_visible()
            admin.goto("/people/")
            admin.get_by_label("Change ria").click()
            look_at(admin, "people-menu")
            admin.get_by_role("button", name="Reset second factors").click()
            expect(admin.get_by_text("ria has no second factor any more")).to_be_visible()
            expect(member.get_by_role("heading", name="Sign in")).to_be_visible()  # by itself
            assert box.manage("factors", "rule", "nobody").returncode == 0
            assert box.manage("factors", "reset", box.admin_user).returncode == 0  # a locked-out admin's way in
            expect(admin.get_by_role("heading", name="Sign in")).to_be_visible()
            steps.sign_in(admin, box.admin_user, box.admin_password)
