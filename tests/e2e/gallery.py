"""Every page of the box as somebody sees it: what the pictures show and axe-core looks at."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import Page, expect

from tests.e2e.browser import DESKTOP, PHONE
from tests.withdrawals import stranger_address
from wallet.domain.tron.addresses import to_base58

if TYPE_CHECKING:
    from collections.abc import Callable

Colours = Literal["light", "dark"]

_COLOURS: tuple[Colours, ...] = ("light", "dark")
LOOKS = tuple(
    (f"{where}-{colours}", viewport, colours)
    for colours in _COLOURS
    for where, viewport in (("desktop", DESKTOP), ("phone", PHONE))
)


def as_it_opens(page: Page) -> None:
    expect(page.locator("h1").first).to_be_visible()


def with_add_dialog(page: Page) -> None:
    page.get_by_role("button", name="Add torrents").first.click()
    expect(page.get_by_label("Magnet links")).to_be_visible()


def with_usual_columns(page: Page) -> None:
    usual = page.locator("#usual-columns")
    if usual.count():  # other pictures come in any order
        page.locator("#menu-columns > summary").click()
        usual.click()
        expect(usual).to_have_count(0)
        page.keyboard.press("Escape")
    expect(page.locator("#sort-ratio")).to_be_attached()


def with_columns_menu(page: Page) -> None:
    """Choose more columns than fit, in an order of one's own."""
    page.locator("#menu-columns > summary").click()
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


VISITORS = {
    "admin": "the first admin, with torrents and second factors",
    "newcomer": "a member without torrents",
    "asked": "an admin who has to set up a second factor first",
    "halfway": "somebody who has entered a password and no code yet",
    "invited": "somebody with an invitation",
    "anonymous": "nobody in particular",
}


@dataclass(frozen=True)
class Shot:
    """One page in one condition; `{torrent}` and the like in its address are filled in by the scene."""

    name: str
    address: str
    who: str  # one of VISITORS
    ready: "Callable[[Page], None]" = as_it_opens
    covers: str = ""  # the name of its address, when that differs from `name`

    @property
    def url_name(self) -> str:
        return self.covers or self.name


