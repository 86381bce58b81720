"""What people do on the pages, in their words."""

from decimal import Decimal
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.box import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.box import Box

PASSWORD = "plenty of characters"


def sign_in(page: Page, name: str, password: str, *, at: str = "/torrents/") -> None:
    page.goto(at)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Torrents", exact=True)).to_be_visible()


def sign_out(page: Page, name: str) -> None:
    page.locator("summary", has_text=name).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def invite(page: Page, *, role: str = "Member") -> str:
    """As an admin, make an invitation and return its link."""
    page.get_by_role("link", name="People").click()
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Create invitation").click()
    expect(page.get_by_label("Invitation link")).to_be_visible()
    return page.get_by_label("Invitation link").input_value()


def fill_sign_up(page: Page, link: str, name: str) -> None:
    page.goto(link)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()


def sign_up(page: Page, link: str, name: str) -> None:
    fill_sign_up(page, link, name)
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
    page.get_by_role("link", name="Torrents", exact=True).first.click()
    expect(page.get_by_role("heading", name="Torrents", exact=True)).to_be_visible()


def new_member(page: Page, box: "Box", name: str) -> None:
    """Be invited by the admin, sign up, and stand before an empty list."""
    sign_in(page, box.admin_user, box.admin_password)
    link = invite(page)
    sign_out(page, box.admin_user)
    sign_up(page, link, name)


def add_file(page: Page, torrent: "Path") -> None:
    page.get_by_role("button", name="Add torrents").click()
    page.get_by_label("Torrent files").set_input_files(torrent)
    page.get_by_role("button", name="Add", exact=True).click()


def add_magnet(page: Page, magnet: str) -> None:
    page.get_by_role("button", name="Add torrents").click()
    page.get_by_label("Magnet links").fill(magnet)
    page.get_by_role("button", name="Add", exact=True).click()


def tip(page: Page, name: str, amount: str, *, memo: str = "") -> None:
    page.goto("/wallet/send/")
    page.get_by_label("To", exact=True).fill(name)
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Memo").fill(memo)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text(f"Sent {amount}")


def operate(page: Page, act: str, fields: dict[str, str], *, reason: str) -> None:
    """As an admin, fill in an operator's form, confirm it, and stand on the account's page."""
    page.goto(f"/books/{act}/")
    for label, text in fields.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Continue").click()
    page.locator(".confirm-actions button").click()
    expect(page.locator("#toasts")).to_contain_text("written into the log")


def days_come_to(page: Page, cell: str, amount: str) -> None:
    """See what the days of the history come to together: they are two where midnight falls into a test."""
    sums = page.locator(f".day [data-cell={cell}]")

    def shown() -> Decimal:
        texts = [text.replace("\N{MINUS SIGN}", "-").replace(",", "") for text in sums.all_inner_texts()]
        return sum((Decimal(text) for text in texts if text), Decimal())

    wait_until(lambda: shown() == Decimal(amount), f"days that come to {amount}")
