"""What hands do with a page before its picture is taken."""

from playwright.sync_api import Page, expect

from tests.withdrawals import stranger_address
from wallet.domain.tron.addresses import to_base58


def as_it_opens(page: Page) -> None:
    expect(page.locator("h1").first).to_be_visible()


def with_add_dialog(page: Page) -> None:
    page.get_by_role("button", name="Add torrents").first.click()
    expect(page.get_by_label("Magnet links")).to_be_visible()


def with_usual_columns(page: Page) -> None:
    _open_usual_columns(page)
    page.keyboard.press("Escape")


def _open_usual_columns(page: Page) -> None:
    """Open the menu of columns as it was at first: other pictures come in any order."""
    page.locator("#menu-columns > summary").click()
    usual = page.locator("#usual-columns")
    if usual.count():
        usual.click()
        expect(usual).to_have_count(0)
    expect(page.locator("#sort-ratio")).to_be_attached()


def with_columns_menu(page: Page) -> None:
    """Choose more columns than fit, in an order of one's own."""
    _open_usual_columns(page)
    for name in ("earned", "price", "added"):
        with page.expect_response("**/torrents/columns/**"):
            page.locator(f"#column-{name}").check()
        expect(page.locator(f"#sort-{name}")).to_be_attached()
    with page.expect_response("**/torrents/columns/**"):
        page.locator("#earlier-price").press("Enter")
    expect(page.locator("#earlier-price")).to_be_focused()


def with_own_columns(page: Page) -> None:
    with_columns_menu(page)
    page.keyboard.press("Escape")
    expect(page.locator("#columns-form")).to_be_hidden()


def with_remove_dialog(page: Page) -> None:
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator("#confirm-title")).to_be_visible()


def with_account_menu(page: Page) -> None:
    page.locator("summary[aria-label^=Account]").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def with_keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def with_bell_open(page: Page) -> None:
    page.locator("[data-bell] > summary").click()
    expect(page.locator("#bell-list .notice, #bell-list .bell-note").first).to_be_visible()
    expect(page.locator("#bell-list")).not_to_have_attribute("aria-busy", "true")


def with_toasts(page: Page) -> None:
    for tone, text in (
        ("success", "debian-13.1.0-amd64-netinst.iso is complete."),
        ("warning", "No money is left to bid for Sintel (2010) 1080p: a budget or the account is used up."),
        ("danger", "Files of Big Buck Bunny 2160p.mkv are missing."),
    ):
        said = {"tone": tone, "text": text, "href": "/notices/1/"}
        page.evaluate("detail => document.dispatchEvent(new CustomEvent('box:say', { detail }))", said)
    page.locator("tr", has_text="Cosmos").locator(".when-running").click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    undo.focus()  # so that it stays


def with_filled_tip(page: Page) -> None:
    page.get_by_label("To", exact=True).fill("ben")
    page.get_by_label("Amount").fill("1,250.5")
    page.get_by_label("Memo").fill("for the subtitles")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Send 1,250.5 BTT?")).to_be_visible()


def with_wrong_tip(page: Page) -> None:
    page.get_by_label("To", exact=True).fill("nobody")
    page.get_by_label("Amount").fill("a lot")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This is no amount")).to_be_visible()


def with_wrong_withdrawal(page: Page) -> None:
    page.get_by_label("Address").fill("TCopiedWrong")
    page.get_by_label("Amount").fill("a lot")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This is no amount")).to_be_visible()


def with_filled_withdrawal(page: Page) -> None:
    page.get_by_label("Address").fill(to_base58(stranger_address()))
    page.get_by_label("Amount").fill("480.25")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Withdraw 480.25 BTT?")).to_be_visible()


def with_filled_grant(page: Page) -> None:
    page.get_by_label("To", exact=True).fill("ada")
    page.get_by_label("Amount").fill("500")
    page.get_by_label("Reason").fill("first seeder of the month")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This touches an account of your own")).to_be_visible()


def with_verified_count(page: Page) -> None:
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#proof-answer")).to_have_attribute("data-verified", "yes")


def with_figures(page: Page) -> None:
    page.get_by_text("Newest figures as a table").click()
    expect(page.get_by_role("table", name="Newest figures")).to_be_visible()
    page.locator("#tab").evaluate("tab => tab.scrollIntoView()")


def with_drawn_chart(page: Page) -> None:
    """Wait for the charts, and open the numbers of the first one."""
    expect(page.locator("[data-chart=drawn]")).to_have_count(page.locator("[data-plot]").count())
    page.locator(".chart-figures > summary").first.click()


def with_hover(page: Page) -> None:
    with_drawn_chart(page)
    page.locator("[data-plot]").first.press("End")


def with_wrong_bid(page: Page) -> None:
    page.get_by_label("Ceiling").fill("a lot")
    page.get_by_role("button", name="Bid").click()
    expect(page.get_by_text("This is no amount")).to_be_visible()


def with_wrong_ceiling(page: Page) -> None:
    page.get_by_label("Ceiling").fill("a lot")
    page.get_by_label("Wished speed").fill("0.001")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This is no amount")).to_be_visible()


def with_history(page: Page) -> None:
    expect(page.locator(".day").first).to_be_visible()
    page.locator("#history-title").evaluate("title => title.scrollIntoView()")


def with_forecast(page: Page) -> None:
    page.get_by_label("Budget").fill("10.05")
    page.get_by_role("button", name="What would it cost?").click()
    expect(page.get_by_text("Nothing is saved yet")).to_be_visible()