SHOTS = (
    Shot("overview", "/", "admin"),
    Shot("overview-empty", "/", "newcomer", covers="overview"),
    Shot("overview_layout", "/overview/layout/", "admin"),
    Shot("torrents", "/torrents/", "admin", with_usual_columns),
    Shot("torrents-adding", "/torrents/", "admin", with_add_dialog, covers="torrents"),
    Shot("torrents-menu", "/torrents/", "admin", with_account_menu, covers="torrents"),
    Shot("torrents-bell", "/torrents/", "admin", with_bell_open, covers="torrents"),
    Shot("torrents-bell-empty", "/torrents/", "newcomer", with_bell_open, covers="torrents"),
    Shot("torrents-toasts", "/torrents/", "admin", with_toasts, covers="torrents"),
    Shot("torrents-columns", "/torrents/", "admin", with_columns_menu, covers="torrents"),
    Shot("torrents-own-columns", "/torrents/?sort=-price", "admin", with_own_columns, covers="torrents"),
    Shot("torrents-empty", "/torrents/", "newcomer", covers="torrents"),
    Shot("torrents_new", f"/torrents/new/?magnet=magnet:%3Fxt=urn:btih:{'c' * 40}%26dn=Sintel", "admin"),
    Shot("torrents-new-bad", "/torrents/new/?magnet=magnet:%3Fxt=nothing", "admin", covers="torrents_new"),
    Shot("torrents-keys", "/torrents/", "admin", with_keys, covers="torrents"),
    Shot("torrent", "/torrents/{torrent}/", "admin"),
    Shot("torrent-removing", "/torrents/{torrent}/", "admin", with_remove_dialog, covers="torrent"),
    Shot("torrent-error", "/torrents/{broken}/", "admin", covers="torrent"),
    Shot("health", "/health/", "admin"),
    Shot("operator", "/operator/", "admin"),
    Shot("styleguide", "/styleguide/", "admin"),
    Shot("network", "/nodes/local/network/", "admin"),
    Shot("notices", "/notices/", "admin"),
    Shot("notices-none", "/notices/", "newcomer", covers="notices"),
    Shot("people", "/people/", "admin"),
    Shot("account_login", "/accounts/login/", "anonymous"),
    Shot("account_signup", "/invitation/{invitation}/", "invited"),
    Shot("signup-closed", "/accounts/signup/", "anonymous", covers="account_signup"),
    Shot("invitation", "/invitation/nonsense/", "anonymous"),
    Shot("account_inactive", "/accounts/inactive/", "anonymous"),
    Shot("account_logout", "/accounts/logout/", "admin"),
    Shot("account_reauthenticate", "/accounts/reauthenticate/", "admin"),
    Shot("account_change_password", "/accounts/password/change/", "admin"),
    Shot("security", "/account/security/", "admin"),
    Shot("security-new", "/account/security/", "newcomer", covers="security"),
    Shot("security_log", "/account/security/log/", "admin"),
    Shot("audit", "/audit/", "admin"),
    Shot("factor_wanted", "/account/factor-wanted/", "asked"),
    Shot("mfa_authenticate", "/accounts/2fa/authenticate/", "halfway"),
    Shot("mfa_reauthenticate", "/accounts/2fa/reauthenticate/", "admin"),
    Shot("mfa_activate_totp", "/accounts/2fa/app/add/", "newcomer"),
    Shot("mfa_deactivate_totp", "/accounts/2fa/app/remove/", "admin"),
    Shot("mfa_view_recovery_codes", "/accounts/2fa/codes/", "admin"),
    Shot("mfa_generate_recovery_codes", "/accounts/2fa/codes/new/", "admin"),
    Shot("mfa_add_webauthn", "/accounts/2fa/passkeys/add/", "newcomer"),
    Shot("tip", "/wallet/send/", "admin"),
    Shot("tip-wrong", "/wallet/send/", "admin", with_wrong_tip, covers="tip"),
    Shot("tip-confirm", "/wallet/send/", "admin", with_filled_tip, covers="tip"),
    Shot("tip-new", "/wallet/send/", "newcomer", covers="tip"),
    Shot("deposit", "/wallet/deposit/", "admin"),
    Shot("deposit-none", "/wallet/deposit/", "newcomer", covers="deposit"),
    Shot("deposit_came", "/wallet/deposit/came/{came}/", "admin"),
    Shot("withdraw", "/wallet/withdraw/", "admin"),
    Shot("withdraw-wrong", "/wallet/withdraw/", "admin", with_wrong_withdrawal, covers="withdraw"),
    Shot("withdraw-confirm", "/wallet/withdraw/", "admin", with_filled_withdrawal, covers="withdraw"),
    Shot("withdrawals", "/wallet/withdrawals/", "admin"),
    Shot("withdrawals-none", "/wallet/withdrawals/", "newcomer", covers="withdrawals"),
    Shot("withdrawal", "/wallet/withdrawals/{withdrawal}/", "admin"),
    Shot("addresses", "/wallet/addresses/", "admin"),
    Shot("addresses-none", "/wallet/addresses/", "newcomer", covers="addresses"),
    Shot("desk", "/books/withdrawals/", "admin"),
    Shot("desk_withdrawal", "/books/withdrawals/{checked}/", "admin"),
    Shot("desk_rules", "/books/withdrawals/rules/", "admin"),
    Shot("reserves", "/books/reserves/", "admin"),
    Shot("reserves_halt", "/books/reserves/stop/", "admin"),
    Shot("reserves_lift", "/books/reserves/halts/{halt}/", "admin"),
    Shot("own_acts", "/wallet/operators/", "admin"),
    Shot("own-acts-none", "/wallet/operators/", "newcomer", covers="own_acts"),
    Shot("books", "/books/", "admin"),
    Shot("books_account", "/books/accounts/{account}/", "admin"),
    Shot("operator_acts", "/books/log/", "admin"),
    Shot("operator_act", "/books/adjust/", "admin"),
    Shot("operator-confirm", "/books/grant/", "admin", with_filled_grant, covers="operator_act"),
    Shot("money", "/wallet/", "admin"),
    Shot("money-history", "/wallet/", "admin", with_history, covers="money"),
    Shot("money-empty", "/wallet/", "newcomer", covers="money"),
    Shot("money-nothing-found", "/wallet/?q=nothing+of+that+kind", "admin", covers="money"),
    Shot("money-filtered", "/wallet/?kind=tip&who=ben", "admin", covers="money"),
    Shot("money_entry", "/wallet/entries/{entry}/", "admin"),
    Shot("owed", "/wallet/owed/", "admin", with_verified_count),
    Shot("owed-none", "/wallet/owed/", "newcomer", covers="owed"),
    Shot("market", "/market/", "admin"),
    Shot("market-empty", "/market/", "newcomer", covers="market"),
    Shot("market_earning", "/market/earning/", "admin"),
    Shot("earning-none", "/market/earning/", "newcomer", covers="market_earning"),
    Shot("earnings", "/market/earnings/", "admin", with_drawn_chart),
    Shot("earnings-net", "/market/earnings/?period=day&by=kind&side=net", "admin", with_hover, covers="earnings"),
    Shot("earnings-none", "/market/earnings/", "newcomer", covers="earnings"),
    Shot("market_node", "/market/nodes/local/", "admin"),
    Shot("market_rounds", "/market/nodes/local/rounds/", "admin"),
    Shot("market_round", "/market/nodes/local/rounds/{round}/", "admin"),
    Shot("market_selling", "/market/selling/{selling}/", "admin"),
    Shot("market_peer", "/market/peers/{peer}/", "admin"),
    Shot("market_buying", "/market/buying/{buying}/", "admin"),
    Shot("torrent-speed", "/torrents/{bought}/?tab=speed", "admin", covers="torrent"),
    Shot("torrent-story", "/torrents/{broken}/?tab=speed", "admin", with_figures, covers="torrent"),
    Shot("torrent-sold", "/torrents/{torrent}/?tab=speed", "admin", covers="torrent"),
    Shot("market_bid", "/market/torrents/{bought}/bid/", "admin", with_wrong_bid),
    Shot("market_offer", "/market/torrents/{bought}/sale/", "admin"),
    Shot("market_spending", "/market/spending/", "admin"),
    Shot("spending-none", "/market/spending/", "newcomer", covers="market_spending"),
    Shot("market_auto", "/market/auto/", "admin"),
    Shot("market-auto-wrong", "/market/auto/", "admin", with_wrong_ceiling, covers="market_auto"),
    Shot("market-auto-none", "/market/auto/", "newcomer", covers="market_auto"),
    Shot("demo", "/demo/", "admin"),
    Shot("market_auto_torrent", "/market/torrents/{bought}/auto/", "admin", with_forecast),
    Shot("market_hubs", "/market/hubs/", "admin"),
    Shot("demo", "/demo/", "admin"),
    Shot("not-found", "/nothing-here/", "admin"),
)

HUB = (
    "account",
    "channel",
    "channels",
    "close",
    "info",
    "key",
    "keys",
    "nothing_here",
    "offers",
    "statement",
    "top_up",
    "vouchers",
)

# Addresses that show no page of their own.
NO_PAGES = {
    "overview_tile": "a part of `overview`",
    **{f"hub_{call}": "for nodes" for call in HUB},
    "demo_now": "a part of `demo`",
    "demo_start": "takes a form",
    "demo_stop": "takes a form",
    "earnings_data": "the chart of `earnings`",
    "earnings_csv": "a file",
    "earnings_prices": "a chart of `earnings`",
    "earnings_prices_csv": "a file",
    "market_withdraw": "takes a form",
    "market_story": "a part of `torrent`",
    "market_switch": "takes a form",
    "market_stop": "takes a form",
    "market_bid_end": "takes a form",
    "market_auto_off": "takes a form",
    "market_auto_stop": "takes a form",
    "market_code": "takes a form",
    "market_forgive": "takes a form",
    "market_revoke": "takes a form",
    "market_pair": "takes a form",
    "market_hub": "takes a form",
    "market_hub_move": "takes a form",
    "market_hub_remove": "takes a form",
    "market_unpair": "takes a form",
    "market_fee": "takes a form",
    "torrents_fragment": "the list of `torrents`",
    "money_export": "a file",
    "money_history": "the history of `money`",
    "deposit_list": "the list of `deposit`",
    "deposit_faucet": "takes a form",
    "reserves_fuel": "takes a form",
    "torrents_add": "takes a form",
    "torrents_undo": "takes a form",
    "notices_panel": "the bell of each page",
    "notices_read": "takes a form",
    "notices_choose": "takes a form",
    "notice": "leads to another page",
    "notice_read": "takes a form",
    "torrents_change": "takes a form",
    "healthz": "for machines",
    "manifest": "for machines",
    "metrics": "for machines",
    "network_answer": "a part of `network`",
    "people_invite": "takes a form",
    "people_revoke": "takes a form",
    "people_sign_up": "takes a form",
    "people_role": "takes a form",
    "people_active": "takes a form",
    "download": "a file",
    "people_factor_rule": "takes a form",
    "people_reset_factors": "takes a form",
    "login_end": "takes a form",
    "logins_end_others": "takes a form",
    "tip_send": "takes a form",
    "withdraw_send": "takes a form",
    "withdrawal_cancel": "takes a form",
    "withdrawal_want_back": "takes a form",
    "addresses_check": "takes a form",
    "addresses_remove": "takes a form",
    "desk_now": "a part of `desk`",
    "desk_approve": "takes a form",
    "desk_reject": "takes a form",
    "operator_carry_out": "takes a form",
    "count_owed": "takes a form",
    "owed_proof": "a file",
    "mfa_index": "leads to `security`",
    "mfa_list_webauthn": "leads to `security`",
    "mfa_login_webauthn": "for the script of the sign-in page",
    "mfa_reauthenticate_webauthn": "needs a passkey: seen in test_second_factors.py",
    "mfa_remove_webauthn": "needs a passkey: seen in test_second_factors.py",
}
